//! What one execution of a plan owns, and what every call into it is given.
use crate::node::ExecNode;
use crate::store::RowStore;
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use std::{any::Any, collections::HashMap, path::PathBuf, sync::Arc};
use types::{Datum, Oid};

/// Settings that the executor obeys, read once at its start.
#[derive(Clone, Debug)]
pub struct ExecSettings {
    /// work_mem in bytes.
    pub work_mem: usize,
    /// hash_mem_multiplier.
    pub hash_mem_multiplier: f64,
    /// Directory for spill files (`pgsql_tmp`).
    pub temp_dir: PathBuf,
    /// session_replication_role = replica: foreign keys are not enforced.
    pub skip_foreign_keys: bool,
}

impl Default for ExecSettings {
    fn default() -> Self {
        ExecSettings {
            work_mem: 4 << 20,
            hash_mem_multiplier: 2.0,
            temp_dir: std::env::temp_dir(),
            skip_foreign_keys: false,
        }
    }
}

/// Finds the row a cursor stands on, for WHERE CURRENT OF.
pub trait CursorPositions: Send + Sync {
    /// The tid (as a `tid` datum's integer) and relation of the cursor's current row in `relation` or
    /// one of its children; `None` if it stands on no such row. Raises what PostgreSQL raises for
    /// cursors that do not exist or are not simply updatable.
    fn current_of(&self, cursor: &str, relation: Oid) -> PgResult<Option<(Oid, i64)>>;
}

/// A parameter that lives within the plan.
#[derive(Default)]
pub(crate) struct ExecParam {
    pub(crate) value: Datum,
    /// The init plan (index in `EState::subplans`) that has to run before the value may be read.
    pub(crate) pending: Option<u32>,
}

/// Time and rows of a node, for EXPLAIN ANALYZE.
#[derive(Clone, Debug, Default)]
pub struct Instrumentation {
    /// Seconds until the first row, totalled over the loops.
    pub startup: f64,
    /// Seconds in all.
    pub total: f64,
    /// Rows returned in all.
    pub rows: f64,
    /// Times started.
    pub loops: f64,
    /// Rows removed by the node's own filter.
    pub filtered: f64,
    /// Rows removed by a join filter or a recheck.
    pub filtered_join: f64,
    /// Rows looked up in an index (PostgreSQL 18's "Index Searches").
    pub index_searches: f64,
    /// Rows fetched from a heap by an index-only scan.
    pub heap_fetches: f64,
    /// Facts of single node kinds: ("Sort Method", "quicksort") and the like, in order.
    pub notes: Vec<(&'static str, String)>,
    pub(crate) running: bool,
    pub(crate) first_done: bool,
    pub(crate) loop_time: f64,
}

/// The state of one execution.
pub struct EState {
    /// Transaction; `None` only where expressions are evaluated without storage.
    pub txn: Option<Arc<txn::Transaction>>,
    /// What reads see.
    pub snapshot: Option<txn::Snapshot>,
    /// Values of `$1`, ….
    pub params: Arc<[Datum]>,
    /// Settings.
    pub settings: Arc<ExecSettings>,
    /// Rows processed by the statement's own ModifyTable or returned by it.
    pub processed: u64,
    /// Cursor positions for CURRENT OF.
    pub cursors: Option<Arc<dyn CursorPositions>>,
    /// Rows of ephemeral relations (transition tables), by name.
    pub named_stores: HashMap<String, Arc<Vec<Vec<Datum>>>>,
    pub(crate) exec_params: Vec<ExecParam>,
    pub(crate) fn_caches: Vec<Option<Box<dyn Any + Send>>>,
    pub(crate) case_values: Vec<Datum>,
    pub(crate) subplans: Vec<Option<Box<dyn ExecNode>>>,
    pub(crate) subplan_specs: Arc<[Arc<crate::plan_spec::PlanSpec>]>,
    pub(crate) subplan_states: Vec<Option<Box<crate::node::SubplanCache>>>,
    pub(crate) ctes: HashMap<i32, crate::node::CteState>,
    pub(crate) work_tables: HashMap<i32, RowStore>,
    pub(crate) instrument: Option<HashMap<usize, Instrumentation>>,
    /// For cursors: by range table index, the relation and tid of the row that its scan returned last.
    pub(crate) scan_tids: Option<HashMap<i32, (Oid, i64)>>,
    pub(crate) epq: Option<Box<crate::modify::EpqRows>>,
    pub(crate) after: crate::modify::AfterStatement,
}

/// What every call into a running plan gets: the session, its catalog, and the execution's state.
pub struct Cx<'a> {
    /// The session.
    pub session: &'a dyn FnContext,
    /// Its catalog.
    pub catalog: &'a dyn CatalogRead,
    /// The execution.
    pub es: &'a mut EState,
}

impl EState {
    /// A state without plan: for expressions outside of plans, and as the base of a plan's.
    pub fn new(
        txn: Option<Arc<txn::Transaction>>,
        snapshot: Option<txn::Snapshot>,
        params: Arc<[Datum]>,
        settings: Arc<ExecSettings>,
    ) -> Self {
        EState {
            txn,
            snapshot,
            params,
            settings,
            processed: 0,
            cursors: None,
            named_stores: HashMap::new(),
            exec_params: Vec::new(),
            fn_caches: Vec::new(),
            case_values: Vec::new(),
            subplans: Vec::new(),
            subplan_specs: Arc::new([]),
            subplan_states: Vec::new(),
            ctes: HashMap::new(),
            work_tables: HashMap::new(),
            instrument: None,
            scan_tids: None,
            epq: None,
            after: Default::default(),
        }
    }

    /// Makes room for the slots of compiled expressions.
    pub(crate) fn reserve_slots(&mut self, counts: crate::expr::SlotCounts) {
        self.fn_caches.resize_with(counts.caches as usize, || None);
        self.case_values.resize(counts.cases as usize, Datum::Null);
    }

    /// The transaction of a plan that reads or writes.
    pub(crate) fn txn(&self) -> &Arc<txn::Transaction> {
        self.txn.as_ref().expect("invariant: a plan over relations has a transaction")
    }

    /// The snapshot of a plan that reads.
    pub(crate) fn snapshot(&self) -> &txn::Snapshot {
        self.snapshot.as_ref().expect("invariant: a plan over relations has a snapshot")
    }

    /// Memory a hash table may take.
    pub(crate) fn hash_mem(&self) -> usize {
        (self.settings.work_mem as f64 * self.settings.hash_mem_multiplier) as usize
    }
}

impl Cx<'_> {
    /// The same for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> Cx<'_> {
        Cx { session: self.session, catalog: self.catalog, es: self.es }
    }

    /// Raises a pending cancel.
    #[inline]
    pub fn check_interrupts(&self) -> PgResult<()> {
        self.session.check_interrupts()
    }
}

//! Paths: candidate ways to produce a relation, with costs and order.
use crate::{relids::Relids, root::*};
use nodes::{plan::*, *};
use std::rc::Rc;
use types::Oid;

/// A shared path.
pub type PathRef = Rc<Path>;

/// A candidate plan.
#[derive(Clone, Debug)]
pub struct Path {
    pub kind: PathKind,
    /// The relation it produces.
    pub parent: RelId,
    pub target: Rc<PathTarget>,
    pub param: Option<Rc<ParamPathInfo>>,
    pub rows: f64,
    pub disabled_nodes: i32,
    pub startup_cost: f64,
    pub total_cost: f64,
    pub pathkeys: Vec<PathKey>,
}

impl Path {
    /// Relations this path must be given values from.
    pub fn req_outer(&self) -> Relids {
        self.param.as_ref().map(|p| p.req_outer.clone()).unwrap_or_default()
    }
}

/// One index clause: original and as the index uses it.
#[derive(Clone, Debug)]
pub struct IndexClause {
    pub rinfo: Rc<RestrictInfo>,
    /// Clauses in index form, `indexkey op value`.
    pub quals: Vec<Expr>,
    /// The index result must be rechecked.
    pub lossy: bool,
    pub indexcol: usize,
    /// For row comparisons: further index columns used.
    pub indexcols: Vec<usize>,
}

/// What an index path adds.
#[derive(Clone, Debug)]
pub struct IndexPath {
    pub index: Rc<IndexOptInfo>,
    pub clauses: Vec<IndexClause>,
    pub orderbys: Vec<Expr>,
    pub orderbycols: Vec<usize>,
    pub backward: bool,
    pub index_only: bool,
    /// Cost and selectivity of the index part alone.
    pub index_total_cost: f64,
    pub index_selectivity: f64,
}

/// What makes a bitmap.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum BitmapQual {
    Index(PathRef),
    And { quals: Vec<BitmapQual>, cost: f64, selectivity: f64 },
    Or { quals: Vec<BitmapQual>, cost: f64, selectivity: f64 },
}

/// Parts common to joins.
#[derive(Clone, Debug)]
pub struct JoinPath {
    pub jointype: JoinType,
    pub inner_unique: bool,
    pub outer: PathRef,
    pub inner: PathRef,
    pub restrict: Vec<Rc<RestrictInfo>>,
}

/// How a semi join's right side is made unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UniqueMethod {
    Noop,
    Hash,
    Sort,
}

/// Grouping sets that one pass over sorted input computes.
#[derive(Clone, Debug)]
pub struct RollupData {
    pub group_clause: Vec<SortGroupClause>,
    /// Each set as sortgrouprefs, longest first.
    pub gsets: Vec<Vec<u32>>,
    pub num_groups: f64,
    pub is_hashed: bool,
}

/// What kind of path it is and what belongs to that kind.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum PathKind {
    SeqScan,
    SampleScan,
    Index(IndexPath),
    BitmapHeap(BitmapQual),
    TidScan {
        tidquals: Vec<Rc<RestrictInfo>>,
    },
    TidRange {
        quals: Vec<Rc<RestrictInfo>>,
    },
    SubqueryScan {
        subpath: PathRef,
    },
    FunctionScan,
    TableFuncScan,
    ValuesScan,
    CteScan {
        plan_id: i32,
        param: i32,
    },
    NamedTuplestoreScan,
    WorkTableScan {
        wt_param: i32,
    },
    ResultScan,
    GroupResult {
        quals: Vec<Expr>,
    },
    /// MIN and MAX from init plans.
    MinMaxAgg {
        quals: Vec<Expr>,
    },
    Append {
        subpaths: Vec<PathRef>,
    },
    MergeAppend {
        subpaths: Vec<PathRef>,
        limit_tuples: f64,
    },
    NestLoop(JoinPath),
    MergeJoin {
        join: JoinPath,
        mergeclauses: Vec<Rc<RestrictInfo>>,
        outersortkeys: Vec<PathKey>,
        innersortkeys: Vec<PathKey>,
        outer_presorted: usize,
        skip_mark_restore: bool,
        materialize_inner: bool,
    },
    HashJoin {
        join: JoinPath,
        hashclauses: Vec<Rc<RestrictInfo>>,
        num_batches: f64,
    },
    Material {
        subpath: PathRef,
    },
    Memoize {
        subpath: PathRef,
        hash_operators: Vec<Oid>,
        param_exprs: Vec<Expr>,
        singlerow: bool,
        binary_mode: bool,
        est_entries: u32,
    },
    Unique {
        subpath: PathRef,
        method: UniqueMethod,
        in_operators: Vec<Oid>,
        uniq_exprs: Vec<Expr>,
    },
    Projection {
        subpath: PathRef,
        dummy: bool,
    },
    ProjectSet {
        subpath: PathRef,
    },
    Sort {
        subpath: PathRef,
    },
    IncrementalSort {
        subpath: PathRef,
        presorted: usize,
    },
    Group {
        subpath: PathRef,
        group_clause: Vec<SortGroupClause>,
        qual: Vec<Expr>,
    },
    UpperUnique {
        subpath: PathRef,
        num_keys: usize,
    },
    Agg {
        subpath: PathRef,
        strategy: AggStrategy,
        num_groups: f64,
        transition_space: f64,
        group_clause: Vec<SortGroupClause>,
        qual: Vec<Expr>,
    },
    GroupingSets {
        subpath: PathRef,
        strategy: AggStrategy,
        rollups: Vec<RollupData>,
        qual: Vec<Expr>,
        transition_space: f64,
    },
    WindowAgg {
        subpath: PathRef,
        winclause: WindowClause,
        winname: String,
        qual: Vec<Expr>,
        run_condition: Vec<Expr>,
        topwindow: bool,
    },
    SetOp {
        left: PathRef,
        right: PathRef,
        op: SetOperationKind,
        all: bool,
        hashed: bool,
        group_list: Vec<SortGroupClause>,
        num_groups: f64,
    },
    RecursiveUnion {
        left: PathRef,
        right: PathRef,
        distinct: Vec<SortGroupClause>,
        wt_param: i32,
        num_groups: f64,
    },
    LockRows {
        subpath: PathRef,
        row_marks: Vec<PlanRowMark>,
        epq_param: i32,
    },
    ModifyTable {
        subpath: PathRef,
        modify: Box<ModifyTable>,
    },
    Limit {
        subpath: PathRef,
        offset: Option<Expr>,
        count: Option<Expr>,
        with_ties: bool,
    },
}

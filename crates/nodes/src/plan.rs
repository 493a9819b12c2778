//! Plans (PostgreSQL's plannodes): immutable, shared between sessions.
//!
//! Expressions in plan nodes above scans refer to their inputs by `OUTER_VAR` / `INNER_VAR` and the
//! 1-based position in the input's target list; scan nodes refer to range table columns.
use crate::{expr::*, query::*};
use parser::ast;
use std::sync::Arc;
use types::Oid;

/// A planned statement.
#[derive(Clone, Debug)]
pub struct PlannedStmt {
    pub command_type: CmdType,
    pub has_returning: bool,
    pub has_modifying_cte: bool,
    pub can_set_tag: bool,
    /// Replan if the role, `row_security` or the like changes.
    pub transient_plan: bool,
    pub depends_on_role: bool,
    pub plan_tree: Arc<Plan>,
    /// The flattened range table.
    pub rtable: Vec<RangeTblEntry>,
    pub perm_infos: Vec<RTEPermissionInfo>,
    /// Range table indexes of INSERT/UPDATE/DELETE/MERGE targets.
    pub result_relations: Vec<i32>,
    /// Plans of SubPlans, `SubPlan.plan_id` is 1-based into it.
    pub subplans: Vec<Arc<Plan>>,
    /// plan_ids whose subplan should be materialised for rewinding.
    pub rewind_plan_ids: Vec<i32>,
    pub row_marks: Vec<PlanRowMark>,
    /// Types of the exec params, indexed by paramid.
    pub param_exec_types: Vec<Oid>,
    /// Relations the plan depends on (lock and invalidate).
    pub relation_oids: Vec<Oid>,
    /// Functions, types and other objects the plan depends on: (catalog OID, object OID).
    pub inval_items: Vec<(Oid, Oid)>,
    pub utility_stmt: Option<Box<ast::Stmt>>,
    pub stmt_location: i32,
    pub stmt_len: i32,
}

/// A plan node: what all have, and what is its own.
#[derive(Clone, Debug)]
pub struct Plan {
    pub startup_cost: f64,
    pub total_cost: f64,
    pub plan_rows: f64,
    pub plan_width: i32,
    pub target_list: Vec<TargetEntry>,
    /// Implicitly ANDed quals.
    pub qual: Vec<Expr>,
    pub lefttree: Option<Arc<Plan>>,
    pub righttree: Option<Arc<Plan>>,
    /// SubPlans run at most once, before the node starts.
    pub init_plan: Vec<SubPlan>,
    /// Exec params this subtree depends on: it must be rescanned when they change.
    pub ext_param: Vec<i32>,
    pub all_param: Vec<i32>,
    pub parallel_aware: bool,
    pub disabled_nodes: i32,
    pub node: PlanNode,
}

/// One key of a sort, merge or ordered input.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// 1-based position in the (input) target list.
    pub col: i16,
    /// The `<` or `>` operator.
    pub sort_operator: Oid,
    pub collation: Oid,
    pub nulls_first: bool,
    /// Descending (sort_operator is a `>`).
    pub reverse: bool,
}

/// A grouping or hashing column with its equality operator.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupKey {
    /// 1-based position in the (input) target list.
    pub col: i16,
    pub eq_operator: Oid,
    pub collation: Oid,
}

/// Direction of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ScanDirection {
    Forward,
    Backward,
}

/// Strategy of grouping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AggStrategy {
    Plain,
    Sorted,
    Hashed,
    Mixed,
}

/// What is particular to a node.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum PlanNode {
    /// No input, or one-time filter over lefttree.
    Result {
        resconstantqual: Vec<Expr>,
    },
    /// Evaluates set-returning functions in the target list.
    ProjectSet,
    ModifyTable(Box<ModifyTable>),
    Append {
        appendplans: Vec<Arc<Plan>>,
        apprelids: Vec<i32>,
        part_prune: Option<PartitionPruneInfo>,
    },
    MergeAppend {
        mergeplans: Vec<Arc<Plan>>,
        apprelids: Vec<i32>,
        keys: Vec<SortKey>,
        part_prune: Option<PartitionPruneInfo>,
    },
    /// lefttree: non-recursive term, righttree: recursive term.
    RecursiveUnion {
        wt_param: i32,
        dup_keys: Vec<GroupKey>,
        num_groups: f64,
    },
    BitmapAnd(Vec<Arc<Plan>>),
    BitmapOr(Vec<Arc<Plan>>),
    SeqScan {
        scanrelid: i32,
    },
    SampleScan {
        scanrelid: i32,
        tablesample: Box<TableSampleClause>,
    },
    IndexScan(Box<IndexScan>),
    IndexOnlyScan(Box<IndexScan>),
    BitmapIndexScan(Box<IndexScan>),
    /// lefttree makes the bitmap.
    BitmapHeapScan {
        scanrelid: i32,
        bitmapqualorig: Vec<Expr>,
    },
    TidScan {
        scanrelid: i32,
        tidquals: Vec<Expr>,
    },
    TidRangeScan {
        scanrelid: i32,
        tidrangequals: Vec<Expr>,
    },
    SubqueryScan {
        scanrelid: i32,
        subplan: Arc<Plan>,
    },
    FunctionScan {
        scanrelid: i32,
        functions: Vec<RangeTblFunction>,
        funcordinality: bool,
    },
    ValuesScan {
        scanrelid: i32,
        values_lists: Vec<Vec<Expr>>,
    },
    TableFuncScan {
        scanrelid: i32,
        tablefunc: Box<TableFunc>,
    },
    CteScan {
        scanrelid: i32,
        cte_plan_id: i32,
        cte_param: i32,
    },
    NamedTuplestoreScan {
        scanrelid: i32,
        enrname: String,
    },
    WorkTableScan {
        scanrelid: i32,
        wt_param: i32,
    },
    NestLoop {
        jointype: JoinType,
        inner_unique: bool,
        joinqual: Vec<Expr>,
        nest_params: Vec<NestLoopParam>,
    },
    MergeJoin(Box<MergeJoin>),
    /// righttree is a Hash node.
    HashJoin {
        jointype: JoinType,
        inner_unique: bool,
        joinqual: Vec<Expr>,
        hashclauses: Vec<Expr>,
        hashoperators: Vec<Oid>,
        hashcollations: Vec<Oid>,
        hashkeys: Vec<Expr>,
    },
    /// Builds the inner side's table; hashkeys over its own input.
    Hash {
        hashkeys: Vec<Expr>,
    },
    Material,
    Memoize {
        hash_operators: Vec<Oid>,
        collations: Vec<Oid>,
        param_exprs: Vec<Expr>,
        singlerow: bool,
        binary_mode: bool,
        est_entries: u32,
        keyparamids: Vec<i32>,
    },
    Sort {
        keys: Vec<SortKey>,
    },
    IncrementalSort {
        keys: Vec<SortKey>,
        n_presorted: usize,
    },
    /// Pre-sorted grouping without aggregates.
    Group {
        keys: Vec<GroupKey>,
    },
    Agg(Box<Agg>),
    WindowAgg(Box<WindowAgg>),
    Unique {
        keys: Vec<GroupKey>,
    },
    Gather {
        num_workers: i32,
        single_copy: bool,
    },
    GatherMerge {
        num_workers: i32,
        keys: Vec<SortKey>,
    },
    SetOp {
        op: SetOperationKind,
        all: bool,
        hashed: bool,
        keys: Vec<SortKey>,
        group_keys: Vec<GroupKey>,
        num_groups: f64,
    },
    LockRows {
        row_marks: Vec<PlanRowMark>,
        epq_param: i32,
    },
    Limit {
        offset: Option<Expr>,
        count: Option<Expr>,
        with_ties: bool,
        ties_keys: Vec<GroupKey>,
    },
}

/// Index scan, index-only scan and bitmap index scan.
#[derive(Clone, Debug)]
pub struct IndexScan {
    pub scanrelid: i32,
    pub indexid: Oid,
    /// Quals with the index column (INDEX_VAR, 1-based index attno) on the left, in index column order.
    pub indexqual: Vec<Expr>,
    /// The same quals over the table's Vars, for EXPLAIN and rechecks.
    pub indexqualorig: Vec<Expr>,
    pub indexorderby: Vec<Expr>,
    pub indexorderbyorig: Vec<Expr>,
    pub indexorderdir: ScanDirection,
    /// Index-only: what each index column yields (over INDEX_VAR for target list and qual).
    pub indextlist: Vec<TargetEntry>,
    /// Index-only: quals to recheck if the index is lossy.
    pub recheckqual: Vec<Expr>,
}

/// A value passed from the outer to the inner side of a nested loop.
#[derive(Clone, Debug)]
pub struct NestLoopParam {
    /// Exec param set for each outer row.
    pub paramno: i32,
    /// OUTER_VAR expression.
    pub paramval: Expr,
}

/// Merge join.
#[derive(Clone, Debug)]
pub struct MergeJoin {
    pub jointype: JoinType,
    pub inner_unique: bool,
    pub joinqual: Vec<Expr>,
    /// Join restores marks by itself when false.
    pub skip_mark_restore: bool,
    /// `outer = inner` clauses.
    pub mergeclauses: Vec<Expr>,
    pub merge_families: Vec<Oid>,
    pub merge_collations: Vec<Oid>,
    pub merge_reversals: Vec<bool>,
    pub merge_nulls_first: Vec<bool>,
}

/// Aggregation.
#[derive(Clone, Debug)]
pub struct Agg {
    pub strategy: AggStrategy,
    pub aggsplit: AggSplit,
    /// Grouping columns of the first (or only) grouping set.
    pub keys: Vec<GroupKey>,
    pub num_groups: f64,
    pub transition_space: u64,
    /// Each grouping set as positions in `keys`' columns; empty if there is only one.
    pub grouping_sets: Vec<Vec<i16>>,
    /// Further phases (rollups with their own sort, hashed sets).
    pub chain: Vec<Arc<Plan>>,
}

/// Window aggregation over sorted input.
#[derive(Clone, Debug)]
pub struct WindowAgg {
    pub winname: String,
    pub winref: u32,
    pub part_keys: Vec<GroupKey>,
    pub ord_keys: Vec<GroupKey>,
    pub frame_options: u32,
    pub start_offset: Option<Expr>,
    pub end_offset: Option<Expr>,
    pub start_in_range_func: Oid,
    pub end_in_range_func: Oid,
    pub in_range_coll: Oid,
    pub in_range_asc: bool,
    pub in_range_nulls_first: bool,
    /// Stop early: monotonic window function compared with a constant.
    pub run_condition: Vec<Expr>,
    pub run_condition_orig: Vec<Expr>,
    pub top_window: bool,
}

/// INSERT / UPDATE / DELETE / MERGE over lefttree's rows.
///
/// Input rows: INSERT: all columns of the target in order. UPDATE: the new values of
/// `update_colnos`, then junk. UPDATE, DELETE, MERGE: junk column `ctid`(rowid) and, for several
/// targets, `tableoid`.
#[derive(Clone, Debug)]
pub struct ModifyTable {
    pub operation: CmdType,
    pub can_set_tag: bool,
    /// Range table index shown by EXPLAIN.
    pub nominal_relation: i32,
    pub root_relation: i32,
    pub result_relations: Vec<i32>,
    /// For each result relation: columns set, in the order of the input's target list.
    pub update_colnos_lists: Vec<Vec<i16>>,
    pub with_check_options: Vec<Vec<WithCheckOption>>,
    pub returning_lists: Vec<Vec<TargetEntry>>,
    pub returning_old_alias: Option<String>,
    pub returning_new_alias: Option<String>,
    pub row_marks: Vec<PlanRowMark>,
    pub epq_param: i32,
    pub on_conflict: OnConflictAction,
    /// Arbiter indexes; empty with an action: all.
    pub arbiter_indexes: Vec<Oid>,
    pub on_conflict_set: Vec<TargetEntry>,
    pub on_conflict_cols: Vec<i16>,
    pub on_conflict_where: Option<Expr>,
    pub excl_rel_rti: i32,
    pub excl_rel_tlist: Vec<TargetEntry>,
    pub merge_action_lists: Vec<Vec<MergeAction>>,
    pub merge_join_conditions: Vec<Option<Expr>>,
}

/// ON CONFLICT action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OnConflictAction {
    #[default]
    None,
    Nothing,
    Update,
}

/// How rows of a relation are to be locked or refetched.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanRowMark {
    pub rti: i32,
    /// Parent's rti under inheritance, else `rti`.
    pub prti: i32,
    pub rowmark_id: u32,
    /// `None`: only refetch for re-checks (ROW_MARK_REFERENCE / COPY).
    pub strength: Option<LockClauseStrength>,
    pub wait_policy: LockWaitPolicy,
    pub is_parent: bool,
    /// Position (1-based) of the junk `ctid` column in the input, 0 if none.
    pub ctid_col: i16,
    /// Position of the junk `tableoid` column, 0 if none.
    pub toid_col: i16,
    /// Position of the junk whole-row column, 0 if none.
    pub whole_row_col: i16,
}

/// Run-time partition pruning.
#[derive(Clone, Debug, Default)]
pub struct PartitionPruneInfo {
    /// For each partitioned relation: its OID and the pruning quals over its partition key.
    pub rels: Vec<(Oid, Vec<Expr>)>,
    /// Subplan index for each leaf relation OID.
    pub subplan_map: Vec<(Oid, usize)>,
}

impl Plan {
    /// A node with costs zero; callers fill in what differs.
    pub fn new(node: PlanNode, target_list: Vec<TargetEntry>) -> Plan {
        Plan {
            startup_cost: 0.0,
            total_cost: 0.0,
            plan_rows: 1.0,
            plan_width: 0,
            target_list,
            qual: Vec::new(),
            lefttree: None,
            righttree: None,
            init_plan: Vec::new(),
            ext_param: Vec::new(),
            all_param: Vec::new(),
            parallel_aware: false,
            disabled_nodes: 0,
            node,
        }
    }
}

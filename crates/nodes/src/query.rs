//! Analysed queries (PostgreSQL's Query and range table).
use crate::expr::*;
use parser::ast;
use serde::{Deserialize, Serialize};
use types::Oid;

/// What a query does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CmdType {
    #[default]
    Select,
    Update,
    Insert,
    Delete,
    Merge,
    Utility,
    Nothing,
}

/// Where a query came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum QuerySource {
    #[default]
    Original,
    InsteadRule,
    QualInsteadRule,
    NonInsteadRule,
}

/// An analysed statement.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Query {
    pub command_type: CmdType,
    pub query_source: QuerySource,
    pub can_set_tag: bool,
    /// The utility statement, if `command_type` is Utility.
    #[serde(skip)]
    pub utility_stmt: Option<Box<ast::Stmt>>,
    /// Range table index of the INSERT/UPDATE/DELETE/MERGE target, 0 for SELECT.
    pub result_relation: i32,
    pub has_aggs: bool,
    pub has_window_funcs: bool,
    pub has_target_srfs: bool,
    pub has_sub_links: bool,
    pub has_distinct_on: bool,
    pub has_recursive: bool,
    pub has_modifying_cte: bool,
    pub has_for_update: bool,
    pub has_row_security: bool,
    pub has_group_rte: bool,
    pub is_return: bool,
    pub cte_list: Vec<CommonTableExpr>,
    pub rtable: Vec<RangeTblEntry>,
    /// Permission checks, `RangeTblEntry.perminfoindex` is 1-based into it.
    pub rteperminfos: Vec<RTEPermissionInfo>,
    pub jointree: FromExpr,
    pub merge_action_list: Vec<MergeAction>,
    pub merge_target_relation: i32,
    pub merge_join_condition: Option<Expr>,
    pub target_list: Vec<TargetEntry>,
    /// OVERRIDING SYSTEM / USER VALUE.
    pub override_: OverridingKind,
    pub on_conflict: Option<Box<OnConflictExpr>>,
    /// Names given by RETURNING WITH (OLD AS o, NEW AS n).
    pub returning_old_alias: Option<String>,
    pub returning_new_alias: Option<String>,
    pub returning_list: Vec<TargetEntry>,
    pub group_clause: Vec<SortGroupClause>,
    pub group_distinct: bool,
    pub grouping_sets: Vec<GroupingSet>,
    pub having_qual: Option<Expr>,
    pub window_clause: Vec<WindowClause>,
    pub distinct_clause: Vec<SortGroupClause>,
    pub sort_clause: Vec<SortGroupClause>,
    pub limit_offset: Option<Expr>,
    pub limit_count: Option<Expr>,
    /// FETCH … WITH TIES.
    pub limit_with_ties: bool,
    pub row_marks: Vec<RowMarkClause>,
    /// The tree of set operations; leaves are subquery range table entries.
    pub set_operations: Option<Box<SetOperation>>,
    /// Constraints (OIDs) that GROUP BY's functional dependency relies on.
    pub constraint_deps: Vec<Oid>,
    pub with_check_options: Vec<WithCheckOption>,
    pub stmt_location: i32,
    pub stmt_len: i32,
}

/// OVERRIDING clause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum OverridingKind {
    #[default]
    NotSet,
    UserValue,
    SystemValue,
}

/// FROM list and WHERE.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FromExpr {
    pub fromlist: Vec<JoinTreeNode>,
    pub quals: Option<Expr>,
}

/// A node of the join tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum JoinTreeNode {
    /// Range table index.
    RangeTblRef(i32),
    JoinExpr(Box<JoinExpr>),
    FromExpr(Box<FromExpr>),
}

/// Join kinds; the last five are the planner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum JoinType {
    Inner,
    Left,
    Full,
    Right,
    Semi,
    Anti,
    RightSemi,
    RightAnti,
    UniqueOuter,
    UniqueInner,
}

/// An explicit JOIN.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinExpr {
    pub jointype: JoinType,
    pub is_natural: bool,
    pub larg: JoinTreeNode,
    pub rarg: JoinTreeNode,
    /// USING column names, for printing.
    pub using_clause: Vec<String>,
    pub join_using_alias: Option<Alias>,
    pub quals: Option<Expr>,
    pub alias: Option<Alias>,
    /// Its own range table entry; 0 for planner-made semi/anti joins.
    pub rtindex: i32,
}

/// An alias and column aliases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub aliasname: String,
    pub colnames: Vec<String>,
}

/// One entry of the range table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RangeTblEntry {
    pub kind: RteKind,
    /// User-written alias.
    pub alias: Option<Alias>,
    /// Names in force; dropped columns are "".
    pub eref: Alias,
    pub lateral: bool,
    /// Expanded by inheritance (relation written without ONLY).
    pub inh: bool,
    pub in_from_cl: bool,
    pub security_quals: Vec<Expr>,
}

/// Kinds of range table entries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RteKind {
    Relation {
        relid: Oid,
        relkind: char,
        /// PostgreSQL lock mode number (1 AccessShare … 8 AccessExclusive).
        rellockmode: i32,
        /// 1-based into `Query.rteperminfos`, 0 none.
        perminfoindex: u32,
        tablesample: Option<Box<TableSampleClause>>,
    },
    Subquery {
        subquery: Box<Query>,
        security_barrier: bool,
        /// The view it was expanded from (then relkind 'v'), with its permission entry.
        view: Option<(Oid, u32)>,
    },
    Join {
        jointype: JoinType,
        /// Number of merged USING columns, which come first in `joinaliasvars`.
        joinmergedcols: i32,
        joinaliasvars: Vec<Expr>,
        /// Column numbers in the left and right input for each output column (0: none).
        joinleftcols: Vec<i32>,
        joinrightcols: Vec<i32>,
        join_using_alias: Option<Alias>,
    },
    Function {
        functions: Vec<RangeTblFunction>,
        funcordinality: bool,
    },
    TableFunc(Box<TableFunc>),
    Values {
        values_lists: Vec<Vec<Expr>>,
        coltypes: Vec<Oid>,
        coltypmods: Vec<i32>,
        colcollations: Vec<Oid>,
    },
    Cte {
        ctename: String,
        ctelevelsup: u32,
        self_reference: bool,
        coltypes: Vec<Oid>,
        coltypmods: Vec<i32>,
        colcollations: Vec<Oid>,
    },
    NamedTuplestore {
        enrname: String,
        relid: Oid,
        coltypes: Vec<Oid>,
        coltypmods: Vec<i32>,
        colcollations: Vec<Oid>,
    },
    /// Empty FROM.
    Result,
    /// Grouping step (PG18).
    Group {
        groupexprs: Vec<Expr>,
    },
}

/// A function in FROM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RangeTblFunction {
    pub funcexpr: Expr,
    pub funccolcount: i32,
    /// Column definition list, if one was given (record functions).
    pub funccolnames: Vec<String>,
    pub funccoltypes: Vec<Oid>,
    pub funccoltypmods: Vec<i32>,
    pub funccolcollations: Vec<Oid>,
}

/// XMLTABLE / JSON_TABLE.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableFunc {
    /// "xml" or "json".
    pub functype: String,
    pub ns_uris: Vec<Expr>,
    pub ns_names: Vec<Option<String>>,
    pub docexpr: Expr,
    pub rowexpr: Option<Expr>,
    pub colnames: Vec<String>,
    pub coltypes: Vec<Oid>,
    pub coltypmods: Vec<i32>,
    pub colcollations: Vec<Oid>,
    pub colexprs: Vec<Option<Expr>>,
    pub coldefexprs: Vec<Option<Expr>>,
    pub colvalexprs: Vec<Option<Expr>>,
    pub passingvalexprs: Vec<Expr>,
    /// Of JSON_TABLE.
    pub plan: Option<crate::json::JsonTablePlan>,
    pub notnulls: Vec<bool>,
    pub ordinalitycol: i32,
    pub location: i32,
}

/// TABLESAMPLE.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableSampleClause {
    pub tsmhandler: Oid,
    pub args: Vec<Expr>,
    pub repeatable: Option<Expr>,
}

/// ACL bits, as in PostgreSQL's `acl.h`.
pub mod acl {
    #![allow(missing_docs)]
    pub const INSERT: u64 = 1 << 0;
    pub const SELECT: u64 = 1 << 1;
    pub const UPDATE: u64 = 1 << 2;
    pub const DELETE: u64 = 1 << 3;
    pub const TRUNCATE: u64 = 1 << 4;
    pub const REFERENCES: u64 = 1 << 5;
    pub const TRIGGER: u64 = 1 << 6;
    pub const EXECUTE: u64 = 1 << 7;
    pub const USAGE: u64 = 1 << 8;
    pub const CREATE: u64 = 1 << 9;
    pub const CREATE_TEMP: u64 = 1 << 10;
    pub const CONNECT: u64 = 1 << 11;
    pub const SET: u64 = 1 << 12;
    pub const ALTER_SYSTEM: u64 = 1 << 13;
    pub const MAINTAIN: u64 = 1 << 14;
}

/// What must be allowed on a relation before execution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RTEPermissionInfo {
    pub relid: Oid,
    pub inh: bool,
    /// [`acl`] bits.
    pub required_perms: u64,
    /// Role to check as; INVALID: the current user.
    pub check_as_user: Oid,
    /// Column numbers (attnum) read, written by INSERT, written by UPDATE.
    pub selected_cols: Vec<i16>,
    pub inserted_cols: Vec<i16>,
    pub updated_cols: Vec<i16>,
}

/// WITH materialization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CteMaterialize {
    #[default]
    Default,
    Always,
    Never,
}

/// SEARCH clause.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CteSearchClause {
    pub search_col_list: Vec<String>,
    pub search_breadth_first: bool,
    pub search_seq_column: String,
    pub location: i32,
}

/// CYCLE clause.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CteCycleClause {
    pub cycle_col_list: Vec<String>,
    pub cycle_mark_column: String,
    pub cycle_mark_value: Expr,
    pub cycle_mark_default: Expr,
    pub cycle_path_column: String,
    pub cycle_mark_type: Oid,
    pub cycle_mark_typmod: i32,
    pub cycle_mark_collation: Oid,
    pub cycle_mark_neop: Oid,
    pub location: i32,
}

/// A WITH item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommonTableExpr {
    pub ctename: String,
    pub aliascolnames: Vec<String>,
    pub ctematerialized: CteMaterialize,
    pub ctequery: Box<Query>,
    pub search_clause: Option<CteSearchClause>,
    pub cycle_clause: Option<CteCycleClause>,
    pub location: i32,
    pub cterecursive: bool,
    pub cterefcount: i32,
    pub ctecolnames: Vec<String>,
    pub ctecoltypes: Vec<Oid>,
    pub ctecoltypmods: Vec<i32>,
    pub ctecolcollations: Vec<Oid>,
}

/// A tree of UNION / INTERSECT / EXCEPT.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetOperation {
    pub op: SetOperationKind,
    pub all: bool,
    pub larg: SetOpNode,
    pub rarg: SetOpNode,
    pub col_types: Vec<Oid>,
    pub col_typmods: Vec<i32>,
    pub col_collations: Vec<Oid>,
    /// How to compare columns, unless ALL of UNION.
    pub group_clauses: Vec<SortGroupClause>,
}

/// A leaf (range table index of a subquery) or a further operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum SetOpNode {
    RangeTblRef(i32),
    SetOp(Box<SetOperation>),
}

/// Set operation kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum SetOperationKind {
    Union,
    Intersect,
    Except,
}

/// GROUPING SETS, CUBE, ROLLUP; `refs` are tleSortGroupRefs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum GroupingSet {
    Empty,
    Simple(Vec<u32>),
    Rollup(Vec<GroupingSet>),
    Cube(Vec<GroupingSet>),
    Sets(Vec<GroupingSet>),
}

/// A WINDOW definition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WindowClause {
    pub name: Option<String>,
    pub refname: Option<String>,
    pub partition_clause: Vec<SortGroupClause>,
    pub order_clause: Vec<SortGroupClause>,
    /// PostgreSQL's FRAMEOPTION_ bits.
    pub frame_options: u32,
    pub start_offset: Option<Expr>,
    pub end_offset: Option<Expr>,
    pub start_in_range_func: Oid,
    pub end_in_range_func: Oid,
    pub in_range_coll: Oid,
    pub in_range_asc: bool,
    pub in_range_nulls_first: bool,
    pub winref: u32,
    pub copied_order: bool,
}

/// FRAMEOPTION_ bits of `WindowClause.frame_options` (values of PostgreSQL's parsenodes.h).
pub mod frame_option {
    #![allow(missing_docs)]
    pub const NONDEFAULT: u32 = 0x00001;
    pub const RANGE: u32 = 0x00002;
    pub const ROWS: u32 = 0x00004;
    pub const GROUPS: u32 = 0x00008;
    pub const BETWEEN: u32 = 0x00010;
    pub const START_UNBOUNDED_PRECEDING: u32 = 0x00020;
    pub const END_UNBOUNDED_PRECEDING: u32 = 0x00040;
    pub const START_UNBOUNDED_FOLLOWING: u32 = 0x00080;
    pub const END_UNBOUNDED_FOLLOWING: u32 = 0x00100;
    pub const START_CURRENT_ROW: u32 = 0x00200;
    pub const END_CURRENT_ROW: u32 = 0x00400;
    pub const START_OFFSET_PRECEDING: u32 = 0x00800;
    pub const END_OFFSET_PRECEDING: u32 = 0x01000;
    pub const START_OFFSET_FOLLOWING: u32 = 0x02000;
    pub const END_OFFSET_FOLLOWING: u32 = 0x04000;
    pub const EXCLUDE_CURRENT_ROW: u32 = 0x08000;
    pub const EXCLUDE_GROUP: u32 = 0x10000;
    pub const EXCLUDE_TIES: u32 = 0x20000;
}

/// Row lock strengths, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum LockClauseStrength {
    ForKeyShare,
    ForShare,
    ForNoKeyUpdate,
    ForUpdate,
}

/// What to do when a row is locked.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[allow(missing_docs)]
pub enum LockWaitPolicy {
    #[default]
    Block,
    Skip,
    Error,
}

/// FOR UPDATE and its kin on one range table entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RowMarkClause {
    pub rti: i32,
    pub strength: LockClauseStrength,
    pub wait_policy: LockWaitPolicy,
    pub pushed_down: bool,
}

/// ON CONFLICT.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OnConflictExpr {
    /// DO UPDATE rather than DO NOTHING.
    pub update: bool,
    /// Inference expressions with collation and opclass (INVALID: any).
    pub arbiter_elems: Vec<InferenceElem>,
    pub arbiter_where: Option<Expr>,
    /// ON CONSTRAINT.
    pub constraint: Oid,
    pub on_conflict_set: Vec<TargetEntry>,
    pub on_conflict_where: Option<Expr>,
    /// Range table index of EXCLUDED.
    pub excl_rel_index: i32,
    pub excl_rel_tlist: Vec<TargetEntry>,
}

/// One element of an ON CONFLICT target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InferenceElem {
    pub expr: Expr,
    pub infercollid: Oid,
    pub inferopclass: Oid,
}

/// When a MERGE action applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum MergeMatchKind {
    Matched,
    NotMatchedBySource,
    NotMatchedByTarget,
}

/// One WHEN clause of MERGE.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MergeAction {
    pub match_kind: MergeMatchKind,
    pub command_type: CmdType,
    pub override_: OverridingKind,
    pub qual: Option<Expr>,
    pub target_list: Vec<TargetEntry>,
    /// Columns set by an UPDATE action.
    pub update_colnos: Vec<i16>,
}

/// View WITH CHECK OPTION or a row security check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WithCheckOption {
    /// "view", "rls_insert", "rls_update", "rls_conflict", "rls_merge_update", "rls_merge_delete".
    pub kind: String,
    pub relname: String,
    pub polname: Option<String>,
    pub qual: Expr,
    pub cascaded: bool,
}

impl Query {
    /// The 1-based range table entry.
    pub fn rte(&self, rti: i32) -> &RangeTblEntry {
        &self.rtable[(rti - 1) as usize]
    }

    /// Exclusive access to the 1-based range table entry.
    pub fn rte_mut(&mut self, rti: i32) -> &mut RangeTblEntry {
        &mut self.rtable[(rti - 1) as usize]
    }
}

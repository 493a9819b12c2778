//! SELECT, INSERT, UPDATE, DELETE, MERGE and their clauses.
use super::{
    Expr, IndexElem, Indirection, IntoClause, ParseLoc, RangeVar, SortBy, Stmt, TableRef,
    WindowDef, kind, node,
};

node! {
    /// A target: select item, column of INSERT, assignment of SET.
    pub struct ResTarget {
        pub name: Option<String>,
        /// Subscripts and fields after the name in INSERT and UPDATE.
        pub indirection: Vec<Indirection>,
        pub val: Option<Expr>,
        pub location: ParseLoc,
    }

    /// DISTINCT of a select.
    pub enum DistinctClause {
        None,
        All,
        On(Vec<Expr>),
    }
}

kind! {
    #[derive(Default)]
    pub enum SetOperation { #[default] None, Union, Intersect, Except }

    #[derive(Default)]
    pub enum LimitOption { #[default] Default, Count, WithTies }

    pub enum LockClauseStrength { ForKeyShare, ForShare, ForNoKeyUpdate, ForUpdate }

    pub enum LockWaitPolicy { Block, Skip, Error }

    #[derive(Default)]
    pub enum OverridingKind { #[default] NotSet, UserValue, SystemValue }
}

node! {
    /// SELECT, VALUES, TABLE or a set operation (`op` not None: then `larg` and `rarg`).
    pub struct SelectStmt {
        pub distinct_clause: DistinctClause,
        pub into_clause: Option<Box<IntoClause>>,
        pub target_list: Vec<ResTarget>,
        pub from_clause: Vec<TableRef>,
        pub where_clause: Option<Expr>,
        pub group_clause: Vec<Expr>,
        pub group_distinct: bool,
        pub having_clause: Option<Expr>,
        pub window_clause: Vec<WindowDef>,
        /// Rows of VALUES.
        pub values_lists: Vec<Vec<Expr>>,
        pub sort_clause: Vec<SortBy>,
        pub limit_offset: Option<Expr>,
        /// LIMIT ALL is a NULL constant.
        pub limit_count: Option<Expr>,
        pub limit_option: LimitOption,
        pub locking_clause: Vec<LockingClause>,
        pub with_clause: Option<WithClause>,
        pub op: SetOperation,
        /// ALL was given to the set operation.
        pub all: bool,
        pub larg: Option<Box<SelectStmt>>,
        pub rarg: Option<Box<SelectStmt>>,
        /// First token of the select.
        pub location: ParseLoc,
    }

    pub struct LockingClause {
        pub locked_rels: Vec<RangeVar>,
        pub strength: LockClauseStrength,
        pub wait_policy: LockWaitPolicy,
    }

    pub struct WithClause {
        pub ctes: Vec<CommonTableExpr>,
        pub recursive: bool,
        pub location: ParseLoc,
    }
}

kind! {
    #[derive(Default)]
    pub enum CteMaterialize { #[default] Default, Always, Never }
}

node! {
    pub struct CommonTableExpr {
        pub ctename: String,
        pub aliascolnames: Vec<String>,
        pub ctematerialized: CteMaterialize,
        pub ctequery: Box<Stmt>,
        pub search_clause: Option<CteSearchClause>,
        pub cycle_clause: Option<CteCycleClause>,
        pub location: ParseLoc,
    }

    pub struct CteSearchClause {
        pub search_col_list: Vec<String>,
        pub search_breadth_first: bool,
        pub search_seq_column: String,
        pub location: ParseLoc,
    }

    pub struct CteCycleClause {
        pub cycle_col_list: Vec<String>,
        pub cycle_mark_column: String,
        pub cycle_mark_value: Expr,
        pub cycle_mark_default: Expr,
        pub cycle_path_column: String,
        pub location: ParseLoc,
    }

    pub struct InsertStmt {
        pub relation: RangeVar,
        pub cols: Vec<ResTarget>,
        /// None for DEFAULT VALUES.
        pub select_stmt: Option<Box<SelectStmt>>,
        pub on_conflict_clause: Option<OnConflictClause>,
        pub returning_clause: Option<ReturningClause>,
        pub with_clause: Option<WithClause>,
        pub overriding: OverridingKind,
    }
}

kind! {
    pub enum OnConflictAction { Nothing, Update }
}

node! {
    pub struct OnConflictClause {
        pub action: OnConflictAction,
        pub infer: Option<InferClause>,
        pub target_list: Vec<ResTarget>,
        pub where_clause: Option<Expr>,
        pub location: ParseLoc,
    }

    pub struct InferClause {
        pub index_elems: Vec<IndexElem>,
        pub where_clause: Option<Expr>,
        /// ON CONSTRAINT name.
        pub conname: Option<String>,
        pub location: ParseLoc,
    }
}

kind! {
    pub enum ReturningOptionKind { Old, New }
}

node! {
    /// WITH (OLD AS o, NEW AS n) of RETURNING.
    pub struct ReturningOption {
        pub option: ReturningOptionKind,
        pub value: String,
        pub location: ParseLoc,
    }

    pub struct ReturningClause {
        pub options: Vec<ReturningOption>,
        pub exprs: Vec<ResTarget>,
    }

    pub struct DeleteStmt {
        pub relation: RangeVar,
        pub using_clause: Vec<TableRef>,
        pub where_clause: Option<Expr>,
        pub returning_clause: Option<ReturningClause>,
        pub with_clause: Option<WithClause>,
    }

    pub struct UpdateStmt {
        pub relation: RangeVar,
        pub target_list: Vec<ResTarget>,
        pub where_clause: Option<Expr>,
        pub from_clause: Vec<TableRef>,
        pub returning_clause: Option<ReturningClause>,
        pub with_clause: Option<WithClause>,
    }

    pub struct MergeStmt {
        pub relation: RangeVar,
        pub source_relation: TableRef,
        pub join_condition: Expr,
        pub merge_when_clauses: Vec<MergeWhenClause>,
        pub returning_clause: Option<ReturningClause>,
        pub with_clause: Option<WithClause>,
    }
}

kind! {
    pub enum MergeMatchKind { Matched, NotMatchedBySource, NotMatchedByTarget }

    /// What a WHEN clause of MERGE does.
    pub enum MergeCommand { Update, Delete, Insert, Nothing }
}

node! {
    pub struct MergeWhenClause {
        pub match_kind: MergeMatchKind,
        pub command_type: MergeCommand,
        pub overriding: OverridingKind,
        pub condition: Option<Expr>,
        /// SET list, or the columns of INSERT.
        pub target_list: Vec<ResTarget>,
        /// VALUES of INSERT; empty for DEFAULT VALUES.
        pub values: Vec<Expr>,
    }

    /// RETURN expression of an SQL-standard function body.
    pub struct ReturnStmt {
        pub returnval: Expr,
    }

    /// PL/pgSQL assignment `target := expression`.
    pub struct PLAssignStmt {
        pub name: String,
        pub indirection: Vec<Indirection>,
        /// How many names of the target belong to the variable's name.
        pub nnames: i32,
        pub val: Box<SelectStmt>,
        pub location: ParseLoc,
    }
}

impl SelectStmt {
    /// An empty select, to be filled in.
    pub fn empty(location: ParseLoc) -> Self {
        SelectStmt {
            distinct_clause: DistinctClause::None,
            into_clause: None,
            target_list: Vec::new(),
            from_clause: Vec::new(),
            where_clause: None,
            group_clause: Vec::new(),
            group_distinct: false,
            having_clause: None,
            window_clause: Vec::new(),
            values_lists: Vec::new(),
            sort_clause: Vec::new(),
            limit_offset: None,
            limit_count: None,
            limit_option: LimitOption::Default,
            locking_clause: Vec::new(),
            with_clause: None,
            op: SetOperation::None,
            all: false,
            larg: None,
            rarg: None,
            location,
        }
    }
}

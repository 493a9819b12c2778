//! The analyzer's state: one [`ParseState`] for each query level.
use crate::context::{
    AnalyzeContext, ColumnRefHooks, EphemeralRelation, ParamTypes, RelationLocker,
};
use catalog::{CatalogRead, rows::RelationDesc};
use fmgr::FnContext;
use nodes::{
    Alias, CommonTableExpr, JoinTreeNode, RTEPermissionInfo, RangeTblEntry, TargetEntry,
    VarReturningType,
};
use parser::ast;
use std::{rc::Rc, sync::Arc};
use types::Oid;

/// Where an expression stands, for errors and for what is allowed in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExprKind {
    #[default]
    None,
    Other,
    JoinOn,
    JoinUsing,
    FromSubselect,
    FromFunction,
    Where,
    Having,
    Filter,
    WindowPartition,
    WindowOrder,
    WindowFrameRange,
    WindowFrameRows,
    WindowFrameGroups,
    SelectTarget,
    InsertTarget,
    UpdateSource,
    UpdateTarget,
    MergeWhen,
    GroupBy,
    OrderBy,
    DistinctOn,
    Limit,
    Offset,
    Returning,
    MergeReturning,
    Values,
    ValuesSingle,
    CheckConstraint,
    DomainCheck,
    ColumnDefault,
    FunctionDefault,
    IndexExpression,
    IndexPredicate,
    StatsExpression,
    AlterColTransform,
    ExecuteParameter,
    TriggerWhen,
    Policy,
    PartitionBound,
    PartitionExpression,
    CallArgument,
    CopyWhere,
    GeneratedColumn,
    CycleMark,
}

impl ExprKind {
    /// The clause's name in "… are not allowed in %s".
    pub fn name(self) -> &'static str {
        use ExprKind::*;
        match self {
            None => "invalid expression context",
            Other => "extension expression",
            JoinOn => "JOIN/ON",
            JoinUsing => "JOIN/USING",
            FromSubselect => "sub-SELECT in FROM",
            FromFunction => "function in FROM",
            Where => "WHERE",
            Policy => "POLICY",
            Having => "HAVING",
            Filter => "FILTER",
            WindowPartition => "window PARTITION BY",
            WindowOrder => "window ORDER BY",
            WindowFrameRange => "window RANGE",
            WindowFrameRows => "window ROWS",
            WindowFrameGroups => "window GROUPS",
            SelectTarget => "SELECT",
            InsertTarget => "INSERT",
            UpdateSource | UpdateTarget => "UPDATE",
            MergeWhen => "MERGE WHEN",
            GroupBy => "GROUP BY",
            OrderBy => "ORDER BY",
            DistinctOn => "DISTINCT ON",
            Limit => "LIMIT",
            Offset => "OFFSET",
            Returning | MergeReturning => "RETURNING",
            Values | ValuesSingle => "VALUES",
            CheckConstraint | DomainCheck => "CHECK",
            ColumnDefault | FunctionDefault => "DEFAULT",
            IndexExpression => "index expression",
            IndexPredicate => "index predicate",
            StatsExpression => "statistics expression",
            AlterColTransform => "USING",
            ExecuteParameter => "EXECUTE",
            TriggerWhen => "WHEN",
            PartitionBound => "partition bound",
            PartitionExpression => "PARTITION BY",
            CallArgument => "CALL",
            CopyWhere => "WHERE",
            GeneratedColumn => "GENERATED AS",
            CycleMark => "CYCLE",
        }
    }
}

/// One column of a [`NsItem`]: the Var to make for it.
#[derive(Clone, Debug, Default)]
pub struct NsColumn {
    /// 0 for a dropped column.
    pub varno: i32,
    pub varattno: i16,
    pub vartype: Oid,
    pub vartypmod: i32,
    pub varcollid: Oid,
    pub varnosyn: i32,
    pub varattnosyn: i16,
    /// Reachable only through the table's name (`t.*` of a JOIN USING alias' table is not).
    pub dontexpand: bool,
}

/// A name in scope: a range table entry as seen from here.
#[derive(Clone, Debug)]
pub struct NsItem {
    /// Name and column names to match.
    pub names: Rc<Alias>,
    pub rtindex: i32,
    /// 1-based into `rteperminfos`, 0 none.
    pub perminfo: u32,
    pub columns: Rc<Vec<NsColumn>>,
    pub rel_visible: bool,
    pub cols_visible: bool,
    pub lateral_only: bool,
    pub lateral_ok: bool,
    pub returning_type: VarReturningType,
}

/// A WITH item in scope; `cte.ctequery` is set once `analyzed`.
#[derive(Clone, Debug)]
pub struct CteItem {
    pub cte: CommonTableExpr,
    pub analyzed: bool,
    /// Its query is a SELECT (or has RETURNING, once analyzed).
    pub is_select: bool,
    /// The columns are known (analyzed, or the non-recursive term was).
    pub columns_known: bool,
}

/// State of one query level.
#[derive(Default)]
pub struct ParseState {
    pub rtable: Vec<RangeTblEntry>,
    pub rteperminfos: Vec<RTEPermissionInfo>,
    /// Outer joins that null each range table entry, by rtindex - 1.
    pub nullingrels: Vec<Vec<i32>>,
    /// What each join joins directly: (its rtindex, rtindexes of its inputs).
    pub join_members: Vec<(i32, Vec<i32>)>,
    pub joinlist: Vec<JoinTreeNode>,
    pub namespace: Vec<NsItem>,
    pub lateral_active: bool,
    pub ctenamespace: Vec<CteItem>,
    /// Names of WITH items that come later (for a better error).
    pub future_ctes: Vec<String>,
    /// Index in the parent level's `ctenamespace` of the CTE this level is the query of.
    pub parent_cte: Option<usize>,
    pub target_relation: Option<Arc<RelationDesc>>,
    pub target_nsitem: Option<NsItem>,
    pub windowdefs: Vec<ast::WindowDef>,
    pub expr_kind: ExprKind,
    pub next_resno: i16,
    pub multiassign_exprs: Vec<TargetEntry>,
    pub is_insert: bool,
    pub locking_clause: Vec<ast::LockingClause>,
    pub locked_from_parent: bool,
    pub resolve_unknowns: bool,
    pub has_aggs: bool,
    pub has_window_funcs: bool,
    pub has_target_srfs: bool,
    pub has_sub_links: bool,
    pub has_modifying_cte: bool,
    /// Location of the last set-returning call seen, and how many.
    pub srf_count: u32,
    pub last_srf_location: i32,
    /// VALUE in a domain's CHECK.
    pub domain_value: Option<nodes::CaseTestExpr>,
    /// The level exists only to see the NEW/OLD rows of a rule or trigger.
    pub is_rule: bool,
}

impl ParseState {
    /// An empty level.
    pub fn new() -> Self {
        ParseState {
            next_resno: 1,
            resolve_unknowns: true,
            last_srf_location: -1,
            ..Self::default()
        }
    }
}

/// The analyzer of one statement.
pub struct Analyzer<'c> {
    /// Catalog lookups.
    pub catalog: &'c dyn CatalogRead,
    /// Type input, notices.
    pub session: &'c dyn FnContext,
    pub(crate) locker: &'c dyn RelationLocker,
    pub(crate) hooks: Option<&'c dyn ColumnRefHooks>,
    pub(crate) params: ParamTypes,
    pub(crate) ephemeral: &'c [EphemeralRelation],
    pub(crate) levels: Vec<ParseState>,
}

impl<'c> Analyzer<'c> {
    /// An analyzer at its outermost level. The context's parameter types move in; the caller takes
    /// `params` back if it wants the inferred ones.
    pub fn new(cx: &mut AnalyzeContext<'c>) -> Self {
        Analyzer {
            catalog: cx.catalog,
            session: cx.session,
            locker: cx.locker,
            hooks: cx.hooks,
            params: std::mem::take(&mut cx.param_types),
            ephemeral: cx.ephemeral,
            levels: vec![ParseState::new()],
        }
    }

    /// The current level.
    pub(crate) fn ps(&self) -> &ParseState {
        self.levels.last().expect("invariant: there is always a level")
    }

    /// The current level.
    pub(crate) fn ps_mut(&mut self) -> &mut ParseState {
        self.levels.last_mut().expect("invariant: there is always a level")
    }

    /// The level `up` levels above the current one.
    pub(crate) fn level(&self, up: u32) -> &ParseState {
        &self.levels[self.levels.len() - 1 - up as usize]
    }

    /// The level `up` levels above the current one.
    pub(crate) fn level_mut(&mut self, up: u32) -> &mut ParseState {
        let index = self.levels.len() - 1 - up as usize;
        &mut self.levels[index]
    }

    /// Runs `f` in a new level and returns its result with the level's final state.
    pub(crate) fn in_new_level<T>(
        &mut self,
        level: ParseState,
        f: impl FnOnce(&mut Self) -> error::PgResult<T>,
    ) -> error::PgResult<T> {
        error::check_stack_depth()?;
        self.levels.push(level);
        let result = f(self);
        self.levels.pop();
        result
    }
}

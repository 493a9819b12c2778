//! A statement from text to plans: analysed once, planned when it runs, checked for staleness in between.
use crate::{
    command_tag::command_tag,
    context::StatementContext,
    query_run::{PlannedSet, plan_queries},
    sink::{ColumnDesc, RowShape},
};
use analyzer::{AnalyzeContext, ParamTypes};
use catalog::CatalogRead;
use error::{PgResult, err};
use nodes::{CmdType, Query, TargetEntry};
use parking_lot::Mutex;
use parser::ast::{RawStmt, Stmt};
use settings::PlanCacheMode;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use types::{Datum, Oid, type_oid};

/// What a statement is.
pub(crate) enum Body {
    /// Nothing between semicolons.
    Empty,
    /// A utility statement, looked at when it runs.
    Utility,
    /// Rewritten queries; one unless rules say otherwise.
    Queries(Arc<[Query]>),
}

/// What an analysed statement depends on beside its text.
struct Stamp {
    catalog_version: AtomicU64,
    resolution_version: u64,
    local_version: u64,
    fingerprint: u64,
    path: Arc<Vec<Oid>>,
    role: Oid,
}

#[derive(Default)]
struct PlanSlots {
    generic: Option<Arc<PlannedSet>>,
    custom_plans: u32,
    custom_cost: f64,
}

/// An analysed statement, possibly shared by sessions.
pub(crate) struct CachedStatement {
    pub(crate) text: Arc<str>,
    pub(crate) raw: Arc<RawStmt>,
    pub(crate) tag: &'static str,
    pub(crate) param_types: Vec<Oid>,
    /// Columns of the result; none if the statement returns no rows.
    pub(crate) columns: Option<RowShape>,
    pub(crate) body: Body,
    stamp: Stamp,
    relations: Vec<Oid>,
    slots: Mutex<PlanSlots>,
}

/// Custom plans made before a generic one is considered.
const CUSTOM_PLANS_FIRST: u32 = 5;

impl CachedStatement {
    /// Analyses a statement. `types` are the parameters' as far as they are known.
    pub(crate) fn analyze(
        cx: &StatementContext<'_>,
        text: &Arc<str>,
        raw: Arc<RawStmt>,
        types: Vec<Oid>,
        variable: bool,
    ) -> PgResult<CachedStatement> {
        let acx = context(cx, text, &types, variable);
        let statement = Self::analyze_in(cx, acx, text, raw, types, false)?;
        if variable {
            analyzer::check_all_parameters_known(&statement.param_types)?;
        }
        Ok(statement)
    }

    /// Analyses the query inside another statement (DECLARE, PREPARE, COPY).
    pub(crate) fn analyze_inner(
        cx: &StatementContext<'_>,
        text: &Arc<str>,
        raw: Arc<RawStmt>,
        types: Vec<Oid>,
        variable: bool,
    ) -> PgResult<CachedStatement> {
        let acx = context(cx, text, &types, variable);
        let statement = Self::analyze_in(cx, acx, text, raw, types, true)?;
        if variable {
            analyzer::check_all_parameters_known(&statement.param_types)?;
        }
        Ok(statement)
    }

    /// The same in a context that the caller made.
    pub(crate) fn analyze_in(
        cx: &StatementContext<'_>,
        mut acx: AnalyzeContext<'_>,
        text: &Arc<str>,
        raw: Arc<RawStmt>,
        types: Vec<Oid>,
        inner: bool,
    ) -> PgResult<CachedStatement> {
        let stamp = Stamp::now(cx)?;
        let (body, param_types, relations) =
            if raw.stmt.is_optimizable() && (inner || !is_select_into(&raw.stmt)) {
                let query = match inner {
                    true => analyzer::analyze_inner(&mut acx, &raw.stmt, false)?,
                    false => analyzer::analyze(&mut acx, &raw)?,
                };
                let types = match std::mem::take(&mut acx.param_types) {
                    ParamTypes::None => Vec::new(),
                    ParamTypes::Fixed(types) | ParamTypes::Variable(types) => types,
                };
                let queries = rewrite(&mut acx, query)?;
                let mut relations = Vec::new();
                for query in &queries {
                    collect_relations(query, &mut relations);
                }
                (Body::Queries(queries.into()), types, relations)
            } else {
                (Body::Utility, types, Vec::new())
            };
        let columns = match &body {
            Body::Queries(queries) => query_columns(cx, queries)?,
            _ => crate::utility::columns(cx, text, &raw.stmt)?,
        };
        Ok(CachedStatement {
            text: text.clone(),
            tag: command_tag(&raw.stmt),
            raw,
            param_types,
            columns,
            body,
            stamp,
            relations,
            slots: Mutex::default(),
        })
    }

    /// An analysed query that is kept in the catalog (SQL-standard function bodies).
    pub(crate) fn of_query(
        cx: &StatementContext<'_>,
        query: Query,
        types: Vec<Oid>,
    ) -> PgResult<CachedStatement> {
        let stamp = Stamp::now(cx)?;
        let mut acx = AnalyzeContext {
            param_types: ParamTypes::Fixed(types.clone()),
            locker: cx,
            ..AnalyzeContext::new(&cx.catalog, cx, "")
        };
        let tag = match query.command_type {
            CmdType::Insert => "INSERT",
            CmdType::Update => "UPDATE",
            CmdType::Delete => "DELETE",
            CmdType::Merge => "MERGE",
            _ => "SELECT",
        };
        let queries = rewrite(&mut acx, query)?;
        let mut relations = Vec::new();
        for query in &queries {
            collect_relations(query, &mut relations);
        }
        Ok(CachedStatement {
            columns: query_columns(cx, &queries)?,
            body: Body::Queries(queries.into()),
            relations,
            tag,
            param_types: types,
            stamp,
            ..Self::empty(cx, &Arc::from(""))?
        })
    }

    /// A statement of nothing.
    pub(crate) fn empty(cx: &StatementContext<'_>, text: &Arc<str>) -> PgResult<CachedStatement> {
        Ok(CachedStatement {
            text: text.clone(),
            raw: Arc::new(RawStmt { stmt: Stmt::CheckPointStmt, stmt_location: 0, stmt_len: 0 }),
            tag: "",
            param_types: Vec::new(),
            columns: None,
            body: Body::Empty,
            stamp: Stamp::now(cx)?,
            relations: Vec::new(),
            slots: Mutex::default(),
        })
    }

    /// A utility statement whose columns its caller knows.
    pub(crate) fn utility(
        cx: &StatementContext<'_>,
        text: &Arc<str>,
        raw: Arc<RawStmt>,
        types: Vec<Oid>,
    ) -> PgResult<CachedStatement> {
        Ok(CachedStatement {
            text: text.clone(),
            tag: command_tag(&raw.stmt),
            raw,
            param_types: types,
            columns: None,
            body: Body::Utility,
            stamp: Stamp::now(cx)?,
            relations: Vec::new(),
            slots: Mutex::default(),
        })
    }

    /// Whether the analysis still says what a new one would.
    #[inline]
    pub(crate) fn is_valid(&self, cx: &StatementContext<'_>) -> PgResult<bool> {
        let Body::Queries(_) = self.body else { return Ok(true) };
        let s = &self.stamp;
        let version = cx.catalog.catalog_version();
        if s.local_version != cx.catalog.local_version()
            || s.fingerprint != cx.core.plan_fingerprint()
            || s.role != cx.core.user.lock().current()
        {
            return Ok(false);
        }
        let path = cx.catalog.effective_search_path()?;
        if !Arc::ptr_eq(&path, &s.path) && path != s.path {
            return Ok(false);
        }
        let seen = s.catalog_version.load(Ordering::Relaxed);
        if seen == version {
            return Ok(true);
        }
        let unchanged = cx.catalog.shared().resolution_version() == s.resolution_version
            && self.relations.iter().all(|r| cx.catalog.relation_version(*r) <= seen);
        if unchanged {
            s.catalog_version.store(version, Ordering::Relaxed);
        }
        Ok(unchanged)
    }

    /// Relations that the text refers to, through views too.
    pub(crate) fn relations(&self) -> &[Oid] {
        &self.relations
    }

    /// Whether other sessions may use it.
    pub(crate) fn is_shareable(&self) -> bool {
        self.stamp.local_version == 0 && matches!(self.body, Body::Queries(_))
    }

    /// Plans for the given parameters: generic or custom by PostgreSQL's rule.
    pub(crate) fn plans(
        &self,
        cx: &StatementContext<'_>,
        params: &Arc<[Datum]>,
    ) -> PgResult<Arc<PlannedSet>> {
        let Body::Queries(queries) = &self.body else {
            return Err(error::PgError::internal("a utility statement has no plan"));
        };
        if self.wants_custom(cx) {
            let bound: Vec<_> = self
                .param_types
                .iter()
                .zip(params.iter())
                .map(|(typ, value)| planner::BoundParam { typ: *typ, value: value.clone() })
                .collect();
            let set = Arc::new(plan_queries(cx, queries, Some(&bound))?);
            let mut slots = self.slots.lock();
            slots.custom_plans += 1;
            slots.custom_cost += set.cost_with_planning(cx);
            return Ok(set);
        }
        if let Some(generic) = &self.slots.lock().generic {
            return Ok(generic.clone());
        }
        let set = Arc::new(plan_queries(cx, queries, None)?);
        self.slots.lock().generic = Some(set.clone());
        Ok(set)
    }

    /// Whether these are the generic plans.
    pub(crate) fn is_generic(&self, plans: &Arc<PlannedSet>) -> bool {
        self.slots.lock().generic.as_ref().is_some_and(|generic| Arc::ptr_eq(generic, plans))
    }

    fn wants_custom(&self, cx: &StatementContext<'_>) -> bool {
        if self.param_types.is_empty() {
            return false;
        }
        match cx.typed.plan_cache_mode {
            PlanCacheMode::ForceGenericPlan => return false,
            PlanCacheMode::ForceCustomPlan => return true,
            PlanCacheMode::Auto => {}
        }
        let slots = self.slots.lock();
        if slots.custom_plans < CUSTOM_PLANS_FIRST {
            return true;
        }
        let average = slots.custom_cost / f64::from(slots.custom_plans);
        match &slots.generic {
            Some(generic) => generic.cost() > average,
            // The first try makes the generic plan; from then on its cost is known.
            None => false,
        }
    }

    /// As EXPLAIN EXECUTE and pg_prepared_statements count: generic and custom plans made.
    pub(crate) fn plan_counts(&self) -> (bool, u32) {
        let slots = self.slots.lock();
        (slots.generic.is_some(), slots.custom_plans)
    }

    /// Refuses to go on if the columns changed under a prepared statement.
    pub(crate) fn check_same_result(&self, other: &CachedStatement) -> PgResult<()> {
        if self.columns != other.columns {
            return Err(err!(FEATURE_NOT_SUPPORTED, "cached plan must not change result type"));
        }
        Ok(())
    }
}

fn context<'a>(
    cx: &'a StatementContext<'_>,
    text: &'a str,
    types: &[Oid],
    variable: bool,
) -> AnalyzeContext<'a> {
    let param_types = match variable {
        true => ParamTypes::Variable(types.to_vec()),
        false => ParamTypes::Fixed(types.to_vec()),
    };
    AnalyzeContext { param_types, locker: cx, ..AnalyzeContext::new(&cx.catalog, cx, text) }
}

impl Stamp {
    fn now(cx: &StatementContext<'_>) -> PgResult<Stamp> {
        Ok(Stamp {
            catalog_version: AtomicU64::new(cx.catalog.catalog_version()),
            resolution_version: cx.catalog.shared().resolution_version(),
            local_version: cx.catalog.local_version(),
            fingerprint: cx.core.plan_fingerprint(),
            path: cx.catalog.effective_search_path()?,
            role: cx.core.user.lock().current(),
        })
    }
}

/// SELECT … INTO is CREATE TABLE AS in other words.
pub(crate) fn is_select_into(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::SelectStmt(s) if s.into_clause.is_some())
}

/// Expands views and rules.
pub(crate) fn rewrite(acx: &mut AnalyzeContext<'_>, query: Query) -> PgResult<Vec<Query>> {
    analyzer::rewrite::rewrite(acx, query)
}

fn collect_relations(query: &Query, out: &mut Vec<Oid>) {
    for rte in &query.rtable {
        match &rte.kind {
            nodes::RteKind::Relation { relid, .. } if !out.contains(relid) => out.push(*relid),
            nodes::RteKind::Subquery { subquery, view, .. } => {
                if let Some((relid, _)) = view {
                    out.push(*relid);
                }
                collect_relations(subquery, out);
            }
            _ => {}
        }
    }
    for cte in &query.cte_list {
        collect_relations(&cte.ctequery, out);
    }
    query.for_each_expr(&mut |expr| {
        expr.any(&mut |e| {
            if let nodes::Expr::SubLink(link) = e {
                collect_relations(&link.subselect, out);
            }
            false
        });
    });
}

/// The columns that a list of rewritten queries returns to the client.
pub(crate) fn query_columns(
    cx: &StatementContext<'_>,
    queries: &[Query],
) -> PgResult<Option<RowShape>> {
    let main = match queries {
        [one] => Some(one),
        several => several.iter().find(|q| q.can_set_tag),
    };
    let Some(query) = main else { return Ok(None) };
    match query.command_type {
        CmdType::Select => Ok(Some(target_columns(cx, &query.target_list)?)),
        _ if !query.returning_list.is_empty() => {
            Ok(Some(target_columns(cx, &query.returning_list)?))
        }
        _ => Ok(None),
    }
}

/// The columns of a target list.
pub(crate) fn target_columns(
    cx: &StatementContext<'_>,
    list: &[TargetEntry],
) -> PgResult<RowShape> {
    let mut columns = Vec::with_capacity(list.len());
    for entry in list.iter().filter(|e| !e.resjunk) {
        let typ = match entry.expr.typ() {
            type_oid::UNKNOWN => type_oid::TEXT,
            typ => typ,
        };
        let typmod = entry.expr.typmod();
        let mut row = cx.catalog.get_type(typ)?;
        let mut base_typmod = typmod;
        while row.typtype == 'd' {
            base_typmod = row.typmod;
            row = cx.catalog.get_type(row.basetype)?;
        }
        columns.push(ColumnDesc {
            name: entry.resname.clone().unwrap_or_else(|| "?column?".to_owned()),
            typ,
            typmod,
            base_type: row.oid,
            base_typmod,
            type_len: row.len,
            table: entry.resorigtbl,
            column: entry.resorigcol,
        });
    }
    Ok(columns.into())
}

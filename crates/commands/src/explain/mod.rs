//! EXPLAIN: a plan as PostgreSQL prints it.
mod format;
mod node;
mod options;
mod resolver;

pub use options::{ExplainFormat, ExplainOptions, ExplainSerialize};

use catalog::CatalogRead;
use error::PgResult;
use executor::Instrumentation;
use fmgr::FnContext;
use nodes::{plan::*, *};
use ruleutils::{DeparseContext, Pretty, deparse_expr};
use std::{cell::RefCell, collections::HashMap};

/// One plan to be explained.
pub struct ExplainInput<'a> {
    pub catalog: &'a dyn CatalogRead,
    pub session: &'a dyn FnContext,
    pub plan: &'a PlannedStmt,
    /// Counts by address of the plan node, after the plan ran.
    pub instruments: Option<&'a HashMap<usize, Instrumentation>>,
    /// Seconds.
    pub planning_time: Option<f64>,
    pub execution_time: Option<f64>,
    /// Planner settings that differ from their defaults, for SETTINGS.
    pub changed_settings: Vec<(String, String)>,
}

/// The text of a plan in the chosen format.
pub fn explain_plan(options: &ExplainOptions, input: &ExplainInput<'_>) -> PgResult<String> {
    let ex = Explainer::new(options, input)?;
    let top = ex.node(&input.plan.plan_tree, &[], None, None)?;
    let mut summary = Vec::new();
    if options.summary {
        if let Some(t) = input.planning_time {
            summary.push(("Planning Time", t * 1000.0));
        }
        if let Some(t) = input.execution_time {
            summary.push(("Execution Time", t * 1000.0));
        }
    }
    Ok(format::render(options, &top, &input.changed_settings, &summary))
}

/// State of one EXPLAIN.
pub(crate) struct Explainer<'p> {
    pub(crate) options: &'p ExplainOptions,
    pub(crate) input: &'p ExplainInput<'p>,
    names: Vec<Option<String>>,
    /// Subplans printed already (init plans are reachable in several ways).
    pub(crate) printed: RefCell<Vec<i32>>,
}

impl<'p> Explainer<'p> {
    fn new(options: &'p ExplainOptions, input: &'p ExplainInput<'p>) -> PgResult<Self> {
        Ok(Explainer {
            options,
            input,
            names: {
                let shown = used(input.plan);
                ruleutils::select_rtable_names(input.catalog, &input.plan.rtable, &|rti| {
                    shown.binary_search(&rti).is_ok()
                })?
            },
            printed: RefCell::new(Vec::new()),
        })
    }

    /// Alias of a range table entry, unique within the statement.
    pub(crate) fn rel_name(&self, rti: i32) -> String {
        let own = self.names.get(rti as usize - 1).cloned().flatten();
        own.or_else(|| {
            self.input.plan.rtable.get(rti as usize - 1).map(|r| r.eref.aliasname.clone())
        })
        .unwrap_or_default()
    }

    /// Whether a range table entry is a table.
    pub(crate) fn is_relation(&self, rti: i32) -> bool {
        usize::try_from(rti - 1)
            .ok()
            .and_then(|at| self.input.plan.rtable.get(at))
            .is_some_and(|r| matches!(r.kind, RteKind::Relation { .. }))
    }

    /// Name of a column of a range table entry.
    pub(crate) fn column_name(&self, rti: i32, attno: i16) -> String {
        let Some(rte) = self.input.plan.rtable.get(rti as usize - 1) else { return String::new() };
        // A column renamed since the view was made shows its current name.
        if let RteKind::Relation { relid, .. } = &rte.kind {
            let aliased = rte
                .alias
                .as_ref()
                .and_then(|a| a.colnames.get(attno as usize - 1))
                .filter(|n| !n.is_empty());
            if let Some(n) = aliased {
                return n.clone();
            }
            if let Ok(Some(rel)) = self.input.catalog.relation(*relid) {
                if let Some(a) = rel.attr(attno) {
                    return a.name.clone();
                }
            }
        }
        rte.eref.colnames.get(attno as usize - 1).cloned().unwrap_or_default()
    }

    /// Prints an expression of a plan node.
    fn deparse(&self, names: &resolver::PlanNames<'_, 'p>, e: &Expr) -> PgResult<String> {
        let cx = DeparseContext {
            rtable: &[],
            relation: None,
            force_prefix: names.prefix,
            show_implicit: false,
            pretty: Pretty::NONE,
            resolver: Some(names),
        };
        deparse_expr(self.input.catalog, self.input.session, e, &cx)
    }

    /// XMLTABLE or JSON_TABLE of a scan.
    fn deparse_table_func(
        &self,
        names: &resolver::PlanNames<'_, 'p>,
        tf: &nodes::TableFunc,
    ) -> PgResult<String> {
        let cx = DeparseContext {
            rtable: &[],
            relation: None,
            force_prefix: names.prefix,
            show_implicit: false,
            pretty: Pretty::NONE,
            resolver: Some(names),
        };
        ruleutils::deparse_table_func(self.input.catalog, self.input.session, tf, &cx)
    }

    pub(crate) fn instrument(&self, plan: &std::sync::Arc<Plan>) -> Option<&'p Instrumentation> {
        self.input.instruments?.get(&(std::sync::Arc::as_ptr(plan) as usize))
    }

    /// Whether columns above scans are qualified.
    pub(crate) fn prefix(&self) -> bool {
        self.many_relations() || self.options.verbose
    }

    /// Whether the statement has more than one range table entry.
    pub(crate) fn many_relations(&self) -> bool {
        let n = self
            .input
            .plan
            .rtable
            .iter()
            .filter(|r| !matches!(r.kind, RteKind::Group { .. }))
            .count();
        n > 1
    }
}

/// Range table entries that plan nodes show.
fn used(plan: &PlannedStmt) -> Vec<i32> {
    fn walk(p: &Plan, out: &mut Vec<i32>) {
        out.extend(node::scanrelid(p));
        match &p.node {
            PlanNode::ModifyTable(m) => {
                out.push(m.nominal_relation);
                if m.excl_rel_rti > 0 {
                    out.push(m.excl_rel_rti);
                }
            }
            PlanNode::Append { apprelids, .. } | PlanNode::MergeAppend { apprelids, .. } => {
                out.extend(apprelids);
            }
            _ => {}
        }
        for c in node::children(p) {
            walk(c, out);
        }
    }
    let mut out = Vec::new();
    walk(&plan.plan_tree, &mut out);
    plan.subplans.iter().for_each(|p| walk(p, &mut out));
    out.sort_unstable();
    out.dedup();
    out
}

/// Calls `f` on each SubPlan in a node's own expressions.
pub(crate) fn each_subplan<'p>(plan: &'p Plan, f: &mut dyn FnMut(&'p SubPlan)) {
    fn walk<'p>(e: &'p Expr, f: &mut dyn FnMut(&'p SubPlan)) {
        if let Expr::SubPlan(s) = e {
            f(s);
        }
        e.for_each_child(&mut |c| walk(c, f));
    }
    node::for_each_expr(plan, &mut |e| walk(e, f));
}

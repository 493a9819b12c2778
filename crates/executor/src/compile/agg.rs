//! Agg.
use super::{PlanCompiler, key_of};
use crate::{
    expr::Scope,
    node::{AggCall, AggSpec, Grouping, GroupingSetSpec, NodeSpec},
};
use error::{PgError, PgResult, not_supported};
use nodes::{
    AggSplit, Expr, OUTER_VAR,
    plan::{Agg, AggStrategy, GroupKey, Plan, PlanNode},
};
use std::sync::Arc;
use types::Datum;

/// Aggregates and GROUPING calls of a target list and filter, and the input columns read outside of them.
#[derive(Default)]
struct Found {
    aggs: Vec<Expr>,
    groupings: Vec<Expr>,
    columns: Vec<u16>,
}

impl Found {
    fn visit(&mut self, expr: &Expr) {
        match expr {
            Expr::Aggref(_) => {
                if !self.aggs.iter().any(|a| a.equals(expr)) {
                    self.aggs.push(expr.clone());
                }
                // Direct arguments are evaluated once per group.
                if let Expr::Aggref(agg) = expr {
                    agg.aggdirectargs.iter().for_each(|a| self.visit(a));
                }
            }
            Expr::GroupingFunc(_) => {
                if !self.groupings.iter().any(|g| g.equals(expr)) {
                    self.groupings.push(expr.clone());
                }
            }
            Expr::Var(v) if v.varno == OUTER_VAR && v.varattno > 0 => {
                let column = v.varattno as u16 - 1;
                if !self.columns.contains(&column) {
                    self.columns.push(column);
                }
            }
            other => other.for_each_child(&mut |child| self.visit(child)),
        }
    }
}

impl PlanCompiler<'_> {
    pub(super) fn agg(&mut self, plan: &Arc<Plan>, agg: &Agg) -> PgResult<Arc<dyn NodeSpec>> {
        if agg.aggsplit != AggSplit::Simple {
            return Err(not_supported!("partial aggregation"));
        }
        let child = Self::child(plan)?.clone();
        let input = self.node(&child)?;
        let mut found = Found::default();
        plan.target_list.iter().for_each(|te| found.visit(&te.expr));
        plan.qual.iter().for_each(|q| found.visit(q));
        let none = Scope::none();
        let mut calls = Vec::with_capacity(found.aggs.len());
        for expr in &found.aggs {
            if let Expr::Aggref(agg) = expr {
                calls.push(AggCall::compile(&mut self.c, agg, &none)?);
            }
        }
        let sets = self.grouping_sets(agg, &child, &found.groupings)?;
        let grouping = match (agg.strategy, agg.chain.is_empty()) {
            (AggStrategy::Plain, true) if agg.grouping_sets.is_empty() => Grouping::Plain,
            (AggStrategy::Sorted | AggStrategy::Plain, true) if are_prefixes(&sets) => {
                Grouping::Sorted
            }
            _ => Grouping::Hashed,
        };
        let is_key = |c: &u16| {
            sets.iter().any(|s: &GroupingSetSpec| s.keys.iter().any(|k| k.col == *c as usize))
        };
        let kept_is_key = found.columns.iter().map(is_key).collect();
        let mut all = found.aggs;
        all.extend(found.groupings);
        let scope = Scope::none().with_aggs(all);
        Ok(Arc::new(AggSpec {
            empty_group: agg.strategy == AggStrategy::Plain
                || !agg.grouping_sets.is_empty()
                || !agg.chain.is_empty(),
            input,
            grouping,
            sets,
            columnar: calls.iter().all(AggCall::is_columnar),
            calls: calls.into(),
            kept: found.columns.into(),
            kept_is_key,
            qual: self.exprs(&plan.qual, &scope)?,
            projection: self.projection(plan, &scope)?,
            key: key_of(plan),
        }))
    }

    /// All grouping sets of the node and its chain, those of a sorted phase longest first.
    fn grouping_sets(
        &mut self,
        agg: &Agg,
        input: &Plan,
        groupings: &[Expr],
    ) -> PgResult<Box<[GroupingSetSpec]>> {
        let mut lists: Vec<Vec<GroupKey>> = Vec::new();
        add_sets(agg, &mut lists);
        for phase in &agg.chain {
            match &phase.node {
                PlanNode::Agg(agg) => add_sets(agg, &mut lists),
                _ => return Err(PgError::internal("phase of an Agg is no Agg")),
            }
        }
        let mut sets = Vec::with_capacity(lists.len());
        for list in &lists {
            let grouping = groupings.iter().map(|g| grouping_value(g, list)).collect();
            sets.push(GroupingSetSpec { keys: self.keys(list, input)?, grouping });
        }
        Ok(sets.into())
    }
}

/// Adds the grouping sets of a phase, longest first: the keys whose columns each set names.
fn add_sets(agg: &Agg, lists: &mut Vec<Vec<GroupKey>>) {
    if agg.grouping_sets.is_empty() {
        lists.push(agg.keys.clone());
        return;
    }
    let mut sets: Vec<Vec<GroupKey>> = agg
        .grouping_sets
        .iter()
        .map(|set| agg.keys.iter().filter(|k| set.contains(&k.col)).cloned().collect())
        .collect();
    sets.sort_by_key(|s| std::cmp::Reverse(s.len()));
    lists.extend(sets);
}

/// Whether each set's columns begin those of the longest, which the input is sorted by.
fn are_prefixes(sets: &[GroupingSetSpec]) -> bool {
    let Some(longest) = sets.first() else { return true };
    sets.iter().all(|s| s.keys.iter().zip(&longest.keys).all(|(a, b)| a.col == b.col))
}

/// GROUPING(…) for a set: a bit for each argument that is not one of its columns, the last lowest.
fn grouping_value(expr: &Expr, set: &[GroupKey]) -> Datum {
    let Expr::GroupingFunc(g) = expr else { return Datum::Null };
    let value = g.cols.iter().fold(0i32, |value, col| {
        let grouped = set.iter().any(|k| i32::from(k.col) == *col);
        (value << 1) | i32::from(!grouped)
    });
    Datum::Int4(value)
}

//! Wrappers around nodes: EXPLAIN ANALYZE's clock, and init plans.
use super::{ExecNode, intersects};
use crate::{Cx, batch::Batch, estate::Instrumentation};
use error::PgResult;
use std::{sync::Arc, time::Instant};

/// Counts rows and time of a node under its plan's address.
pub(crate) struct Instrumented {
    pub(crate) key: usize,
    pub(crate) inner: Box<dyn ExecNode>,
}

impl Instrumented {
    fn record(&self, cx: &mut Cx<'_>, f: impl FnOnce(&mut Instrumentation)) {
        if let Some(all) = &mut cx.es.instrument {
            f(all.entry(self.key).or_default());
        }
    }
}

impl ExecNode for Instrumented {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        let start = Instant::now();
        let result = self.inner.next(cx, out, max_rows);
        let spent = start.elapsed().as_secs_f64();
        let rows = if matches!(result, Ok(true)) { out.len() as f64 } else { 0.0 };
        self.record(cx, |i| {
            if !i.running {
                i.running = true;
                i.loops += 1.0;
                i.loop_time = 0.0;
                i.first_done = false;
            }
            i.loop_time += spent;
            i.total += spent;
            if !i.first_done {
                i.startup += i.loop_time;
                i.first_done = true;
            }
            i.rows += rows;
        });
        result
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        let start = Instant::now();
        let result = self.inner.rescan(cx, changed);
        let spent = start.elapsed().as_secs_f64();
        self.record(cx, |i| {
            i.running = false;
            i.total += spent;
        });
        result
    }
}

/// A node with init plans: their params are evaluated when they are first read.
pub(crate) struct InitPlans {
    pub(crate) inner: Box<dyn ExecNode>,
    pub(crate) plans: Arc<[u32]>,
}

impl InitPlans {
    /// Marks the params of the init plans as not evaluated.
    pub(crate) fn arm(plans: &[u32], cx: &mut Cx<'_>) {
        let specs = cx.es.subplan_specs.clone();
        for plan in plans {
            let Some(init) = specs.get(*plan as usize).and_then(|s| s.as_init.get()) else {
                continue;
            };
            for id in &init.set_param {
                crate::expr::set_param(cx, *id, types::Datum::Null);
                cx.es.exec_params[*id as usize].pending = Some(*plan);
            }
        }
    }
}

impl ExecNode for InitPlans {
    fn next(&mut self, cx: &mut Cx<'_>, out: &mut Batch, max_rows: usize) -> PgResult<bool> {
        self.inner.next(cx, out, max_rows)
    }

    fn rescan(&mut self, cx: &mut Cx<'_>, changed: &[i32]) -> PgResult<()> {
        let specs = cx.es.subplan_specs.clone();
        let mut all = changed.to_vec();
        for plan in self.plans.iter() {
            let Some(spec) = specs.get(*plan as usize) else { continue };
            if !intersects(&spec.params, &all) {
                continue;
            }
            if let Some(cte) = cx.es.ctes.get_mut(&(*plan as i32 + 1)) {
                cte.stale = true;
            }
            // The subplan itself starts over with the changed params when it is next asked.
            if let Some(mut node) = cx.es.subplans[*plan as usize].take() {
                node.rescan(cx, &all)?;
                cx.es.subplans[*plan as usize] = Some(node);
            }
            if let Some(init) = spec.as_init.get() {
                Self::arm(&[*plan], cx);
                all.extend_from_slice(&init.set_param);
            }
        }
        self.inner.rescan(cx, &all)
    }
}

//! A plan node as it is compiled: what makes its run-time node, and which params it depends on.
use crate::{
    Cx,
    estate::Instrumentation,
    expr::InitPlan,
    node::{ExecNode, InitPlans, Instrumented, NodeSpec},
};
use error::PgResult;
use nodes::plan::Plan;
use std::sync::{Arc, OnceLock};

/// A compiled plan node.
pub(crate) struct PlanSpec {
    pub(crate) plan: Arc<Plan>,
    pub(crate) spec: Arc<dyn NodeSpec>,
    /// Number of columns it returns.
    pub(crate) width: usize,
    /// Exec params that it or anything below it reads.
    pub(crate) params: Box<[i32]>,
    /// Init plans, as indexes of subplans.
    pub(crate) init_plans: Arc<[u32]>,
    /// Set if this is the plan of an init plan.
    pub(crate) as_init: OnceLock<InitPlan>,
}

impl PlanSpec {
    /// A fresh run-time node.
    pub(crate) fn start(&self, cx: &mut Cx<'_>) -> PgResult<Box<dyn ExecNode>> {
        if !self.init_plans.is_empty() {
            InitPlans::arm(&self.init_plans, cx);
        }
        let mut node = self.spec.clone().start(cx)?;
        if !self.init_plans.is_empty() {
            node = Box::new(InitPlans { inner: node, plans: self.init_plans.clone() });
        }
        if cx.es.instrument.is_some() {
            node = Box::new(Instrumented { key: self.key(), inner: node });
        }
        Ok(node)
    }

    /// What its instrumentation is filed under.
    pub(crate) fn key(&self) -> usize {
        Arc::as_ptr(&self.plan) as usize
    }
}

/// Changes a node's instrumentation, if there is one.
#[inline]
pub(crate) fn note(cx: &mut Cx<'_>, key: usize, f: impl FnOnce(&mut Instrumentation)) {
    if let Some(all) = &mut cx.es.instrument {
        f(all.entry(key).or_default());
    }
}

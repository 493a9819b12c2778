//! A session's own handle of a statement that sessions share: what need not be looked up, checked or built again
//! when the session runs it once more.
use crate::{
    context::StatementContext,
    query_run::{PlannedSet, QueryRun},
    statement::CachedStatement,
};
use error::PgResult;
use parking_lot::Mutex;
use settings::PlanCacheMode;
use std::{ops::Deref, sync::Arc};
use types::{Datum, Oid};

/// What the validity of an analysed statement depends on; equal ones need no closer look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch {
    pub(crate) catalog: u64,
    pub(crate) settings: u64,
    pub(crate) role: Oid,
}

/// A handle. Its reference count and text are the session's own, so sessions that run the same statement do not
/// write to the same memory.
pub(crate) struct LocalStatement {
    shared: Arc<CachedStatement>,
    /// The statement's text.
    pub(crate) text: Arc<str>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the analysis was last found valid.
    valid: Option<Epoch>,
    /// The generic plans, once they are what is used.
    generic: Option<Arc<PlannedSet>>,
    /// A run that has ended and can be started again.
    idle: Option<Box<QueryRun>>,
}

impl Deref for LocalStatement {
    type Target = CachedStatement;
    fn deref(&self) -> &CachedStatement {
        &self.shared
    }
}

impl From<CachedStatement> for Arc<LocalStatement> {
    fn from(statement: CachedStatement) -> Self {
        LocalStatement::new(Arc::new(statement))
    }
}

impl LocalStatement {
    pub(crate) fn new(shared: Arc<CachedStatement>) -> Arc<Self> {
        let text = Arc::from(&*shared.text);
        Arc::new(LocalStatement { shared, text, state: Mutex::default() })
    }

    /// Whether the analysis still says what a new one would.
    pub(crate) fn is_current(&self, cx: &StatementContext<'_>) -> PgResult<bool> {
        let epoch = cx.epoch();
        if epoch.is_some() && self.state.lock().valid == epoch {
            return Ok(true);
        }
        let valid = self.shared.is_valid(cx)?;
        let mut state = self.state.lock();
        state.valid = epoch.filter(|_| valid);
        state.idle = None;
        Ok(valid)
    }

    /// Plans for the given parameters, as [`CachedStatement::plans`].
    pub(crate) fn plans(
        &self,
        cx: &StatementContext<'_>,
        params: &Arc<[Datum]>,
    ) -> PgResult<Arc<PlannedSet>> {
        let settled = cx.typed.plan_cache_mode != PlanCacheMode::ForceCustomPlan;
        if let Some(generic) = self.state.lock().generic.as_ref().filter(|_| settled) {
            return Ok(generic.clone());
        }
        let plans = self.shared.plans(cx, params)?;
        if self.shared.is_generic(&plans) {
            self.state.lock().generic = Some(plans.clone());
        }
        Ok(plans)
    }

    /// A run of the generic plans to start again, if one was kept and they are what is wanted.
    pub(crate) fn take_idle(&self, cx: &StatementContext<'_>) -> Option<Box<QueryRun>> {
        let mut state = self.state.lock();
        let idle = state.idle.take()?;
        let wanted = cx.typed.plan_cache_mode != PlanCacheMode::ForceCustomPlan;
        let generic = state.generic.as_ref().is_some_and(|generic| idle.runs(generic));
        (wanted && generic).then_some(idle)
    }

    /// Keeps a run that has ended.
    pub(crate) fn keep_idle(&self, run: Box<QueryRun>) {
        self.state.lock().idle = Some(run);
    }

    /// Gives back what is only kept for speed.
    pub(crate) fn shrink(&self) {
        self.state.lock().idle = None;
    }
}

/// Statements kept by text beside those with a name.
const RECENT: usize = 8;

/// The statements that a session ran last, by text and given parameter types.
#[derive(Default)]
pub(crate) struct RecentStatements(Vec<(Vec<Oid>, Arc<LocalStatement>)>);

impl RecentStatements {
    /// The handle of a text, which becomes the most recent; the caller checks that it is still valid.
    pub(crate) fn get(&mut self, text: &str, types: &[Oid]) -> Option<Arc<LocalStatement>> {
        let at = self.0.iter().position(|(given, s)| *s.text == *text && given == types)?;
        if at > 0 {
            self.0[..=at].rotate_right(1);
        }
        Some(self.0[0].1.clone())
    }

    /// Adds a handle.
    pub(crate) fn put(&mut self, types: Vec<Oid>, statement: Arc<LocalStatement>) {
        self.0.retain(|(given, s)| s.text != statement.text || *given != types);
        self.0.truncate(RECENT - 1);
        self.0.insert(0, (types, statement));
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0 = Vec::new();
    }
}

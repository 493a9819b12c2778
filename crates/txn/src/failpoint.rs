//! Places in a commit where tests make it fail.
use error::{PgError, PgResult};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// What happens at a failpoint.
#[derive(Clone)]
pub enum FailAction {
    /// The process ends at once, as by `kill -9`.
    Abort,
    /// The step fails.
    Error(String),
    /// A test's own code runs.
    Call(Arc<dyn Fn() + Send + Sync>),
}

/// The failpoints of one store. Names: `commit-before-log`, `commit-after-log`, `commit-before-publish`,
/// `commit-after-publish`, `ingest-before`, `ingest-after`, `spill`.
#[derive(Default)]
pub struct Failpoints {
    armed: AtomicBool,
    actions: Mutex<HashMap<String, FailAction>>,
}

impl Failpoints {
    /// Sets or removes the action of a failpoint.
    pub fn set(&self, name: &str, action: Option<FailAction>) {
        let mut actions = self.actions.lock();
        match action {
            Some(action) => actions.insert(name.to_owned(), action),
            None => actions.remove(name),
        };
        self.armed.store(!actions.is_empty(), Ordering::SeqCst);
    }

    #[inline]
    pub(crate) fn hit(&self, name: &str) -> PgResult<()> {
        if self.armed.load(Ordering::Relaxed) { self.act(name) } else { Ok(()) }
    }

    #[cold]
    fn act(&self, name: &str) -> PgResult<()> {
        let action = self.actions.lock().get(name).cloned();
        match action {
            None => Ok(()),
            Some(FailAction::Abort) => std::process::abort(),
            Some(FailAction::Error(message)) => Err(PgError::internal(message)),
            Some(FailAction::Call(call)) => {
                call();
                Ok(())
            }
        }
    }
}

//! Subtransactions: savepoints, and the blocks of procedural languages that catch errors.
use crate::{
    SubId, Transaction,
    store::clear_storage,
    transaction::{Created, OpenSub},
};
use error::PgResult;
use kv::{Durability, WriteBatch};

impl Transaction {
    /// Starts a subtransaction inside the present one.
    pub fn begin_sub(&self) -> SubId {
        let locks = self.backend.lock_mark();
        let mut inner = self.inner.lock();
        let id = inner.next_sub;
        inner.next_sub += 1;
        let open = OpenSub {
            id,
            undo: inner.overlay.undo.len(),
            locks,
            created: inner.created.len(),
            dropped: inner.dropped.len(),
            on_commit: inner.on_commit.len(),
            on_abort: inner.on_abort.len(),
            attachments: inner.attachments.len(),
        };
        inner.subs.push(open);
        SubId(id)
    }

    /// The innermost open subtransaction; `SubId(0)` if none is.
    pub fn current_sub(&self) -> SubId {
        SubId(self.inner.lock().subs.last().map_or(0, |sub| sub.id))
    }

    /// Ends a subtransaction, and those inside it, keeping what they did.
    pub fn release_sub(&self, id: SubId) -> PgResult<()> {
        let mut inner = self.inner.lock();
        let position = inner.sub_position(id)?;
        let parent = position.checked_sub(1).map_or(0, |p| inner.subs[p].id);
        inner.subs.truncate(position);
        // Storage made inside belongs to the parent from now on.
        inner.created.iter_mut().filter(|c| c.sub >= id.0).for_each(|c| c.sub = parent);
        if inner.subs.is_empty() {
            let freed = inner.overlay.undo.len() * 16;
            inner.overlay.undo = Vec::new();
            inner.overlay.bytes = inner.overlay.bytes.saturating_sub(freed);
        }
        Ok(())
    }

    /// Ends a subtransaction, and those inside it, undoing what they did; locks they took are released.
    /// ROLLBACK TO is this and then [`Transaction::begin_sub`].
    pub fn rollback_sub(&self, id: SubId) -> PgResult<()> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        let position = inner.sub_position(id)?;
        let Some(open) = inner.subs.drain(position..).next() else { return Ok(()) };
        inner.overlay.rollback(open.id, open.undo, inner.next_sub);
        let created = inner.created.split_off(open.created.min(inner.created.len()));
        inner.dropped.truncate(open.dropped);
        inner.attachments.truncate(open.attachments);
        inner.on_commit.truncate(open.on_commit);
        let actions = inner.on_abort.split_off(open.on_abort.min(inner.on_abort.len()));
        drop(guard);
        actions.into_iter().rev().for_each(|action| action());
        self.discard(&created)?;
        self.store.locks().release_since(&self.backend, open.locks);
        Ok(())
    }

    /// Clears what was ingested into storage that is not to be.
    pub(crate) fn discard(&self, created: &[Created]) -> PgResult<()> {
        let mut batch = WriteBatch::new();
        for created in created {
            self.store.forget_rowids(created.sid);
            if created.noted {
                clear_storage(&mut batch, created.sid);
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.store.engine.write(&batch, Durability::Logged)
    }
}

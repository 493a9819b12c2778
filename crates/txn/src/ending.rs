//! How a transaction ends: what it hands to the committer, what runs after, how it is undone.
use crate::{
    CommitTicket, StorageId, Transaction, TxnState,
    commit::CommitWork,
    meta,
    store::{clear_storage, pending_key},
    transaction::{Inner, not_active},
};
use error::PgResult;
use std::{
    any::Any,
    sync::{Arc, atomic::Ordering},
};

/// A transaction that writes more than this goes to the engine as sorted files rather than through the log,
/// which would write everything twice and a third time when its memtable is full.
const FILES_ABOVE: usize = 24 << 20;

impl Inner {
    fn by_files(&self) -> bool {
        self.overlay.spill.is_some() || self.overlay.bytes > FILES_ABOVE
    }
}

impl Transaction {
    /// Runs after the commit is acknowledged; never if the (sub)transaction rolls back.
    pub fn on_commit(&self, action: Box<dyn FnOnce() + Send>) {
        self.inner.lock().on_commit.push(action);
    }

    /// Runs when the (sub)transaction rolls back.
    pub fn on_abort(&self, action: Box<dyn FnOnce() + Send>) {
        self.inner.lock().on_abort.push(action);
    }

    /// Adds something that commit listeners see when the transaction commits, before it becomes visible.
    pub fn attach(&self, attachment: Arc<dyn Any + Send + Sync>) {
        self.inner.lock().attachments.push(attachment);
    }

    /// What has been attached so far.
    pub fn attachments(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        self.inner.lock().attachments.clone()
    }

    /// The commit is to wait for the log even if nothing is written: something that was answered depends on
    /// it (a sequence's reservation).
    pub fn require_durable(&self) {
        self.inner.lock().durable = true;
    }

    /// Whether it wrote or dropped anything.
    pub fn has_writes(&self) -> bool {
        self.dirty.load(Ordering::Acquire)
    }

    /// Commits. An error means it was rolled back.
    pub fn commit(self: &Arc<Self>) -> PgResult<()> {
        self.commit_start()?.finish()
    }

    /// Starts to commit: what was written is in the log's order, though perhaps not durable.
    pub(crate) fn commit_start(self: &Arc<Self>) -> PgResult<CommitTicket> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        if inner.state != TxnState::Active {
            return Err(not_active(inner.state));
        }
        if let Some(sxact) = inner.sxact.clone() {
            if let Err(error) = self.store.ssi.prepare(&sxact) {
                drop(guard);
                self.abort();
                return Err(error);
            }
        }
        inner.state = TxnState::Committing;
        if !inner.writes() {
            drop(guard);
            return Ok(CommitTicket { tx: self.clone(), request: None });
        }
        let by_files = inner.by_files();
        let work = match self.prepare_work(inner, by_files) {
            Ok(work) => work,
            Err(error) => {
                inner.state = TxnState::Active;
                drop(guard);
                self.abort();
                return Err(error);
            }
        };
        drop(guard);
        let backend = Some(self.backend.clone());
        let request = self.store.committer.submit(&self.store, work, backend);
        Ok(CommitTicket { tx: self.clone(), request: Some(request) })
    }

    pub(crate) fn prepare_work(&self, inner: &mut Inner, by_files: bool) -> PgResult<CommitWork> {
        let mut work = CommitWork {
            attachments: std::mem::take(&mut inner.attachments),
            sxact: inner.sxact.clone(),
            sync: inner.durable || self.synchronous_commit.load(Ordering::Relaxed),
            ..CommitWork::default()
        };
        if by_files {
            self.prepare_files(inner, &mut work)?;
            return Ok(work);
        }
        inner.overlay.each_newest(&mut |key, value| {
            match value {
                Some(value) => work.batch.put(key, value),
                None => work.batch.delete(key),
            }
            Ok(())
        })?;
        for created in inner.created.iter().filter(|created| created.noted) {
            work.batch.delete(&pending_key(meta::PENDING_CREATE, created.sid));
        }
        for sid in &inner.dropped {
            clear_storage(&mut work.batch, *sid);
        }
        Ok(work)
    }

    /// The writes of a large transaction as sorted files, which the engine takes all or nothing. The notes
    /// about storage come first in key order, as their storage ids are the least.
    fn prepare_files(&self, inner: &Inner, work: &mut CommitWork) -> PgResult<()> {
        const FILE_BYTES: u64 = 256 << 20;
        /// A new storage id begins a new file after this many bytes, so that files cover little of others.
        const PART_BYTES: u64 = 4 << 20;
        let engine = &self.store.engine;
        let mut file = engine.file_writer()?;
        let mut created: Vec<_> = inner.created.iter().filter(|c| c.noted).map(|c| c.sid).collect();
        created.sort_unstable();
        for sid in created {
            file.delete(&pending_key(meta::PENDING_CREATE, sid))?;
        }
        work.drops = inner.dropped.clone();
        work.drops.sort_unstable();
        work.drops.dedup();
        for sid in &work.drops {
            file.put(&pending_key(meta::PENDING_DROP, *sid), b"")?;
        }
        let mut files = Vec::new();
        let mut last = StorageId(0);
        let mut write = |key: &[u8], value: Option<&[u8]>| {
            let sid = StorageId::of_key(key);
            let size = file.byte_size();
            if size >= FILE_BYTES || (size >= PART_BYTES && sid != last) {
                let full = std::mem::replace(&mut file, engine.file_writer()?);
                files.extend(full.finish()?);
                self.backend.cancel.check()?;
            }
            last = sid;
            match value {
                Some(value) => file.put(key, value),
                None => file.delete(key),
            }
        };
        match &inner.overlay.spill {
            Some(spill) => spill.drain(&inner.overlay, &mut write)?,
            None => inner.overlay.each_newest(&mut write)?,
        }
        files.extend(file.finish()?);
        work.files = files;
        work.in_files = true;
        Ok(())
    }

    pub(crate) fn commit_finished(&self, result: PgResult<()>) -> PgResult<()> {
        let mut inner = self.inner.lock();
        if let Err(error) = result {
            inner.state = TxnState::Active;
            drop(inner);
            self.abort();
            return Err(error);
        }
        inner.state = TxnState::Committed;
        let actions = std::mem::take(&mut inner.on_commit);
        inner.on_abort.clear();
        let dropped = std::mem::take(&mut inner.dropped);
        let sxact = inner.sxact.take();
        inner.forget();
        drop(inner);
        self.dirty.store(false, Ordering::Release);
        dropped.into_iter().for_each(|sid| self.store.forget_rowids(sid));
        if let Some(sxact) = sxact {
            let csn = self.store.current_csn();
            self.store.ssi.ended(&sxact, Some(csn), csn);
        }
        self.end();
        self.store.stats.commits.add(1);
        actions.into_iter().for_each(|action| action());
        Ok(())
    }

    /// A transaction that has met commits which are not durable yet ends after them.
    pub(crate) fn await_seen(&self) -> PgResult<()> {
        let floor = self.backend.floor.load(Ordering::Relaxed);
        let waits = self.synchronous_commit.load(Ordering::Relaxed);
        if waits && floor > self.store.views.visible_csn() {
            return self.store.durable.wait(&self.store, floor);
        }
        Ok(())
    }

    fn end(&self) {
        self.backend.xid.store(0, Ordering::SeqCst);
        self.store.locks().release_transaction(&self.backend);
    }

    /// Rolls back; nothing if it has ended.
    pub fn abort(&self) {
        let mut inner = self.inner.lock();
        if inner.state != TxnState::Active {
            return;
        }
        inner.state = TxnState::Aborted;
        let actions = std::mem::take(&mut inner.on_abort);
        inner.on_commit.clear();
        let created = std::mem::take(&mut inner.created);
        let sxact = inner.sxact.take();
        inner.forget();
        drop(inner);
        self.dirty.store(false, Ordering::Release);
        if let Some(sxact) = sxact {
            self.store.ssi.ended(&sxact, None, self.store.current_csn());
        }
        self.store.stats.aborts.add(1);
        actions.into_iter().rev().for_each(|action| action());
        // What cannot be cleared now is noted and cleared at the next start.
        let _ = self.discard(&created);
        self.end();
        // A failure to make the log durable ends the process.
        let _ = self.await_seen();
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.abort();
        if self.internal {
            self.store.remove_backend(&self.backend);
        }
    }
}

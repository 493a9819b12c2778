//! Locking a row and finding out what became of it.
use crate::{
    LockOutcome, LockTag, RowLockMode, Scan, Snapshot, StorageId, Transaction, WaitPolicy,
    filter::hash_key, view::CidPin,
};
use bytes::Bytes;
use error::PgResult;
use std::sync::Arc;

/// A row after its lock was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowLock {
    /// The version that the snapshot sees is still the latest.
    Unchanged,
    /// Another transaction committed this version since the snapshot (or the snapshot saw none).
    Changed(Bytes),
    /// The latest version is this transaction's own, of command `cid`: newer than the snapshot if
    /// `cid >= snapshot.curcid()`.
    Own {
        /// The row.
        value: Bytes,
        /// Command that wrote it.
        cid: u32,
    },
    /// Another transaction has deleted the row since the snapshot.
    Deleted,
    /// This transaction's command `cid` has deleted the row.
    OwnDeleted {
        /// Command that deleted it.
        cid: u32,
    },
    /// Someone else holds the lock and the policy was not to wait.
    NotAvailable,
}

/// The key of a heap row: storage id and row id.
#[inline]
pub(crate) fn row_key(sid: StorageId, rowid: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&sid.0.to_be_bytes());
    key[4..].copy_from_slice(&rowid.to_be_bytes());
    key
}

impl Transaction {
    /// Locks the row `rowid` of heap `sid` until the end of the (sub)transaction, then says what the latest
    /// version is. Versions are told apart by the writer's xid, the first eight bytes of a row.
    pub fn lock_row(
        &self,
        sid: StorageId,
        rowid: u64,
        mode: RowLockMode,
        policy: WaitPolicy,
        snapshot: &Snapshot,
    ) -> PgResult<RowLock> {
        self.ensure_active()?;
        let key = row_key(sid, rowid);
        if !self.is_private(sid) {
            self.xid()?;
            let tag = LockTag::Tuple { sid, rowid };
            let outcome = self.store().locks().lock_row(self.backend(), tag, mode, policy)?;
            if outcome == LockOutcome::NotAvailable {
                return Ok(RowLock::NotAvailable);
            }
        }
        if let Some(version) = self.own_newest(&key)? {
            return Ok(match version.value {
                Some(value) => {
                    RowLock::Own { value: Bytes::copy_from_slice(&value), cid: version.cid }
                }
                None => RowLock::OwnDeleted { cid: version.cid },
            });
        }
        if self.is_private(sid) {
            return Ok(RowLock::Unchanged);
        }
        if self.store().recent.last_write(hash_key(&key)) <= snapshot.csn() {
            return Ok(RowLock::Unchanged);
        }
        self.compare_with_latest(&key, snapshot)
    }

    #[cold]
    fn compare_with_latest(&self, key: &[u8], snapshot: &Snapshot) -> PgResult<RowLock> {
        let store = self.store();
        store.stats.row_rechecks.add(1);
        let latest = store.read(&store.views.latest_for(self.backend()), key)?;
        let seen = store.read(&snapshot.view, key)?;
        Ok(match (latest, seen) {
            (None, _) => RowLock::Deleted,
            (Some(latest), Some(seen)) if latest.get(..8) == seen.get(..8) => RowLock::Unchanged,
            (Some(latest), _) => RowLock::Changed(latest),
        })
    }

    /// The latest version of a key, this command's own writes included, whatever any snapshot sees. Under a
    /// lock that its writers take, it stays the latest.
    pub fn get_latest(&self, key: &[u8]) -> PgResult<Option<Bytes>> {
        if let Some(version) = self.own_newest(key)? {
            return Ok(version.value.map(|value| Bytes::copy_from_slice(&value)));
        }
        let sid = StorageId::of_key(key);
        match self.private_base(sid, u32::MAX) {
            Some(base) => base.get(key),
            None => self.store().read(&self.store().views.latest_for(self.backend()), key),
        }
    }

    /// A cursor over the latest version of a range, this command's own writes included.
    pub fn scan_latest(self: &Arc<Self>, options: kv::IterOptions) -> PgResult<Scan> {
        let view = self.store().views.latest_for(self.backend());
        let snapshot = Snapshot { view, pin: Arc::new(CidPin(u32::MAX)) };
        self.scan(&snapshot, options)
    }
}

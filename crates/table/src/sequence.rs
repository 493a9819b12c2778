//! Sequences: values that no durable commit's work ever sees twice.
//!
//! ```text
//! [sid] -> [last i64][is_called u8]     as after a crash: up to 32 values ahead of what was given out
//! ```
//! The record is written ahead, beside transactions, in the log that a later commit syncs. Rolling back gives
//! nothing back. A sequence reset by a transaction (RESTART IDENTITY) gets a new storage id.
use dashmap::DashMap;
use error::{PgError, PgResult, bail};
use parking_lot::Mutex;
use std::sync::Arc;
use txn::{StorageId, Store, Transaction};

/// Values reserved with one record, beyond those asked for.
const LOG_AHEAD: i64 = 32;

/// What `pg_sequence` says of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceParams {
    /// Step, not 0.
    pub increment: i64,
    /// Least value.
    pub min: i64,
    /// Greatest value.
    pub max: i64,
    /// Values that a session takes at once.
    pub cache: i64,
    /// Starts over when it ends.
    pub cycle: bool,
}

/// What `SELECT * FROM sequence` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceState {
    /// Last value given out, or the first to be if not `is_called`.
    pub last_value: i64,
    /// Values that can be given out before the next record.
    pub log_cnt: i64,
    /// Whether `last_value` has been given out.
    pub is_called: bool,
}

/// Values a session may hand out by itself: `first`, then by steps up to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceBlock {
    /// The value to answer with.
    pub first: i64,
    /// The last one reserved for the session.
    pub last: i64,
}

/// All sequences in use.
pub struct Sequences {
    store: Arc<Store>,
    open: DashMap<StorageId, Arc<Mutex<SequenceState>>>,
}

impl Sequences {
    /// The sequences of a store.
    pub fn new(store: Arc<Store>) -> Self {
        Sequences { store, open: DashMap::new() }
    }

    fn write(&self, sid: StorageId, last: i64, is_called: bool) -> PgResult<()> {
        let mut record = [0; 9];
        record[..8].copy_from_slice(&last.to_le_bytes());
        record[8] = is_called as u8;
        self.store.write_nontransactional(&sid.prefix(), &record)
    }

    fn state_of(&self, sid: StorageId) -> PgResult<Arc<Mutex<SequenceState>>> {
        if let Some(state) = self.open.get(&sid) {
            return Ok(state.clone());
        }
        let entry = match self.open.entry(sid) {
            dashmap::Entry::Occupied(entry) => return Ok(entry.get().clone()),
            dashmap::Entry::Vacant(entry) => entry,
        };
        let Some(record) = self.store.read_nontransactional(&sid.prefix())? else {
            return Err(PgError::internal(format!("sequence storage {} is empty", sid.0)));
        };
        let (Some(last), Some(called)) = (record.first_chunk(), record.get(8)) else {
            return Err(PgError::internal("sequence record is damaged"));
        };
        let state = SequenceState {
            last_value: i64::from_le_bytes(*last),
            log_cnt: 0,
            is_called: *called != 0,
        };
        Ok(entry.insert(Arc::new(Mutex::new(state))).value().clone())
    }

    /// Makes a sequence in new storage of this transaction.
    pub fn create(
        self: &Arc<Self>,
        tx: &Transaction,
        sid: StorageId,
        start: i64,
        is_called: bool,
    ) -> PgResult<()> {
        tx.create_storage(sid)?;
        self.write(sid, start, is_called)?;
        let state = SequenceState { last_value: start, log_cnt: 0, is_called };
        self.open.insert(sid, Arc::new(Mutex::new(state)));
        let this = self.clone();
        tx.on_abort(Box::new(move || {
            this.open.remove(&sid);
            // A record that stays behind does no harm: the storage id is never used again.
            let _ = this.store.delete_nontransactional(&sid.prefix());
        }));
        Ok(())
    }

    /// Removes a sequence's storage when the transaction commits.
    pub fn drop(self: &Arc<Self>, tx: &Transaction, sid: StorageId) -> PgResult<()> {
        tx.drop_storage(sid)?;
        let this = self.clone();
        tx.on_commit(Box::new(move || {
            this.open.remove(&sid);
        }));
        Ok(())
    }

    /// Its present state.
    pub fn state(&self, sid: StorageId) -> PgResult<SequenceState> {
        Ok(*self.state_of(sid)?.lock())
    }

    /// Takes the next value, and as many more as the sequence's cache says, for a session. `name` is for the
    /// message when there are no more.
    pub fn next(
        &self,
        tx: &Transaction,
        sid: StorageId,
        params: &SequenceParams,
        name: &str,
    ) -> PgResult<SequenceBlock> {
        let state = self.state_of(sid)?;
        let mut state = state.lock();
        let first =
            if state.is_called { step(state.last_value, params) } else { Some(state.last_value) };
        let first = match first {
            Some(value) => value,
            None if params.cycle && params.increment > 0 => params.min,
            None if params.cycle => params.max,
            None if params.increment > 0 => bail!(
                SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
                "nextval: reached maximum value of sequence \"{name}\" ({})",
                params.max
            ),
            None => bail!(
                SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
                "nextval: reached minimum value of sequence \"{name}\" ({})",
                params.min
            ),
        };
        let (mut last, mut taken) = (first, 1);
        while taken < params.cache {
            match step(last, params) {
                Some(value) => last = value,
                None => break,
            }
            taken += 1;
        }
        // A value that was not called yet is not covered by the record that shows it.
        let covered = state.is_called && taken <= state.log_cnt;
        if covered {
            state.log_cnt -= taken;
        } else {
            let (mut ahead, mut extra) = (last, 0);
            while extra < LOG_AHEAD {
                match step(ahead, params) {
                    Some(value) => ahead = value,
                    None => break,
                }
                extra += 1;
            }
            self.write(sid, ahead, true)?;
            state.log_cnt = extra;
            // What the client learns must survive even if the transaction writes nothing else.
            tx.require_durable();
        }
        state.last_value = last;
        state.is_called = true;
        Ok(SequenceBlock { first, last })
    }

    /// Sets the sequence, for all sessions at once.
    pub fn set(
        &self,
        tx: &Transaction,
        sid: StorageId,
        value: i64,
        is_called: bool,
    ) -> PgResult<()> {
        let state = self.state_of(sid)?;
        let mut state = state.lock();
        self.write(sid, value, is_called)?;
        *state = SequenceState { last_value: value, log_cnt: 0, is_called };
        tx.require_durable();
        Ok(())
    }

    /// Clean shutdown: records say exactly what was given out, so that nothing is skipped.
    pub fn close(&self) -> PgResult<()> {
        for entry in &self.open {
            let state = entry.value().lock();
            self.write(*entry.key(), state.last_value, state.is_called)?;
        }
        Ok(())
    }
}

/// The value after `value`, if the sequence has one.
fn step(value: i64, params: &SequenceParams) -> Option<i64> {
    let next = value.checked_add(params.increment)?;
    (params.min..=params.max).contains(&next).then_some(next)
}

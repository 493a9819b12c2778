//! A session's part of sequences: values it may hand out by itself, and what it got last from each.
use crate::context::StatementContext;
use catalog::{CatalogRead, schema};
use error::{PgResult, bail, err};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use table::sequence::SequenceParams;
use txn::StorageId;
use types::{Datum, Oid};

/// currval(), lastval() and cached values.
#[derive(Default)]
pub(crate) struct SequenceState {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sequences: HashMap<Oid, Known>,
    newest: Option<Oid>,
}

/// One sequence as this session knows it.
struct Known {
    storage: StorageId,
    last: i64,
    /// Last value that was reserved for the session.
    cached: i64,
    increment: i64,
    has_value: bool,
}

struct Sequence {
    relation: Arc<catalog::RelationDesc>,
    params: SequenceParams,
}

fn open(cx: &StatementContext<'_>, seq: Oid) -> PgResult<Sequence> {
    let Some(relation) = cx.catalog.relation(seq)? else {
        bail!(UNDEFINED_TABLE, "relation with OID {seq} does not exist");
    };
    if relation.relkind != 'S' {
        return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence", relation.name));
    }
    let key = [Datum::Oid(seq)];
    let row = cx.catalog.row_by_index(schema::index::PG_SEQUENCE_SEQRELID_INDEX, &key)?;
    let Some(row) = row else {
        return Err(error::PgError::internal(format!("cache lookup failed for sequence {seq}")));
    };
    use schema::pg_sequence as s;
    let params = SequenceParams {
        increment: row.values[s::SEQINCREMENT].as_i64(),
        min: row.values[s::SEQMIN].as_i64(),
        max: row.values[s::SEQMAX].as_i64(),
        cache: row.values[s::SEQCACHE].as_i64(),
        cycle: row.values[s::SEQCYCLE].as_bool(),
    };
    Ok(Sequence { relation, params })
}

fn check_writable(cx: &StatementContext<'_>, sequence: &Sequence, what: &str) -> PgResult<()> {
    if sequence.relation.persistence != 't' && cx.core.settings.lock().typed().transaction_read_only
    {
        bail!(READ_ONLY_SQL_TRANSACTION, "cannot execute {what} in a read-only transaction");
    }
    Ok(())
}

impl SequenceState {
    pub(crate) fn nextval(&self, cx: &StatementContext<'_>, seq: Oid) -> PgResult<i64> {
        let sequence = open(cx, seq)?;
        check_privilege(cx, &sequence, nodes::acl::USAGE | nodes::acl::UPDATE)?;
        check_writable(cx, &sequence, "nextval()")?;
        let storage = StorageId(sequence.relation.storage_id);
        let mut state = self.state.lock();
        if let Some(known) = state.sequences.get_mut(&seq)
            && known.storage == storage
            && known.has_value
            && known.last != known.cached
        {
            known.last += known.increment;
            let value = known.last;
            state.newest = Some(seq);
            return Ok(value);
        }
        drop(state);
        let txn = cx.core.txn()?;
        let sequences = &cx.core.engine.services.sequences;
        let block = sequences.next(&txn, storage, &sequence.params, &sequence.relation.name)?;
        let mut state = self.state.lock();
        state.sequences.insert(
            seq,
            Known {
                storage,
                last: block.first,
                cached: block.last,
                increment: sequence.params.increment,
                has_value: true,
            },
        );
        state.newest = Some(seq);
        Ok(block.first)
    }

    pub(crate) fn setval(
        &self,
        cx: &StatementContext<'_>,
        seq: Oid,
        value: i64,
        is_called: bool,
    ) -> PgResult<()> {
        let sequence = open(cx, seq)?;
        check_privilege(cx, &sequence, nodes::acl::UPDATE)?;
        check_writable(cx, &sequence, "setval()")?;
        let (min, max) = (sequence.params.min, sequence.params.max);
        if value < min || value > max {
            bail!(
                NUMERIC_VALUE_OUT_OF_RANGE,
                "setval: value {value} is out of bounds for sequence \"{}\" ({min}..{max})",
                sequence.relation.name
            );
        }
        let storage = StorageId(sequence.relation.storage_id);
        let txn = cx.core.txn()?;
        cx.core.engine.services.sequences.set(&txn, storage, value, is_called)?;
        let mut state = self.state.lock();
        let known = state.sequences.entry(seq).or_insert(Known {
            storage,
            last: 0,
            cached: 0,
            increment: sequence.params.increment,
            has_value: false,
        });
        known.storage = storage;
        if is_called {
            known.last = value;
            known.has_value = true;
        }
        // What was reserved before counts no more.
        known.cached = known.last;
        Ok(())
    }

    pub(crate) fn currval(&self, cx: &StatementContext<'_>, seq: Oid) -> PgResult<i64> {
        let sequence = open(cx, seq)?;
        check_privilege(cx, &sequence, nodes::acl::USAGE | nodes::acl::SELECT)?;
        let state = self.state.lock();
        match state.sequences.get(&seq).filter(|k| k.has_value) {
            Some(known) => Ok(known.last),
            None => Err(err!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "currval of sequence \"{}\" is not yet defined in this session",
                sequence.relation.name
            )),
        }
    }

    pub(crate) fn lastval(&self, cx: &StatementContext<'_>) -> PgResult<Option<i64>> {
        let newest = self.state.lock().newest;
        let Some(seq) = newest else { return Ok(None) };
        if cx.catalog.relation(seq)?.is_none() {
            return Ok(None);
        }
        self.currval(cx, seq).map(Some)
    }

    /// DISCARD SEQUENCES.
    pub(crate) fn clear(&self) {
        *self.state.lock() = State::default();
    }
}

fn check_privilege(cx: &StatementContext<'_>, sequence: &Sequence, any_of: u64) -> PgResult<()> {
    let user = cx.core.user.lock().current();
    let relation = &sequence.relation;
    if cx.core.holds_any_privilege(relation, user, any_of)? {
        return Ok(());
    }
    Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied for sequence {}", relation.name))
}

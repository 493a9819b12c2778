//! PREPARE TRANSACTION, COMMIT PREPARED and ROLLBACK PREPARED.
use crate::{clock, session_core::SessionCore, xact::Block};
use catalog::CatalogRead;
use error::{PgError, PgResult, SqlState, bail, err};
use std::sync::Arc;
use txn::LockTag;
use types::Oid;

/// Longest identifier.
const GID_MAX: usize = 199;

/// What is kept of the session with a prepared transaction.
pub(crate) struct Origin {
    pub(crate) owner: Oid,
    pub(crate) database: Oid,
    /// When it was prepared: µs since 2000-01-01.
    pub(crate) prepared: i64,
}

impl Origin {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16);
        bytes.extend_from_slice(&self.owner.0.to_be_bytes());
        bytes.extend_from_slice(&self.database.0.to_be_bytes());
        bytes.extend_from_slice(&self.prepared.to_be_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> PgResult<Origin> {
        let broken = || PgError::internal("record of a prepared transaction is damaged");
        let word = |at: usize| -> PgResult<u32> {
            let part = bytes.get(at..at + 4).and_then(|b| b.first_chunk()).ok_or_else(broken)?;
            Ok(u32::from_be_bytes(*part))
        };
        let time = bytes.get(8..16).and_then(|b| b.first_chunk()).ok_or_else(broken)?;
        Ok(Origin {
            owner: Oid(word(0)?),
            database: Oid(word(4)?),
            prepared: i64::from_be_bytes(*time),
        })
    }
}

impl SessionCore {
    /// PREPARE TRANSACTION; the command tag.
    pub(crate) fn prepare_transaction(self: &Arc<Self>, gid: &str) -> PgResult<&'static str> {
        let block = self.xact.lock().block;
        if block != Block::InProgress {
            self.rollback_block(false)?;
            return Ok("ROLLBACK");
        }
        let result = self.try_prepare(gid);
        if let Err(e) = result {
            self.rollback_block(false)?;
            return Err(e);
        }
        Ok("PREPARE TRANSACTION")
    }

    fn try_prepare(self: &Arc<Self>, gid: &str) -> PgResult<()> {
        self.before_commit()?;
        self.check_preparable()?;
        if gid.len() > GID_MAX {
            bail!(INVALID_PARAMETER_VALUE, "transaction identifier \"{gid}\" is too long");
        }
        let limit = self.max_prepared_transactions();
        if limit == 0 {
            return Err(err!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "prepared transactions are disabled"
            )
            .hint("Set \"max_prepared_transactions\" to a nonzero value."));
        }
        if self.engine.store.prepared().len() as i64 >= limit {
            return Err(err!(OUT_OF_MEMORY, "maximum number of prepared transactions reached")
                .hint(format!("Increase \"max_prepared_transactions\" (currently {limit}).")));
        }
        let owner = self.user.lock().current();
        let origin = Origin { owner, database: self.database, prepared: clock::now() };
        self.txn()?.prepare(gid, &origin.encode())?;
        self.ended(true);
        Ok(())
    }

    fn max_prepared_transactions(&self) -> i64 {
        let text = self.settings.lock().lookup("max_prepared_transactions");
        text.and_then(|t| t.parse().ok()).unwrap_or(0)
    }

    /// What lives in this session only cannot wait for another one.
    fn check_preparable(&self) -> PgResult<()> {
        if self.catalog.temp_namespace().is_some() {
            for row in self.engine.store.locks().snapshot_of_locks() {
                let LockTag::Relation { oid, .. } = row.tag else { continue };
                if row.pid != self.pid {
                    continue;
                }
                if self.catalog.relation(Oid(oid))?.is_some_and(|r| r.persistence == 't') {
                    bail!(
                        FEATURE_NOT_SUPPORTED,
                        "cannot PREPARE a transaction that has operated on temporary objects"
                    );
                }
            }
        }
        if !self.notify.lock().pending.is_empty() {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY"
            );
        }
        Ok(())
    }

    /// COMMIT PREPARED and ROLLBACK PREPARED.
    pub(crate) fn finish_prepared(&self, gid: &str, commit: bool) -> PgResult<&'static str> {
        let tag = if commit { "COMMIT PREPARED" } else { "ROLLBACK PREPARED" };
        self.prevent_in_transaction_block(tag)?;
        let store = &self.engine.store;
        let Some(found) = store.prepared().into_iter().find(|p| p.gid == gid) else {
            bail!(
                UNDEFINED_OBJECT,
                "prepared transaction with identifier \"{gid}\" does not exist"
            );
        };
        let origin = Origin::decode(&found.payload)?;
        if origin.owner != self.user.lock().current() && !self.is_superuser()? {
            return Err(PgError::new(
                SqlState::INSUFFICIENT_PRIVILEGE,
                "permission denied to finish prepared transaction",
            )
            .hint("Must be superuser or the user that prepared the transaction."));
        }
        if origin.database != self.database {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "prepared transaction belongs to another database"
            )
            .hint("Connect to the database where the transaction was prepared to finish it."));
        }
        match commit {
            true => {
                let all = catalog::Invalidation::everything(origin.database);
                store.commit_prepared(gid, vec![Arc::new(all)])?;
            }
            false => store.rollback_prepared(gid)?,
        }
        Ok(tag)
    }
}

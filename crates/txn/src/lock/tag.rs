//! What can be locked.
use super::LockMode;
use crate::StorageId;
use std::fmt;

/// A thing that can be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockTag {
    /// A table, index, sequence or view. `db` is 0 for shared relations.
    Relation {
        /// Database.
        db: u32,
        /// pg_class OID.
        oid: u32,
    },
    /// A heap row.
    Tuple {
        /// Heap.
        sid: StorageId,
        /// Row.
        rowid: u64,
    },
    /// A value of a unique index, by hash: values that collide wait for each other for nothing, rarely.
    UniqueKey {
        /// Index.
        sid: StorageId,
        /// Hash of the key.
        hash: u64,
    },
    /// A whole heap or index, in place of very many rows or values of it.
    Storage {
        /// Heap or index.
        sid: StorageId,
    },
    /// A transaction, held by itself until it ends.
    Transaction {
        /// Its id.
        xid: u64,
    },
    /// Any other database object.
    Object {
        /// Database, 0 for shared objects.
        db: u32,
        /// Catalog.
        class: u32,
        /// Object.
        oid: u32,
        /// Part of it.
        sub: u32,
    },
    /// An advisory lock: `kind` 1 for one bigint key (high half in `key1`), 2 for two integer keys.
    Advisory {
        /// Database.
        db: u32,
        /// First key.
        key1: u32,
        /// Second key.
        key2: u32,
        /// 1 or 2.
        kind: u16,
    },
}

impl LockTag {
    /// Whether the tag uses row modes.
    #[inline]
    pub(crate) fn is_row(&self) -> bool {
        matches!(self, LockTag::Tuple { .. })
    }

    /// The storage id whose rows or values the tag is one of.
    pub(crate) fn storage(&self) -> Option<StorageId> {
        match self {
            LockTag::Tuple { sid, .. } | LockTag::UniqueKey { sid, .. } => Some(*sid),
            _ => None,
        }
    }

    /// Whether its waiters show as waiting for the holder's transaction, as in PostgreSQL.
    pub(crate) fn shows_as_transaction(&self) -> bool {
        matches!(self, LockTag::Tuple { .. } | LockTag::UniqueKey { .. } | LockTag::Storage { .. })
    }

    /// Name as in `pg_locks.locktype`.
    pub fn type_name(&self) -> &'static str {
        match self {
            LockTag::Relation { .. } => "relation",
            LockTag::Tuple { .. } => "tuple",
            LockTag::UniqueKey { .. } | LockTag::Storage { .. } => "spectoken",
            LockTag::Transaction { .. } => "transactionid",
            LockTag::Object { .. } => "object",
            LockTag::Advisory { .. } => "advisory",
        }
    }
}

impl fmt::Display for LockTag {
    /// As in the DETAIL of a deadlock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockTag::Relation { db, oid } => write!(f, "relation {oid} of database {db}"),
            LockTag::Tuple { sid, rowid } => write!(f, "tuple {rowid} of storage {}", sid.0),
            LockTag::UniqueKey { sid, hash } => {
                write!(f, "unique key {hash:x} of storage {}", sid.0)
            }
            LockTag::Storage { sid } => write!(f, "storage {}", sid.0),
            LockTag::Transaction { xid } => write!(f, "transaction {}", *xid as u32),
            LockTag::Object { db, class, oid, .. } => {
                write!(f, "object {oid} of class {class} of database {db}")
            }
            LockTag::Advisory { db, key1, key2, kind } => {
                write!(f, "advisory lock [{db},{key1},{key2},{kind}]")
            }
        }
    }
}

/// One line of `pg_locks`.
#[derive(Clone, Debug)]
pub struct LockRow {
    /// What is locked or waited for.
    pub tag: LockTag,
    /// Session that holds or waits.
    pub pid: i32,
    /// Transaction of that session, if it has an id.
    pub xid: Option<u64>,
    /// Mode.
    pub mode: LockMode,
    /// Held rather than waited for.
    pub granted: bool,
    /// Held through the fast path.
    pub fastpath: bool,
    /// When the wait began.
    pub wait_start: Option<std::time::SystemTime>,
}

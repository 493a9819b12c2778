//! Storage ids: the first four bytes of every key, and the ones the store itself uses.

/// The number of a heap, index or sequence in the key space. Never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageId(pub u32);

impl StorageId {
    /// The key prefix.
    #[inline]
    pub fn prefix(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// The storage id a key belongs to.
    #[inline]
    pub fn of_key(key: &[u8]) -> StorageId {
        match key.first_chunk() {
            Some(prefix) => StorageId(u32::from_be_bytes(*prefix)),
            None => meta::COUNTERS,
        }
    }

    /// First key and first key after the storage id.
    pub fn bounds(self) -> ([u8; 4], [u8; 4]) {
        (self.0.to_be_bytes(), (self.0 + 1).to_be_bytes())
    }
}

/// Storage ids of the store and the cluster. Catalog tables follow from [`meta::FIRST_CATALOG`], ids given
/// out at run time from [`meta::FIRST_NORMAL`].
pub mod meta {
    use super::StorageId;

    /// Counters of xids, OIDs and storage ids.
    pub const COUNTERS: StorageId = StorageId(0);
    /// Storage made by transactions that have not ended, to be cleared after a crash.
    pub const PENDING_CREATE: StorageId = StorageId(1);
    /// Storage dropped by committed transactions, to be cleared after a crash.
    pub const PENDING_DROP: StorageId = StorageId(2);
    /// Prepared transactions.
    pub const PREPARED: StorageId = StorageId(3);
    /// Free for the layers above: cluster-wide settings and the like.
    pub const CLUSTER: StorageId = StorageId(8);
    /// First of the fixed ids for catalogs made by bootstrap.
    pub const FIRST_CATALOG: StorageId = StorageId(16);
    /// First of the ids that `Store::alloc_storage_id` gives out.
    pub const FIRST_NORMAL: StorageId = StorageId(65536);
}

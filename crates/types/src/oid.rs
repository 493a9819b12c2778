//! Object identifiers and the OIDs of the built-in types.
use serde::{Deserialize, Serialize};
use std::fmt;

/// An object identifier, unique within its catalog.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Oid(pub u32);

impl Oid {
    /// No object.
    pub const INVALID: Oid = Oid(0);
    /// First OID handed out to objects that users create.
    pub const FIRST_NORMAL: Oid = Oid(16384);

    /// Whether this names an object at all.
    pub fn is_valid(self) -> bool {
        self.0 != 0
    }

    /// `None` for [`Oid::INVALID`].
    pub fn valid(self) -> Option<Oid> {
        self.is_valid().then_some(self)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// OIDs of the types in `pg_catalog`: `type_oid::INT4`, `type_oid::INT4_ARRAY`.
pub mod type_oid {
    use super::Oid;
    include!(concat!(env!("OUT_DIR"), "/type_oid.rs"));
}

/// The array type of an element type of the bootstrap catalog.
pub fn builtin_array_type(elem: Oid) -> Option<Oid> {
    let table = type_oid::ARRAY_TYPES;
    table.binary_search_by_key(&elem.0, |(e, _)| *e).ok().map(|i| Oid(table[i].1))
}

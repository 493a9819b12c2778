//! Bytes of variable length: short ones inline, long ones shared.
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, ops::Deref};
use triomphe::ThinArc;

const INLINE_MAX: usize = 14;

/// An immutable byte string of 16 bytes' size; cloning never copies more than those.
#[derive(Clone)]
pub enum Varlena {
    /// Up to 14 bytes in place.
    Inline {
        /// Bytes used.
        len: u8,
        /// The bytes, zero past `len`.
        buf: [u8; INLINE_MAX],
    },
    /// Shared bytes.
    Heap(ThinArc<(), u8>),
}

impl Varlena {
    /// Copies `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        if bytes.len() <= INLINE_MAX {
            let mut buf = [0; INLINE_MAX];
            buf[..bytes.len()].copy_from_slice(bytes);
            Varlena::Inline { len: bytes.len() as u8, buf }
        } else {
            Varlena::Heap(ThinArc::from_header_and_slice((), bytes))
        }
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Varlena::Inline { len, buf } => &buf[..*len as usize],
            Varlena::Heap(shared) => &shared.slice,
        }
    }
}

impl Default for Varlena {
    fn default() -> Self {
        Varlena::Inline { len: 0, buf: [0; INLINE_MAX] }
    }
}

impl Deref for Varlena {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<&[u8]> for Varlena {
    fn from(bytes: &[u8]) -> Self {
        Varlena::new(bytes)
    }
}

impl From<&str> for Varlena {
    fn from(text: &str) -> Self {
        Varlena::new(text.as_bytes())
    }
}

impl PartialEq for Varlena {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Varlena {}

impl fmt::Debug for Varlena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self) {
            Ok(text) => write!(f, "{text:?}"),
            Err(_) => write!(f, "{:02x?}", self.as_bytes()),
        }
    }
}

/// Text where the bytes are UTF-8 (prefixed `t`), hex otherwise (prefixed `x`).
impl Serialize for Varlena {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self) {
            Ok(text) => serializer.serialize_str(&format!("t{text}")),
            Err(_) => {
                let hex: String = self.iter().map(|b| format!("{b:02x}")).collect();
                serializer.serialize_str(&format!("x{hex}"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Varlena {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(utf8) = text.strip_prefix('t') {
            return Ok(Varlena::from(utf8));
        }
        let hex = text.strip_prefix('x').ok_or_else(|| D::Error::custom("varlena prefix"))?;
        let bytes: Option<Vec<u8>> = (0..hex.len() / 2)
            .map(|i| hex.get(2 * i..2 * i + 2).and_then(|h| u8::from_str_radix(h, 16).ok()))
            .collect();
        bytes.map(|b| Varlena::new(&b)).ok_or_else(|| D::Error::custom("varlena hex"))
    }
}

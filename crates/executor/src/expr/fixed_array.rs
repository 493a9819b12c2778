//! Subscripts of types of fixed length: the coordinates of a point, the points of a box, the letters of
//! a name. They start at 0.
use error::{PgResult, bail};
use types::{Datum, Oid, type_oid as t};

/// Bytes of a name.
const NAME_LENGTH: usize = 64;

/// Whether the type is one of those.
pub(crate) fn is_fixed(typ: Oid) -> bool {
    matches!(typ, t::POINT | t::LSEG | t::BOX | t::LINE | t::NAME)
}

/// Bytes of an element.
fn width(elem: Oid) -> usize {
    match elem {
        t::FLOAT8 => 8,
        t::POINT => 16,
        _ => 1,
    }
}

/// Index of an element; `None` if there is no such.
fn index(bytes: &[u8], elem: Oid, subscripts: &[Option<i32>]) -> Option<usize> {
    let count = if elem == t::CHAR { NAME_LENGTH } else { bytes.len() / width(elem) };
    let [Some(at)] = subscripts else { return None };
    usize::try_from(*at).ok().filter(|at| *at < count)
}

/// An element, or NULL.
pub(crate) fn element(container: &Datum, elem: Oid, subscripts: &[Option<i32>]) -> PgResult<Datum> {
    let bytes = container.as_bytes();
    let Some(at) = index(bytes, elem, subscripts) else { return Ok(Datum::Null) };
    let width = width(elem);
    let part = bytes.get(at * width..(at + 1) * width);
    Ok(match (elem, part) {
        (t::FLOAT8, Some(part)) => {
            Datum::Float8(f64::from_le_bytes(part.try_into().unwrap_or_default()))
        }
        (t::POINT, Some(part)) => Datum::bytes(part),
        // A name is filled up with zeros.
        (_, part) => Datum::Char(part.map_or(0, |p| p[0])),
    })
}

/// The container with another element.
pub(crate) fn assigned(
    container: &Datum,
    elem: Oid,
    subscripts: &[Option<i32>],
    value: &Datum,
) -> PgResult<Datum> {
    let mut bytes = container.as_bytes().to_vec();
    if subscripts.len() != 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    }
    let Some(at) = index(&bytes, elem, subscripts) else {
        bail!(ARRAY_SUBSCRIPT_ERROR, "array subscript out of range");
    };
    let width = width(elem);
    if elem == t::CHAR {
        bytes.resize(bytes.len().max(at + 1), 0);
    }
    let part = &mut bytes[at * width..(at + 1) * width];
    match value {
        Datum::Float8(v) => part.copy_from_slice(&v.to_le_bytes()),
        Datum::Char(c) => part[0] = *c,
        other => part.copy_from_slice(other.as_bytes()),
    }
    if elem == t::CHAR {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        bytes.truncate(end);
    }
    Ok(Datum::bytes(&bytes))
}

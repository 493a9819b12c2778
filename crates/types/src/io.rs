//! Input and output of built-in types by OID, without going through functions.
//!
//! This is what the wire layer and the `*in`/`*out` functions share. Types that need the catalog
//! (composites, domains, enums, reg*, user-defined ranges) are not known here.
use crate::{
    ArrayValue, Datum, IoOptions, MultirangeValue, Oid, RangeValue, Varlena, array, bit, boolean,
    bytea,
    datetime::{self, Interval, TimeTz},
    float,
    geometry::{self, Shape},
    int, json, jsonb, money, network,
    network::Inet,
    numeric, oid_io, range, text, tsearch,
    type_io::TypeIo,
    type_oid as t, uuid,
};
use error::{PgResult, not_supported};
use std::sync::Arc;

fn shape(typ: Oid) -> Option<Shape> {
    Some(match typ {
        t::POINT => Shape::Point,
        t::LSEG => Shape::Lseg,
        t::BOX => Shape::Box,
        t::PATH => Shape::Path,
        t::POLYGON => Shape::Polygon,
        t::CIRCLE => Shape::Circle,
        t::LINE => Shape::Line,
        _ => return None,
    })
}

/// Appends the text form of a value that is not NULL; false for a type not known here.
pub fn text_out(typ: Oid, value: &Datum, opts: &IoOptions, out: &mut Vec<u8>) -> bool {
    match (typ, value) {
        (t::INT4, Datum::Int4(v)) => int::output(*v, out),
        (t::INT8, Datum::Int8(v)) => int::output(*v, out),
        (t::INT2, Datum::Int2(v)) => int::output(*v, out),
        (
            t::TEXT
            | t::VARCHAR
            | t::BPCHAR
            | t::NAME
            | t::JSON
            | t::XML
            | t::UNKNOWN
            | t::CSTRING
            | t::PG_NODE_TREE
            | t::REFCURSOR
            | t::JSONPATH
            | t::PG_SNAPSHOT
            | t::TXID_SNAPSHOT,
            Datum::Bytes(v),
        ) => out.extend_from_slice(v),
        (t::BOOL, Datum::Bool(v)) => boolean::output(*v, out),
        (t::CHAR, Datum::Char(v)) => crate::char::output(*v, out),
        (t::FLOAT8, Datum::Float8(v)) => float::output8(*v, opts.extra_float_digits, out),
        (t::FLOAT4, Datum::Float4(v)) => float::output4(*v, opts.extra_float_digits, out),
        (t::NUMERIC, Datum::Bytes(v)) => numeric::output(v, out),
        (t::OID | t::XID | t::CID, Datum::Oid(v)) => oid_io::oid_output(*v, out),
        (t::TIMESTAMPTZ, Datum::Int8(v)) => datetime::timestamptz_output(*v, opts, out),
        (t::TIMESTAMP, Datum::Int8(v)) => datetime::timestamp_output(*v, opts, out),
        (t::DATE, Datum::Int4(v)) => datetime::date_output(*v, opts, out),
        (t::TIME, Datum::Int8(v)) => datetime::time_output(*v, out),
        (t::TIMETZ, Datum::Bytes(v)) => datetime::timetz_output(TimeTz::decode(v), opts, out),
        (t::INTERVAL, Datum::Bytes(v)) => {
            datetime::interval_output(&Interval::decode(v), opts, out)
        }
        (t::JSONB, Datum::Bytes(v)) => jsonb::output(v, out),
        (t::UUID, Datum::Bytes(v)) => uuid::output(v, out),
        (t::BYTEA, Datum::Bytes(v)) => bytea::output(v, opts.bytea_output, out),
        (t::MONEY, Datum::Int8(v)) => money::output(*v, out),
        (t::BIT | t::VARBIT, Datum::Bytes(v)) => bit::output(v, out),
        (t::INET, Datum::Bytes(v)) => Inet::decode(v).output(false, out),
        (t::CIDR, Datum::Bytes(v)) => Inet::decode(v).output(true, out),
        (t::MACADDR | t::MACADDR8, Datum::Bytes(v)) => network::mac_output(v, out),
        (t::TID, Datum::Int8(v)) => oid_io::tid_output(*v, out),
        (t::PG_LSN, Datum::Int8(v)) => oid_io::pg_lsn_output(*v, out),
        (t::XID8, Datum::Int8(v)) => {
            out.extend_from_slice(itoa::Buffer::new().format(*v as u64).as_bytes())
        }
        (t::VOID, _) => {}
        (t::INT2VECTOR | t::OIDVECTOR, Datum::Array(v)) => array::vector_output(v, out),
        (t::TSVECTOR, Datum::Bytes(v)) => tsearch::tsvector_output(v, out),
        (t::TSQUERY, Datum::Bytes(v)) => tsearch::tsquery_output(v, out),
        (_, Datum::Array(v)) => return array_out(typ, v, opts, out),
        (_, Datum::Range(v)) => return range_out(v, opts, out),
        (_, Datum::Multirange(v)) => return multirange_out(v, opts, out),
        (_, Datum::Bytes(v)) => match shape(typ) {
            Some(shape) => geometry::output(shape, v, opts.extra_float_digits, out),
            None => return false,
        },
        _ => return false,
    }
    true
}

fn array_out(typ: Oid, v: &ArrayValue, opts: &IoOptions, out: &mut Vec<u8>) -> bool {
    if crate::builtin_array_type(v.elem_type) != Some(typ) {
        return false;
    }
    rollback_unless(out, |out| array::output(&BuiltinIo(opts), v, out))
}

fn range_out(v: &RangeValue, opts: &IoOptions, out: &mut Vec<u8>) -> bool {
    match range::builtin_subtype(v.type_id) {
        Some(subtype) => {
            rollback_unless(out, |out| range::output(&BuiltinIo(opts), subtype, v, out))
        }
        None => false,
    }
}

fn multirange_out(v: &MultirangeValue, opts: &IoOptions, out: &mut Vec<u8>) -> bool {
    match builtin_multirange(v.type_id).and_then(range::builtin_subtype) {
        Some(subtype) => {
            rollback_unless(out, |out| range::multirange_output(&BuiltinIo(opts), subtype, v, out))
        }
        None => false,
    }
}

/// An element of a type not known here undoes what was written.
fn rollback_unless(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> PgResult<()>) -> bool {
    let start = out.len();
    let ok = write(out).is_ok();
    if !ok {
        out.truncate(start);
    }
    ok
}

/// The range type of a built-in multirange type.
pub fn builtin_multirange(typ: Oid) -> Option<Oid> {
    Some(match typ {
        t::INT4MULTIRANGE => t::INT4RANGE,
        t::INT8MULTIRANGE => t::INT8RANGE,
        t::NUMMULTIRANGE => t::NUMRANGE,
        t::TSMULTIRANGE => t::TSRANGE,
        t::TSTZMULTIRANGE => t::TSTZRANGE,
        t::DATEMULTIRANGE => t::DATERANGE,
        _ => return None,
    })
}

/// Reads the text form; `None` for a type not known here.
pub fn text_in(typ: Oid, typmod: i32, s: &str, opts: &IoOptions) -> Option<PgResult<Datum>> {
    let bytes = |r: PgResult<Varlena>| r.map(Datum::Bytes);
    Some(match typ {
        t::INT4 => int::input(s).map(Datum::Int4),
        t::INT8 => int::input(s).map(Datum::Int8),
        t::INT2 => int::input(s).map(Datum::Int2),
        t::TEXT | t::UNKNOWN | t::CSTRING | t::PG_NODE_TREE | t::REFCURSOR => Ok(Datum::text(s)),
        t::VARCHAR => text::varchar_apply(s, typmod, false).map(Datum::text),
        t::BPCHAR => text::bpchar_apply(s, typmod, false)
            .map(|padded| Datum::text(padded.as_deref().unwrap_or(s))),
        t::NAME => Ok(Datum::text(text::truncate_name(s))),
        t::BOOL => boolean::input(s).map(Datum::Bool),
        t::CHAR => Ok(Datum::Char(crate::char::input(s))),
        t::FLOAT8 => float::input8(s).map(Datum::Float8),
        t::FLOAT4 => float::input4(s).map(Datum::Float4),
        t::NUMERIC => bytes(numeric::input(s, typmod)),
        t::OID => oid_io::oid_input(s).map(Datum::Oid),
        t::XID => oid_io::xid_input(s, "xid").map(Datum::Oid),
        t::CID => oid_io::xid_input(s, "cid").map(Datum::Oid),
        t::TIMESTAMPTZ => datetime::timestamptz_input(s, typmod, opts).map(Datum::Int8),
        t::TIMESTAMP => datetime::timestamp_input(s, typmod, opts).map(Datum::Int8),
        t::DATE => datetime::date_input(s, opts).map(Datum::Int4),
        t::TIME => datetime::time_input(s, typmod, opts).map(Datum::Int8),
        t::TIMETZ => bytes(datetime::timetz_input(s, typmod, opts).map(TimeTz::encode)),
        t::INTERVAL => bytes(datetime::interval_input(s, typmod, opts).map(|v| v.encode())),
        t::JSON => json::validate(s).map(|()| Datum::text(s)),
        t::JSONB => bytes(jsonb::input(s)),
        t::JSONPATH => bytes(crate::jsonpath::input(s)),
        t::UUID => uuid::input(s).map(|v| Datum::bytes(&v)),
        t::BYTEA => bytea::input(s).map(|v| Datum::bytes(&v)),
        t::MONEY => money::input(s).map(Datum::Int8),
        t::BIT => bytes(bit::input(s, typmod, false)),
        t::VARBIT => bytes(bit::input(s, typmod, true)),
        t::INET => bytes(network::inet_input(s, false).map(|v| v.encode())),
        t::CIDR => bytes(network::inet_input(s, true).map(|v| v.encode())),
        t::MACADDR => network::macaddr_input(s).map(|v| Datum::bytes(&v)),
        t::MACADDR8 => network::macaddr8_input(s).map(|v| Datum::bytes(&v)),
        t::TID => oid_io::tid_input(s).map(Datum::Int8),
        t::PG_LSN => oid_io::pg_lsn_input(s).map(Datum::Int8),
        t::XID8 => oid_io::xid8_input(s).map(Datum::Int8),
        t::VOID => Ok(Datum::bytes(&[])),
        t::INT2VECTOR => oid_io::int2vector_input(s).map(|v| {
            let elems = v.into_iter().map(Datum::Int2).collect();
            Datum::Array(Arc::new(vector(t::INT2, elems)))
        }),
        t::OIDVECTOR => oid_io::oidvector_input(s).map(|v| {
            let elems = v.into_iter().map(Datum::Oid).collect();
            Datum::Array(Arc::new(vector(t::OID, elems)))
        }),
        t::POINT => bytes(geometry::point_input(s)),
        t::LSEG => bytes(geometry::lseg_input(s)),
        t::BOX => bytes(geometry::box_input(s)),
        t::PATH => bytes(geometry::path_input(s)),
        t::POLYGON => bytes(geometry::polygon_input(s)),
        t::CIRCLE => bytes(geometry::circle_input(s)),
        t::LINE => bytes(geometry::line_input(s)),
        t::TSVECTOR => bytes(tsearch::tsvector_input(s)),
        // An empty one is worth a notice, which only the type's own function can send.
        t::TSQUERY => match tsearch::tsquery_input(s).transpose()? {
            Ok(query) => Ok(Datum::Bytes(query)),
            Err(e) => Err(e),
        },
        _ => return text_in_container(typ, typmod, s, opts),
    })
}

/// int2vector and oidvector keep one dimension, lower bound 0, even when empty.
pub fn vector(elem_type: Oid, elems: Vec<Datum>) -> ArrayValue {
    let dims = vec![crate::ArrayDim { len: elems.len() as i32, lower: 0 }];
    ArrayValue { elem_type, dims, elems }
}

fn text_in_container(typ: Oid, typmod: i32, s: &str, opts: &IoOptions) -> Option<PgResult<Datum>> {
    let io = BuiltinIo(opts);
    if let Some(elem) = builtin_element(typ).filter(|e| is_known(*e)) {
        return Some(array::input(&io, elem, typmod, s).map(|v| Datum::Array(Arc::new(v))));
    }
    let read_range = |range_type: Oid, subtype: Oid, s: &str| -> PgResult<RangeValue> {
        let parsed = range::parse(s)?;
        let read =
            |b: &Option<String>| b.as_ref().map(|text| io.input(subtype, -1, text)).transpose();
        let raw = RangeValue {
            type_id: range_type,
            empty: parsed.empty,
            lower: read(&parsed.lower)?,
            upper: read(&parsed.upper)?,
            lower_inc: parsed.lower_inc,
            upper_inc: parsed.upper_inc,
        };
        range::make(raw, &mut |a, b| Ok(builtin_compare(subtype, a, b)))
    };
    if let Some(subtype) = range::builtin_subtype(typ) {
        return Some(read_range(typ, subtype, s).map(|v| Datum::Range(Arc::new(v))));
    }
    None
}

/// Order of the values that bound built-in ranges.
pub fn builtin_compare(subtype: Oid, a: &Datum, b: &Datum) -> std::cmp::Ordering {
    match (a, b) {
        (Datum::Int4(a), Datum::Int4(b)) => a.cmp(b),
        (Datum::Int8(a), Datum::Int8(b)) => a.cmp(b),
        (Datum::Bytes(a), Datum::Bytes(b)) if subtype == t::NUMERIC => numeric::cmp(a, b),
        _ => std::cmp::Ordering::Equal,
    }
}

/// The element type of a built-in array type.
pub fn builtin_element(array_type: Oid) -> Option<Oid> {
    t::ARRAY_TYPES.iter().find(|(_, array)| *array == array_type.0).map(|(elem, _)| Oid(*elem))
}

/// Whether values of a type can be read here.
fn is_known(typ: Oid) -> bool {
    !matches!(
        typ,
        t::RECORD | t::ACLITEM | t::XML | t::PG_SNAPSHOT | t::TXID_SNAPSHOT | t::GTSVECTOR
    ) && (typ.0 < 3831 || matches!(typ, t::JSONB | t::TSVECTOR | t::TSQUERY | t::XID8))
        && !matches!(
            typ,
            t::REGPROC
                | t::REGPROCEDURE
                | t::REGOPER
                | t::REGOPERATOR
                | t::REGCLASS
                | t::REGTYPE
                | t::REGCONFIG
                | t::REGDICTIONARY
        )
        || range::builtin_subtype(typ).is_some()
}

/// Appends the binary form of a value that is not NULL; false for a type not known here.
pub fn binary_out(typ: Oid, value: &Datum, opts: &IoOptions, out: &mut Vec<u8>) -> bool {
    match (typ, value) {
        (t::TSVECTOR, Datum::Bytes(v)) => tsearch::tsvector_send(v, out),
        (t::TSQUERY, Datum::Bytes(v)) => tsearch::tsquery_send(v, out),
        (t::TID, Datum::Int8(v)) => {
            out.extend_from_slice(&((*v >> 16) as u32).to_be_bytes());
            out.extend_from_slice(&(*v as u16).to_be_bytes());
        }
        (_, Datum::Int4(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (_, Datum::Int8(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (_, Datum::Int2(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (_, Datum::Bool(v)) => boolean::send(*v, out),
        (_, Datum::Char(v)) => out.push(*v),
        (_, Datum::Float8(v)) => out.extend_from_slice(&v.to_be_bytes()),
        (_, Datum::Float4(v)) => out.extend_from_slice(&v.to_be_bytes()),
        // Enums share the form of OIDs but are sent as their labels.
        (_, Datum::Oid(v)) if typ < Oid::FIRST_NORMAL => out.extend_from_slice(&v.0.to_be_bytes()),
        (
            t::TEXT
            | t::VARCHAR
            | t::BPCHAR
            | t::NAME
            | t::JSON
            | t::XML
            | t::UNKNOWN
            | t::CSTRING
            | t::REFCURSOR
            | t::BYTEA
            | t::UUID
            | t::MACADDR
            | t::MACADDR8
            | t::VOID
            | t::PG_NODE_TREE,
            Datum::Bytes(v),
        ) => out.extend_from_slice(v),
        (t::NUMERIC, Datum::Bytes(v)) => numeric::send(v, out),
        (t::TIMETZ, Datum::Bytes(v)) => datetime::timetz_send(TimeTz::decode(v), out),
        (t::INTERVAL, Datum::Bytes(v)) => Interval::decode(v).send(out),
        (t::JSONB, Datum::Bytes(v)) => jsonb::send(v, out),
        (t::BIT | t::VARBIT, Datum::Bytes(v)) => bit::send(v, out),
        (t::INET, Datum::Bytes(v)) => network::inet_send(&Inet::decode(v), false, out),
        (t::CIDR, Datum::Bytes(v)) => network::inet_send(&Inet::decode(v), true, out),
        (t::JSONPATH, Datum::Bytes(v)) => {
            out.push(1);
            out.extend_from_slice(v);
        }
        (_, Datum::Array(v)) => {
            return rollback_unless(out, |out| array::send(&BuiltinIo(opts), v, out));
        }
        (_, Datum::Range(v)) => match range::builtin_subtype(v.type_id) {
            Some(subtype) => {
                return rollback_unless(out, |out| range::send(&BuiltinIo(opts), subtype, v, out));
            }
            None => return false,
        },
        (_, Datum::Multirange(v)) => {
            let Some(subtype) = builtin_multirange(v.type_id).and_then(range::builtin_subtype)
            else {
                return false;
            };
            return rollback_unless(out, |out| {
                range::multirange_send(&BuiltinIo(opts), subtype, v, out)
            });
        }
        (_, Datum::Bytes(v)) => match shape(typ) {
            Some(shape) => geometry::send(shape, v, out),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// Reads the binary form; `None` for a type not known here.
pub fn binary_in(typ: Oid, typmod: i32, buf: &[u8], opts: &IoOptions) -> Option<PgResult<Datum>> {
    let bytes = |r: PgResult<Varlena>| r.map(Datum::Bytes);
    Some(match typ {
        t::INT4 => int::recv4(buf).map(Datum::Int4),
        t::INT8 | t::MONEY | t::PG_LSN | t::XID8 => int::recv8(buf).map(Datum::Int8),
        t::INT2 => int::recv2(buf).map(Datum::Int2),
        t::TEXT | t::UNKNOWN | t::CSTRING | t::REFCURSOR => text::validate(buf).map(Datum::text),
        t::VARCHAR | t::BPCHAR | t::NAME | t::JSON => {
            return match text::validate(buf) {
                Ok(s) => text_in(typ, typmod, s, opts),
                Err(e) => Some(Err(e)),
            };
        }
        t::BOOL => boolean::recv(buf).map(Datum::Bool),
        t::CHAR => crate::binary::BinaryReader::new(buf).u8().map(Datum::Char),
        t::FLOAT8 => float::recv8(buf).map(Datum::Float8),
        t::FLOAT4 => float::recv4(buf).map(Datum::Float4),
        t::NUMERIC => bytes(numeric::recv(buf, typmod)),
        t::OID
        | t::XID
        | t::CID
        | t::REGPROC
        | t::REGPROCEDURE
        | t::REGOPER
        | t::REGOPERATOR
        | t::REGCLASS
        | t::REGTYPE
        | t::REGROLE
        | t::REGNAMESPACE
        | t::REGCONFIG
        | t::REGDICTIONARY
        | t::REGCOLLATION => int::recv4(buf).map(|v| Datum::Oid(Oid(v as u32))),
        t::TIMESTAMPTZ | t::TIMESTAMP => datetime::timestamp_recv(buf, typmod).map(Datum::Int8),
        t::DATE => datetime::date_recv(buf).map(Datum::Int4),
        t::TIME => datetime::time_recv(buf, typmod).map(Datum::Int8),
        t::TIMETZ => bytes(datetime::timetz_recv(buf, typmod).map(TimeTz::encode)),
        t::INTERVAL => bytes(Interval::recv(buf, typmod).map(|v| v.encode())),
        t::JSONB => bytes(jsonb::recv(buf)),
        t::JSONPATH => {
            let mut r = crate::binary::BinaryReader::new(buf);
            match r.u8() {
                Ok(1) => bytes(r.text().and_then(crate::jsonpath::input)),
                Ok(v) => {
                    Err(error::err!(INTERNAL_ERROR, "unsupported jsonpath version number: {v}"))
                }
                Err(e) => Err(e),
            }
        }
        t::UUID => fixed::<16>(buf),
        t::MACADDR => fixed::<6>(buf),
        t::MACADDR8 => fixed::<8>(buf),
        t::BYTEA => Ok(Datum::bytes(buf)),
        t::BIT => bytes(bit::recv(buf, typmod, false)),
        t::VARBIT => bytes(bit::recv(buf, typmod, true)),
        t::INET => bytes(network::inet_recv(buf, false).map(|v| v.encode())),
        t::CIDR => bytes(network::inet_recv(buf, true).map(|v| v.encode())),
        t::TSVECTOR => bytes(tsearch::tsvector_recv(buf)),
        t::TSQUERY => bytes(tsearch::tsquery_recv(buf)),
        t::TID => {
            let mut r = crate::binary::BinaryReader::new(buf);
            r.u32().and_then(|block| Ok(Datum::Int8(i64::from(block) << 16 | i64::from(r.u16()?))))
        }
        t::VOID => Ok(Datum::bytes(&[])),
        _ => return binary_in_container(typ, typmod, buf, opts),
    })
}

fn fixed<const N: usize>(buf: &[u8]) -> PgResult<Datum> {
    Ok(Datum::bytes(crate::binary::BinaryReader::new(buf).bytes(N)?))
}

fn binary_in_container(
    typ: Oid,
    typmod: i32,
    buf: &[u8],
    opts: &IoOptions,
) -> Option<PgResult<Datum>> {
    let io = BuiltinIo(opts);
    if let Some(shape) = shape(typ) {
        return Some(geometry::recv(shape, buf).map(Datum::Bytes));
    }
    if typ == t::INT2VECTOR || typ == t::OIDVECTOR {
        let elem = if typ == t::OIDVECTOR { t::OID } else { t::INT2 };
        let read = array::recv(&io, elem, -1, buf);
        return Some(read.map(|v| Datum::Array(Arc::new(vector(elem, v.elems)))));
    }
    if let Some(elem) = builtin_element(typ).filter(|e| is_known(*e)) {
        return Some(array::recv(&io, elem, typmod, buf).map(|v| Datum::Array(Arc::new(v))));
    }
    if let Some(subtype) = range::builtin_subtype(typ) {
        let read = range::recv(&io, typ, subtype, -1, buf)
            .and_then(|raw| range::make(raw, &mut |a, b| Ok(builtin_compare(subtype, a, b))));
        return Some(read.map(|v| Datum::Range(Arc::new(v))));
    }
    None
}

/// [`TypeIo`] over the types known here; others are refused.
pub struct BuiltinIo<'a>(pub &'a IoOptions);

impl TypeIo for BuiltinIo<'_> {
    fn input(&self, typ: Oid, typmod: i32, text: &str) -> PgResult<Datum> {
        text_in(typ, typmod, text, self.0)
            .unwrap_or_else(|| Err(not_supported!("input of type {typ} here")))
    }

    fn output(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        if text_out(typ, value, self.0, out) {
            Ok(())
        } else {
            Err(not_supported!("output of type {typ} here"))
        }
    }

    fn receive(&self, typ: Oid, typmod: i32, bytes: &[u8]) -> PgResult<Datum> {
        binary_in(typ, typmod, bytes, self.0)
            .unwrap_or_else(|| Err(not_supported!("binary input of type {typ} here")))
    }

    fn send(&self, typ: Oid, value: &Datum, out: &mut Vec<u8>) -> PgResult<()> {
        if binary_out(typ, value, self.0, out) {
            Ok(())
        } else {
            Err(not_supported!("binary output of type {typ} here"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(typ: Oid, text: &str) -> String {
        let opts = IoOptions::default();
        let v = text_in(typ, -1, text, &opts).unwrap().unwrap();
        let mut out = Vec::new();
        assert!(text_out(typ, &v, &opts, &mut out));
        let mut bin = Vec::new();
        assert!(binary_out(typ, &v, &opts, &mut bin), "{typ}");
        let back = binary_in(typ, -1, &bin, &opts).unwrap().unwrap();
        let mut again = Vec::new();
        assert!(text_out(typ, &back, &opts, &mut again));
        assert_eq!(out, again, "{typ} {text}");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn round_trips() {
        for (typ, text, want) in [
            (t::INT4_ARRAY, "{1,NULL,3}", "{1,NULL,3}"),
            (t::INT4_ARRAY, "[0:1][2:3]={{1,2},{3,4}}", "[0:1][2:3]={{1,2},{3,4}}"),
            (
                t::TEXT_ARRAY,
                "{ a b , \"c\\\"d\" , \"NULL\", \"\" }",
                "{\"a b\",\"c\\\"d\",\"NULL\",\"\"}",
            ),
            (t::TEXT_ARRAY, "{}", "{}"),
            (t::NUMERIC, "12.50", "12.50"),
            (t::INTERVAL, "1 day 2 hours", "1 day 02:00:00"),
            (t::TIMETZ, "12:00+02", "12:00:00+02"),
            (t::INT4RANGE, "(1,5]", "[2,6)"),
            (t::NUMRANGE, "(1.0,)", "(1.0,)"),
            (
                t::TSRANGE,
                "[2020-01-01,2020-01-02)",
                "[\"2020-01-01 00:00:00\",\"2020-01-02 00:00:00\")",
            ),
            (t::BIT, "X1F", "00011111"),
            (t::INET, "10.0.0.1/8", "10.0.0.1/8"),
            (t::OIDVECTOR, "1 2 3", "1 2 3"),
            (t::JSONB, "{\"a\": 1}", "{\"a\": 1}"),
            (
                t::UUID,
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            ),
            (t::PATH, "((1,2),(3,4))", "((1,2),(3,4))"),
            (t::TID, "(3,4)", "(3,4)"),
            (t::TSVECTOR, "'a':1A b:2 c", "'a':1A 'b':2 'c'"),
            (t::TSQUERY, "a & (b | !c) <-> d:*A", "'a' & ( 'b' | !'c' ) <-> 'd':*A"),
        ] {
            assert_eq!(round(typ, text), want);
        }
    }

    #[test]
    fn array_faults() {
        let opts = IoOptions::default();
        for (text, detail) in [
            ("1", "Array value must start with \"{\" or dimension information."),
            ("{1", "Unexpected end of input."),
            ("{1}}", "Junk after closing right brace."),
            ("{1,}", "Unexpected \"}\" character."),
            (
                "{{1,2},{3}}",
                "Multidimensional arrays must have sub-arrays with matching dimensions.",
            ),
            ("[1:2]={1}", "Specified array dimensions do not match array contents."),
        ] {
            let e = text_in(t::INT4_ARRAY, -1, text, &opts).unwrap().unwrap_err();
            assert_eq!(e.message(), format!("malformed array literal: \"{text}\""));
            assert_eq!(e.0.detail.as_deref(), Some(detail));
        }
    }
}

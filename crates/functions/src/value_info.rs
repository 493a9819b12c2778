//! What can be asked about a value or its type: size, base type, collation; sizes in words.
use crate::system::catalog;
use catalog::CatalogRead;
use error::{PgResult, bail, err};
use fmgr::{CallContext, Registry};
use types::{
    Datum, Oid,
    numeric::{self, Num, Numeric},
    type_oid as t,
};

/// Bytes that a value takes by itself.
fn size(d: &Datum) -> i32 {
    match d {
        Datum::Null => 0,
        Datum::Bool(_) | Datum::Char(_) => 1,
        Datum::Int2(_) => 2,
        Datum::Int4(_) | Datum::Float4(_) | Datum::Oid(_) => 4,
        Datum::Int8(_) | Datum::Float8(_) => 8,
        // A short header and the bytes.
        Datum::Bytes(v) => v.len() as i32 + if v.len() < 127 { 1 } else { 4 },
        Datum::Array(v) => 24 + v.elems.iter().map(size).sum::<i32>(),
        Datum::Record(v) => 24 + v.fields.iter().map(size).sum::<i32>(),
        Datum::Range(v) => 9 + v.lower.as_ref().map_or(0, size) + v.upper.as_ref().map_or(0, size),
        Datum::Multirange(v) => 8 + v.ranges.len() as i32 * 9,
        Datum::Internal(_) => 8,
    }
}

fn column_size(cx: &CallContext<'_>, d: &Datum) -> PgResult<Datum> {
    let typ = cx.arg_type(0);
    if let Some(row) = catalog(cx)?.lookup_type(typ)? {
        if row.len > 0 {
            return Ok(Datum::Int4(i32::from(row.len)));
        }
    }
    Ok(Datum::Int4(size(d)))
}

fn base_type(cx: &CallContext<'_>, oid: Oid) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let Some(mut row) = catalog.lookup_type(oid)? else { return Ok(Datum::Null) };
    while row.typtype == 'd' {
        row = catalog.get_type(row.basetype)?;
    }
    Ok(Datum::Oid(row.oid))
}

const UNITS: [(&str, u32); 6] =
    [("bytes", 0), ("kB", 10), ("MB", 20), ("GB", 30), ("TB", 40), ("PB", 50)];

/// `10 GB` in bytes.
fn size_bytes(text: &str) -> PgResult<i64> {
    let invalid = || err!(INVALID_PARAMETER_VALUE, "invalid size: \"{text}\"");
    let trimmed = text.trim_matches(types::is_space);
    let unit_at = number_end(trimmed).ok_or_else(invalid)?;
    let (number, unit) = trimmed.split_at(unit_at);
    let unit = unit.trim_matches(types::is_space);
    let shift = if unit.is_empty() || unit.eq_ignore_ascii_case("B") {
        0
    } else {
        match UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) {
            Some((_, shift)) => *shift,
            None => {
                return Err(invalid().detail(format!("Invalid size unit: \"{unit}\".")).hint(
                    "Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".",
                ));
            }
        }
    };
    let Numeric::Finite(value) = numeric::parse(number)? else { return Err(invalid()) };
    let bytes = value.mul(&Num::from_i64(1 << shift)).rounded(0);
    bytes.to_i128().and_then(|v| i64::try_from(v).ok()).ok_or_else(types::int::out_of_range::<i64>)
}

fn number_end(text: &str) -> Option<usize> {
    let b = text.as_bytes();
    let mut at = usize::from(matches!(b.first(), Some(b'-' | b'+')));
    let digits = |at: usize| b[at.min(b.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
    let int = digits(at);
    at += int;
    let mut any = int > 0;
    if b.get(at) == Some(&b'.') {
        let frac = digits(at + 1);
        any |= frac > 0;
        at += 1 + frac;
    }
    if !any {
        return None;
    }
    if matches!(b.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(b.get(at + 1), Some(b'-' | b'+')));
        let exp = digits(at + 1 + sign);
        if exp > 0 {
            at += 1 + sign + exp;
        }
    }
    Some(at)
}

/// A size with the largest unit that keeps at least 10 kB's worth of digits.
fn size_pretty(v: &Num) -> String {
    let units: [(&str, i64, bool); 6] = [
        ("bytes", 10 * 1024, false),
        ("kB", 20 * 1024 - 1, true),
        ("MB", 20 * 1024 - 1, true),
        ("GB", 20 * 1024 - 1, true),
        ("TB", 20 * 1024 - 1, true),
        ("PB", 20 * 1024 - 1, true),
    ];
    let mut size = v.clone();
    for (i, (name, limit, half)) in units.iter().enumerate() {
        let last = i + 1 == units.len();
        if last || size.clone().abs().compare(&Num::from_i64(*limit)).is_lt() {
            if *half {
                // The value is kept doubled to round halves away from zero.
                let one = Num::from_i64(if size.neg { -1 } else { 1 });
                size = size.add(&one).div_int(&Num::from_i64(2));
            }
            return format!("{} {name}", if *half { size.truncated(0) } else { size });
        }
        let next_half = units[i + 1].2;
        let shift = match (half, next_half) {
            (false, true) => 512,
            _ => 1024,
        };
        size = size.div_int(&Num::from_i64(shift));
    }
    size.to_string()
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("pg_column_size", |cx, a| column_size(cx, &a[0]));
    r.scalar("pg_basetype", |cx, a| base_type(cx, a[0].as_oid()));
    r.scalar("pg_collation_for", |cx, _a| {
        let typ = cx.arg_type(0);
        let catalog = catalog(cx)?;
        if !catalog.get_type(typ)?.collation.is_valid() && typ != t::UNKNOWN {
            bail!(
                DATATYPE_MISMATCH,
                "collations are not supported by type {}",
                catalog.format_type(typ, None)?
            );
        }
        let collation = cx.collation();
        if !collation.is_valid() {
            return Ok(Datum::Null);
        }
        let Some(row) = catalog.lookup_collation(collation)? else { return Ok(Datum::Null) };
        let mut visible = false;
        for namespace in catalog.search_path().iter() {
            if let Some(found) = catalog.lookup_collation_by_name(*namespace, &row.name)? {
                visible = found.oid == collation;
                break;
            }
        }
        let schema = if visible { None } else { catalog.namespace_name(row.namespace)? };
        Ok(Datum::text(&catalog::quote_qualified(schema.as_deref(), &row.name)))
    });
    // Values are not compressed one by one, nor stored apart from their row.
    r.scalar("pg_column_compression", |_cx, _a| Ok(Datum::Null));
    r.scalar("pg_column_toast_chunk_id", |_cx, _a| Ok(Datum::Null));
    r.scalar("pg_size_bytes", |_cx, a| size_bytes(a[0].as_str()).map(Datum::Int8));
    r.scalar("pg_size_pretty_numeric", |_cx, a| match Numeric::decode(a[0].as_bytes()) {
        Numeric::Finite(v) => Ok(Datum::text(&size_pretty(&v))),
        other => Ok(Datum::text(&format!("{other} bytes"))),
    });
    r.scalar("oidvectortypes", |cx, a| {
        let catalog = catalog(cx)?;
        let names = a[0]
            .as_array()
            .elems
            .iter()
            .map(|typ| catalog.format_type(typ.as_oid(), None))
            .collect::<PgResult<Vec<String>>>()?;
        Ok(Datum::text(&names.join(", ")))
    });
}

//! Comparison and hash of records, column by column.
use crate::system::catalog;
use catalog::CatalogRead;
use error::{PgResult, bail};
use fmgr::{CallContext, Registry};
use std::cmp::Ordering;
use types::{Datum, Oid, RecordValue, TypeIo};

/// Checks that two records can be compared and calls `f` for each pair of columns until it returns
/// false.
fn each(
    cx: &CallContext<'_>,
    a: &RecordValue,
    b: &RecordValue,
    mut f: impl FnMut(Oid, &Datum, &Datum) -> PgResult<bool>,
) -> PgResult<()> {
    let columns = a.fields.len().max(b.fields.len());
    for i in 0..columns {
        let (Some(fa), Some(fb)) = (a.desc.fields.get(i), b.desc.fields.get(i)) else {
            bail!(
                DATATYPE_MISMATCH,
                "cannot compare record types with different numbers of columns"
            );
        };
        if fa.typ != fb.typ {
            let catalog = catalog(cx)?;
            bail!(
                DATATYPE_MISMATCH,
                "cannot compare dissimilar column types {} and {} at record column {}",
                catalog.format_type(fa.typ, None)?,
                catalog.format_type(fb.typ, None)?,
                i + 1
            );
        }
        if !f(fa.typ, &a.fields[i], &b.fields[i])? {
            return Ok(());
        }
    }
    Ok(())
}

fn collation(cx: &CallContext<'_>, typ: Oid) -> PgResult<Oid> {
    Ok(catalog(cx)?.get_type(typ)?.collation)
}

fn order(cx: &CallContext<'_>, args: &[Datum]) -> PgResult<Ordering> {
    let (a, b) = (args[0].as_record(), args[1].as_record());
    let mut result = Ordering::Equal;
    each(cx, a, b, |typ, x, y| {
        // NULLs equal one another and sort last.
        result = match (x.is_null(), y.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => cx.session.type_compare(typ, collation(cx, typ)?, x, y)?,
        };
        Ok(result.is_eq())
    })?;
    Ok(result)
}

fn equal(cx: &CallContext<'_>, args: &[Datum]) -> PgResult<bool> {
    let (a, b) = (args[0].as_record(), args[1].as_record());
    let mut same = true;
    each(cx, a, b, |typ, x, y| {
        same = match (x.is_null(), y.is_null()) {
            (true, true) => true,
            (false, false) => cx.session.type_equal(typ, collation(cx, typ)?, x, y)?,
            _ => false,
        };
        Ok(same)
    })?;
    Ok(same)
}

/// Order of stored images, for `*=` and its kin: any order will do that tells images apart.
fn image_order(cx: &CallContext<'_>, args: &[Datum]) -> PgResult<Ordering> {
    let (a, b) = (args[0].as_record(), args[1].as_record());
    let mut result = Ordering::Equal;
    let io = crate::io::SessionIo(cx.session);
    each(cx, a, b, |typ, x, y| {
        result = match (x, y) {
            (Datum::Null, Datum::Null) => Ordering::Equal,
            (Datum::Null, _) => Ordering::Greater,
            (_, Datum::Null) => Ordering::Less,
            (Datum::Bytes(x), Datum::Bytes(y)) => x.as_bytes().cmp(y.as_bytes()),
            (Datum::Int2(x), Datum::Int2(y)) => x.cmp(y),
            (Datum::Int4(x), Datum::Int4(y)) => x.cmp(y),
            (Datum::Int8(x), Datum::Int8(y)) => x.cmp(y),
            (Datum::Float4(x), Datum::Float4(y)) => x.to_bits().cmp(&y.to_bits()),
            (Datum::Float8(x), Datum::Float8(y)) => x.to_bits().cmp(&y.to_bits()),
            (Datum::Oid(x), Datum::Oid(y)) => x.cmp(y),
            (Datum::Bool(x), Datum::Bool(y)) => x.cmp(y),
            (Datum::Char(x), Datum::Char(y)) => x.cmp(y),
            (x, y) => {
                let (mut p, mut q) = (Vec::new(), Vec::new());
                io.send(typ, x, &mut p)?;
                io.send(typ, y, &mut q)?;
                p.cmp(&q)
            }
        };
        Ok(result.is_eq())
    })?;
    Ok(result)
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("record_eq", |cx, a| equal(cx, a).map(Datum::Bool));
    r.scalar("record_ne", |cx, a| Ok(Datum::Bool(!equal(cx, a)?)));
    r.scalar("record_lt", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_lt())));
    r.scalar("record_le", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_le())));
    r.scalar("record_gt", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_gt())));
    r.scalar("record_ge", |cx, a| Ok(Datum::Bool(order(cx, a)?.is_ge())));
    r.scalar("btrecordcmp", |cx, a| Ok(Datum::Int4(order(cx, a)? as i32)));
    r.scalar("record_image_eq", |cx, a| Ok(Datum::Bool(image_order(cx, a)?.is_eq())));
    r.scalar("record_image_ne", |cx, a| Ok(Datum::Bool(image_order(cx, a)?.is_ne())));
    r.scalar("record_image_lt", |cx, a| Ok(Datum::Bool(image_order(cx, a)?.is_lt())));
    r.scalar("record_image_le", |cx, a| Ok(Datum::Bool(image_order(cx, a)?.is_le())));
    r.scalar("record_image_gt", |cx, a| Ok(Datum::Bool(image_order(cx, a)?.is_gt())));
    r.scalar("record_image_ge", |cx, a| Ok(Datum::Bool(image_order(cx, a)?.is_ge())));
    r.scalar("btrecordimagecmp", |cx, a| Ok(Datum::Int4(image_order(cx, a)? as i32)));
    r.scalar("record_larger", |cx, a| {
        let second = order(cx, a)?.is_le();
        Ok(a[usize::from(second)].take())
    });
    r.scalar("record_smaller", |cx, a| {
        let second = order(cx, a)?.is_ge();
        Ok(a[usize::from(second)].take())
    });
    r.scalar("hash_record", |cx, a| {
        let record = a[0].as_record();
        let mut h = 0u32;
        for (field, value) in record.desc.fields.iter().zip(&record.fields) {
            let element = match value {
                Datum::Null => 0,
                v => cx.session.type_hash(field.typ, collation(cx, field.typ)?, v)?,
            };
            h = h.wrapping_shl(5).wrapping_sub(h).wrapping_add(element);
        }
        Ok(Datum::Int4(h as i32))
    });
}

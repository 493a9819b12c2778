//! In, out, recv and send of arrays, records, enums, ranges and multiranges.
use super::{SessionIo, typmod_arg};
use crate::{range_type::RangeType, system::catalog};
use catalog::CatalogRead;
use error::{PgError, PgResult, SqlState, bail, err};
use fmgr::{CallContext, FnContext, Registry};
use std::sync::Arc;
use types::{
    Datum, MultirangeValue, Oid, RangeValue, RecordDesc, RecordField, array, range, record,
    type_oid as t,
};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_arrays(r);
    register_records(r);
    register_domains(r);
    register_enums(r);
    register_ranges(r);
}

fn text_of(write: impl FnOnce(&mut Vec<u8>) -> PgResult<()>) -> PgResult<Datum> {
    let mut out = Vec::new();
    write(&mut out)?;
    Ok(Datum::bytes(&out))
}

fn register_arrays(r: &mut Registry) {
    r.scalar("array_in", |cx, a| {
        let io = SessionIo(cx.session);
        let v = array::input(&io, a[1].as_oid(), typmod_arg(a), a[0].as_str())?;
        Ok(Datum::Array(Arc::new(v)))
    });
    r.scalar("array_recv", |cx, a| {
        let io = SessionIo(cx.session);
        let v = array::recv(&io, a[1].as_oid(), typmod_arg(a), a[0].as_bytes())?;
        Ok(Datum::Array(Arc::new(v)))
    });
    for name in ["array_out", "anyarray_out", "anycompatiblearray_out"] {
        r.scalar(name, |cx, a| {
            text_of(|out| array::output(&SessionIo(cx.session), a[0].as_array(), out))
        });
    }
    for name in ["array_send", "anyarray_send", "anycompatiblearray_send"] {
        r.scalar(name, |cx, a| {
            text_of(|out| array::send(&SessionIo(cx.session), a[0].as_array(), out))
        });
    }
}

/// The row type of a composite type.
pub(crate) fn record_desc(cx: &CallContext<'_>, typ: Oid) -> PgResult<Arc<RecordDesc>> {
    let catalog = catalog(cx)?;
    let row = catalog.get_type(typ)?;
    let rel = catalog.get_relation(row.relid)?;
    let fields = rel
        .attrs
        .iter()
        .filter(|attr| !attr.dropped)
        .map(|attr| RecordField { name: attr.name.clone(), typ: attr.typ, typmod: attr.typmod })
        .collect();
    Ok(Arc::new(RecordDesc { type_id: typ, fields }))
}

fn input_desc(cx: &CallContext<'_>, typ: Oid) -> PgResult<Arc<RecordDesc>> {
    if typ == t::RECORD || !typ.is_valid() {
        return Err(err!(
            FEATURE_NOT_SUPPORTED,
            "input of anonymous composite types is not implemented"
        )
        .soft());
    }
    record_desc(cx, typ)
}

fn register_records(r: &mut Registry) {
    r.scalar("record_in", |cx, a| {
        let desc = input_desc(cx, a[1].as_oid())?;
        let v = record::input(&SessionIo(cx.session), &desc, a[0].as_str())?;
        Ok(Datum::Record(Arc::new(v)))
    });
    r.scalar("record_recv", |cx, a| {
        let desc = input_desc(cx, a[1].as_oid())?;
        let v = record::recv(&SessionIo(cx.session), &desc, a[0].as_bytes())?;
        Ok(Datum::Record(Arc::new(v)))
    });
    r.scalar("record_out", |cx, a| {
        text_of(|out| record::output(&SessionIo(cx.session), a[0].as_record(), out))
    });
    r.scalar("record_send", |cx, a| {
        text_of(|out| record::send(&SessionIo(cx.session), a[0].as_record(), out))
    });
}

/// A base type's value as a domain's. Constraints are expressions, so the executor checks them.
fn to_domain(
    cx: &CallContext<'_>,
    domain: Oid,
    read: impl FnOnce(Oid, i32) -> PgResult<Datum>,
) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let (mut base, mut typmod, mut constrained) = (catalog.get_type(domain)?, -1, false);
    while base.typtype == 'd' {
        constrained |= base.not_null || !catalog.domain_constraints(base.oid)?.is_empty();
        if typmod < 0 {
            typmod = base.typmod;
        }
        base = catalog.get_type(base.basetype)?;
    }
    let value = read(base.oid, typmod)?;
    if !constrained {
        return Ok(value);
    }
    run_domain_checks(cx.session, domain, base.oid, value)
}

/// A base type's value as a domain's, if the domain's constraints hold for it.
pub(crate) fn check_domain(session: &dyn FnContext, domain: Oid, value: Datum) -> PgResult<Datum> {
    let catalog = crate::system::session_catalog(session)?;
    let (mut base, mut constrained) = (catalog.get_type(domain)?, false);
    while base.typtype == 'd' {
        constrained |= base.not_null || !catalog.domain_constraints(base.oid)?.is_empty();
        base = catalog.get_type(base.basetype)?;
    }
    if !constrained {
        return Ok(value);
    }
    run_domain_checks(session, domain, base.oid, value)
}

fn run_domain_checks(
    session: &dyn FnContext,
    domain: Oid,
    base: Oid,
    value: Datum,
) -> PgResult<Datum> {
    let catalog = crate::system::session_catalog(session)?;
    let sql = format!("SELECT $1::{}", catalog.format_type(domain, None)?);
    // The domain's own verdict is about the input; what else its expressions raise is not.
    let about_input = |e: PgError| match e.sqlstate() {
        SqlState::NOT_NULL_VIOLATION | SqlState::CHECK_VIOLATION => e,
        _ => e.hard(),
    };
    let result = session.spi().execute(&sql, &[(base, value)], true, 1).map_err(about_input)?;
    Ok(result.rows.into_iter().next().and_then(|row| row.into_iter().next()).unwrap_or_default())
}

fn register_domains(r: &mut Registry) {
    r.scalar("domain_in", |cx, a| {
        if a[1].is_null() {
            return Ok(Datum::Null);
        }
        to_domain(cx, a[1].as_oid(), |base, typmod| match &a[0] {
            Datum::Null => Ok(Datum::Null),
            text => cx.session.type_input(base, typmod, text.as_str()),
        })
    });
    r.scalar("domain_recv", |cx, a| {
        if a[1].is_null() {
            return Ok(Datum::Null);
        }
        to_domain(cx, a[1].as_oid(), |base, typmod| match &a[0] {
            Datum::Null => Ok(Datum::Null),
            bytes => cx.session.type_receive(base, typmod, bytes.as_bytes()),
        })
    });
}

fn enum_value(cx: &CallContext<'_>, typ: Oid, label: &str) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    match catalog.enum_labels(typ)?.iter().find(|(_, _, name)| name == label) {
        Some((oid, _, _)) => Ok(Datum::Oid(*oid)),
        None => Err(err!(
            INVALID_TEXT_REPRESENTATION,
            "invalid input value for enum {}: \"{label}\"",
            catalog.format_type(typ, None)?
        )),
    }
}

fn enum_label(cx: &CallContext<'_>, arg: &Datum) -> PgResult<Datum> {
    let oid = arg.as_oid();
    match catalog(cx)?.enum_labels(cx.arg_type(0))?.iter().find(|(value, _, _)| *value == oid) {
        Some((_, _, label)) => Ok(Datum::text(label)),
        None => bail!(INVALID_BINARY_REPRESENTATION, "invalid internal value for enum: {oid}"),
    }
}

fn register_enums(r: &mut Registry) {
    r.scalar("enum_in", |cx, a| enum_value(cx, a[1].as_oid(), a[0].as_str()));
    r.scalar("enum_recv", |cx, a| {
        let label = types::text::validate(a[0].as_bytes())?.to_string();
        enum_value(cx, a[1].as_oid(), &label)
    });
    for name in ["enum_out", "enum_send", "anyenum_out"] {
        r.scalar(name, |cx, a| enum_label(cx, &a[0]));
    }
}

fn read_range(
    cx: &CallContext<'_>,
    typ: &RangeType,
    typmod: i32,
    text: &str,
) -> PgResult<RangeValue> {
    let io = SessionIo(cx.session);
    let parsed = range::parse(text)?;
    let read = |bound: &Option<String>| {
        bound.as_ref().map(|text| types::TypeIo::input(&io, typ.subtype, typmod, text)).transpose()
    };
    let raw = RangeValue {
        type_id: typ.oid,
        empty: parsed.empty,
        lower: read(&parsed.lower)?,
        upper: read(&parsed.upper)?,
        lower_inc: parsed.lower_inc,
        upper_inc: parsed.upper_inc,
    };
    typ.make(cx, raw)
}

fn register_ranges(r: &mut Registry) {
    r.scalar("range_in", |cx, a| {
        let typ = RangeType::of_range(cx, a[1].as_oid())?;
        let v = read_range(cx, &typ, typmod_arg(a), a[0].as_str())?;
        Ok(Datum::Range(Arc::new(v)))
    });
    r.scalar("range_recv", |cx, a| {
        let typ = RangeType::of_range(cx, a[1].as_oid())?;
        let io = SessionIo(cx.session);
        let raw = range::recv(&io, typ.oid, typ.subtype, typmod_arg(a), a[0].as_bytes())?;
        Ok(Datum::Range(Arc::new(typ.make(cx, raw)?)))
    });
    r.scalar("multirange_in", |cx, a| {
        let typ = RangeType::of_multirange(cx, a[1].as_oid())?;
        let mut ranges = Vec::new();
        range::parse_multirange(a[0].as_str(), |text| {
            ranges.push(read_range(cx, &typ, typmod_arg(a), text)?);
            Ok(())
        })?;
        let ranges = typ.normalize(cx, ranges)?;
        Ok(Datum::Multirange(Arc::new(MultirangeValue { type_id: typ.multirange, ranges })))
    });
    r.scalar("multirange_recv", |cx, a| {
        let typ = RangeType::of_multirange(cx, a[1].as_oid())?;
        let io = SessionIo(cx.session);
        let mut ranges = Vec::new();
        for part in range::multirange_recv_parts(a[0].as_bytes())? {
            let raw = range::recv(&io, typ.oid, typ.subtype, typmod_arg(a), part)?;
            ranges.push(typ.make(cx, raw)?);
        }
        let ranges = typ.normalize(cx, ranges)?;
        Ok(Datum::Multirange(Arc::new(MultirangeValue { type_id: typ.multirange, ranges })))
    });
    for name in ["range_out", "anyrange_out", "anycompatiblerange_out"] {
        r.scalar(name, |cx, a| {
            let typ = RangeType::of_range(cx, a[0].as_range().type_id)?;
            text_of(|out| range::output(&SessionIo(cx.session), typ.subtype, a[0].as_range(), out))
        });
    }
    r.scalar("range_send", |cx, a| {
        let typ = RangeType::of_range(cx, a[0].as_range().type_id)?;
        text_of(|out| range::send(&SessionIo(cx.session), typ.subtype, a[0].as_range(), out))
    });
    for name in ["multirange_out", "anymultirange_out", "anycompatiblemultirange_out"] {
        r.scalar(name, |cx, a| {
            let v = a[0].as_multirange();
            let typ = RangeType::of_multirange(cx, v.type_id)?;
            text_of(|out| range::multirange_output(&SessionIo(cx.session), typ.subtype, v, out))
        });
    }
    r.scalar("multirange_send", |cx, a| {
        let v = a[0].as_multirange();
        let typ = RangeType::of_multirange(cx, v.type_id)?;
        text_of(|out| range::multirange_send(&SessionIo(cx.session), typ.subtype, v, out))
    });
}

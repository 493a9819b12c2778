//! The triggers that keep a tsvector column up to date with text columns.
use super::configuration::Configuration;
use super::document::DocumentBuilder;
use crate::system::catalog;
use error::{PgError, PgResult, bail};
use fmgr::{
    CallContext, CallSite, FnContext, Registry, TriggerData, TriggerEvent, TriggerResult,
    TriggerTiming,
};
use std::sync::Arc;
use types::{Datum, Oid, RecordValue, type_oid as t};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.trigger("tsvector_update_trigger_byid", |session, data| update(session, data, false));
    r.trigger("tsvector_update_trigger_bycolumn", |session, data| update(session, data, true));
}

fn column(row: &RecordValue, name: &str) -> Option<usize> {
    row.desc.fields.iter().position(|f| f.name == name)
}

/// Whether values of the column's type are values of the other type too.
fn is_like(cx: &CallContext<'_>, row: &RecordValue, at: usize, typ: Oid) -> PgResult<bool> {
    catalog(cx)?.binary_coercible(row.desc.fields[at].typ, typ)
}

fn refused(what: &str) -> PgError {
    PgError::internal(format!("tsvector_update_trigger: {what}"))
}

fn update(session: &dyn FnContext, data: &TriggerData, by_column: bool) -> PgResult<TriggerResult> {
    if !data.is_row {
        return Err(refused("must be fired for row"));
    }
    if data.timing != TriggerTiming::Before {
        return Err(refused("must be fired BEFORE event"));
    }
    if !matches!(data.event, TriggerEvent::Insert | TriggerEvent::Update) {
        return Err(refused("must be fired for INSERT or UPDATE"));
    }
    let Some(new) = &data.new else { return Ok(None) };
    let [target, config, texts @ ..] = data.args.as_slice() else {
        return Err(refused("arguments must be tsvector_field, ts_config, text_field1, ...)"));
    };
    if texts.is_empty() {
        return Err(refused("arguments must be tsvector_field, ts_config, text_field1, ...)"));
    }
    let (site, mut cache) = (CallSite::default(), None);
    let mut cx = CallContext { session, site: &site, cache: &mut cache, in_aggregate: false };
    let Some(target_at) = column(new, target) else {
        bail!(UNDEFINED_COLUMN, "tsvector column \"{target}\" does not exist");
    };
    if !is_like(&cx, new, target_at, t::TSVECTOR)? {
        bail!(DATATYPE_MISMATCH, "column \"{target}\" is not of tsvector type");
    }
    let config = configuration(&cx, new, config, by_column)?;
    let configuration = Configuration::of_call(&mut cx, Some(&Datum::Oid(config)))?;
    let mut document = DocumentBuilder::default();
    // An update that leaves the texts alone leaves the tsvector alone too.
    let mut needed = data.event == TriggerEvent::Insert;
    for name in texts {
        let Some(at) = column(new, name) else {
            bail!(UNDEFINED_COLUMN, "column \"{name}\" does not exist");
        };
        if !is_like(&cx, new, at, t::TEXT)? {
            bail!(DATATYPE_MISMATCH, "column \"{name}\" is not of a character type");
        }
        let value = &new.fields[at];
        needed |= data.old.as_ref().is_none_or(|old| differs(&old.fields[at], value));
        if !value.is_null() {
            document.add(&cx, &configuration, value.as_str())?;
        }
    }
    if !needed {
        return Ok(Some(new.clone()));
    }
    let mut fields = new.fields.clone();
    fields[target_at] = document.finish()?;
    Ok(Some(Arc::new(RecordValue { desc: new.desc.clone(), fields })))
}

fn differs(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) => false,
        (Datum::Bytes(a), Datum::Bytes(b)) => a.as_bytes() != b.as_bytes(),
        _ => true,
    }
}

/// The configuration, named by an argument or in a column.
fn configuration(
    cx: &CallContext<'_>,
    row: &RecordValue,
    name: &str,
    by_column: bool,
) -> PgResult<Oid> {
    if !by_column {
        if !name.contains('.') {
            bail!(
                INVALID_PARAMETER_VALUE,
                "text search configuration name \"{name}\" must be schema-qualified"
            );
        }
        return crate::io::text_search_configuration(cx.session, name);
    }
    let Some(at) = column(row, name) else {
        bail!(UNDEFINED_COLUMN, "configuration column \"{name}\" does not exist");
    };
    if !is_like(cx, row, at, t::REGCONFIG)? {
        bail!(DATATYPE_MISMATCH, "column \"{name}\" is not of regconfig type");
    }
    match &row.fields[at] {
        Datum::Oid(oid) => Ok(*oid),
        _ => bail!(NULL_VALUE_NOT_ALLOWED, "configuration column \"{name}\" must not be null"),
    }
}

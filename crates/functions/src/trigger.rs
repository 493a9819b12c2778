//! Trigger functions.
use error::{PgResult, err};
use fmgr::{FnContext, Registry, TriggerData, TriggerEvent, TriggerResult, TriggerTiming};
use types::Datum;

pub(crate) fn register(r: &mut Registry) {
    r.trigger("suppress_redundant_updates_trigger", suppress_redundant_updates);
}

/// Leaves a row alone that an update would not change.
fn suppress_redundant_updates(_: &dyn FnContext, data: &TriggerData) -> PgResult<TriggerResult> {
    let refused = |what: &str| {
        Err(err!(
            E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
            "suppress_redundant_updates_trigger: must be called {what}"
        ))
    };
    if data.event != TriggerEvent::Update {
        return refused("on update");
    }
    if data.timing != TriggerTiming::Before {
        return refused("before update");
    }
    if !data.is_row {
        return refused("for each row");
    }
    let (Some(old), Some(new)) = (&data.old, &data.new) else { return Ok(data.new.clone()) };
    let same = old.fields.len() == new.fields.len()
        && old.fields.iter().zip(&new.fields).all(|(a, b)| same_value(a, b));
    Ok((!same).then(|| new.clone()))
}

/// Whether two values are stored alike.
fn same_value(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Float4(a), Datum::Float4(b)) => a.to_bits() == b.to_bits(),
        (Datum::Float8(a), Datum::Float8(b)) => a.to_bits() == b.to_bits(),
        (Datum::Bytes(a), Datum::Bytes(b)) => a.as_bytes() == b.as_bytes(),
        (Datum::Null, _) | (_, Datum::Null) => false,
        _ => format!("{a:?}") == format!("{b:?}"),
    }
}

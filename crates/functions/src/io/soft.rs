//! pg_input_is_valid and pg_input_error_info: reading a value without raising what is wrong with it.
use super::type_name::{no_such_type, resolve_type_name};
use error::{PgError, PgResult};
use fmgr::{CallContext, Registry};
use types::{Datum, RecordDesc, RecordField, RecordValue, type_oid as t};

/// What the input function of the named type says about a text; NULL of a domain counts too.
fn verdict(cx: &CallContext<'_>, text: &str, type_name: &str) -> PgResult<Result<(), PgError>> {
    let Some((typ, typmod)) = resolve_type_name(cx.session, type_name)? else {
        return Err(no_such_type(type_name));
    };
    let read = cx.session.type_input(typ, typmod, text);
    Ok(PgError::split_soft(read)?.map(|_| ()))
}

fn error_row(e: Option<PgError>) -> Datum {
    let text = |value: Option<&str>| value.map_or(Datum::Null, Datum::text);
    let data = e.as_ref().map(|e| &e.0);
    let fields = vec![
        text(data.map(|d| d.message.as_str())),
        text(data.and_then(|d| d.detail.as_deref())),
        text(data.and_then(|d| d.hint.as_deref())),
        text(data.map(|d| d.sqlstate.as_str())),
    ];
    let names = ["message", "detail", "hint", "sql_error_code"];
    let columns =
        names.map(|name| RecordField { name: name.to_string(), typ: t::TEXT, typmod: -1 });
    let desc = RecordDesc { type_id: t::RECORD, fields: Vec::from(columns) };
    Datum::Record(std::sync::Arc::new(RecordValue { desc: std::sync::Arc::new(desc), fields }))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_input_is_valid", |cx, a| {
        Ok(Datum::Bool(verdict(cx, a[0].as_str(), a[1].as_str())?.is_ok()))
    });
    r.scalar("pg_input_error_info", |cx, a| {
        Ok(error_row(verdict(cx, a[0].as_str(), a[1].as_str())?.err()))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_error_all_columns_are_null() {
        let row = error_row(None);
        assert!(row.as_record().fields.iter().all(Datum::is_null));
    }
}

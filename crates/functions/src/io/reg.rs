//! regclass, regtype, regproc and the other types of OIDs that show as names; to_reg*.
use super::{reg_text as text, type_name};
use crate::system::catalog;
use catalog::Catalog;
use error::{PgError, PgResult};
use fmgr::{CallContext, FnContext, Registry};
use types::{Datum, Oid, oid_io};

type Resolve = fn(&dyn FnContext, &str) -> PgResult<Oid>;
type Show = fn(&Catalog, Oid) -> PgResult<Option<String>>;

/// A number stands for itself, and so does the form of "none" that is not a number.
fn numeric_form(s: &str, zero: &str) -> PgResult<Option<Datum>> {
    if s == zero {
        return Ok(Some(Datum::Oid(Oid::INVALID)));
    }
    if !s.is_empty() && s.bytes().all(|c| c.is_ascii_digit()) {
        return oid_io::oid_input(s).map(|oid| Some(Datum::Oid(oid)));
    }
    Ok(None)
}

fn input(cx: &CallContext<'_>, arg: &Datum, zero: &str, resolve: Resolve) -> PgResult<Datum> {
    match numeric_form(arg.as_str(), zero)? {
        Some(value) => Ok(value),
        None => resolve(cx.session, arg.as_str()).map(Datum::Oid),
    }
}

fn output(cx: &CallContext<'_>, arg: &Datum, zero: &str, show: Show) -> PgResult<Datum> {
    let oid = arg.as_oid();
    if !oid.is_valid() {
        return Ok(Datum::text(zero));
    }
    let name = show(catalog(cx)?, oid)?;
    Ok(Datum::text(&name.unwrap_or_else(|| oid.to_string())))
}

/// `to_reg*`: NULL instead of "does not exist", and numbers are not taken.
fn lookup(cx: &CallContext<'_>, arg: &Datum, resolve: Resolve) -> PgResult<Datum> {
    let found = PgError::split_soft(resolve(cx.session, arg.as_str()))?;
    Ok(found.map_or(Datum::Null, Datum::Oid))
}

fn receive(args: &[Datum]) -> PgResult<Datum> {
    let v = types::int::recv4(args[0].as_bytes())?;
    Ok(Datum::Oid(Oid(v as u32)))
}

fn send(args: &[Datum]) -> PgResult<Datum> {
    Ok(Datum::bytes(&args[0].as_oid().0.to_be_bytes()))
}

macro_rules! reg_types {
    ($r:ident, $($in:literal $out:literal $recv:literal $send:literal: $zero:literal $read:ident $show:ident;)*) => { $(
        $r.scalar($in, |cx, a| input(cx, &a[0], $zero, text::$read));
        $r.scalar($out, |cx, a| output(cx, &a[0], $zero, text::$show));
        $r.scalar($recv, |_cx, a| receive(a));
        $r.scalar($send, |_cx, a| send(a));
    )* };
}

fn type_of(cx: &CallContext<'_>, s: &str) -> PgResult<Option<(Oid, i32)>> {
    type_name::resolve_type_name(cx.session, s)
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    reg_types! { r,
        "regclassin" "regclassout" "regclassrecv" "regclasssend": "-" class_in class_out;
        "regprocin" "regprocout" "regprocrecv" "regprocsend": "-" proc_in proc_out;
        "regprocedurein" "regprocedureout" "regprocedurerecv" "regproceduresend": "-" procedure_in procedure_out;
        "regoperin" "regoperout" "regoperrecv" "regopersend": "0" oper_in oper_out;
        "regoperatorin" "regoperatorout" "regoperatorrecv" "regoperatorsend": "0" operator_in operator_out;
        "regrolein" "regroleout" "regrolerecv" "regrolesend": "-" role_in role_out;
        "regnamespacein" "regnamespaceout" "regnamespacerecv" "regnamespacesend": "-" namespace_in namespace_out;
        "regcollationin" "regcollationout" "regcollationrecv" "regcollationsend": "-" collation_in collation_out;
        "regconfigin" "regconfigout" "regconfigrecv" "regconfigsend": "-" config_in config_out;
        "regdictionaryin" "regdictionaryout" "regdictionaryrecv" "regdictionarysend": "-" dictionary_in dictionary_out;
    }
    r.scalar("regtypein", |cx, a| match numeric_form(a[0].as_str(), "-")? {
        Some(value) => Ok(value),
        None => match type_of(cx, a[0].as_str())? {
            Some((oid, _)) => Ok(Datum::Oid(oid)),
            None => Err(type_name::missing_type(a[0].as_str())),
        },
    });
    r.scalar("regtypeout", |cx, a| output(cx, &a[0], "-", text::type_out));
    r.scalar("regtyperecv", |_cx, a| receive(a));
    r.scalar("regtypesend", |_cx, a| send(a));
    r.scalar("text_regclass", |cx, a| text::class_in(cx.session, a[0].as_str()).map(Datum::Oid));
    r.scalar("to_regclass", |cx, a| lookup(cx, &a[0], text::class_in));
    r.scalar("to_regproc", |cx, a| lookup(cx, &a[0], text::proc_in));
    r.scalar("to_regprocedure", |cx, a| lookup(cx, &a[0], text::procedure_in));
    r.scalar("to_regoper", |cx, a| lookup(cx, &a[0], text::oper_in));
    r.scalar("to_regoperator", |cx, a| lookup(cx, &a[0], text::operator_in));
    r.scalar("to_regrole", |cx, a| lookup(cx, &a[0], text::role_in));
    r.scalar("to_regnamespace", |cx, a| lookup(cx, &a[0], text::namespace_in));
    r.scalar("to_regcollation", |cx, a| lookup(cx, &a[0], text::collation_in));
    r.scalar("to_regtype", |cx, a| {
        let found = PgError::split_soft(type_of(cx, a[0].as_str()))?.unwrap_or(None);
        Ok(found.map_or(Datum::Null, |(oid, _)| Datum::Oid(oid)))
    });
    r.scalar("to_regtypemod", |cx, a| {
        let found = PgError::split_soft(type_of(cx, a[0].as_str()))?.unwrap_or(None);
        Ok(found.map_or(Datum::Null, |(_, typmod)| Datum::Int4(typmod)))
    });
}

//! nextval, setval, currval, lastval.
use fmgr::Registry;
use types::Datum;

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("nextval_oid", |cx, args| {
        cx.session.sequence_nextval(args[0].as_oid()).map(Datum::Int8)
    });
    r.scalar("currval_oid", |cx, args| {
        cx.session.sequence_currval(args[0].as_oid()).map(Datum::Int8)
    });
    r.scalar("lastval", |cx, _args| cx.session.sequence_lastval().map(Datum::Int8));
    r.scalar("setval_oid", |cx, args| {
        let value = args[1].as_i64();
        cx.session.sequence_setval(args[0].as_oid(), value, true)?;
        Ok(Datum::Int8(value))
    });
    r.scalar("setval3_oid", |cx, args| {
        let value = args[1].as_i64();
        cx.session.sequence_setval(args[0].as_oid(), value, args[2].as_bool())?;
        Ok(Datum::Int8(value))
    });
}

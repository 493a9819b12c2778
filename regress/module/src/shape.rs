//! `interpt_pp`: where two paths meet.
use error::PgResult;
use fmgr::{CallContext, Registry};
use types::{
    Datum, Oid,
    geometry::{Point, decode_path, encode_points},
    type_oid as t,
};

const LSEG_INTERSECT: Oid = Oid(361);
const LSEG_INTERPT: Oid = Oid(362);

pub(crate) fn register(r: &mut Registry) {
    r.scalar("interpt_pp", interpt_pp);
}

fn interpt_pp(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let (_, p) = decode_path(a[0].as_bytes());
    let (_, q) = decode_path(a[1].as_bytes());
    for s in p.windows(2) {
        for u in q.windows(2) {
            let (s, u) = (segment(s), segment(u));
            if call(cx, LSEG_INTERSECT, &s, &u)?.as_bool() {
                return call(cx, LSEG_INTERPT, &s, &u);
            }
        }
    }
    Ok(Datum::Null)
}

fn segment(ends: &[Point]) -> Datum {
    Datum::Bytes(encode_points(ends))
}

/// Calls a built-in of two line segments.
fn call(cx: &mut CallContext<'_>, function: Oid, a: &Datum, b: &Datum) -> PgResult<Datum> {
    let function = cx.session.resolve_function(function)?;
    let site = fmgr::CallSite {
        arg_types: vec![t::LSEG, t::LSEG],
        ret_type: function.rettype,
        ..fmgr::CallSite::default()
    };
    let mut inner =
        CallContext { session: cx.session, site: &site, cache: &mut None, in_aggregate: false };
    function.call(&mut inner, &mut [a.clone(), b.clone()])
}

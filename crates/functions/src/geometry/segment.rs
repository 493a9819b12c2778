//! lseg.
use super::shape::{Line, Lseg, Rect, ge, gt, le, lt, point, point_datum};
use fmgr::Registry;
use types::{
    Datum,
    geometry::{Point, fp_eq, same},
};

/// Slopes that are equal, both infinite or about the same.
fn parallel(a: f64, b: f64) -> bool {
    a == b || fp_eq(a, b)
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! tests {
        ($($name:literal |$a:ident, $b:ident| $body:expr;)*) => { $(
            r.scalar($name, |_cx, args| {
                let ($a, $b) = (Lseg::of(&args[0]), Lseg::of(&args[1]));
                Ok(Datum::Bool($body))
            });
        )* };
    }
    tests! {
        "lseg_eq" |a, b| same(a.a, b.a) && same(a.b, b.b);
        "lseg_ne" |a, b| !(same(a.a, b.a) && same(a.b, b.b));
        "lseg_lt" |a, b| lt(a.length()?, b.length()?);
        "lseg_le" |a, b| le(a.length()?, b.length()?);
        "lseg_gt" |a, b| gt(a.length()?, b.length()?);
        "lseg_ge" |a, b| ge(a.length()?, b.length()?);
        "lseg_intersect" |a, b| a.meets(b)?.is_some();
        "lseg_parallel" |a, b| parallel(a.slope(), b.slope());
        "lseg_perp" |a, b| parallel(a.slope(), b.inverse_slope()?);
    }
    r.scalar("lseg_vertical", |_cx, a| {
        let s = Lseg::of(&a[0]);
        Ok(Datum::Bool(fp_eq(s.a.x, s.b.x)))
    });
    r.scalar("lseg_horizontal", |_cx, a| {
        let s = Lseg::of(&a[0]);
        Ok(Datum::Bool(fp_eq(s.a.y, s.b.y)))
    });
    r.scalar("lseg_length", |_cx, a| Lseg::of(&a[0]).length().map(Datum::Float8));
    r.scalar("lseg_construct", |_cx, a| Ok(Lseg { a: point(&a[0]), b: point(&a[1]) }.datum()));
    r.scalar("lseg_center", |_cx, a| {
        let s = Lseg::of(&a[0]);
        let mid = |p: f64, q: f64| types::float::add8(p, q).map(|v| v / 2.0);
        Ok(point_datum(Point { x: mid(s.a.x, s.b.x)?, y: mid(s.a.y, s.b.y)? }))
    });
    r.scalar("lseg_interpt", |_cx, a| {
        let p = Lseg::of(&a[0]).meets(Lseg::of(&a[1]))?;
        Ok(p.map_or(Datum::Null, point_datum))
    });
    r.scalar("on_sl", |_cx, a| {
        let (s, line) = (Lseg::of(&a[0]), Line::of(&a[1]));
        Ok(Datum::Bool(line.contains(s.a) && line.contains(s.b)))
    });
    r.scalar("on_sb", |_cx, a| {
        let (s, b) = (Lseg::of(&a[0]), Rect::of(&a[1]));
        Ok(Datum::Bool(b.contains(s.a) && b.contains(s.b)))
    });
    r.scalar("inter_sl", |_cx, a| {
        Ok(Datum::Bool(Lseg::of(&a[0]).meets_line(Line::of(&a[1]))?.is_some()))
    });
    r.scalar("inter_sb", |_cx, a| Rect::of(&a[1]).meets(Lseg::of(&a[0])).map(Datum::Bool));
}

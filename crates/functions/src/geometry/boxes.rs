//! box.
use super::shape::{
    Circle, Lseg, Rect, add, distance, div, ge, gt, le, lt, mul, point, point_datum, sub,
};
use error::PgResult;
use fmgr::Registry;
use types::{
    Datum, float,
    geometry::{self, Point, fp_eq, same},
};

fn map(a: &[Datum], f: fn(Point, Point) -> PgResult<Point>) -> PgResult<Datum> {
    let (b, p) = (Rect::of(&a[0]), point(&a[1]));
    Ok(Datum::Bytes(geometry::box_of(f(b.high, p)?, f(b.low, p)?)))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! tests {
        ($($name:literal |$a:ident, $b:ident| $body:expr;)*) => { $(
            r.scalar($name, |_cx, args| {
                let ($a, $b) = (Rect::of(&args[0]), Rect::of(&args[1]));
                Ok(Datum::Bool($body))
            });
        )* };
    }
    tests! {
        "box_same" |a, b| same(a.high, b.high) && same(a.low, b.low);
        "box_overlap" |a, b| a.overlaps(b);
        "box_left" |a, b| lt(a.high.x, b.low.x);
        "box_overleft" |a, b| le(a.high.x, b.high.x);
        "box_right" |a, b| gt(a.low.x, b.high.x);
        "box_overright" |a, b| ge(a.low.x, b.low.x);
        "box_below" |a, b| lt(a.high.y, b.low.y);
        "box_overbelow" |a, b| le(a.high.y, b.high.y);
        "box_above" |a, b| gt(a.low.y, b.high.y);
        "box_overabove" |a, b| ge(a.low.y, b.low.y);
        "box_below_eq" |a, b| le(a.high.y, b.low.y);
        "box_above_eq" |a, b| ge(a.low.y, b.high.y);
        "box_contain" |a, b| a.contains_box(b);
        "box_contained" |a, b| b.contains_box(a);
        "box_lt" |a, b| lt(a.area()?, b.area()?);
        "box_gt" |a, b| gt(a.area()?, b.area()?);
        "box_eq" |a, b| fp_eq(a.area()?, b.area()?);
        "box_le" |a, b| le(a.area()?, b.area()?);
        "box_ge" |a, b| ge(a.area()?, b.area()?);
    }
    r.scalar("box_area", |_cx, a| Rect::of(&a[0]).area().map(Datum::Float8));
    r.scalar("box_width", |_cx, a| {
        let b = Rect::of(&a[0]);
        float::sub8(b.high.x, b.low.x).map(Datum::Float8)
    });
    r.scalar("box_height", |_cx, a| {
        let b = Rect::of(&a[0]);
        float::sub8(b.high.y, b.low.y).map(Datum::Float8)
    });
    r.scalar("box_center", |_cx, a| Rect::of(&a[0]).center().map(point_datum));
    r.scalar("box_distance", |_cx, a| {
        distance(Rect::of(&a[0]).center()?, Rect::of(&a[1]).center()?).map(Datum::Float8)
    });
    r.scalar("box_diagonal", |_cx, a| {
        let b = Rect::of(&a[0]);
        Ok(Lseg { a: b.high, b: b.low }.datum())
    });
    r.scalar("box_intersect", |_cx, a| {
        let (x, y) = (Rect::of(&a[0]), Rect::of(&a[1]));
        if !x.overlaps(y) {
            return Ok(Datum::Null);
        }
        let high = Point { x: x.high.x.min(y.high.x), y: x.high.y.min(y.high.y) };
        let low = Point { x: x.low.x.max(y.low.x), y: x.low.y.max(y.low.y) };
        Ok(Rect { high, low }.datum())
    });
    r.scalar("boxes_bound_box", |_cx, a| {
        let (x, y) = (Rect::of(&a[0]), Rect::of(&a[1]));
        Ok(Rect::around(&[x.high, x.low, y.high, y.low]).datum())
    });
    r.scalar("box_add", |_cx, a| map(a, add));
    r.scalar("box_sub", |_cx, a| map(a, sub));
    r.scalar("box_mul", |_cx, a| map(a, mul));
    r.scalar("box_div", |_cx, a| map(a, div));
    r.scalar("box_poly", |_cx, a| {
        Ok(Datum::Bytes(geometry::encode_points(&Rect::of(&a[0]).corners())))
    });
    r.scalar("box_circle", |_cx, a| {
        let b = Rect::of(&a[0]);
        let center = b.center()?;
        Ok(Circle { center, radius: distance(center, b.high)? }.datum())
    });
}

//! polygon.
use super::inside::{Side, has_segment, locate};
use super::shape::{
    Circle, Rect, add, distance, edges, ge, gt, le, least, lt, point_datum, points,
};
use error::PgResult;
use fmgr::Registry;
use types::{
    Datum,
    geometry::{self, Point, same},
};

/// Whether the points are the same in either direction from some start.
fn equal(a: &[Point], b: &[Point]) -> bool {
    let n = a.len();
    if n != b.len() {
        return false;
    }
    (0..n).any(|start| {
        let forward = (0..n).all(|i| same(a[i], b[(start + i) % n]));
        forward || (0..n).all(|i| same(a[i], b[(start + n - i) % n]))
    })
}

fn overlap(a: &[Point], b: &[Point]) -> PgResult<bool> {
    if !Rect::around(a).overlaps(Rect::around(b)) {
        return Ok(false);
    }
    for x in edges(a, true) {
        for y in edges(b, true) {
            if x.meets(y)?.is_some() {
                return Ok(true);
            }
        }
    }
    let first = |p: &[Point]| p.first().copied().unwrap_or_default();
    Ok(locate(first(a), b)? != Side::Outside || locate(first(b), a)? != Side::Outside)
}

/// Whether all of `inner` lies in `outer`.
fn contains(outer: &[Point], inner: &[Point]) -> PgResult<bool> {
    if !Rect::around(outer).contains_box(Rect::around(inner)) {
        return Ok(false);
    }
    for edge in edges(inner, true) {
        if !has_segment(outer, edge, 0)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn circle(points: &[Point]) -> PgResult<Circle> {
    let n = points.len() as f64;
    let mut center = Point::default();
    for p in points {
        center = add(center, *p)?;
    }
    let center = Point { x: center.x / n, y: center.y / n };
    let mut radius = 0.0;
    for p in points {
        radius += distance(*p, center)?;
    }
    Ok(Circle { center, radius: radius / n })
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! by_box {
        ($($name:literal |$a:ident, $b:ident| $body:expr;)*) => { $(
            r.scalar($name, |_cx, args| {
                let ($a, $b) = (Rect::around(&points(&args[0])), Rect::around(&points(&args[1])));
                Ok(Datum::Bool($body))
            });
        )* };
    }
    by_box! {
        "poly_left" |a, b| lt(a.high.x, b.low.x);
        "poly_overleft" |a, b| le(a.high.x, b.high.x);
        "poly_right" |a, b| gt(a.low.x, b.high.x);
        "poly_overright" |a, b| ge(a.low.x, b.low.x);
        "poly_below" |a, b| lt(a.high.y, b.low.y);
        "poly_overbelow" |a, b| le(a.high.y, b.high.y);
        "poly_above" |a, b| gt(a.low.y, b.high.y);
        "poly_overabove" |a, b| ge(a.low.y, b.low.y);
    }
    r.scalar("poly_same", |_cx, a| Ok(Datum::Bool(equal(&points(&a[0]), &points(&a[1])))));
    r.scalar("poly_overlap", |_cx, a| overlap(&points(&a[0]), &points(&a[1])).map(Datum::Bool));
    r.scalar("poly_contain", |_cx, a| contains(&points(&a[0]), &points(&a[1])).map(Datum::Bool));
    r.scalar("poly_contained", |_cx, a| contains(&points(&a[1]), &points(&a[0])).map(Datum::Bool));
    r.scalar("poly_npoints", |_cx, a| Ok(Datum::Int4(points(&a[0]).len() as i32)));
    r.scalar("poly_box", |_cx, a| Ok(Rect::around(&points(&a[0])).datum()));
    r.scalar("poly_path", |_cx, a| Ok(Datum::Bytes(geometry::encode_path(true, &points(&a[0])))));
    r.scalar("poly_circle", |_cx, a| Ok(circle(&points(&a[0]))?.datum()));
    r.scalar("poly_center", |_cx, a| Ok(point_datum(circle(&points(&a[0]))?.center)));
    r.scalar("poly_distance", |_cx, a| {
        let (x, y) = (points(&a[0]), points(&a[1]));
        if overlap(&x, &y)? {
            return Ok(Datum::Float8(0.0));
        }
        let mut best: Option<f64> = None;
        for p in edges(&x, true) {
            for q in edges(&y, true) {
                let d = p.distance(q)?;
                best = Some(best.map_or(d, |old| least(old, d)));
            }
        }
        Ok(best.map_or(Datum::Null, Datum::Float8))
    });
}

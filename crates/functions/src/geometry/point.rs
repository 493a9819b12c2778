//! point.
use super::inside::{Side, locate};
use super::shape::{
    Line, Lseg, Rect, add, distance, div, edges, gt, lt, mul, point, point_datum, points, sub,
};
use fmgr::Registry;
use types::{
    Datum,
    geometry::{self, Point, fp_eq, same},
};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! tests {
        ($($name:literal |$a:ident, $b:ident| $body:expr;)*) => { $(
            r.scalar($name, |_cx, args| {
                let ($a, $b) = (point(&args[0]), point(&args[1]));
                Ok(Datum::Bool($body))
            });
        )* };
    }
    tests! {
        "point_above" |a, b| gt(a.y, b.y);
        "point_below" |a, b| lt(a.y, b.y);
        "point_left" |a, b| lt(a.x, b.x);
        "point_right" |a, b| gt(a.x, b.x);
        "point_eq" |a, b| same(a, b);
        "point_ne" |a, b| !same(a, b);
        "point_vert" |a, b| fp_eq(a.x, b.x);
        "point_horiz" |a, b| fp_eq(a.y, b.y);
    }
    macro_rules! arithmetic {
        ($($name:literal $f:ident;)*) => { $(
            r.scalar($name, |_cx, args| $f(point(&args[0]), point(&args[1])).map(point_datum));
        )* };
    }
    arithmetic! {
        "point_add" add;
        "point_sub" sub;
        "point_mul" mul;
        "point_div" div;
    }
    r.scalar("point_distance", |_cx, a| distance(point(&a[0]), point(&a[1])).map(Datum::Float8));
    r.scalar("point_slope", |_cx, a| {
        Ok(Datum::Float8(geometry::slope(point(&a[0]), point(&a[1]))))
    });
    r.scalar("construct_point", |_cx, a| {
        Ok(point_datum(Point { x: a[0].as_f64(), y: a[1].as_f64() }))
    });
    r.scalar("points_box", |_cx, a| Ok(Datum::Bytes(geometry::box_of(point(&a[0]), point(&a[1])))));
    r.scalar("point_box", |_cx, a| {
        let p = point(&a[0]);
        Ok(Rect { high: p, low: p }.datum())
    });
    r.scalar("on_pb", |_cx, a| Ok(Datum::Bool(Rect::of(&a[1]).contains(point(&a[0])))));
    r.scalar("box_contain_pt", |_cx, a| Ok(Datum::Bool(Rect::of(&a[0]).contains(point(&a[1])))));
    r.scalar("on_pl", |_cx, a| Ok(Datum::Bool(Line::of(&a[1]).contains(point(&a[0])))));
    r.scalar("on_ps", |_cx, a| Lseg::of(&a[1]).contains(point(&a[0])).map(Datum::Bool));
    r.scalar("on_ppath", |_cx, a| {
        let p = point(&a[0]);
        let (closed, path) = geometry::decode_path(a[1].as_bytes());
        if closed {
            return Ok(Datum::Bool(locate(p, &path)? != Side::Outside));
        }
        for edge in edges(&path, false) {
            if edge.contains(p)? {
                return Ok(Datum::Bool(true));
            }
        }
        Ok(Datum::Bool(false))
    });
    r.scalar("poly_contain_pt", |_cx, a| {
        Ok(Datum::Bool(locate(point(&a[1]), &points(&a[0]))? != Side::Outside))
    });
    r.scalar("pt_contained_poly", |_cx, a| {
        Ok(Datum::Bool(locate(point(&a[0]), &points(&a[1]))? != Side::Outside))
    });
}

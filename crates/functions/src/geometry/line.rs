//! line.
use super::shape::{Line, Rect, hypot, point, point_datum};
use error::bail;
use fmgr::Registry;
use types::{
    Datum,
    geometry::{self, fp_eq, is_zero, same},
};

fn equal(a: Line, b: Line) -> bool {
    if [a.a, a.b, a.c, b.a, b.b, b.c].iter().any(|v| v.is_nan()) {
        let eq = |x: f64, y: f64| types::float::cmp(x, y).is_eq();
        return eq(a.a, b.a) && eq(a.b, b.b) && eq(a.c, b.c);
    }
    let ratio = if !is_zero(b.a) {
        a.a / b.a
    } else if !is_zero(b.b) {
        a.b / b.b
    } else if !is_zero(b.c) {
        a.c / b.c
    } else {
        1.0
    };
    fp_eq(a.a, ratio * b.a) && fp_eq(a.b, ratio * b.b) && fp_eq(a.c, ratio * b.c)
}

fn perpendicular(a: Line, b: Line) -> bool {
    if is_zero(a.a) {
        is_zero(b.b)
    } else if is_zero(b.a) {
        is_zero(a.b)
    } else if is_zero(a.b) || is_zero(b.b) {
        false
    } else {
        fp_eq((a.a * b.a) / (a.b * b.b), -1.0)
    }
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("line_eq", |_cx, a| Ok(Datum::Bool(equal(Line::of(&a[0]), Line::of(&a[1])))));
    r.scalar("line_parallel", |_cx, a| {
        Ok(Datum::Bool(Line::of(&a[0]).meets(Line::of(&a[1]))?.is_none()))
    });
    r.scalar("line_intersect", |_cx, a| {
        Ok(Datum::Bool(Line::of(&a[0]).meets(Line::of(&a[1]))?.is_some()))
    });
    r.scalar("line_perp", |_cx, a| {
        Ok(Datum::Bool(perpendicular(Line::of(&a[0]), Line::of(&a[1]))))
    });
    r.scalar("line_vertical", |_cx, a| Ok(Datum::Bool(is_zero(Line::of(&a[0]).b))));
    r.scalar("line_horizontal", |_cx, a| Ok(Datum::Bool(is_zero(Line::of(&a[0]).a))));
    r.scalar("line_interpt", |_cx, a| {
        let p = Line::of(&a[0]).meets(Line::of(&a[1]))?;
        Ok(p.map_or(Datum::Null, point_datum))
    });
    r.scalar("line_distance", |_cx, a| {
        let (x, y) = (Line::of(&a[0]), Line::of(&a[1]));
        if x.meets(y)?.is_some() {
            return Ok(Datum::Float8(0.0));
        }
        let ratio = if !is_zero(x.a) && !x.a.is_nan() && !is_zero(y.a) && !y.a.is_nan() {
            x.a / y.a
        } else if !is_zero(x.b) && !x.b.is_nan() && !is_zero(y.b) && !y.b.is_nan() {
            x.b / y.b
        } else {
            1.0
        };
        Ok(Datum::Float8((x.c - ratio * y.c).abs() / hypot(x.a, x.b)?))
    });
    r.scalar("line_construct_pp", |_cx, a| {
        let (p, q) = (point(&a[0]), point(&a[1]));
        if same(p, q) {
            bail!(
                INVALID_PARAMETER_VALUE,
                "invalid line specification: must be two distinct points"
            );
        }
        Ok(Datum::Bytes(geometry::line_through(p, geometry::slope(p, q))))
    });
    r.scalar("inter_lb", |_cx, a| {
        let line = Line::of(&a[0]);
        for edge in Rect::of(&a[1]).edges() {
            if edge.meets_line(line)?.is_some() {
                return Ok(Datum::Bool(true));
            }
        }
        Ok(Datum::Bool(false))
    });
}

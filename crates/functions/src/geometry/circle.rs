//! circle.
use super::shape::{
    Circle, Rect, add, distance, div, ge, gt, hypot, le, lt, mul, not_negative, point, point_datum,
    sub,
};
use error::{PgResult, bail};
use fmgr::Registry;
use types::{
    Datum, float,
    geometry::{Point, encode_points, fp_eq, is_zero, same},
};

fn shifted(a: &[Datum], f: fn(Point, Point) -> PgResult<Point>) -> PgResult<Datum> {
    let c = Circle::of(&a[0]);
    Ok(Circle { center: f(c.center, point(&a[1]))?, ..c }.datum())
}

fn contains_point(c: Circle, p: Point) -> PgResult<bool> {
    Ok(distance(c.center, p)? <= c.radius)
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! tests {
        ($($name:literal |$a:ident, $b:ident| $body:expr;)*) => { $(
            r.scalar($name, |_cx, args| {
                let ($a, $b) = (Circle::of(&args[0]), Circle::of(&args[1]));
                Ok(Datum::Bool($body))
            });
        )* };
    }
    tests! {
        "circle_same" |a, b| same(a.center, b.center)
            && (a.radius.is_nan() && b.radius.is_nan() || fp_eq(a.radius, b.radius));
        "circle_overlap" |a, b| le(distance(a.center, b.center)?, float::add8(a.radius, b.radius)?);
        "circle_left" |a, b| lt(a.center.x + a.radius, b.center.x - b.radius);
        "circle_overleft" |a, b| le(a.center.x + a.radius, b.center.x + b.radius);
        "circle_right" |a, b| gt(a.center.x - a.radius, b.center.x + b.radius);
        "circle_overright" |a, b| ge(a.center.x - a.radius, b.center.x - b.radius);
        "circle_below" |a, b| lt(a.center.y + a.radius, b.center.y - b.radius);
        "circle_overbelow" |a, b| le(a.center.y + a.radius, b.center.y + b.radius);
        "circle_above" |a, b| gt(a.center.y - a.radius, b.center.y + b.radius);
        "circle_overabove" |a, b| ge(a.center.y - a.radius, b.center.y - b.radius);
        "circle_contain" |a, b| le(distance(a.center, b.center)?, a.radius - b.radius);
        "circle_contained" |a, b| le(distance(a.center, b.center)?, b.radius - a.radius);
        "circle_eq" |a, b| fp_eq(a.area()?, b.area()?);
        "circle_ne" |a, b| {
            let (x, y) = (a.area()?, b.area()?);
            !x.is_nan() && !y.is_nan() && !fp_eq(x, y)
        };
        "circle_lt" |a, b| lt(a.area()?, b.area()?);
        "circle_gt" |a, b| gt(a.area()?, b.area()?);
        "circle_le" |a, b| le(a.area()?, b.area()?);
        "circle_ge" |a, b| ge(a.area()?, b.area()?);
    }
    r.scalar("circle_area", |_cx, a| Circle::of(&a[0]).area().map(Datum::Float8));
    r.scalar("circle_diameter", |_cx, a| {
        float::mul8(Circle::of(&a[0]).radius, 2.0).map(Datum::Float8)
    });
    r.scalar("circle_radius", |_cx, a| Ok(Datum::Float8(Circle::of(&a[0]).radius)));
    r.scalar("circle_center", |_cx, a| Ok(point_datum(Circle::of(&a[0]).center)));
    r.scalar("circle_distance", |_cx, a| {
        let (x, y) = (Circle::of(&a[0]), Circle::of(&a[1]));
        let gap = distance(x.center, y.center)? - (x.radius + y.radius);
        Ok(Datum::Float8(not_negative(gap)))
    });
    r.scalar("circle_contain_pt", |_cx, a| {
        contains_point(Circle::of(&a[0]), point(&a[1])).map(Datum::Bool)
    });
    r.scalar("pt_contained_circle", |_cx, a| {
        contains_point(Circle::of(&a[1]), point(&a[0])).map(Datum::Bool)
    });
    r.scalar("circle_add_pt", |_cx, a| shifted(a, add));
    r.scalar("circle_sub_pt", |_cx, a| shifted(a, sub));
    r.scalar("circle_mul_pt", |_cx, a| {
        let (c, p) = (Circle::of(&a[0]), point(&a[1]));
        let radius = float::mul8(c.radius, hypot(p.x, p.y)?)?;
        Ok(Circle { center: mul(c.center, p)?, radius }.datum())
    });
    r.scalar("circle_div_pt", |_cx, a| {
        let (c, p) = (Circle::of(&a[0]), point(&a[1]));
        let radius = float::div8(c.radius, hypot(p.x, p.y)?)?;
        Ok(Circle { center: div(c.center, p)?, radius }.datum())
    });
    r.scalar("cr_circle", |_cx, a| {
        Ok(Circle { center: point(&a[0]), radius: a[1].as_f64() }.datum())
    });
    r.scalar("circle_box", |_cx, a| {
        let c = Circle::of(&a[0]);
        let delta = c.radius / std::f64::consts::SQRT_2;
        let corner = Point { x: delta, y: delta };
        Ok(Rect { high: add(c.center, corner)?, low: sub(c.center, corner)? }.datum())
    });
    r.scalar("circle_poly", |_cx, a| {
        let (n, c) = (a[0].as_i32(), Circle::of(&a[1]));
        if is_zero(c.radius) {
            bail!(FEATURE_NOT_SUPPORTED, "cannot convert circle with radius zero to polygon");
        }
        if n < 2 {
            bail!(INVALID_PARAMETER_VALUE, "must request at least 2 points");
        }
        if n > 65_535_000 {
            bail!(PROGRAM_LIMIT_EXCEEDED, "too many points requested");
        }
        let step = 2.0 * std::f64::consts::PI / f64::from(n);
        let corners: Vec<Point> = (0..n)
            .map(|i| {
                let angle = step * f64::from(i);
                Point {
                    x: c.center.x - c.radius * angle.cos(),
                    y: c.center.y + c.radius * angle.sin(),
                }
            })
            .collect();
        Ok(Datum::Bytes(encode_points(&corners)))
    });
}

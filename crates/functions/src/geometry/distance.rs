//! Distances between shapes of different kinds.
use super::inside::{Side, locate};
use super::shape::{Circle, Line, Lseg, Rect, distance, edges, least, not_negative, point, points};
use error::PgResult;
use fmgr::Registry;
use types::{
    Datum, float,
    geometry::{Point, decode_path},
};

fn to_polygon(p: Point, polygon: &[Point]) -> PgResult<f64> {
    if locate(p, polygon)? != Side::Outside {
        return Ok(0.0);
    }
    let mut edges = edges(polygon, true);
    if let Some(closing) = edges.first_mut() {
        std::mem::swap(&mut closing.a, &mut closing.b);
    }
    nearest(p, &edges)
}

fn nearest(p: Point, edges: &[Lseg]) -> PgResult<f64> {
    let Some((first, rest)) = edges.split_first() else { return Ok(0.0) };
    let mut best = first.closest(p)?.1;
    for edge in rest {
        best = least(best, edge.closest(p)?.1);
    }
    Ok(best)
}

fn to_path(p: Point, path: &Datum) -> PgResult<f64> {
    let (closed, points) = decode_path(path.as_bytes());
    nearest(p, &edges(&points, closed))
}

fn to_circle(p: Point, c: Circle) -> PgResult<f64> {
    float::sub8(distance(p, c.center)?, c.radius).map(not_negative)
}

fn circle_to_polygon(c: Circle, polygon: &[Point]) -> PgResult<f64> {
    float::sub8(to_polygon(c.center, polygon)?, c.radius).map(not_negative)
}

fn segment_to_line(s: Lseg, line: Line) -> PgResult<f64> {
    s.closest_to_line(line).map(|near| near.1)
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! distances {
        ($($name:literal |$a:ident, $b:ident| $body:expr;)*) => { $(
            r.scalar($name, |_cx, args| {
                let ($a, $b) = (&args[0], &args[1]);
                $body.map(Datum::Float8)
            });
        )* };
    }
    distances! {
        "dist_pl" |p, l| Line::of(l).closest(point(p)).map(|c| c.1);
        "dist_lp" |l, p| Line::of(l).closest(point(p)).map(|c| c.1);
        "dist_ps" |p, s| Lseg::of(s).closest(point(p)).map(|c| c.1);
        "dist_sp" |s, p| Lseg::of(s).closest(point(p)).map(|c| c.1);
        "dist_pb" |p, b| Rect::of(b).closest(point(p)).map(|c| c.1);
        "dist_bp" |b, p| Rect::of(b).closest(point(p)).map(|c| c.1);
        "dist_sl" |s, l| segment_to_line(Lseg::of(s), Line::of(l));
        "dist_ls" |l, s| segment_to_line(Lseg::of(s), Line::of(l));
        "dist_sb" |s, b| Rect::of(b).closest_to(Lseg::of(s)).map(|c| c.1);
        "dist_bs" |b, s| Rect::of(b).closest_to(Lseg::of(s)).map(|c| c.1);
        "lseg_distance" |a, b| Lseg::of(a).closest_to(Lseg::of(b)).map(|c| c.1);
        "dist_ppath" |p, path| to_path(point(p), path);
        "dist_pathp" |path, p| to_path(point(p), path);
        "dist_ppoly" |p, poly| to_polygon(point(p), &points(poly));
        "dist_polyp" |poly, p| to_polygon(point(p), &points(poly));
        "dist_pc" |p, c| to_circle(point(p), Circle::of(c));
        "dist_cpoint" |c, p| to_circle(point(p), Circle::of(c));
        "dist_cpoly" |c, poly| circle_to_polygon(Circle::of(c), &points(poly));
        "dist_polyc" |poly, c| circle_to_polygon(Circle::of(c), &points(poly));
    }
}

//! path.
use super::shape::{add, distance, div, edges, least, mul, point, sub};
use error::{PgResult, bail};
use fmgr::Registry;
use types::{
    Datum, float,
    geometry::{Point, decode_path, encode_path, encode_points},
};

fn path(d: &Datum) -> (bool, Vec<Point>) {
    decode_path(d.as_bytes())
}

fn map(a: &[Datum], f: fn(Point, Point) -> PgResult<Point>) -> PgResult<Datum> {
    let (closed, points) = path(&a[0]);
    let by = point(&a[1]);
    let moved = points.into_iter().map(|p| f(p, by)).collect::<PgResult<Vec<Point>>>()?;
    Ok(Datum::Bytes(encode_path(closed, &moved)))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! tests {
        ($($name:literal $op:tt;)*) => { $(
            r.scalar($name, |_cx, a| {
                Ok(Datum::Bool(path(&a[0]).1.len() $op path(&a[1]).1.len()))
            });
        )* };
    }
    tests! {
        "path_n_lt" <;
        "path_n_le" <=;
        "path_n_eq" ==;
        "path_n_gt" >;
        "path_n_ge" >=;
    }
    r.scalar("path_isclosed", |_cx, a| Ok(Datum::Bool(path(&a[0]).0)));
    r.scalar("path_isopen", |_cx, a| Ok(Datum::Bool(!path(&a[0]).0)));
    r.scalar("path_npoints", |_cx, a| Ok(Datum::Int4(path(&a[0]).1.len() as i32)));
    r.scalar("path_close", |_cx, a| Ok(Datum::Bytes(encode_path(true, &path(&a[0]).1))));
    r.scalar("path_open", |_cx, a| Ok(Datum::Bytes(encode_path(false, &path(&a[0]).1))));
    r.scalar("path_length", |_cx, a| {
        let (closed, points) = path(&a[0]);
        let mut sum = 0.0;
        for edge in edges(&points, closed) {
            sum = float::add8(sum, distance(edge.a, edge.b)?)?;
        }
        Ok(Datum::Float8(sum))
    });
    r.scalar("path_area", |_cx, a| {
        let (closed, points) = path(&a[0]);
        if !closed {
            return Ok(Datum::Null);
        }
        let mut area = 0.0;
        for (i, p) in points.iter().enumerate() {
            let q = points[(i + 1) % points.len()];
            area = float::add8(area, float::mul8(p.x, q.y)?)?;
            area = float::sub8(area, float::mul8(p.y, q.x)?)?;
        }
        Ok(Datum::Float8(area.abs() / 2.0))
    });
    r.scalar("path_inter", |_cx, a| {
        let ((c1, p1), (c2, p2)) = (path(&a[0]), path(&a[1]));
        for x in edges(&p1, c1) {
            for y in edges(&p2, c2) {
                if x.meets(y)?.is_some() {
                    return Ok(Datum::Bool(true));
                }
            }
        }
        Ok(Datum::Bool(false))
    });
    r.scalar("path_add", |_cx, a| {
        let ((c1, mut p1), (c2, p2)) = (path(&a[0]), path(&a[1]));
        if c1 || c2 {
            return Ok(Datum::Null);
        }
        p1.extend(p2);
        Ok(Datum::Bytes(encode_path(false, &p1)))
    });
    r.scalar("path_add_pt", |_cx, a| map(a, add));
    r.scalar("path_sub_pt", |_cx, a| map(a, sub));
    r.scalar("path_mul_pt", |_cx, a| map(a, mul));
    r.scalar("path_div_pt", |_cx, a| map(a, div));
    r.scalar("path_poly", |_cx, a| {
        let (closed, points) = path(&a[0]);
        if !closed {
            bail!(INVALID_PARAMETER_VALUE, "open path cannot be converted to polygon");
        }
        Ok(Datum::Bytes(encode_points(&points)))
    });
    r.scalar("path_distance", |_cx, a| {
        let ((c1, p1), (c2, p2)) = (path(&a[0]), path(&a[1]));
        let mut best: Option<f64> = None;
        for x in edges(&p1, c1) {
            for y in edges(&p2, c2) {
                let d = x.distance(y)?;
                best = Some(best.map_or(d, |old| least(old, d)));
            }
        }
        Ok(best.map_or(Datum::Null, Datum::Float8))
    });
}

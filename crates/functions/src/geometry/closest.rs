//! The point of one shape that is closest to another.
use super::shape::{Line, Lseg, Rect, point, point_datum};
use error::PgResult;
use fmgr::Registry;
use types::{Datum, geometry::Point};

/// The point of `b` closest to segment `a`, and the distance.
fn between(a: Lseg, b: Lseg) -> PgResult<(Point, f64)> {
    if let Some(p) = a.meets(b)? {
        return Ok((p, 0.0));
    }
    let mut best = b.closest(a.a)?;
    let other = b.closest(a.b)?;
    if other.1 < best.1 {
        best = other;
    }
    for end in [b.a, b.b] {
        let d = a.closest(end)?.1;
        if d < best.1 {
            best = (end, d);
        }
    }
    Ok(best)
}

/// A point at an unknown distance is no answer.
fn known((p, distance): (Point, f64)) -> Datum {
    if distance.is_nan() { Datum::Null } else { point_datum(p) }
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("close_pl", |_cx, a| Ok(known(Line::of(&a[1]).closest(point(&a[0]))?)));
    r.scalar("close_ps", |_cx, a| Ok(known(Lseg::of(&a[1]).closest(point(&a[0]))?)));
    r.scalar("close_pb", |_cx, a| Ok(known(Rect::of(&a[1]).closest(point(&a[0]))?)));
    r.scalar("close_ls", |_cx, a| {
        let (line, s) = (Line::of(&a[0]), Lseg::of(&a[1]));
        if let Some(p) = s.meets_line(line)? {
            return Ok(known((p, 0.0)));
        }
        // A parallel segment has no closest point.
        if line.meets(s.line())?.is_none() {
            return Ok(Datum::Null);
        }
        let (da, db) = (line.closest(s.a)?.1, line.closest(s.b)?.1);
        Ok(known(if da < db { (s.a, da) } else { (s.b, db) }))
    });
    r.scalar("close_lseg", |_cx, a| {
        let (x, y) = (Lseg::of(&a[0]), Lseg::of(&a[1]));
        if x.meets(y)?.is_none() && x.line().meets(y.line())?.is_none() {
            return Ok(Datum::Null);
        }
        Ok(known(between(x, y)?))
    });
    r.scalar("close_sb", |_cx, a| {
        let (s, b) = (Lseg::of(&a[0]), Rect::of(&a[1]));
        if b.meets(s)? {
            return Ok(known(b.closest(Rect::around(&[s.a, s.b]).center()?)?));
        }
        let mut best: Option<(Point, f64)> = None;
        for edge in b.edges() {
            let found = between(s, edge)?;
            if best.is_none_or(|old| found.1 < old.1) {
                best = Some(found);
            }
        }
        Ok(best.map_or(Datum::Null, known))
    });
}

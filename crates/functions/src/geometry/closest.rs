//! The point of one shape that is closest to another.
use super::shape::{Line, Lseg, Rect, point, point_datum};
use fmgr::Registry;
use types::{Datum, geometry::Point};

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
        // A parallel segment has no closest point.
        if s.slope() == line.slope()? {
            return Ok(Datum::Null);
        }
        Ok(known(s.closest_to_line(line)?))
    });
    r.scalar("close_lseg", |_cx, a| {
        let (x, y) = (Lseg::of(&a[0]), Lseg::of(&a[1]));
        if x.slope() == y.slope() {
            return Ok(Datum::Null);
        }
        Ok(known(y.closest_to(x)?))
    });
    r.scalar("close_sb", |_cx, a| Ok(known(Rect::of(&a[1]).closest_to(Lseg::of(&a[0]))?)));
}

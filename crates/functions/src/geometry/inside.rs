//! What lies inside a closed figure.
use super::shape::{Lseg, edges, ge, gt, le, lt};
use error::PgResult;
use types::{
    float,
    geometry::{Point, is_zero, same},
};

/// Where a point is to a closed figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Outside,
    Inside,
    OnEdge,
}

/// How an edge crosses the ray to the right of the origin: full crossings count two, ends on the ray
/// one; the sign is the direction. `None` if the origin is on the edge.
fn crossing(to: Point, from: Point) -> PgResult<Option<i32>> {
    let (x, y) = (to.x, to.y);
    if is_zero(y) {
        if is_zero(x) {
            return Ok(None);
        }
        let right = gt(x, 0.0);
        if is_zero(from.y) {
            let same_side = if right { gt(from.x, 0.0) } else { lt(from.x, 0.0) };
            return Ok(same_side.then_some(0));
        }
        return Ok(Some(match (right, lt(from.y, 0.0)) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => -1,
        }));
    }
    let sign = if gt(y, 0.0) { 1 } else { -1 };
    if is_zero(from.y) {
        return Ok(Some(if lt(from.x, 0.0) { 0 } else { sign }));
    }
    if sign < 0 && lt(from.y, 0.0) || sign > 0 && gt(from.y, 0.0) {
        return Ok(Some(0));
    }
    if ge(x, 0.0) && gt(from.x, 0.0) {
        return Ok(Some(2 * sign));
    }
    if lt(x, 0.0) && le(from.x, 0.0) {
        return Ok(Some(0));
    }
    let left = float::mul8(float::sub8(x, from.x)?, y)?;
    let right = float::mul8(float::sub8(y, from.y)?, x)?;
    let z = float::sub8(left, right)?;
    if is_zero(z) {
        return Ok(None);
    }
    let passes = !(sign < 0 && lt(z, 0.0) || sign > 0 && gt(z, 0.0));
    Ok(Some(if passes { 2 * sign } else { 0 }))
}

/// Counts how often a ray from the point crosses the figure.
pub(super) fn locate(p: Point, figure: &[Point]) -> PgResult<Side> {
    let shifted = |q: &Point| Ok(Point { x: float::sub8(q.x, p.x)?, y: float::sub8(q.y, p.y)? });
    let points: Vec<Point> = figure.iter().map(shifted).collect::<PgResult<_>>()?;
    let mut total = 0;
    for (i, from) in points.iter().enumerate() {
        let to = points[(i + 1) % points.len()];
        match crossing(to, *from)? {
            Some(n) => total += n,
            None => return Ok(Side::OnEdge),
        }
    }
    Ok(if total == 0 { Side::Outside } else { Side::Inside })
}

/// Whether the segment lies in the figure, looking at its edges from number `start` on; edge 0 closes
/// the figure.
pub(super) fn has_segment(figure: &[Point], t: Lseg, start: usize) -> PgResult<bool> {
    error::check_stack_depth()?;
    let mut crossed = false;
    for (i, edge) in edges(figure, true).into_iter().enumerate().skip(start) {
        let (a_on, b_on) = (edge.contains(t.a)?, edge.contains(t.b)?);
        let inside = if a_on && b_on {
            return Ok(true);
        } else if a_on {
            touching(figure, t, edge, i + 1)?
        } else if b_on {
            touching(figure, Lseg { a: t.b, b: t.a }, edge, i + 1)?
        } else if let Some(cut) = t.meets(edge)? {
            crossed = true;
            has_segment(figure, Lseg { a: t.a, b: cut }, i + 1)?
                && has_segment(figure, Lseg { a: t.b, b: cut }, i + 1)?
        } else {
            true
        };
        if !inside {
            return Ok(false);
        }
    }
    if crossed {
        return Ok(true);
    }
    let middle = Point { x: float::add8(t.a.x, t.b.x)? / 2.0, y: float::add8(t.a.y, t.b.y)? / 2.0 };
    Ok(locate(middle, figure)? != Side::Outside)
}

/// The same for a segment whose first end is on an edge: what is beyond the edge's ends counts.
fn touching(figure: &[Point], t: Lseg, edge: Lseg, start: usize) -> PgResult<bool> {
    let beyond = |end: Point| has_segment(figure, Lseg { a: t.b, b: end }, start);
    if same(t.a, edge.a) {
        return if t.contains(edge.b)? { beyond(edge.b) } else { Ok(true) };
    }
    if same(t.a, edge.b) {
        return if t.contains(edge.a)? { beyond(edge.a) } else { Ok(true) };
    }
    if t.contains(edge.a)? {
        return beyond(edge.a);
    }
    if t.contains(edge.b)? {
        return beyond(edge.b);
    }
    Ok(true)
}

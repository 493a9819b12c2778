//! Geometric types: relations, distances, intersections, conversions, one file a shape.
//!
//! Comparisons of coordinates allow a difference of 1e-6, as PostgreSQL's do, NaN equals NaN, and
//! results that overflow are errors.

mod boxes;
mod circle;
mod closest;
mod distance;
mod inside;
mod line;
mod path;
mod point;
mod polygon;
mod segment;
mod shape;

use fmgr::Registry;

/// Registers the family.
pub fn register(r: &mut Registry) {
    boxes::register(r);
    circle::register(r);
    closest::register(r);
    distance::register(r);
    line::register(r);
    path::register(r);
    point::register(r);
    polygon::register(r);
    segment::register(r);
}

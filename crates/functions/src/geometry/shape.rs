//! The shapes as Rust values, and the arithmetic they share.
use error::PgResult;
use types::{
    Datum, Varlena, float,
    geometry::{self, Point, fp_eq, is_zero},
};

const EPSILON: f64 = 1e-6;

/// Less by more than the tolerance.
pub(super) fn lt(a: f64, b: f64) -> bool {
    a + EPSILON < b
}

/// Less or about equal.
pub(super) fn le(a: f64, b: f64) -> bool {
    a <= b + EPSILON
}

/// Greater by more than the tolerance.
pub(super) fn gt(a: f64, b: f64) -> bool {
    a > b + EPSILON
}

/// Greater or about equal.
pub(super) fn ge(a: f64, b: f64) -> bool {
    a + EPSILON >= b
}

/// The overflow error if a computation left the finite numbers.
pub(super) fn checked(v: f64, inputs: &[f64]) -> PgResult<f64> {
    if v.is_infinite() && inputs.iter().all(|x| x.is_finite()) {
        Err(float::overflow())
    } else {
        Ok(v)
    }
}

/// The smaller distance; NaN is larger than everything.
pub(super) fn least(a: f64, b: f64) -> f64 {
    if float::cmp(b, a).is_lt() { b } else { a }
}

/// The greater number; NaN is larger than everything.
pub(super) fn greatest(a: f64, b: f64) -> f64 {
    if float::cmp(b, a).is_gt() { b } else { a }
}

/// A distance that has not become negative by a radius.
pub(super) fn not_negative(v: f64) -> f64 {
    if v < 0.0 { 0.0 } else { v }
}

/// A point and its distance from another shape.
pub(super) type Near = (Point, f64);

/// The nearer of two.
pub(super) fn nearer(best: Near, other: Near) -> Near {
    if float::cmp(other.1, best.1).is_lt() { other } else { best }
}

/// Length of the hypotenuse, computed as PostgreSQL does for the same last digit.
pub(super) fn hypot(x: f64, y: f64) -> PgResult<f64> {
    if x.is_infinite() || y.is_infinite() {
        return Ok(f64::INFINITY);
    }
    if x.is_nan() || y.is_nan() {
        return Ok(f64::NAN);
    }
    let (x, y) = (x.abs(), y.abs());
    let (x, y) = if x < y { (y, x) } else { (x, y) };
    if y == 0.0 {
        return Ok(x);
    }
    let ratio = y / x;
    let result = x * (1.0 + ratio * ratio).sqrt();
    if result.is_infinite() {
        return Err(float::overflow());
    }
    if result == 0.0 {
        return Err(float::underflow());
    }
    Ok(result)
}

/// Distance of two points.
pub(super) fn distance(a: Point, b: Point) -> PgResult<f64> {
    hypot(float::sub8(a.x, b.x)?, float::sub8(a.y, b.y)?)
}

pub(super) fn add(a: Point, b: Point) -> PgResult<Point> {
    Ok(Point { x: float::add8(a.x, b.x)?, y: float::add8(a.y, b.y)? })
}

pub(super) fn sub(a: Point, b: Point) -> PgResult<Point> {
    Ok(Point { x: float::sub8(a.x, b.x)?, y: float::sub8(a.y, b.y)? })
}

/// Product of complex numbers: turns and scales.
pub(super) fn mul(a: Point, b: Point) -> PgResult<Point> {
    Ok(Point {
        x: float::sub8(float::mul8(a.x, b.x)?, float::mul8(a.y, b.y)?)?,
        y: float::add8(float::mul8(a.x, b.y)?, float::mul8(a.y, b.x)?)?,
    })
}

/// Quotient of complex numbers.
pub(super) fn div(a: Point, b: Point) -> PgResult<Point> {
    let d = float::add8(float::mul8(b.x, b.x)?, float::mul8(b.y, b.y)?)?;
    let x = float::add8(float::mul8(a.x, b.x)?, float::mul8(a.y, b.y)?)?;
    let y = float::sub8(float::mul8(a.y, b.x)?, float::mul8(a.x, b.y)?)?;
    Ok(Point { x: float::div8(x, d)?, y: float::div8(y, d)? })
}

/// A point argument.
pub(super) fn point(d: &Datum) -> Point {
    points(d).first().copied().unwrap_or_default()
}

/// The points of a polygon or open figure.
pub(super) fn points(d: &Datum) -> Vec<Point> {
    geometry::points(d.as_bytes())
}

pub(super) fn point_datum(p: Point) -> Datum {
    Datum::Bytes(geometry::encode_points(&[p]))
}

/// A segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lseg {
    pub a: Point,
    pub b: Point,
}

impl Lseg {
    pub(super) fn of(d: &Datum) -> Lseg {
        let p = points(d);
        Lseg { a: p.first().copied().unwrap_or_default(), b: p.get(1).copied().unwrap_or_default() }
    }

    pub(super) fn datum(self) -> Datum {
        Datum::Bytes(geometry::encode_points(&[self.a, self.b]))
    }

    pub(super) fn slope(self) -> f64 {
        geometry::slope(self.a, self.b)
    }

    pub(super) fn line(self) -> Line {
        Line::decode(&geometry::line_through(self.a, self.slope()))
    }

    pub(super) fn length(self) -> PgResult<f64> {
        distance(self.a, self.b)
    }

    /// Whether a point lies on it, by the triangle's degenerating.
    pub(super) fn contains(self, p: Point) -> PgResult<bool> {
        let detour = distance(p, self.a)? + distance(p, self.b)?;
        Ok(fp_eq(detour, self.length()?))
    }

    /// Where two segments meet.
    pub(super) fn meets(self, other: Lseg) -> PgResult<Option<Point>> {
        let Some(p) = self.meets_line(other.line())? else { return Ok(None) };
        Ok(if other.contains(p)? { Some(p) } else { None })
    }

    /// Where it meets a line.
    pub(super) fn meets_line(self, line: Line) -> PgResult<Option<Point>> {
        let Some(p) = self.line().meets(line)? else { return Ok(None) };
        Ok(if self.contains(p)? { Some(self.snap(p)) } else { None })
    }

    /// An end, if the point is about there.
    fn snap(self, p: Point) -> Point {
        if geometry::same(self.a, p) {
            self.a
        } else if geometry::same(self.b, p) {
            self.b
        } else {
            p
        }
    }

    /// Its point closest to a line.
    pub(super) fn closest_to_line(self, line: Line) -> PgResult<Near> {
        if let Some(p) = self.meets_line(line)? {
            return Ok((p, 0.0));
        }
        let (a, b) = (line.closest(self.a)?.1, line.closest(self.b)?.1);
        Ok(if a < b { (self.a, a) } else { (self.b, b) })
    }

    /// Its point closest to another, and the distance.
    pub(super) fn closest(self, p: Point) -> PgResult<Near> {
        let perpendicular = Line::through(p, inverse_slope(self.a, self.b)?)?;
        let (foot, _) = self.closest_to_line(perpendicular)?;
        Ok((foot, distance(foot, p)?))
    }

    pub(super) fn distance(self, other: Lseg) -> PgResult<f64> {
        self.closest_to(other).map(|near| near.1)
    }

    /// Slope of its perpendicular.
    pub(super) fn inverse_slope(self) -> PgResult<f64> {
        inverse_slope(self.a, self.b)
    }

    /// Its point closest to another segment, and the distance.
    pub(super) fn closest_to(self, other: Lseg) -> PgResult<Near> {
        if let Some(p) = self.meets(other)? {
            return Ok((p, 0.0));
        }
        let mut best = self.closest(other.a)?;
        best = nearer(best, self.closest(other.b)?);
        for end in [self.a, self.b] {
            best = nearer(best, (end, other.closest(end)?.1));
        }
        Ok(best)
    }
}

/// Slope of the perpendicular.
fn inverse_slope(a: Point, b: Point) -> PgResult<f64> {
    if fp_eq(a.x, b.x) {
        Ok(0.0)
    } else if fp_eq(a.y, b.y) {
        Ok(f64::INFINITY)
    } else {
        float::div8(float::sub8(a.x, b.x)?, float::sub8(b.y, a.y)?)
    }
}

/// `Ax + By + C = 0`
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub a: f64,
    pub b: f64,
    pub c: f64,
}

impl Line {
    pub(super) fn of(d: &Datum) -> Line {
        Self::decode(d.as_bytes())
    }

    fn decode(bytes: &[u8]) -> Line {
        match geometry::floats(bytes)[..] {
            [a, b, c] => Line { a, b, c },
            _ => Line { a: 0.0, b: 0.0, c: 0.0 },
        }
    }

    pub(super) fn through(p: Point, slope: f64) -> PgResult<Line> {
        if slope.is_finite() && slope != 0.0 {
            float::sub8(p.y, float::mul8(slope, p.x)?)?;
        }
        Ok(Self::decode(&geometry::line_through(p, slope)))
    }

    pub(super) fn slope(self) -> PgResult<f64> {
        if is_zero(self.a) {
            Ok(0.0)
        } else if is_zero(self.b) {
            Ok(f64::INFINITY)
        } else {
            float::div8(self.a, -self.b)
        }
    }

    fn inverse_slope(self) -> PgResult<f64> {
        if is_zero(self.a) {
            Ok(f64::INFINITY)
        } else if is_zero(self.b) {
            Ok(0.0)
        } else {
            float::div8(self.b, self.a)
        }
    }

    pub(super) fn contains(self, p: Point) -> bool {
        is_zero(self.a * p.x + self.b * p.y + self.c)
    }

    /// Where two lines meet; none if they are parallel.
    pub(super) fn meets(self, o: Line) -> PgResult<Option<Point>> {
        if !is_zero(self.b) {
            self.crossing(o)
        } else if !is_zero(o.b) {
            o.crossing(self)
        } else {
            Ok(None)
        }
    }

    /// The same, where this line is not vertical.
    fn crossing(self, o: Line) -> PgResult<Option<Point>> {
        let product = float::mul8;
        if fp_eq(o.a, product(self.a, float::div8(o.b, self.b)?)?) {
            return Ok(None);
        }
        let above = float::sub8(product(self.b, o.c)?, product(o.b, self.c)?)?;
        let below = float::sub8(product(self.a, o.b)?, product(o.a, self.b)?)?;
        let x = float::div8(above, below)?;
        let y = float::div8(-float::add8(product(self.a, x)?, self.c)?, self.b)?;
        // No negative zeros.
        Ok(Some(Point { x: if x == 0.0 { 0.0 } else { x }, y: if y == 0.0 { 0.0 } else { y } }))
    }

    /// Its point closest to another, and the distance, which is NaN if there is no such.
    pub(super) fn closest(self, p: Point) -> PgResult<Near> {
        match Line::through(p, self.inverse_slope()?)?.meets(self)? {
            Some(foot) => Ok((foot, distance(foot, p)?)),
            None => Ok((p, f64::NAN)),
        }
    }
}

/// A box: upper right and lower left corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub high: Point,
    pub low: Point,
}

impl Rect {
    pub(super) fn of(d: &Datum) -> Rect {
        let p = points(d);
        Rect {
            high: p.first().copied().unwrap_or_default(),
            low: p.get(1).copied().unwrap_or_default(),
        }
    }

    pub(super) fn around(points: &[Point]) -> Rect {
        let first = points.first().copied().unwrap_or_default();
        points.iter().fold(Rect { high: first, low: first }, |r, p| Rect {
            high: Point { x: greatest(r.high.x, p.x), y: greatest(r.high.y, p.y) },
            low: Point { x: least(r.low.x, p.x), y: least(r.low.y, p.y) },
        })
    }

    pub(super) fn datum(self) -> Datum {
        Datum::Bytes(geometry::box_of(self.high, self.low))
    }

    pub(super) fn corners(self) -> [Point; 4] {
        let (h, l) = (self.high, self.low);
        [l, Point { x: l.x, y: h.y }, h, Point { x: h.x, y: l.y }]
    }

    /// The edges, each from one of the two corners that are stored.
    pub(super) fn edges(self) -> [Lseg; 4] {
        let (h, l) = (self.high, self.low);
        let (left, right) = (Point { x: l.x, y: h.y }, Point { x: h.x, y: l.y });
        [
            Lseg { a: l, b: left },
            Lseg { a: h, b: left },
            Lseg { a: l, b: right },
            Lseg { a: h, b: right },
        ]
    }

    pub(super) fn contains(self, p: Point) -> bool {
        self.high.x >= p.x && self.low.x <= p.x && self.high.y >= p.y && self.low.y <= p.y
    }

    pub(super) fn overlaps(self, o: Rect) -> bool {
        le(self.low.x, o.high.x)
            && le(o.low.x, self.high.x)
            && le(self.low.y, o.high.y)
            && le(o.low.y, self.high.y)
    }

    pub(super) fn contains_box(self, o: Rect) -> bool {
        ge(self.high.x, o.high.x)
            && le(self.low.x, o.low.x)
            && ge(self.high.y, o.high.y)
            && le(self.low.y, o.low.y)
    }

    pub(super) fn center(self) -> PgResult<Point> {
        Ok(Point {
            x: float::add8(self.high.x, self.low.x)? / 2.0,
            y: float::add8(self.high.y, self.low.y)? / 2.0,
        })
    }

    pub(super) fn area(self) -> PgResult<f64> {
        float::mul8(float::sub8(self.high.x, self.low.x)?, float::sub8(self.high.y, self.low.y)?)
    }

    /// Its point closest to another, and the distance.
    pub(super) fn closest(self, p: Point) -> PgResult<Near> {
        if self.contains(p) {
            return Ok((p, 0.0));
        }
        let [first, rest @ ..] = self.edges();
        let mut best = first.closest(p)?;
        for edge in rest {
            best = nearer(best, edge.closest(p)?);
        }
        Ok(best)
    }

    /// Whether a segment meets it or lies inside.
    pub(super) fn meets(self, s: Lseg) -> PgResult<bool> {
        let reach = Rect::around(&[s.a, s.b]);
        if !self.overlaps(reach) {
            return Ok(false);
        }
        if self.contains(s.a) || self.contains(s.b) {
            return Ok(true);
        }
        for edge in self.edges() {
            if edge.meets(s)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Its point closest to a segment, and the distance.
    pub(super) fn closest_to(self, s: Lseg) -> PgResult<Near> {
        if self.meets(s)? {
            return Ok((s.closest(self.center()?)?.0, 0.0));
        }
        let [first, rest @ ..] = self.edges();
        let mut best = first.closest_to(s)?;
        for edge in rest {
            best = nearer(best, edge.closest_to(s)?);
        }
        Ok(best)
    }
}

/// A circle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circle {
    pub center: Point,
    pub radius: f64,
}

impl Circle {
    pub(super) fn of(d: &Datum) -> Circle {
        match geometry::floats(d.as_bytes())[..] {
            [x, y, radius] => Circle { center: Point { x, y }, radius },
            _ => Circle { center: Point::default(), radius: 0.0 },
        }
    }

    pub(super) fn encode(self) -> Varlena {
        geometry::encode(&[self.center.x, self.center.y, self.radius])
    }

    pub(super) fn datum(self) -> Datum {
        Datum::Bytes(self.encode())
    }

    pub(super) fn area(self) -> PgResult<f64> {
        checked(self.radius * self.radius * std::f64::consts::PI, &[self.radius])
    }
}

/// The edges between neighbouring points, and the closing one.
pub(super) fn edges(points: &[Point], closed: bool) -> Vec<Lseg> {
    let mut out: Vec<Lseg> =
        points.windows(2).map(|pair| Lseg { a: pair[0], b: pair[1] }).collect();
    if closed {
        if let (Some(first), Some(last)) = (points.first(), points.last()) {
            out.insert(0, Lseg { a: *last, b: *first });
        }
    }
    out
}

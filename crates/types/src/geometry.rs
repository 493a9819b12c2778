//! point, lseg, line, box, path, polygon, circle: values, stored form, text and binary.
//!
//! Stored as float8 little endian: point x y; lseg, box (high corner first) four; line A B C; circle
//! x y r; a path has one byte (1 closed) before its points; a polygon is its points.
use crate::{Varlena, binary::BinaryReader, float, invalid_syntax, is_space};
use error::{PgResult, bail};

/// A point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// Appends floats in the stored form.
pub fn encode(values: &[f64]) -> Varlena {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Varlena::new(&bytes)
}

/// Floats of a stored value.
pub fn floats(bytes: &[u8]) -> Vec<f64> {
    bytes.chunks_exact(8).map(|c| f64::from_le_bytes(c.try_into().unwrap_or_default())).collect()
}

/// Points of a stored value.
pub fn points(bytes: &[u8]) -> Vec<Point> {
    floats(bytes).chunks_exact(2).map(|c| Point { x: c[0], y: c[1] }).collect()
}

/// Stored form of points.
pub fn encode_points(points: &[Point]) -> Varlena {
    let values: Vec<f64> = points.iter().flat_map(|p| [p.x, p.y]).collect();
    encode(&values)
}

/// Stored form of a path.
pub fn encode_path(closed: bool, points: &[Point]) -> Varlena {
    let mut bytes = vec![closed as u8];
    bytes.extend(points.iter().flat_map(|p| [p.x, p.y]).flat_map(f64::to_le_bytes));
    Varlena::new(&bytes)
}

/// Whether a stored path is closed, and its points.
pub fn decode_path(bytes: &[u8]) -> (bool, Vec<Point>) {
    match bytes {
        [closed, rest @ ..] => (*closed == 1, points(rest)),
        [] => (false, Vec::new()),
    }
}

struct Scanner<'a> {
    text: &'a str,
    pos: usize,
    type_name: &'static str,
}

impl Scanner<'_> {
    fn invalid(&self) -> error::PgError {
        invalid_syntax(self.type_name, self.text)
    }

    fn space(&mut self) {
        let b = self.text.as_bytes();
        while b.get(self.pos).is_some_and(|c| is_space(*c as char)) {
            self.pos += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.text.as_bytes().get(self.pos).copied()
    }

    fn eat(&mut self, c: u8) -> bool {
        let hit = self.peek() == Some(c);
        self.pos += hit as usize;
        hit
    }

    fn expect(&mut self, c: u8) -> PgResult<()> {
        if self.eat(c) { Ok(()) } else { Err(self.invalid()) }
    }

    fn float(&mut self) -> PgResult<f64> {
        let (v, used) = float::input_prefix(&self.text[self.pos..], self.type_name, self.text)?;
        self.pos += used;
        Ok(v)
    }

    /// `x,y` with or without parentheses.
    fn point(&mut self) -> PgResult<Point> {
        let paren = self.eat(b'(');
        let x = self.float()?;
        self.expect(b',')?;
        let y = self.float()?;
        if paren {
            self.expect(b')')?;
        }
        Ok(Point { x, y })
    }

    fn end(&mut self) -> PgResult<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.invalid()) }
    }

    /// Points with or without an outer pair of parentheses, or in brackets if allowed; whether the
    /// delimiters mean a closed figure.
    fn path(&mut self, brackets: bool, count: Option<usize>) -> PgResult<(bool, Vec<Point>)> {
        let (mut depth, mut open) = (0, false);
        if self.peek() == Some(b'[') {
            if !brackets {
                return Err(self.invalid());
            }
            open = true;
            self.pos += 1;
            depth = 1;
        } else if self.peek() == Some(b'(') {
            // An outer parenthesis is followed by another, or holds all the points.
            let next = self.text[self.pos + 1..].trim_start_matches(is_space);
            let last = self.text.rfind('(').is_some_and(|i| i == self.pos);
            if next.starts_with('(') || last {
                self.pos += 1;
                depth = 1;
            }
        }
        let mut points = Vec::new();
        loop {
            points.push(self.point()?);
            // The comma between points is optional, but leads to another one.
            let comma = self.eat(b',');
            if !comma && !matches!(self.peek(), Some(b'(')) {
                break;
            }
        }
        if depth == 1 {
            self.expect(if open { b']' } else { b')' })?;
        }
        self.end()?;
        if count.is_some_and(|n| n != points.len()) {
            return Err(self.invalid());
        }
        Ok((!open, points))
    }
}

fn scanner<'a>(text: &'a str, type_name: &'static str) -> Scanner<'a> {
    Scanner { text, pos: 0, type_name }
}

/// point in.
pub fn point_input(text: &str) -> PgResult<Varlena> {
    let mut s = scanner(text, "point");
    let p = s.point()?;
    s.end()?;
    Ok(encode_points(&[p]))
}

/// lseg in.
pub fn lseg_input(text: &str) -> PgResult<Varlena> {
    Ok(encode_points(&scanner(text, "lseg").path(true, Some(2))?.1))
}

/// box in; corners are put in order.
pub fn box_input(text: &str) -> PgResult<Varlena> {
    let p = scanner(text, "box").path(false, Some(2))?.1;
    Ok(box_of(p[0], p[1]))
}

/// The stored box of two opposite corners.
pub fn box_of(a: Point, b: Point) -> Varlena {
    let high = |a: f64, b: f64| if float::cmp(a, b).is_ge() { a } else { b };
    let low = |a: f64, b: f64| if float::cmp(a, b).is_ge() { b } else { a };
    encode(&[high(a.x, b.x), high(a.y, b.y), low(a.x, b.x), low(a.y, b.y)])
}

/// path in.
pub fn path_input(text: &str) -> PgResult<Varlena> {
    let (closed, points) = scanner(text, "path").path(true, None)?;
    Ok(encode_path(closed, &points))
}

/// polygon in.
pub fn polygon_input(text: &str) -> PgResult<Varlena> {
    Ok(encode_points(&scanner(text, "polygon").path(false, None)?.1))
}

/// circle in: `<(x,y),r>` and looser forms.
pub fn circle_input(text: &str) -> PgResult<Varlena> {
    let mut s = scanner(text, "circle");
    let mut closers: Vec<u8> = Vec::new();
    if s.eat(b'<') {
        closers.push(b'>');
    } else if s.peek() == Some(b'(') {
        let next = s.text[s.pos + 1..].trim_start_matches(is_space);
        if next.starts_with('(') {
            s.pos += 1;
            closers.push(b')');
        }
    }
    let center = s.point()?;
    s.eat(b',');
    let r = s.float()?;
    if r < 0.0 {
        return Err(s.invalid());
    }
    while let Some(c) = closers.pop() {
        s.expect(c)?;
    }
    s.end()?;
    Ok(encode(&[center.x, center.y, r]))
}

/// line in: `{A,B,C}` or two points.
pub fn line_input(text: &str) -> PgResult<Varlena> {
    let mut s = scanner(text, "line");
    if s.eat(b'{') {
        let a = s.float()?;
        s.expect(b',')?;
        let b = s.float()?;
        s.expect(b',')?;
        let c = s.float()?;
        s.expect(b'}')?;
        s.end()?;
        if is_zero(a) && is_zero(b) {
            bail!(
                INVALID_TEXT_REPRESENTATION,
                "invalid line specification: A and B cannot both be zero"
            );
        }
        return Ok(encode(&[a, b, c]));
    }
    let p = s.path(true, Some(2))?.1;
    if same(p[0], p[1]) {
        bail!(
            INVALID_TEXT_REPRESENTATION,
            "invalid line specification: must be two distinct points"
        );
    }
    Ok(line_through(p[0], slope(p[0], p[1])))
}

const EPSILON: f64 = 1e-6;

/// Zero within the tolerance of geometric types.
pub fn is_zero(v: f64) -> bool {
    v.abs() <= EPSILON
}

/// Equal within the tolerance of geometric types.
pub fn fp_eq(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= EPSILON
}

/// Equal points within the tolerance.
pub fn same(a: Point, b: Point) -> bool {
    if a.x.is_nan() || a.y.is_nan() || b.x.is_nan() || b.y.is_nan() {
        return float::cmp(a.x, b.x).is_eq() && float::cmp(a.y, b.y).is_eq();
    }
    fp_eq(a.x, b.x) && fp_eq(a.y, b.y)
}

/// Slope of the line through two points; infinite if vertical.
pub fn slope(a: Point, b: Point) -> f64 {
    if fp_eq(a.x, b.x) {
        f64::INFINITY
    } else if fp_eq(a.y, b.y) {
        0.0
    } else {
        (a.y - b.y) / (a.x - b.x)
    }
}

/// The stored line through a point with a slope.
pub fn line_through(p: Point, m: f64) -> Varlena {
    if m.is_infinite() {
        encode(&[-1.0, 0.0, p.x])
    } else if m == 0.0 {
        encode(&[0.0, -1.0, p.y])
    } else {
        let c = p.y - m * p.x;
        encode(&[m, -1.0, if c == 0.0 { 0.0 } else { c }])
    }
}

fn point_output(p: Point, digits: i32, out: &mut Vec<u8>) {
    out.push(b'(');
    float::output8(p.x, digits, out);
    out.push(b',');
    float::output8(p.y, digits, out);
    out.push(b')');
}

fn points_output(points: &[Point], digits: i32, out: &mut Vec<u8>) {
    for (i, p) in points.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        point_output(*p, digits, out);
    }
}

/// Kinds of geometric values, for output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Shape {
    Point,
    Lseg,
    Box,
    Path,
    Polygon,
    Circle,
    Line,
}

/// Text out.
pub fn output(shape: Shape, bytes: &[u8], digits: i32, out: &mut Vec<u8>) {
    match shape {
        Shape::Point | Shape::Box => points_output(&points(bytes), digits, out),
        Shape::Lseg => {
            out.push(b'[');
            points_output(&points(bytes), digits, out);
            out.push(b']');
        }
        Shape::Polygon => {
            out.push(b'(');
            points_output(&points(bytes), digits, out);
            out.push(b')');
        }
        Shape::Path => {
            let (closed, points) = decode_path(bytes);
            out.push(if closed { b'(' } else { b'[' });
            points_output(&points, digits, out);
            out.push(if closed { b')' } else { b']' });
        }
        Shape::Circle => {
            let v = floats(bytes);
            if let [x, y, r] = v[..] {
                out.push(b'<');
                point_output(Point { x, y }, digits, out);
                out.push(b',');
                float::output8(r, digits, out);
                out.push(b'>');
            }
        }
        Shape::Line => {
            out.push(b'{');
            for (i, v) in floats(bytes).iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                float::output8(*v, digits, out);
            }
            out.push(b'}');
        }
    }
}

/// Binary in.
pub fn recv(shape: Shape, buf: &[u8]) -> PgResult<Varlena> {
    let mut r = BinaryReader::new(buf);
    let count = match shape {
        Shape::Point => 2,
        Shape::Lseg | Shape::Box => 4,
        Shape::Circle | Shape::Line => 3,
        Shape::Path | Shape::Polygon => {
            let closed = shape == Shape::Path && r.u8()? != 0;
            let n = r.i32()?;
            if n <= 0 || n as usize > r.remaining() / 16 {
                let name = if shape == Shape::Path { "path" } else { "polygon" };
                bail!(
                    INVALID_BINARY_REPRESENTATION,
                    "invalid number of points in external \"{name}\" value"
                );
            }
            let mut points = Vec::with_capacity(n as usize);
            for _ in 0..n {
                points.push(Point { x: r.f64()?, y: r.f64()? });
            }
            return Ok(match shape {
                Shape::Path => encode_path(closed, &points),
                _ => encode_points(&points),
            });
        }
    };
    let mut v = Vec::with_capacity(count);
    for _ in 0..count {
        v.push(r.f64()?);
    }
    match (shape, &v[..]) {
        (Shape::Box, [a, b, c, d]) => Ok(box_of(Point { x: *a, y: *b }, Point { x: *c, y: *d })),
        (Shape::Circle, [_, _, radius]) if *radius < 0.0 => {
            bail!(INVALID_BINARY_REPRESENTATION, "invalid radius in external \"circle\" value")
        }
        (Shape::Line, [a, b, _]) if is_zero(*a) && is_zero(*b) => bail!(
            INVALID_BINARY_REPRESENTATION,
            "invalid line specification: A and B cannot both be zero"
        ),
        _ => Ok(encode(&v)),
    }
}

/// Binary out.
pub fn send(shape: Shape, bytes: &[u8], out: &mut Vec<u8>) {
    let body = match shape {
        Shape::Path => {
            let (closed, points) = decode_path(bytes);
            out.push(closed as u8);
            out.extend_from_slice(&(points.len() as i32).to_be_bytes());
            bytes.get(1..).unwrap_or(&[])
        }
        Shape::Polygon => {
            out.extend_from_slice(&((bytes.len() / 16) as i32).to_be_bytes());
            bytes
        }
        _ => bytes,
    };
    for v in floats(body) {
        out.extend_from_slice(&v.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms() {
        let show = |shape, v: PgResult<Varlena>| {
            let mut out = Vec::new();
            output(shape, &v.unwrap(), 1, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(show(Shape::Point, point_input(" ( 1 , 2.5 ) ")), "(1,2.5)");
        assert_eq!(show(Shape::Lseg, lseg_input("[(1,2),(3,4)]")), "[(1,2),(3,4)]");
        assert_eq!(show(Shape::Lseg, lseg_input("1,2,3,4")), "[(1,2),(3,4)]");
        assert_eq!(show(Shape::Box, box_input("(1,4),(3,2)")), "(3,4),(1,2)");
        assert_eq!(show(Shape::Path, path_input("((1,2),(3,4))")), "((1,2),(3,4))");
        assert_eq!(show(Shape::Path, path_input("[1,2,3,4]")), "[(1,2),(3,4)]");
        assert_eq!(show(Shape::Polygon, polygon_input("(1,2,3,4)")), "((1,2),(3,4))");
        assert_eq!(show(Shape::Circle, circle_input("<(1,2),3>")), "<(1,2),3>");
        assert_eq!(show(Shape::Circle, circle_input("1,2,3")), "<(1,2),3>");
        assert_eq!(show(Shape::Line, line_input("[(0,0),(1,2)]")), "{2,-1,0}");
        assert!(line_input("{0,0,1}").is_err());
    }
}

//! The types `widget` (a circle by another name) and `int44` (four integers).
use error::{PgResult, err};
use fmgr::{CallContext, Registry};
use types::{Datum, float, geometry};

pub(crate) fn register(r: &mut Registry) {
    r.scalar("widget_in", widget_in);
    r.scalar("widget_out", |_cx, a| {
        let [x, y, radius] = numbers(a[0].as_bytes());
        Ok(Datum::text(&format!("({},{},{})", general(x), general(y), general(radius))))
    });
    r.scalar("pt_in_widget", |_cx, a| {
        let [x, y, radius] = numbers(a[1].as_bytes());
        let point = geometry::points(a[0].as_bytes());
        let inside = point.first().is_some_and(|p| (p.x - x).hypot(p.y - y) < radius);
        Ok(Datum::Bool(inside))
    });
    r.scalar("int44in", |_cx, a| {
        let mut values = [0i32; 4];
        let parts = a[0].as_str().split(',').map(leading_integer);
        for (value, part) in values.iter_mut().zip(parts) {
            let Some(part) = part else { break };
            *value = part;
        }
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Ok(Datum::bytes(&bytes))
    });
    r.scalar("int44out", |_cx, a| {
        let values = a[0].as_bytes().chunks_exact(4);
        let texts: Vec<String> = values
            .map(|c| i32::from_le_bytes(c.try_into().unwrap_or_default()).to_string())
            .collect();
        Ok(Datum::text(&texts.join(",")))
    });
}

/// Three numbers, each after a comma or the first parenthesis; what follows a number is of no interest.
fn widget_in(_cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let text = a[0].as_str();
    let mut starts: Vec<usize> = Vec::new();
    for (at, c) in text.bytes().enumerate() {
        if starts.len() == 3 || c == b')' {
            break;
        }
        if c == b',' || (c == b'(' && starts.is_empty()) {
            starts.push(at + 1);
        }
    }
    if starts.len() < 3 {
        return Err(err!(
            INVALID_TEXT_REPRESENTATION,
            "invalid input syntax for type widget: \"{text}\""
        ));
    }
    let values: Vec<f64> = starts.iter().map(|at| leading_number(&text[*at..])).collect();
    Ok(Datum::Bytes(geometry::encode(&values)))
}

fn numbers(bytes: &[u8]) -> [f64; 3] {
    geometry::floats(bytes).try_into().unwrap_or_default()
}

/// The number a text starts with, or zero.
fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let longest = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E')))
        .unwrap_or(text.len());
    (1..=longest).rev().find_map(|end| text[..end].parse().ok()).unwrap_or(0.0)
}

fn leading_integer(text: &str) -> Option<i32> {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    text[..text.len() - digits.len() + length].parse().ok()
}

/// C's `%g`: six significant digits.
fn general(value: f64) -> String {
    let mut out = Vec::new();
    float::output_g(value, 6, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{general, leading_integer, leading_number};

    #[test]
    fn numbers_as_c_reads_and_writes_them() {
        assert_eq!(general(1.0), "1");
        assert_eq!(general(1234567.0), "1.23457e+06");
        assert_eq!(general(0.0001), "0.0001");
        assert_eq!(general(0.00001234), "1.234e-05");
        assert_eq!(leading_number(" 2.5e1x"), 25.0);
        assert_eq!(leading_number("x"), 0.0);
        assert_eq!(leading_integer(" -7 "), Some(-7));
        assert_eq!(leading_integer("x"), None);
    }
}

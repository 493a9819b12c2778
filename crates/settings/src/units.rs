//! Numbers with memory and time units: reading, and printing with the largest unit that divides.

/// The base unit of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Unit {
    #[default]
    None,
    Byte,
    Kilobyte,
    /// 8 kB.
    Block,
    Megabyte,
    Millisecond,
    Second,
    Minute,
}

const MEMORY: [(&str, f64); 5] = [
    ("TB", 1024.0 * 1024.0 * 1024.0 * 1024.0),
    ("GB", 1024.0 * 1024.0 * 1024.0),
    ("MB", 1024.0 * 1024.0),
    ("kB", 1024.0),
    ("B", 1.0),
];
const TIME: [(&str, f64); 6] = [
    ("d", 86_400_000.0),
    ("h", 3_600_000.0),
    ("min", 60_000.0),
    ("s", 1000.0),
    ("ms", 1.0),
    ("us", 0.001),
];
const MEMORY_HINT: &str =
    "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".";
const TIME_HINT: &str =
    "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\".";

impl Unit {
    /// From pg_settings.unit.
    pub fn from_name(name: &str) -> Unit {
        match name {
            "B" => Unit::Byte,
            "kB" => Unit::Kilobyte,
            "8kB" => Unit::Block,
            "MB" => Unit::Megabyte,
            "ms" => Unit::Millisecond,
            "s" => Unit::Second,
            "min" => Unit::Minute,
            _ => Unit::None,
        }
    }

    /// pg_settings.unit.
    pub fn suffix(self) -> &'static str {
        match self {
            Unit::None => "",
            Unit::Byte => "B",
            Unit::Kilobyte => "kB",
            Unit::Block => "8kB",
            Unit::Megabyte => "MB",
            Unit::Millisecond => "ms",
            Unit::Second => "s",
            Unit::Minute => "min",
        }
    }

    /// Size in bytes or milliseconds.
    fn size(self) -> f64 {
        match self {
            Unit::None | Unit::Byte | Unit::Millisecond => 1.0,
            Unit::Kilobyte => 1024.0,
            Unit::Block => 8192.0,
            Unit::Megabyte => 1024.0 * 1024.0,
            Unit::Second => 1000.0,
            Unit::Minute => 60_000.0,
        }
    }

    fn table(self) -> &'static [(&'static str, f64)] {
        match self {
            Unit::None => &[],
            Unit::Byte | Unit::Kilobyte | Unit::Block | Unit::Megabyte => &MEMORY,
            Unit::Millisecond | Unit::Second | Unit::Minute => &TIME,
        }
    }

    fn hint(self) -> Option<&'static str> {
        match self {
            Unit::None => None,
            Unit::Byte | Unit::Kilobyte | Unit::Block | Unit::Megabyte => Some(MEMORY_HINT),
            Unit::Millisecond | Unit::Second | Unit::Minute => Some(TIME_HINT),
        }
    }
}

type Hint = Option<&'static str>;

/// An integer setting's text; the error is a HINT, if there is one.
pub fn parse_int(text: &str, unit: Unit) -> Result<i32, Hint> {
    let (number, rest) = split_number(text, true).ok_or(None)?;
    let value = apply_unit(number, rest, unit)?.round_ties_even();
    if value > f64::from(i32::MAX) || value < f64::from(i32::MIN) {
        return Err(Some("Value exceeds integer range."));
    }
    Ok(value as i32)
}

/// A real setting's text; the error is a HINT, if there is one.
pub fn parse_real(text: &str, unit: Unit) -> Result<f64, Hint> {
    let (number, rest) = split_number(text, false).ok_or(None)?;
    apply_unit(number, rest, unit)
}

/// The number at the front (hexadecimal and octal too where integers are wanted) and what follows.
fn split_number(text: &str, integer: bool) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let unsigned = text.trim_start_matches(['+', '-']);
    if text.len() - unsigned.len() > 1 {
        return None;
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if integer && let Some((radix, digits)) = radix_prefix(unsigned) {
        let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        // "0." and "08" are decimal after all.
        let decimal = radix == 8 && digits[end..].starts_with(['.', 'e', 'E', '8', '9']);
        if end > 0 && !decimal {
            let value = u64::from_str_radix(&digits[..end], radix).unwrap_or(u64::MAX);
            return Some((sign * value as f64, &digits[end..]));
        }
    }
    let end = number_end(unsigned.as_bytes());
    let value: f64 = unsigned.get(..end).filter(|n| !n.is_empty())?.parse().ok()?;
    Some((sign * value, &unsigned[end..]))
}

fn radix_prefix(text: &str) -> Option<(u32, &str)> {
    let digits = text.strip_prefix('0')?;
    match digits.strip_prefix(['x', 'X']) {
        Some(hex) => Some((16, hex)),
        None => Some((8, digits)),
    }
}

fn number_end(b: &[u8]) -> usize {
    let digits = |mut i: usize| {
        while b.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let mut end = digits(0);
    if b.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(b.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(b.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

fn apply_unit(number: f64, rest: &str, unit: Unit) -> Result<f64, Hint> {
    let name = rest.trim();
    if name.is_empty() {
        return Ok(number);
    }
    match unit.table().iter().find(|(n, _)| *n == name) {
        Some((_, size)) => {
            let value = number * size / unit.size();
            // 0.1 of a unit is meant as a whole number of the next smaller one.
            let below = unit.table().iter().find(|(_, s)| s < size && *s < unit.size() * 1e12);
            Ok(match below {
                Some((_, step)) if number.fract() != 0.0 => {
                    (number * size / step).round_ties_even() * step / unit.size()
                }
                _ => value,
            })
        }
        None => Err(unit.hint()),
    }
}

/// SHOW's form of an integer.
pub fn format_int(value: i32, unit: Unit) -> String {
    if value <= 0 {
        return value.to_string();
    }
    let total = i64::from(value) * unit.size() as i64;
    for (name, size) in unit.table() {
        let size = *size as i64;
        if size > 0 && total % size == 0 {
            return format!("{}{name}", total / size);
        }
    }
    value.to_string()
}

/// SHOW's form of a real.
pub fn format_real(value: f64, unit: Unit) -> String {
    if value > 0.0 {
        for (name, size) in unit.table() {
            let scaled = value * unit.size() / size;
            // The largest unit whose count is whole; the smallest one otherwise.
            if (scaled.round() - scaled).abs() <= 1e-8 * scaled || *name == "us" || *name == "B" {
                return format!("{}{name}", format_g(scaled));
            }
        }
    }
    format_g(value)
}

/// C's `%g`: six significant digits, exponent form outside 1e-5 … 1e6.
pub fn format_g(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return (if value > 0.0 { "inf" } else { "-inf" }).to_owned();
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |t: &str| match t.contains('.') {
        true => t.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => t.to_owned(),
    };
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    trim(&format!("{value:.*}", (5 - exponent).max(0) as usize))
}

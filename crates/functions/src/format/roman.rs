//! Roman numerals.

const PARTS: [(i32, &str); 13] = [
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];

/// Numbers from 1 to 3999; others have no numeral.
pub(super) fn encode(mut n: i32) -> Option<String> {
    if !(1..=3999).contains(&n) {
        return None;
    }
    let mut out = String::new();
    for (value, text) in PARTS {
        while n >= value {
            out.push_str(text);
            n -= value;
        }
    }
    Some(out)
}

/// The number at the start of a text and its length; only the regular spelling is taken.
pub(super) fn decode(text: &str) -> Option<(i32, usize)> {
    let letters: String = text
        .chars()
        .take_while(|c| "MDCLXVI".contains(c.to_ascii_uppercase()))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let (mut n, mut rest) = (0, letters.as_str());
    for (value, part) in PARTS {
        while let Some(tail) = rest.strip_prefix(part) {
            n += value;
            rest = tail;
        }
    }
    (rest.is_empty() && encode(n).as_deref() == Some(letters.as_str()))
        .then_some((n, letters.len()))
}

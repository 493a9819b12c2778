//! Character classes of SQL text.

/// Blank, tab, newline, carriage return, form feed, vertical tab.
pub(super) const SPACE: u8 = 1;
/// Letters, underscore, everything beyond ASCII.
pub(super) const IDENT_START: u8 = 2;
/// The same, digits and `$`.
pub(super) const IDENT_CONT: u8 = 4;
/// Operator characters.
pub(super) const OP: u8 = 8;

const fn class_of(b: u8) -> u8 {
    match b {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x0b => SPACE,
        b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => IDENT_START | IDENT_CONT,
        b'0'..=b'9' | b'$' => IDENT_CONT,
        b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'+' | b'-' | b'*'
        | b'/' | b'%' | b'<' | b'>' | b'=' => OP,
        _ => 0,
    }
}

static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = class_of(b as u8);
        b += 1;
    }
    table
};

#[inline]
pub(super) fn is(b: u8, class: u8) -> bool {
    CLASS[b as usize] & class != 0
}

/// Whitespace to the scanner.
#[inline]
pub fn is_space(b: u8) -> bool {
    is(b, SPACE)
}

/// May begin an unquoted identifier.
#[inline]
pub fn is_ident_start(b: u8) -> bool {
    is(b, IDENT_START)
}

/// May continue an unquoted identifier.
#[inline]
pub fn is_ident_cont(b: u8) -> bool {
    is(b, IDENT_CONT)
}

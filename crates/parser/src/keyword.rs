//! Keywords: their categories and the lookup by text.

/// What a keyword may be used as besides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Any name.
    Unreserved,
    /// Column and table names, but no function or type name.
    ColName,
    /// Function and type names, but no column name.
    TypeFuncName,
    /// Only a label after AS.
    Reserved,
}

/// A row of the keyword table.
#[derive(Debug)]
pub struct Keyword {
    /// Lower case text.
    pub word: &'static str,
    /// The keyword.
    pub kw: Kw,
    /// What else it may be.
    pub category: Category,
    /// Allowed as a column label without AS.
    pub bare_label: bool,
}

include!(concat!(env!("OUT_DIR"), "/keywords.rs"));

impl Kw {
    /// The keyword's row.
    #[inline]
    pub fn info(self) -> &'static Keyword {
        &KEYWORDS[self as usize]
    }

    /// Lower case text.
    pub fn word(self) -> &'static str {
        self.info().word
    }

    /// The keyword that `text` spells in any case, if any.
    #[inline]
    pub fn lookup(text: &[u8]) -> Option<Kw> {
        if text.len() > LONGEST || text.len() < 2 {
            return None;
        }
        let keyword = &KEYWORDS[find(hash(text))?];
        keyword.word.as_bytes().eq_ignore_ascii_case(text).then_some(keyword.kw)
    }
}

#[inline]
fn hash(text: &[u8]) -> u32 {
    let mut h: u32 = 0x811c_9dc5;
    for &b in text {
        // Setting bit 5 lower-cases letters and moves '_' to DEL, which no keyword has.
        let lower = if b.is_ascii_uppercase() { b | 0x20 } else { b };
        h = (h ^ u32::from(lower)).wrapping_mul(0x0100_0193);
    }
    h
}

#[inline]
fn find(h: u32) -> Option<usize> {
    let d = u32::from(DISPLACEMENTS[h as usize & (DISPLACEMENTS.len() - 1)]);
    let i = SLOTS[slot(h, d)];
    (i != u16::MAX).then_some(i as usize)
}

/// One of 1024 places.
#[inline]
fn slot(h: u32, displacement: u32) -> usize {
    ((h ^ displacement.wrapping_mul(0x9e37_79b1)).wrapping_mul(0x85eb_ca6b) >> 22) as usize
}

/// Whether an identifier spelled `text` must be quoted to be read back as a name:
/// `quote_identifier`'s rule.
pub fn needs_quotes(text: &str) -> bool {
    let mut bytes = text.bytes();
    let starts_plainly = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    if !starts_plainly || !bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return true;
    }
    Kw::lookup(text.as_bytes()).is_some_and(|k| k.info().category != Category::Unreserved)
}

/// `text` as an identifier, double-quoted where it must be.
pub fn quote_identifier(text: &str) -> std::borrow::Cow<'_, str> {
    if needs_quotes(text) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_found_and_nothing_else() {
        for k in KEYWORDS {
            assert_eq!(Kw::lookup(k.word.as_bytes()), Some(k.kw));
            assert_eq!(Kw::lookup(k.word.to_uppercase().as_bytes()), Some(k.kw));
            assert_eq!(Kw::lookup(format!("{}q", k.word).as_bytes()), None);
        }
        assert_eq!(Kw::lookup(b"abalance"), None);
    }

    #[test]
    fn identifiers_are_quoted_as_postgresql_does() {
        assert_eq!(quote_identifier("abc_1"), "abc_1");
        assert_eq!(quote_identifier("Abc"), "\"Abc\"");
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_identifier("select"), "\"select\"");
        assert_eq!(quote_identifier("between"), "\"between\"");
        assert_eq!(quote_identifier("abort"), "abort");
        assert_eq!(quote_identifier("1a"), "\"1a\"");
        assert_eq!(quote_identifier(""), "\"\"");
    }
}

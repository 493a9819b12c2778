//! Client and server encodings by PostgreSQL's names and numbers.

/// An encoding that clients may speak; numbers are PostgreSQL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub enum Encoding {
    SqlAscii,
    #[default]
    Utf8,
    Latin1,
    /// Known by name; no conversion exists yet.
    Other(u8),
}

/// Names in the order of PostgreSQL's numbers.
const NAMES: [&str; 42] = [
    "SQL_ASCII",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "UTF8",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
    "SJIS",
    "BIG5",
    "GBK",
    "UHC",
    "GB18030",
    "JOHAB",
    "SHIFT_JIS_2004",
];

const ALIASES: [(&str, &str); 24] = [
    ("unicode", "UTF8"),
    ("sqlascii", "SQL_ASCII"),
    ("iso88591", "LATIN1"),
    ("iso88592", "LATIN2"),
    ("iso88593", "LATIN3"),
    ("iso88594", "LATIN4"),
    ("iso88599", "LATIN5"),
    ("iso885910", "LATIN6"),
    ("iso885913", "LATIN7"),
    ("iso885914", "LATIN8"),
    ("iso885915", "LATIN9"),
    ("iso885916", "LATIN10"),
    ("koi8", "KOI8R"),
    ("alt", "WIN866"),
    ("win", "WIN1251"),
    ("abc", "WIN1258"),
    ("tcvn", "WIN1258"),
    ("tcvn5712", "WIN1258"),
    ("vscii", "WIN1258"),
    ("mskanji", "SJIS"),
    ("shiftjis", "SJIS"),
    ("windows949", "UHC"),
    ("windows936", "GBK"),
    ("windows950", "BIG5"),
];

fn fold(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

impl Encoding {
    /// The encoding of that name: case, dashes and underscores do not matter.
    pub fn from_name(name: &str) -> Option<Encoding> {
        let folded = fold(name);
        if folded.is_empty() {
            return None;
        }
        let canonical = ALIASES.iter().find(|a| a.0 == folded).map(|a| a.1);
        // Windows encodings also go by "windows1252".
        let folded = match folded.strip_prefix("windows") {
            Some(number) => format!("win{number}"),
            None => folded,
        };
        let number = match canonical {
            Some(name) => NAMES.iter().position(|n| *n == name)?,
            None => NAMES.iter().position(|n| fold(n) == folded)?,
        };
        Encoding::from_number(number as i32)
    }

    /// The encoding with PostgreSQL's number.
    pub fn from_number(number: i32) -> Option<Encoding> {
        match number {
            0 => Some(Encoding::SqlAscii),
            6 => Some(Encoding::Utf8),
            8 => Some(Encoding::Latin1),
            n if (0..NAMES.len() as i32).contains(&n) => Some(Encoding::Other(n as u8)),
            _ => None,
        }
    }

    /// PostgreSQL's number.
    pub fn number(self) -> i32 {
        match self {
            Encoding::SqlAscii => 0,
            Encoding::Utf8 => 6,
            Encoding::Latin1 => 8,
            Encoding::Other(n) => i32::from(n),
        }
    }

    /// PostgreSQL's name.
    pub fn name(self) -> &'static str {
        NAMES[self.number() as usize]
    }
}

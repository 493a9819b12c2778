//! Conversion between encodings: convert, convert_to, convert_from, length in an encoding, to_ascii.
//!
//! Everything goes by way of Unicode. Which bytes form a character is PostgreSQL's rule for the
//! encoding; what the character is comes from the tables of `encoding_rs`, without the characters that
//! these add to an encoding.
use error::{PgError, PgResult, bail, err, not_supported};
use fmgr::{CallContext, Registry};
use settings::Encoding;
use types::Datum;

/// How the bytes of a character are recognised.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Single,
    /// Two bytes from 0xA1 on.
    Euc,
    /// As [`Shape::Euc`], 0x8E and one byte, 0x8F and two.
    EucJp,
    Sjis,
    /// A byte above 0x7F and any other.
    Double,
    Gb18030,
    Utf8,
}

struct Table {
    shape: Shape,
    rs: &'static encoding_rs::Encoding,
}

/// What is known of an encoding's characters; `None`: no tables.
fn table(encoding: Encoding) -> Option<Table> {
    use encoding_rs as rs;
    let (shape, rs) = match encoding.name() {
        "UTF8" => (Shape::Utf8, rs::UTF_8),
        // Byte and code point agree; windows-1252 differs only where LATIN1 has control characters.
        "LATIN1" => (Shape::Single, rs::WINDOWS_1252),
        "LATIN2" => (Shape::Single, rs::ISO_8859_2),
        "LATIN3" => (Shape::Single, rs::ISO_8859_3),
        "LATIN4" => (Shape::Single, rs::ISO_8859_4),
        "LATIN5" => (Shape::Single, rs::WINDOWS_1254),
        "LATIN6" => (Shape::Single, rs::ISO_8859_10),
        "LATIN7" => (Shape::Single, rs::ISO_8859_13),
        "LATIN8" => (Shape::Single, rs::ISO_8859_14),
        "LATIN9" => (Shape::Single, rs::ISO_8859_15),
        "LATIN10" => (Shape::Single, rs::ISO_8859_16),
        "ISO_8859_5" => (Shape::Single, rs::ISO_8859_5),
        "ISO_8859_6" => (Shape::Single, rs::ISO_8859_6),
        "ISO_8859_7" => (Shape::Single, rs::ISO_8859_7),
        "ISO_8859_8" => (Shape::Single, rs::ISO_8859_8),
        "KOI8R" => (Shape::Single, rs::KOI8_R),
        "KOI8U" => (Shape::Single, rs::KOI8_U),
        "WIN866" => (Shape::Single, rs::IBM866),
        "WIN874" => (Shape::Single, rs::WINDOWS_874),
        "WIN1250" => (Shape::Single, rs::WINDOWS_1250),
        "WIN1251" => (Shape::Single, rs::WINDOWS_1251),
        "WIN1252" => (Shape::Single, rs::WINDOWS_1252),
        "WIN1253" => (Shape::Single, rs::WINDOWS_1253),
        "WIN1254" => (Shape::Single, rs::WINDOWS_1254),
        "WIN1255" => (Shape::Single, rs::WINDOWS_1255),
        "WIN1256" => (Shape::Single, rs::WINDOWS_1256),
        "WIN1257" => (Shape::Single, rs::WINDOWS_1257),
        "WIN1258" => (Shape::Single, rs::WINDOWS_1258),
        "EUC_JP" => (Shape::EucJp, rs::EUC_JP),
        "EUC_CN" => (Shape::Euc, rs::GBK),
        "EUC_KR" => (Shape::Euc, rs::EUC_KR),
        "SJIS" => (Shape::Sjis, rs::SHIFT_JIS),
        "BIG5" => (Shape::Double, rs::BIG5),
        "GBK" => (Shape::Double, rs::GBK),
        "UHC" => (Shape::Double, rs::EUC_KR),
        "GB18030" => (Shape::Gb18030, rs::GB18030),
        _ => return None,
    };
    Some(Table { shape, rs })
}

/// Encodings of the ISO family map the bytes 0x80 to 0x9F to the control characters of those numbers.
fn has_controls(encoding: Encoding) -> bool {
    encoding.name().starts_with("LATIN") || encoding.name().starts_with("ISO_8859")
}

fn hex(bytes: &[u8]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = bytes.iter().take(SHOWN).map(|b| format!("0x{b:02x}")).collect();
    shown.join(" ")
}

#[cold]
fn invalid(encoding: Encoding, bytes: &[u8]) -> PgError {
    err!(
        CHARACTER_NOT_IN_REPERTOIRE,
        "invalid byte sequence for encoding \"{}\": {}",
        encoding.name(),
        hex(bytes)
    )
}

#[cold]
fn untranslatable(bytes: &[u8], from: Encoding, to: Encoding) -> PgError {
    err!(
        UNTRANSLATABLE_CHARACTER,
        "character with byte sequence {} in encoding \"{}\" has no equivalent in encoding \"{}\"",
        hex(bytes),
        from.name(),
        to.name()
    )
}

/// Length of the character that starts with these bytes by its first bytes alone, and whether its
/// bytes are in their ranges.
fn character(shape: Shape, bytes: &[u8]) -> (usize, bool) {
    let high = |i: usize| bytes.get(i).is_some_and(|b| (0xa1..=0xfe).contains(b));
    let first = bytes[0];
    match shape {
        Shape::Single => (1, first != 0),
        Shape::Sjis if (0xa1..=0xdf).contains(&first) => (1, true),
        _ if first < 0x80 => (1, first != 0),
        Shape::Euc => (2, high(0) && high(1)),
        Shape::EucJp => match first {
            0x8e => (2, bytes.get(1).is_some_and(|b| (0xa1..=0xdf).contains(b))),
            0x8f => (3, high(1) && high(2)),
            _ => (2, high(0) && high(1)),
        },
        Shape::Sjis => {
            let head = (0x81..=0x9f).contains(&first) || (0xe0..=0xfc).contains(&first);
            let tail = bytes.get(1).is_some_and(|b| matches!(b, 0x40..=0x7e | 0x80..=0xfc));
            (2, head && tail)
        }
        Shape::Double => (2, bytes.get(1).is_some_and(|b| *b != 0)),
        Shape::Gb18030 => gb18030(bytes),
        Shape::Utf8 => utf8(bytes),
    }
}

fn gb18030(bytes: &[u8]) -> (usize, bool) {
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let head = |i: usize| bytes.get(i).is_some_and(|b| (0x81..=0xfe).contains(b));
    if digit(1) {
        return (4, head(0) && head(2) && digit(3));
    }
    (2, head(0) && bytes.get(1).is_some_and(|b| matches!(b, 0x40..=0x7e | 0x80..=0xfe)))
}

fn utf8(bytes: &[u8]) -> (usize, bool) {
    let len = match bytes[0] {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    (len, bytes.get(..len).is_some_and(|b| std::str::from_utf8(b).is_ok()))
}

/// Calls `each` with the bytes of each character.
fn each_character<'a>(
    bytes: &'a [u8],
    encoding: Encoding,
    mut each: impl FnMut(&'a [u8]) -> PgResult<()>,
) -> PgResult<()> {
    let shape = match (encoding, table(encoding)) {
        (Encoding::SqlAscii, _) => Shape::Single,
        (_, Some(table)) => table.shape,
        (_, None) => return Err(no_tables(encoding)),
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let (len, valid) = character(shape, rest);
        if !valid || len > rest.len() {
            return Err(invalid(encoding, &rest[..len.min(rest.len())]));
        }
        each(&rest[..len])?;
        rest = &rest[len..];
    }
    Ok(())
}

fn no_tables(encoding: Encoding) -> PgError {
    not_supported!("conversion of encoding {}", encoding.name())
}

/// The character of valid bytes; `None` if Unicode has none.
fn to_char(bytes: &[u8], encoding: Encoding, table: &Table) -> Option<char> {
    if let [byte] = bytes
        && (*byte < 0x80 || has_controls(encoding) && *byte < 0xa0 || encoding == Encoding::Latin1)
    {
        return Some(char::from(*byte));
    }
    let text = table.rs.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut chars = text.chars();
    // The tables fill holes of the Windows encodings with control characters.
    let c = chars.next().filter(|c| !('\u{80}'..='\u{9f}').contains(c))?;
    chars.next().is_none().then_some(c)
}

/// Appends a character in an encoding; false if it has none.
fn push_char(c: char, encoding: Encoding, table: &Table, out: &mut Vec<u8>) -> bool {
    if c.is_ascii() {
        out.push(c as u8);
        return true;
    }
    if encoding == Encoding::Latin1 || has_controls(encoding) && (c as u32) < 0xa0 {
        return match u8::try_from(c as u32) {
            Ok(byte) => {
                out.push(byte);
                true
            }
            Err(_) => false,
        };
    }
    if ('\u{80}'..='\u{9f}').contains(&c) {
        return false;
    }
    let mut text = [0; 4];
    let (bytes, _, replaced) = table.rs.encode(c.encode_utf8(&mut text));
    if replaced || bytes.is_empty() || character(table.shape, &bytes) != (bytes.len(), true) {
        return false;
    }
    out.extend_from_slice(&bytes);
    true
}

/// Bytes of one encoding in another.
pub fn convert(bytes: &[u8], from: Encoding, to: Encoding) -> PgResult<Vec<u8>> {
    if from == to || to == Encoding::SqlAscii {
        each_character(bytes, from, |_| Ok(()))?;
        return Ok(bytes.to_vec());
    }
    if from == Encoding::SqlAscii {
        // Nothing is known of the bytes but where they are to go.
        each_character(bytes, to, |_| Ok(()))?;
        return Ok(bytes.to_vec());
    }
    let source = table(from).ok_or_else(|| no_tables(from))?;
    let target = table(to).ok_or_else(|| no_tables(to))?;
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 2);
    each_character(bytes, from, |one| {
        let c = match from {
            Encoding::Utf8 => std::str::from_utf8(one).ok().and_then(|s| s.chars().next()),
            _ => to_char(one, from, &source),
        };
        let done = c.is_some_and(|c| match to {
            Encoding::Utf8 => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                true
            }
            _ => push_char(c, to, &target, &mut out),
        });
        if done { Ok(()) } else { Err(untranslatable(one, from, to)) }
    })?;
    Ok(out)
}

/// Pairs without UTF8 that have a conversion of their own.
fn exists(from: Encoding, to: Encoding) -> bool {
    const CYRILLIC: [&str; 4] = ["KOI8R", "ISO_8859_5", "WIN1251", "WIN866"];
    const PAIRS: [(&str, &str); 4] = [
        ("LATIN2", "WIN1250"),
        ("EUC_JP", "SJIS"),
        ("EUC_TW", "BIG5"),
        ("EUC_JIS_2004", "SHIFT_JIS_2004"),
    ];
    const BY_MULE: [&str; 9] =
        ["EUC_CN", "EUC_JP", "SJIS", "EUC_KR", "EUC_TW", "BIG5", "LATIN1", "LATIN3", "LATIN4"];
    let (a, b) = (from.name(), to.name());
    let mule = |name: &str| {
        BY_MULE.contains(&name) || CYRILLIC.contains(&name) || matches!(name, "LATIN2" | "WIN1250")
    };
    from == to
        || [from, to].iter().any(|e| matches!(e, Encoding::Utf8 | Encoding::SqlAscii))
        || CYRILLIC.contains(&a) && CYRILLIC.contains(&b)
        || PAIRS.iter().any(|pair| *pair == (a, b) || *pair == (b, a))
        || a == "MULE_INTERNAL" && mule(b)
        || b == "MULE_INTERNAL" && mule(a)
}

fn convert_existing(bytes: &[u8], from: Encoding, to: Encoding) -> PgResult<Vec<u8>> {
    if !exists(from, to) {
        // What is no text of its encoding is told of first.
        if table(from).is_some() {
            each_character(bytes, from, |_| Ok(()))?;
        }
        bail!(
            UNDEFINED_FUNCTION,
            "default conversion function for encoding \"{}\" to \"{}\" does not exist",
            from.name(),
            to.name()
        );
    }
    convert(bytes, from, to)
}

fn named(name: &str, what: &str) -> PgResult<Encoding> {
    Encoding::from_name(name)
        .ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "invalid {what}encoding name \"{name}\""))
}

fn server_text(bytes: Vec<u8>) -> PgResult<Datum> {
    let text = types::text::validate(&bytes)?;
    Ok(Datum::text(text))
}

/// Letters that the upper half of an encoding looks like, and where that half starts.
fn ascii_likeness(encoding: Encoding) -> Option<(&'static [u8], u8)> {
    Some(match encoding.name() {
        "LATIN1" => (b"  cL Y  \"Ca  -R     'u .,      ?AAAAAAACEEEEIIII NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooooo/ouuuuyty", 160),
        "LATIN2" => (b" A L LS \"SSTZ-ZZ a,l'ls ,sstz\"zzRAAAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoooo/ruuuuyt.", 160),
        "LATIN9" => (b"  cL YS sCa  -R     Zu .z   EeY?AAAAAAACEEEEIIII NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooooo/ouuuuyty", 160),
        "WIN1250" => (b"  ' \"    %S<STZZ `'\"\".--  s>stzz   L A  \"CS  -RZ  ,l'u .,as L\"lzRAAAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoooo/ruuuuyt ", 128),
        _ => return None,
    })
}

fn to_ascii(text: &[u8], encoding: Encoding) -> PgResult<Datum> {
    let Some((table, start)) = ascii_likeness(encoding) else {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "encoding conversion from {} to ASCII not supported",
            encoding.name()
        );
    };
    let bytes = text.iter().map(|byte| match byte {
        0..0x80 => *byte,
        byte if *byte < start => b' ',
        byte => table.get(usize::from(byte - start)).copied().unwrap_or(b' '),
    });
    Ok(Datum::bytes(&bytes.collect::<Vec<u8>>()))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_convert", |_cx, a| {
        let from = named(a[1].as_str(), "source ")?;
        let to = named(a[2].as_str(), "destination ")?;
        convert_existing(a[0].as_bytes(), from, to).map(|bytes| Datum::bytes(&bytes))
    });
    r.scalar("pg_convert_to", |_cx, a| {
        let to = named(a[1].as_str(), "destination ")?;
        convert_existing(a[0].as_bytes(), Encoding::Utf8, to).map(|bytes| Datum::bytes(&bytes))
    });
    r.scalar("pg_convert_from", |_cx, a| {
        let from = named(a[1].as_str(), "source ")?;
        server_text(convert_existing(a[0].as_bytes(), from, Encoding::Utf8)?)
    });
    r.scalar("length_in_encoding", |_cx, a| {
        let mut count = 0;
        each_character(a[0].as_bytes(), named(a[1].as_str(), "")?, |_| {
            count += 1;
            Ok(())
        })?;
        Ok(Datum::Int4(count))
    });
    r.scalar("to_ascii_default", |_cx, a| to_ascii(a[0].as_bytes(), Encoding::Utf8));
    r.scalar("to_ascii_encname", |_cx: &mut CallContext<'_>, a| {
        let name = a[1].as_str();
        let encoding = Encoding::from_name(name)
            .ok_or_else(|| err!(UNDEFINED_OBJECT, "{name} is not a valid encoding name"))?;
        to_ascii(a[0].as_bytes(), encoding)
    });
    r.scalar("to_ascii_enc", |_cx, a| {
        let code = a[1].as_i32();
        let encoding = Encoding::from_number(code)
            .ok_or_else(|| err!(UNDEFINED_OBJECT, "{code} is not a valid encoding code"))?;
        to_ascii(a[0].as_bytes(), encoding)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(name: &str) -> Encoding {
        Encoding::from_name(name).expect("known")
    }

    #[test]
    fn there_and_back() {
        for (name, text) in [
            ("EUC_KR", "가나다 a"),
            ("SJIS", "あ日本 a"),
            ("EUC_JP", "あ日本 a"),
            ("BIG5", "中文 a"),
            ("GB18030", "中文😀 a"),
            ("LATIN1", "é\u{81}ÿ"),
            ("WIN1251", "Привет"),
        ] {
            let bytes = convert(text.as_bytes(), Encoding::Utf8, encoding(name)).expect(name);
            let back = convert(&bytes, encoding(name), Encoding::Utf8).expect(name);
            assert_eq!(back, text.as_bytes(), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_converted() {
        let state = |r: PgResult<Vec<u8>>| r.expect_err("must fail").sqlstate();
        let utf8 = Encoding::Utf8;
        assert_eq!(
            state(convert(b"\x81", encoding("WIN1252"), utf8)),
            error::SqlState::UNTRANSLATABLE_CHARACTER
        );
        assert_eq!(
            state(convert(b"\x8e\xa1", encoding("EUC_KR"), utf8)),
            error::SqlState::CHARACTER_NOT_IN_REPERTOIRE
        );
        assert_eq!(
            state(convert("é".as_bytes(), utf8, encoding("EUC_KR"))),
            error::SqlState::UNTRANSLATABLE_CHARACTER
        );
        assert_eq!(
            state(convert_existing(b"a", Encoding::Latin1, encoding("LATIN2"))),
            error::SqlState::UNDEFINED_FUNCTION
        );
    }
}

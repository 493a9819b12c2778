//! Reads the CSV facts and turns their fields into datums of catalog column types.
use crate::acl;
use types::{ArrayValue, Datum, Oid, type_oid as t};

/// Records of CSV text without its header; `None` is an empty field without quotes (NULL).
pub struct Facts {
    /// Column names.
    pub header: Vec<String>,
    /// Records.
    pub records: Vec<Vec<Option<String>>>,
}

impl Facts {
    /// Parses CSV text with a header line.
    pub fn parse(text: &str) -> Facts {
        let mut records = parse_records(text).into_iter();
        let header =
            records.next().unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect();
        Facts { header, records: records.collect() }
    }

    /// The position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h == name)
    }
}

fn parse_records(text: &str) -> Vec<Vec<Option<String>>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' | '\n' if !quoted => {
                let value = std::mem::take(&mut field);
                record.push((was_quoted || !value.is_empty()).then_some(value));
                was_quoted = false;
                if c == '\n' {
                    records.push(std::mem::take(&mut record));
                }
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    if !record.is_empty() || !field.is_empty() {
        record.push((was_quoted || !field.is_empty()).then_some(field));
        records.push(record);
    }
    records
}

/// Elements of a one-dimensional array in its text form.
pub fn array_elements(text: &str) -> Vec<Option<String>> {
    let inner = text.strip_prefix('{').and_then(|s| s.strip_suffix('}')).unwrap_or("");
    let (mut out, mut field) = (Vec::new(), String::new());
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = inner.chars();
    let mut push = |field: &mut String, was_quoted: &mut bool| {
        let value = std::mem::take(field);
        out.push((*was_quoted || value != "NULL").then_some(value));
        *was_quoted = false;
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' => field.extend(chars.next()),
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => push(&mut field, &mut was_quoted),
            c => field.push(c),
        }
    }
    if !inner.is_empty() {
        push(&mut field, &mut was_quoted);
    }
    out
}

/// The datum for a field of a catalog column of type `typ`.
pub fn datum(typ: Oid, text: &str) -> Datum {
    let number =
        || text.parse::<i64>().unwrap_or_else(|_| panic!("invariant: fact {text:?} is a number"));
    match typ {
        t::BOOL => Datum::Bool(text == "t"),
        t::CHAR => Datum::Char(text.bytes().next().unwrap_or(0)),
        t::INT2 => Datum::Int2(number() as i16),
        t::INT4 | Oid(13241) => Datum::Int4(number() as i32),
        t::INT8 => Datum::Int8(number()),
        t::FLOAT4 => Datum::Float4(text.parse().unwrap_or(0.0)),
        t::OID | t::REGPROC | t::XID => Datum::Oid(Oid(number() as u32)),
        t::INT2VECTOR => int2vector(&numbers(text).map(|n| n as i16).collect::<Vec<_>>()),
        t::OIDVECTOR => oidvector(&numbers(text).map(|n| Oid(n as u32)).collect::<Vec<_>>()),
        t::CHAR_ARRAY => array(t::CHAR, text),
        t::TEXT_ARRAY => array(t::TEXT, text),
        t::OID_ARRAY => array(t::OID, text),
        t::INT2_ARRAY => array(t::INT2, text),
        t::ACLITEM_ARRAY => acl::to_datum(&acl::parse_builtin(text)),
        _ => Datum::text(text),
    }
}

fn numbers(text: &str) -> impl Iterator<Item = i64> + '_ {
    text.split_ascii_whitespace().map(|n| n.parse().unwrap_or(0))
}

fn array(elem: Oid, text: &str) -> Datum {
    let elems = array_elements(text)
        .into_iter()
        .map(|e| e.map_or(Datum::Null, |e| datum(elem, &e)))
        .collect();
    Datum::Array(ArrayValue::from_elems(elem, elems).into())
}

/// An int2vector.
pub fn int2vector(values: &[i16]) -> Datum {
    let elems = values.iter().map(|v| Datum::Int2(*v)).collect();
    Datum::Array(ArrayValue::with_lower(t::INT2, elems, 0).into())
}

/// An oidvector.
pub fn oidvector(values: &[Oid]) -> Datum {
    let elems = values.iter().map(|v| Datum::Oid(*v)).collect();
    Datum::Array(ArrayValue::with_lower(t::OID, elems, 0).into())
}

/// An int2[].
pub fn int2_array(values: &[i16]) -> Datum {
    let elems = values.iter().map(|v| Datum::Int2(*v)).collect();
    Datum::Array(ArrayValue::from_elems(t::INT2, elems).into())
}

/// An oid[].
pub fn oid_array(values: &[Oid]) -> Datum {
    let elems = values.iter().map(|v| Datum::Oid(*v)).collect();
    Datum::Array(ArrayValue::from_elems(t::OID, elems).into())
}

/// A text[].
pub fn text_array<S: AsRef<str>>(values: &[S]) -> Datum {
    let elems = values.iter().map(|v| Datum::text(v.as_ref())).collect();
    Datum::Array(ArrayValue::from_elems(t::TEXT, elems).into())
}

/// A "char"[].
pub fn char_array(values: &[char]) -> Datum {
    let elems = values.iter().map(|v| Datum::Char(*v as u8)).collect();
    Datum::Array(ArrayValue::from_elems(t::CHAR, elems).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_tells_null_from_empty() {
        let f = Facts::parse("a,b,c\n1,,\"\"\n\"x,\"\"y\",2,\"{p,\"\"q,r\"\"}\"\n");
        assert_eq!(f.header, ["a", "b", "c"]);
        assert_eq!(f.records[0], [Some("1".into()), None, Some(String::new())]);
        assert_eq!(f.records[1][0].as_deref(), Some("x,\"y"));
        let elems = array_elements(f.records[1][2].as_deref().unwrap());
        assert_eq!(elems, [Some("p".into()), Some("q,r".into())]);
        assert_eq!(array_elements("{}").len(), 0);
        assert_eq!(array_elements("{\"\",x}").len(), 2);
    }
}

//! jsonb: the stored form, views into it, the tree it is built from, order and hash.
//!
//! # Stored form
//! ```text
//! value    u32 le: kind << 28 | size, then the content
//! number   size bytes of a stored numeric        string   size bytes of text
//! array    size end offsets (u32 le), the values
//! object   size end offsets of keys, size end offsets of values, the keys, the values
//! ```
//! Offsets count from the start of the keys or values they delimit. Keys are unique and ordered by
//! length, then bytes, so a key is found by binary search.
use crate::{Varlena, hash, json, json::JsonSink, numeric};
use error::{PgResult, bail};
use std::{cmp::Ordering, collections::HashMap};

const NULL: u32 = 0;
const FALSE: u32 = 1;
const TRUE: u32 = 2;
const NUMBER: u32 = 3;
const STRING: u32 = 4;
const ARRAY: u32 = 5;
const OBJECT: u32 = 6;
const SIZE_MASK: u32 = (1 << 28) - 1;

/// A view of a stored value.
#[derive(Clone, Copy, Debug)]
pub enum Jsonb<'a> {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A stored numeric.
    Number(&'a [u8]),
    /// Text.
    String(&'a str),
    /// Array.
    Array(ArrayView<'a>),
    /// Object.
    Object(ObjectView<'a>),
}

/// A stored array.
#[derive(Clone, Copy, Debug)]
pub struct ArrayView<'a> {
    len: usize,
    body: &'a [u8],
}

/// A stored object.
#[derive(Clone, Copy, Debug)]
pub struct ObjectView<'a> {
    len: usize,
    body: &'a [u8],
}

fn word(bytes: &[u8], i: usize) -> usize {
    bytes
        .get(4 * i..4 * i + 4)
        .and_then(|b| b.try_into().ok())
        .map_or(0, |b| u32::from_le_bytes(b) as usize)
}

/// The part of `data` between end offset `i - 1` and end offset `i`, offsets from word `first` on.
fn slice(body: &[u8], first: usize, i: usize, data: usize) -> &[u8] {
    let start = if i == 0 { 0 } else { word(body, first + i - 1) };
    body.get(data + start..data + word(body, first + i)).unwrap_or(&[])
}

impl<'a> Jsonb<'a> {
    /// A view of stored bytes.
    pub fn new(bytes: &'a [u8]) -> Jsonb<'a> {
        let head = word(bytes, 0) as u32;
        let body = bytes.get(4..).unwrap_or(&[]);
        let size = (head & SIZE_MASK) as usize;
        match head >> 28 {
            FALSE => Jsonb::Bool(false),
            TRUE => Jsonb::Bool(true),
            NUMBER => Jsonb::Number(&body[..size.min(body.len())]),
            STRING => Jsonb::String(
                std::str::from_utf8(&body[..size.min(body.len())]).unwrap_or_default(),
            ),
            ARRAY => Jsonb::Array(ArrayView { len: size, body }),
            OBJECT => Jsonb::Object(ObjectView { len: size, body }),
            _ => Jsonb::Null,
        }
    }

    /// Array or object.
    pub fn is_container(&self) -> bool {
        matches!(self, Jsonb::Array(_) | Jsonb::Object(_))
    }

    /// Name of its kind as `jsonb_typeof` gives it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Jsonb::Null => "null",
            Jsonb::Bool(_) => "boolean",
            Jsonb::Number(_) => "number",
            Jsonb::String(_) => "string",
            Jsonb::Array(_) => "array",
            Jsonb::Object(_) => "object",
        }
    }

    fn is_empty_container(&self) -> bool {
        match self {
            Jsonb::Array(a) => a.is_empty(),
            Jsonb::Object(o) => o.is_empty(),
            _ => false,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Jsonb::Null => 0,
            Jsonb::String(_) => 1,
            Jsonb::Number(_) => 2,
            Jsonb::Bool(_) => 3,
            Jsonb::Array(_) => 4,
            Jsonb::Object(_) => 5,
        }
    }

    /// A copy as a tree.
    pub fn to_value(&self) -> JsonValue {
        match self {
            Jsonb::Null => JsonValue::Null,
            Jsonb::Bool(v) => JsonValue::Bool(*v),
            Jsonb::Number(v) => JsonValue::Number(Varlena::new(v)),
            Jsonb::String(v) => JsonValue::String(v.to_string()),
            Jsonb::Array(a) => JsonValue::Array(a.iter().map(|v| v.to_value()).collect()),
            Jsonb::Object(o) => {
                JsonValue::Object(o.iter().map(|(k, v)| (k.to_string(), v.to_value())).collect())
            }
        }
    }

    /// The stored form of this part: a copy, as parts are stored like wholes.
    pub fn encode(&self) -> PgResult<Varlena> {
        let (kind, size, content): (u32, usize, &[u8]) = match self {
            Jsonb::Null => (NULL, 0, &[]),
            Jsonb::Bool(v) => (if *v { TRUE } else { FALSE }, 0, &[]),
            Jsonb::Number(v) => (NUMBER, v.len(), v),
            Jsonb::String(v) => (STRING, v.len(), v.as_bytes()),
            Jsonb::Array(a) => (ARRAY, a.len, a.body),
            Jsonb::Object(o) => (OBJECT, o.len, o.body),
        };
        if size > SIZE_MASK as usize {
            bail!(PROGRAM_LIMIT_EXCEEDED, "string too long to represent as jsonb string");
        }
        let mut out = Vec::with_capacity(4 + content.len());
        out.extend_from_slice(&(kind << 28 | size as u32).to_le_bytes());
        out.extend_from_slice(content);
        Ok(Varlena::new(&out))
    }

    /// Text out; `indent` for jsonb_pretty.
    pub fn output(&self, out: &mut Vec<u8>) {
        match self {
            Jsonb::Null => out.extend_from_slice(b"null"),
            Jsonb::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
            Jsonb::Number(v) => numeric::output(v, out),
            Jsonb::String(v) => json::escape(v, out),
            Jsonb::Array(a) => {
                out.push(b'[');
                for (i, v) in a.iter().enumerate() {
                    if i > 0 {
                        out.extend_from_slice(b", ");
                    }
                    v.output(out);
                }
                out.push(b']');
            }
            Jsonb::Object(o) => {
                out.push(b'{');
                for (i, (k, v)) in o.iter().enumerate() {
                    if i > 0 {
                        out.extend_from_slice(b", ");
                    }
                    json::escape(k, out);
                    out.extend_from_slice(b": ");
                    v.output(out);
                }
                out.push(b'}');
            }
        }
    }

    /// jsonb_pretty.
    pub fn output_pretty(&self, depth: usize, out: &mut Vec<u8>) {
        let line = |depth: usize, out: &mut Vec<u8>| {
            out.push(b'\n');
            out.extend(std::iter::repeat_n(b' ', depth * 4));
        };
        match self {
            Jsonb::Array(a) => {
                out.push(b'[');
                for (i, v) in a.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    line(depth + 1, out);
                    v.output_pretty(depth + 1, out);
                }
                line(depth, out);
                out.push(b']');
            }
            Jsonb::Object(o) => {
                out.push(b'{');
                for (i, (k, v)) in o.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    line(depth + 1, out);
                    json::escape(k, out);
                    out.extend_from_slice(b": ");
                    v.output_pretty(depth + 1, out);
                }
                line(depth, out);
                out.push(b'}');
            }
            scalar => scalar.output(out),
        }
    }

    /// Order of whole values: objects above arrays above scalars, containers by number of members
    /// first. A scalar counts as an array of one member here.
    pub fn compare(&self, other: &Jsonb<'_>) -> Ordering {
        match (self, other) {
            (Jsonb::Object(_), Jsonb::Object(_)) | (Jsonb::Array(_), Jsonb::Array(_)) => {
                self.compare_nested(other)
            }
            (Jsonb::Object(_), _) => Ordering::Greater,
            (_, Jsonb::Object(_)) => Ordering::Less,
            (Jsonb::Array(a), _) => a.len.cmp(&1).then(Ordering::Greater),
            (_, Jsonb::Array(b)) => 1.cmp(&b.len).then(Ordering::Less),
            _ => self.compare_nested(other),
        }
    }

    fn compare_nested(&self, other: &Jsonb<'_>) -> Ordering {
        match (self, other) {
            (Jsonb::Bool(a), Jsonb::Bool(b)) => a.cmp(b),
            (Jsonb::Number(a), Jsonb::Number(b)) => numeric::cmp(a, b),
            (Jsonb::String(a), Jsonb::String(b)) => a.cmp(b),
            (Jsonb::Array(a), Jsonb::Array(b)) => a.len.cmp(&b.len).then_with(|| {
                a.iter()
                    .zip(b.iter())
                    .map(|(x, y)| x.compare_nested(&y))
                    .find(|o| o.is_ne())
                    .unwrap_or(Ordering::Equal)
            }),
            (Jsonb::Object(a), Jsonb::Object(b)) => a.len.cmp(&b.len).then_with(|| {
                a.iter()
                    .zip(b.iter())
                    .map(|((k1, v1), (k2, v2))| k1.cmp(k2).then_with(|| v1.compare_nested(&v2)))
                    .find(|o| o.is_ne())
                    .unwrap_or(Ordering::Equal)
            }),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// Hash.
    pub fn hash(&self) -> u32 {
        if self.is_empty_container() {
            return 0;
        }
        let mut h = 0u32;
        let mut add = |event: HashEvent<'_>| match event {
            HashEvent::Mark(mark) => h ^= mark,
            HashEvent::Scalar(v) => h = h.rotate_left(1) ^ scalar_hash(&v),
        };
        self.walk_top(&mut add);
        h
    }

    /// Seeded hash.
    pub fn hash_extended(&self, seed: u64) -> u64 {
        if self.is_empty_container() {
            return seed;
        }
        let mut h = 0u64;
        let mut add = |event: HashEvent<'_>| match event {
            HashEvent::Mark(mark) => h ^= u64::from(mark) << 32 | u64::from(mark),
            HashEvent::Scalar(v) => h = h.rotate_left(1) ^ scalar_hash_extended(&v, seed),
        };
        self.walk_top(&mut add);
        h
    }

    fn walk_top(&self, add: &mut dyn FnMut(HashEvent<'_>)) {
        if !self.is_container() {
            add(HashEvent::Mark(ARRAY_MARK));
        }
        self.walk(add);
    }

    fn walk(&self, add: &mut dyn FnMut(HashEvent<'_>)) {
        match self {
            Jsonb::Array(a) => {
                add(HashEvent::Mark(ARRAY_MARK));
                a.iter().for_each(|v| v.walk(add));
            }
            Jsonb::Object(o) => {
                add(HashEvent::Mark(OBJECT_MARK));
                for (k, v) in o.iter() {
                    add(HashEvent::Scalar(Jsonb::String(k)));
                    v.walk(add);
                }
            }
            scalar => add(HashEvent::Scalar(*scalar)),
        }
    }
}

const ARRAY_MARK: u32 = 0x4000_0000;
const OBJECT_MARK: u32 = 0x2000_0000;

enum HashEvent<'a> {
    Mark(u32),
    Scalar(Jsonb<'a>),
}

fn scalar_hash(v: &Jsonb<'_>) -> u32 {
    match v {
        Jsonb::String(s) => hash::bytes(s.as_bytes()),
        Jsonb::Number(n) => numeric::hash(n),
        Jsonb::Bool(true) => 2,
        Jsonb::Bool(false) => 4,
        _ => 1,
    }
}

fn scalar_hash_extended(v: &Jsonb<'_>, seed: u64) -> u64 {
    match v {
        Jsonb::String(s) => hash::bytes_extended(s.as_bytes(), seed),
        Jsonb::Number(n) => numeric::hash_extended(n, seed),
        Jsonb::Bool(b) if seed != 0 => hash::uint32_extended(*b as u32, seed),
        Jsonb::Bool(true) => 2,
        Jsonb::Bool(false) => 4,
        _ => seed.wrapping_add(1),
    }
}

impl<'a> ArrayView<'a> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Stored bytes of element `i`.
    pub fn bytes(&self, i: usize) -> Option<&'a [u8]> {
        (i < self.len).then(|| slice(self.body, 0, i, 4 * self.len))
    }

    /// Element `i`.
    pub fn get(&self, i: usize) -> Option<Jsonb<'a>> {
        self.bytes(i).map(Jsonb::new)
    }

    /// Elements in order.
    pub fn iter(self) -> impl Iterator<Item = Jsonb<'a>> {
        (0..self.len).filter_map(move |i| self.get(i))
    }
}

impl<'a> ObjectView<'a> {
    /// Number of members.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No members.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether this is the same object in memory, not merely an equal one.
    pub(crate) fn same_place(&self, other: &ObjectView<'_>) -> bool {
        self.len == other.len && std::ptr::eq(self.body.as_ptr(), other.body.as_ptr())
    }

    /// Key `i` in key order.
    pub fn key(&self, i: usize) -> &'a str {
        std::str::from_utf8(slice(self.body, 0, i, 8 * self.len)).unwrap_or_default()
    }

    /// Stored bytes of value `i` in key order.
    pub fn value_bytes(&self, i: usize) -> &'a [u8] {
        let keys = if self.len == 0 { 0 } else { word(self.body, self.len - 1) };
        slice(self.body, self.len, i, 8 * self.len + keys)
    }

    /// Position of a key.
    pub fn find(&self, key: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len);
        let wanted = key.as_bytes();
        while low < high {
            let mid = (low + high) / 2;
            let own = slice(self.body, 0, mid, 8 * self.len);
            match own.len().cmp(&wanted.len()).then_with(|| own.cmp(wanted)) {
                Ordering::Equal => return Some(mid),
                Ordering::Less => low = mid + 1,
                Ordering::Greater => high = mid,
            }
        }
        None
    }

    /// Stored bytes of the value of a key.
    pub fn get_bytes(&self, key: &str) -> Option<&'a [u8]> {
        self.find(key).map(|i| self.value_bytes(i))
    }

    /// Value of a key.
    pub fn get(&self, key: &str) -> Option<Jsonb<'a>> {
        self.get_bytes(key).map(Jsonb::new)
    }

    /// Members in key order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Jsonb<'a>)> {
        (0..self.len).map(move |i| (self.key(i), Jsonb::new(self.value_bytes(i))))
    }
}

/// Order of keys in an object: by length, then by bytes.
pub fn compare_keys(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// A jsonb value as a tree, for building and changing.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum JsonValue {
    Null,
    Bool(bool),
    /// A stored numeric.
    Number(Varlena),
    String(String),
    Array(Vec<JsonValue>),
    /// In any order; a later member of the same key wins.
    Object(Vec<(String, JsonValue)>),
}

impl JsonValue {
    /// The stored form.
    pub fn encode(&self) -> PgResult<Varlena> {
        let mut out = Vec::new();
        self.write(&mut out)?;
        Ok(Varlena::new(&out))
    }

    fn write(&self, out: &mut Vec<u8>) -> PgResult<()> {
        let mut head = |kind: u32, size: usize| -> PgResult<()> {
            if size > SIZE_MASK as usize {
                bail!(
                    PROGRAM_LIMIT_EXCEEDED,
                    "total size of jsonb element exceeds the maximum of {SIZE_MASK} bytes"
                );
            }
            out.extend_from_slice(&(kind << 28 | size as u32).to_le_bytes());
            Ok(())
        };
        match self {
            JsonValue::Null => head(NULL, 0),
            JsonValue::Bool(v) => head(if *v { TRUE } else { FALSE }, 0),
            JsonValue::Number(v) => {
                head(NUMBER, v.len())?;
                out.extend_from_slice(v);
                Ok(())
            }
            JsonValue::String(v) => {
                head(STRING, v.len())?;
                out.extend_from_slice(v.as_bytes());
                Ok(())
            }
            JsonValue::Array(elems) => {
                head(ARRAY, elems.len())?;
                let offsets = out.len();
                out.resize(offsets + 4 * elems.len(), 0);
                let data = out.len();
                for (i, elem) in elems.iter().enumerate() {
                    elem.write(out)?;
                    patch(out, offsets + 4 * i, data);
                }
                Ok(())
            }
            JsonValue::Object(members) => {
                let members = unique_members(members);
                head(OBJECT, members.len())?;
                let offsets = out.len();
                out.resize(offsets + 8 * members.len(), 0);
                let keys = out.len();
                for (i, (key, _)) in members.iter().enumerate() {
                    out.extend_from_slice(key.as_bytes());
                    patch(out, offsets + 4 * i, keys);
                }
                let data = out.len();
                for (i, (_, value)) in members.iter().enumerate() {
                    value.write(out)?;
                    patch(out, offsets + 4 * (members.len() + i), data);
                }
                Ok(())
            }
        }
    }
}

fn patch(out: &mut [u8], at: usize, base: usize) {
    let end = (out.len() - base) as u32;
    out[at..at + 4].copy_from_slice(&end.to_le_bytes());
}

/// Members ordered by key, the last of equal keys.
fn unique_members(members: &[(String, JsonValue)]) -> Vec<&(String, JsonValue)> {
    let mut sorted: Vec<_> = members.iter().collect();
    let ordered =
        members.windows(2).all(|pair| compare_keys(&pair[0].0, &pair[1].0) == Ordering::Less);
    if !ordered {
        // The sort is stable, so of equal keys the last given is the last here.
        sorted.sort_by(|a, b| compare_keys(&a.0, &b.0));
        let mut kept: Vec<&(String, JsonValue)> = Vec::with_capacity(sorted.len());
        for member in sorted {
            match kept.last_mut() {
                Some(last) if last.0 == member.0 => *last = member,
                _ => kept.push(member),
            }
        }
        return kept;
    }
    sorted
}

/// Builds a tree from parse events.
#[derive(Default)]
pub struct TreeSink {
    stack: Vec<Level>,
    root: Option<JsonValue>,
}

enum Level {
    Array(Vec<JsonValue>),
    Object(Vec<(String, JsonValue)>, Option<String>),
}

impl TreeSink {
    /// Adds a value at the current place.
    pub fn add(&mut self, value: JsonValue) {
        match self.stack.last_mut() {
            None => self.root = Some(value),
            Some(Level::Array(elems)) => elems.push(value),
            Some(Level::Object(members, key)) => {
                members.push((key.take().unwrap_or_default(), value));
            }
        }
    }

    /// The finished tree.
    pub fn finish(self) -> JsonValue {
        self.root.unwrap_or(JsonValue::Null)
    }
}

impl JsonSink for TreeSink {
    const UNESCAPE: bool = true;

    fn null(&mut self) -> PgResult<()> {
        self.add(JsonValue::Null);
        Ok(())
    }
    fn boolean(&mut self, v: bool) -> PgResult<()> {
        self.add(JsonValue::Bool(v));
        Ok(())
    }
    fn number(&mut self, text: &str) -> PgResult<()> {
        self.add(JsonValue::Number(numeric::input(text, -1)?));
        Ok(())
    }
    fn string(&mut self, text: &str) -> PgResult<()> {
        if text.len() > SIZE_MASK as usize {
            bail!(PROGRAM_LIMIT_EXCEEDED, "string too long to represent as jsonb string");
        }
        self.add(JsonValue::String(text.to_string()));
        Ok(())
    }
    fn begin_array(&mut self) -> PgResult<()> {
        self.stack.push(Level::Array(Vec::new()));
        Ok(())
    }
    fn end_array(&mut self) -> PgResult<()> {
        if let Some(Level::Array(elems)) = self.stack.pop() {
            self.add(JsonValue::Array(elems));
        }
        Ok(())
    }
    fn begin_object(&mut self) -> PgResult<()> {
        self.stack.push(Level::Object(Vec::new(), None));
        Ok(())
    }
    fn key(&mut self, text: &str) -> PgResult<()> {
        if let Some(Level::Object(_, key)) = self.stack.last_mut() {
            *key = Some(text.to_string());
        }
        Ok(())
    }
    fn end_object(&mut self) -> PgResult<()> {
        if let Some(Level::Object(members, _)) = self.stack.pop() {
            self.add(JsonValue::Object(members));
        }
        Ok(())
    }
}

/// Parses text into a tree.
pub fn parse(text: &str) -> PgResult<JsonValue> {
    let mut sink = TreeSink::default();
    json::parse(text, &mut sink)?;
    Ok(sink.finish())
}

/// jsonb in.
pub fn input(text: &str) -> PgResult<Varlena> {
    parse(text)?.encode()
}

/// jsonb out.
pub fn output(stored: &[u8], out: &mut Vec<u8>) {
    Jsonb::new(stored).output(out);
}

/// From the wire: a version byte, then text.
pub fn recv(buf: &[u8]) -> PgResult<Varlena> {
    let mut r = crate::binary::BinaryReader::new(buf);
    let version = r.u8()?;
    if version != 1 {
        bail!(INTERNAL_ERROR, "unsupported jsonb version number {version}");
    }
    input(r.text()?)
}

/// To the wire.
pub fn send(stored: &[u8], out: &mut Vec<u8>) {
    out.push(1);
    output(stored, out);
}

/// Members of an object by key, for building without duplicates.
pub type MemberMap = HashMap<String, JsonValue>;

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        let mut out = Vec::new();
        output(&input(text).unwrap(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_round_trip() {
        for (text, want) in [
            ("{\"bb\":1,\"a\":[true,null,\"x\\u00e4\"], \"a\" : 2.50}", "{\"a\": 2.50, \"bb\": 1}"),
            ("[]", "[]"),
            ("\"a\\nb\\u0001\"", "\"a\\nb\\u0001\""),
            ("\"\\ud83d\\ude00\"", "\"😀\""),
            ("1e3", "1000"),
        ] {
            assert_eq!(round(text), want);
        }
    }

    #[test]
    fn parts_are_copied_as_they_are() {
        let v = input("{\"a\":{\"b\":[1,\"x\",null,{}]},\"c\":1.50}").unwrap();
        let Jsonb::Object(o) = Jsonb::new(&v) else { panic!() };
        for key in ["a", "c"] {
            let part = o.get(key).unwrap();
            assert_eq!(part.encode().unwrap(), part.to_value().encode().unwrap());
        }
    }

    #[test]
    fn lookup_order_hash() {
        let v = input("{\"a\":1,\"b\":[true,null,\"x\"]}").unwrap();
        let Jsonb::Object(o) = Jsonb::new(&v) else { panic!() };
        assert!(o.get("b").unwrap().is_container() && o.get("c").is_none());
        assert_eq!(Jsonb::new(&v).hash() as i32, 1915520802);
        let ordered =
            ["[]", "null", "\"a\"", "1", "false", "true", "[1]", "[1,2]", "{}", "{\"a\":1}"];
        for pair in ordered.windows(2) {
            let (a, b) = (input(pair[0]).unwrap(), input(pair[1]).unwrap());
            assert_eq!(Jsonb::new(&a).compare(&Jsonb::new(&b)), Ordering::Less, "{pair:?}");
        }
    }
}

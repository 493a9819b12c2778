//! A parsed json text whose parts know their place in it.
use error::PgResult;
use types::json::{self, JsonSink};

/// A part of a document.
#[derive(Debug)]
pub(super) struct Doc {
    /// What it is.
    pub(super) kind: Kind,
    /// Byte offsets in the source.
    pub(super) start: usize,
    /// End offset.
    pub(super) end: usize,
}

/// Kinds of parts; strings and keys are unescaped.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    String(String),
    Array(Vec<Doc>),
    Object(Vec<(String, Doc)>),
}

impl Doc {
    /// Parses a json value.
    pub(super) fn parse(text: &str) -> PgResult<Doc> {
        let mut sink = DocSink::default();
        json::parse(text, &mut sink)?;
        Ok(sink.root.unwrap_or(Doc { kind: Kind::Null, start: 0, end: 0 }))
    }

    /// Its source text.
    pub(super) fn source<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or("")
    }

    /// The member of an object; of several with one key the last.
    pub(super) fn member(&self, key: &str) -> Option<&Doc> {
        match &self.kind {
            Kind::Object(members) => members.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The element of an array, counted from the end if negative.
    pub(super) fn element(&self, index: i32) -> Option<&Doc> {
        match &self.kind {
            Kind::Array(elems) => {
                super::resolve_index(index, elems.len()).and_then(|i| elems.get(i))
            }
            _ => None,
        }
    }

    /// Follows a path of keys and indexes.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Doc> {
        path.iter().try_fold(self, |doc, step| match &doc.kind {
            Kind::Object(_) => doc.member(step),
            Kind::Array(elems) => super::index_of(step, elems.len()).and_then(|i| elems.get(i)),
            _ => None,
        })
    }

    /// What `->>` gives; `None` for null.
    pub(super) fn text<'t>(&'t self, source: &'t str) -> Option<&'t str> {
        match &self.kind {
            Kind::Null => None,
            Kind::String(text) => Some(text),
            _ => Some(self.source(source)),
        }
    }
}

#[derive(Default)]
struct DocSink {
    /// Open containers with their start offset and, in objects, the current key.
    open: Vec<(Kind, usize, Option<String>)>,
    root: Option<Doc>,
    start: usize,
    /// A scalar whose end is not known yet.
    scalar: Option<(Kind, usize)>,
    /// A closed container whose end is not known yet.
    closed: Option<(Kind, usize)>,
}

impl DocSink {
    fn add(&mut self, doc: Doc) {
        match self.open.last_mut() {
            None => self.root = Some(doc),
            Some((Kind::Array(elems), ..)) => elems.push(doc),
            Some((Kind::Object(members), _, key)) => {
                members.push((key.take().unwrap_or_default(), doc));
            }
            Some(_) => {}
        }
    }

    fn scalar(&mut self, kind: Kind) -> PgResult<()> {
        self.scalar = Some((kind, self.start));
        Ok(())
    }

    fn open(&mut self, kind: Kind) -> PgResult<()> {
        self.open.push((kind, self.start, None));
        Ok(())
    }

    fn close(&mut self) -> PgResult<()> {
        self.closed = self.open.pop().map(|(kind, start, _)| (kind, start));
        Ok(())
    }
}

impl JsonSink for DocSink {
    const UNESCAPE: bool = true;

    fn null(&mut self) -> PgResult<()> {
        self.scalar(Kind::Null)
    }
    fn boolean(&mut self, _: bool) -> PgResult<()> {
        self.scalar(Kind::Bool)
    }
    fn number(&mut self, _: &str) -> PgResult<()> {
        self.scalar(Kind::Number)
    }
    fn string(&mut self, text: &str) -> PgResult<()> {
        self.scalar(Kind::String(text.to_string()))
    }
    fn begin_array(&mut self) -> PgResult<()> {
        self.open(Kind::Array(Vec::new()))
    }
    fn end_array(&mut self) -> PgResult<()> {
        self.close()
    }
    fn begin_object(&mut self) -> PgResult<()> {
        self.open(Kind::Object(Vec::new()))
    }
    fn key(&mut self, text: &str) -> PgResult<()> {
        if let Some((_, _, key)) = self.open.last_mut() {
            *key = Some(text.to_string());
        }
        Ok(())
    }
    fn end_object(&mut self) -> PgResult<()> {
        self.close()
    }
    fn value_start(&mut self, offset: usize) {
        self.start = offset;
    }
    fn value_end(&mut self, offset: usize) {
        if let Some((kind, start)) = self.scalar.take().or_else(|| self.closed.take()) {
            self.add(Doc { kind, start, end: offset });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_know_their_place() {
        let text = r#" {"a": [1, {"b" : "x\u0041"}], "c":true} "#;
        let doc = Doc::parse(text).expect("valid");
        assert_eq!(doc.at(&["a", "1"]).expect("there").source(text), r#"{"b" : "x\u0041"}"#);
        assert_eq!(doc.at(&["a", "-1", "b"]).expect("there").text(text), Some("xA"));
        assert_eq!(doc.member("c").expect("there").source(text), "true");
        assert!(doc.at(&["a", "7"]).is_none());
    }
}

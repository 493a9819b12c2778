//! Where parts of a jsonb value would lie in PostgreSQL's own stored form. jsonpath's keyvalue() numbers
//! objects by that.
use crate::{
    jsonb::{Jsonb, ObjectView},
    numeric::Numeric,
};

const WORD: usize = 4;

/// Offset of an object from the start of the document that it is a part of.
pub fn offset_of(document: &Jsonb<'_>, object: &ObjectView<'_>) -> Option<usize> {
    let mut search = Search { target: *object, found: None };
    search.container(document, 0);
    search.found
}

struct Search<'a> {
    target: ObjectView<'a>,
    found: Option<usize>,
}

fn align(at: usize) -> usize {
    at.next_multiple_of(WORD)
}

fn numeric_size(stored: &[u8]) -> usize {
    let Numeric::Finite(n) = Numeric::decode(stored) else { return WORD + 2 };
    let short = n.dscale <= 63 && (-64..=63).contains(&n.weight);
    WORD + if short { 2 } else { 4 } + 2 * n.digit_count()
}

impl Search<'_> {
    /// Walks a container that starts at `at`; its end.
    fn container(&mut self, value: &Jsonb<'_>, at: usize) -> usize {
        match value {
            Jsonb::Array(array) => {
                let mut end = at + WORD + WORD * array.len();
                for part in array.iter() {
                    end = self.part(&part, end);
                }
                end
            }
            Jsonb::Object(object) => {
                if object.same_place(&self.target) {
                    self.found = Some(at);
                }
                let mut end = at + WORD + 2 * WORD * object.len();
                for i in 0..object.len() {
                    end += object.key(i).len();
                }
                for i in 0..object.len() {
                    end = self.part(&Jsonb::new(object.value_bytes(i)), end);
                }
                end
            }
            scalar => self.part(scalar, at + 2 * WORD),
        }
    }

    fn part(&mut self, value: &Jsonb<'_>, at: usize) -> usize {
        if self.found.is_some() {
            return at;
        }
        match value {
            Jsonb::String(text) => at + text.len(),
            Jsonb::Number(stored) => align(at) + numeric_size(stored),
            Jsonb::Array(_) | Jsonb::Object(_) => self.container(value, align(at)),
            _ => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonb::input;

    #[test]
    fn offsets_as_postgresql() {
        let stored = input(r#"[{"a": 1, "b": [1, 2]}, {"c": {"a": "bbb"}}]"#).unwrap();
        let document = Jsonb::new(&stored);
        let Jsonb::Array(array) = document else { panic!() };
        let (Some(Jsonb::Object(first)), Some(Jsonb::Object(second))) =
            (array.get(0), array.get(1))
        else {
            panic!()
        };
        assert_eq!(offset_of(&document, &first), Some(12));
        assert_eq!(offset_of(&document, &second), Some(72));
    }
}

//! Functions and operators of tsvector.
use super::vector_match::vector_matches;
use super::{lexemes, query, store};
use error::{PgResult, bail};
use fmgr::{Registry, VecRowSource};
use std::{cmp::Ordering, sync::Arc};
use types::{
    ArrayValue, Datum,
    tsearch::{
        self, Lexeme, MAX_WORD, canonical_size, limit_position, position, weight, with_weight,
    },
    type_oid as t,
};

/// PostgreSQL's order of tsvectors, which has no meaning but is an order: by size, number of words,
/// then word by word.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (tsearch::tsvector_decode(a), tsearch::tsvector_decode(b));
    let size = |v: &[Lexeme]| 4 * v.len() + canonical_size(v);
    let by_size = size(&a).cmp(&size(&b)).then(a.len().cmp(&b.len()));
    if by_size.is_ne() {
        return by_size;
    }
    for (x, y) in a.iter().zip(&b) {
        let o = (y.positions.is_empty() as u8)
            .cmp(&(x.positions.is_empty() as u8))
            .reverse()
            .then_with(|| x.word.as_bytes().cmp(y.word.as_bytes()))
            .then_with(|| y.positions.len().cmp(&x.positions.len()))
            .then_with(|| compare_positions(&x.positions, &y.positions));
        if o.is_ne() {
            return o;
        }
    }
    Ordering::Equal
}

/// The greater position, and the greater weight, come first.
fn compare_positions(a: &[u16], b: &[u16]) -> Ordering {
    for (p, q) in a.iter().zip(b) {
        let o = position(*q).cmp(&position(*p)).then(weight(*q).cmp(&weight(*p)));
        if o.is_ne() {
            return o;
        }
    }
    Ordering::Equal
}

/// A weight by its letter.
pub(super) fn weight_of(letter: u8) -> PgResult<u8> {
    Ok(match letter {
        b'A' | b'a' => 3,
        b'B' | b'b' => 2,
        b'C' | b'c' => 1,
        b'D' | b'd' => 0,
        c if c.is_ascii_graphic() || c == b' ' => {
            bail!(INVALID_PARAMETER_VALUE, "unrecognized weight: \"{}\"", char::from(c))
        }
        c => bail!(INVALID_PARAMETER_VALUE, "unrecognized weight: \"\\{c:03o}\""),
    })
}

fn set_weight(v: &mut [Lexeme], weight: u8, only: Option<&[String]>) {
    for lexeme in v {
        if only.is_none_or(|words| words.contains(&lexeme.word)) {
            lexeme.positions.iter_mut().for_each(|p| *p = with_weight(*p, weight));
        }
    }
}

/// The words of an array that are not NULL.
fn words(array: &ArrayValue) -> Vec<String> {
    array.elems.iter().filter(|e| !e.is_null()).map(|e| e.as_str().to_owned()).collect()
}

/// `||`: the second's positions follow the first's.
fn concat(mut a: Vec<Lexeme>, b: Vec<Lexeme>) -> Vec<Lexeme> {
    let last = a.iter().flat_map(|l| &l.positions).map(|p| position(*p)).max().unwrap_or(0);
    for lexeme in b {
        let shifted = lexeme.positions.iter().map(|p| {
            let moved = u64::from(position(*p)) + u64::from(last);
            with_weight(limit_position(moved), weight(*p))
        });
        let mut positions: Vec<u16> = Vec::new();
        for p in shifted {
            // Only one may stand at the end of what can be told apart.
            if positions.last().is_none_or(|l| position(*l) != tsearch::MAX_POS) {
                positions.push(p);
            }
        }
        a.push(Lexeme { word: lexeme.word, positions });
    }
    a
}

fn from_array(array: &ArrayValue) -> PgResult<Datum> {
    let mut out = Vec::with_capacity(array.elems.len());
    for elem in &array.elems {
        if elem.is_null() {
            bail!(NULL_VALUE_NOT_ALLOWED, "lexeme array may not contain nulls");
        }
        let word = elem.as_str();
        if word.is_empty() {
            bail!(ZERO_LENGTH_CHARACTER_STRING, "lexeme array may not contain empty strings");
        }
        if word.len() >= MAX_WORD {
            bail!(
                PROGRAM_LIMIT_EXCEEDED,
                "word is too long ({} bytes, max {} bytes)",
                word.len(),
                MAX_WORD - 1
            );
        }
        out.push(Lexeme { word: word.to_owned(), positions: Vec::new() });
    }
    store(out)
}

fn text_array(items: Vec<Datum>) -> Datum {
    Datum::Array(Arc::new(ArrayValue::from_elems(t::TEXT, items)))
}

fn register_comparison(r: &mut Registry) {
    comparisons! { r,
        "tsvector_eq" "tsvector_ne" "tsvector_lt" "tsvector_le" "tsvector_gt" "tsvector_ge":
            as_bytes, as_bytes, |a, b| compare(a, b);
    }
    binary! { r,
        "tsvector_cmp": as_bytes, as_bytes => Int4, |a, b| compare(a, b) as i32;
    }
}

fn register_edit(r: &mut Registry) {
    r.scalar("tsvector_strip", |_cx, a| {
        let mut v = lexemes(&a[0]);
        v.iter_mut().for_each(|l| l.positions.clear());
        store(v)
    });
    r.scalar("tsvector_setweight", |_cx, a| {
        let weight = weight_of(a[1].as_char())?;
        let mut v = lexemes(&a[0]);
        set_weight(&mut v, weight, None);
        store(v)
    });
    r.scalar("tsvector_setweight_by_filter", |_cx, a| {
        let weight = weight_of(a[1].as_char())?;
        let mut v = lexemes(&a[0]);
        set_weight(&mut v, weight, Some(&words(a[2].as_array())));
        store(v)
    });
    r.scalar("tsvector_concat", |_cx, a| store(concat(lexemes(&a[0]), lexemes(&a[1]))));
    r.scalar("tsvector_delete_str", |_cx, a| {
        let mut v = lexemes(&a[0]);
        v.retain(|l| l.word != a[1].as_str());
        store(v)
    });
    r.scalar("tsvector_delete_arr", |_cx, a| {
        let gone = words(a[1].as_array());
        let mut v = lexemes(&a[0]);
        v.retain(|l| !gone.contains(&l.word));
        store(v)
    });
    r.scalar("tsvector_filter", |_cx, a| {
        let mut mask = 0u8;
        for elem in &a[1].as_array().elems {
            if elem.is_null() {
                bail!(NULL_VALUE_NOT_ALLOWED, "weight array may not contain nulls");
            }
            mask |= 1 << weight_of(elem.as_char())?;
        }
        let mut v = lexemes(&a[0]);
        v.iter_mut().for_each(|l| l.positions.retain(|p| mask & (1 << weight(*p)) != 0));
        v.retain(|l| !l.positions.is_empty());
        store(v)
    });
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    register_comparison(r);
    register_edit(r);
    r.scalar("tsvector_length", |_cx, a| Ok(Datum::Int4(lexemes(&a[0]).len() as i32)));
    r.scalar("tsvector_to_array", |_cx, a| {
        Ok(text_array(lexemes(&a[0]).iter().map(|l| Datum::text(&l.word)).collect()))
    });
    r.scalar("array_to_tsvector", |_cx, a| from_array(a[0].as_array()));
    r.set("tsvector_unnest", |_cx, a| {
        let row = |l: Lexeme| {
            let letter = |p: &u16| Datum::text(["D", "C", "B", "A"][usize::from(weight(*p))]);
            let at = |p: &u16| Datum::Int2(position(*p) as i16);
            let (mut positions, mut weights) = (Datum::Null, Datum::Null);
            if !l.positions.is_empty() {
                let elems = l.positions.iter().map(at).collect();
                positions = Datum::Array(Arc::new(ArrayValue::from_elems(t::INT2, elems)));
                weights = text_array(l.positions.iter().map(letter).collect());
            }
            vec![Datum::text(&l.word), positions, weights]
        };
        Ok(VecRowSource::boxed(lexemes(&a[0]).into_iter().map(row).collect()))
    });
    r.scalar("ts_match_vq", |_cx, a| {
        vector_matches(&lexemes(&a[0]), query(&a[1]).as_ref()).map(Datum::Bool)
    });
    r.scalar("ts_match_qv", |_cx, a| {
        vector_matches(&lexemes(&a[1]), query(&a[0]).as_ref()).map(Datum::Bool)
    });
}

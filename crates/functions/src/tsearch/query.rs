//! Functions and operators of tsquery.
use super::query_tree::QueryNode;
use super::{query, query_datum};
use error::{PgError, PgResult, bail};
use fmgr::Registry;
use std::{cmp::Ordering, collections::BTreeSet};
use types::{
    Datum,
    tsearch::{self, TsQuery},
};

/// PostgreSQL's order of queries: number of nodes, size of words, then node by node.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (tsearch::tsquery_decode(a), tsearch::tsquery_decode(b));
    let count = |q: &Option<TsQuery>| q.as_ref().map_or(0, TsQuery::node_count);
    let size = |q: &Option<TsQuery>| q.as_ref().map_or(0, TsQuery::word_bytes);
    let o = count(&a).cmp(&count(&b)).then_with(|| size(&a).cmp(&size(&b)));
    match (a, b) {
        (Some(a), Some(b)) if o.is_eq() => QueryNode::new(&a).compare(&QueryNode::new(&b)),
        _ => o,
    }
}

fn join(a: &[Datum], make: impl FnOnce(Box<TsQuery>, Box<TsQuery>) -> TsQuery) -> PgResult<Datum> {
    let (left, right) = (query(&a[0]), query(&a[1]));
    let joined = match (left, right) {
        (Some(l), Some(r)) => {
            TsQuery::check_depth(l.depth().max(r.depth()) + 1)?;
            Some(make(Box::new(l), Box::new(r)))
        }
        (one, None) | (None, one) => one,
    };
    if let Some(joined) = &joined {
        joined.check_size()?;
    }
    Ok(query_datum(joined.as_ref()))
}

/// The part that an index can look for: NOT and what depends on it removed.
fn without_not(q: TsQuery) -> Option<TsQuery> {
    match q {
        TsQuery::Word { .. } => Some(q),
        TsQuery::Not(_) => None,
        TsQuery::Or(l, r) => {
            Some(TsQuery::Or(Box::new(without_not(*l)?), Box::new(without_not(*r)?)))
        }
        TsQuery::And(l, r) => either(without_not(*l), without_not(*r), TsQuery::And),
        TsQuery::Phrase(l, r, n) => {
            either(without_not(*l), without_not(*r), |l, r| TsQuery::Phrase(l, r, n))
        }
    }
}

fn either(
    l: Option<TsQuery>,
    r: Option<TsQuery>,
    make: impl FnOnce(Box<TsQuery>, Box<TsQuery>) -> TsQuery,
) -> Option<TsQuery> {
    match (l, r) {
        (Some(l), Some(r)) => Some(make(Box::new(l), Box::new(r))),
        (one, None) | (None, one) => one,
    }
}

fn words(q: Option<&TsQuery>, out: &mut BTreeSet<String>) {
    match q {
        None => {}
        Some(TsQuery::Word { word, .. }) => {
            out.insert(word.clone());
        }
        Some(TsQuery::Not(c)) => words(Some(c), out),
        Some(TsQuery::And(l, r) | TsQuery::Or(l, r) | TsQuery::Phrase(l, r, _)) => {
            words(Some(l), out);
            words(Some(r), out);
        }
    }
}

/// `@>`: all words of the second are words of the first.
fn contains(outer: &Datum, inner: &Datum) -> bool {
    let (mut a, mut b) = (BTreeSet::new(), BTreeSet::new());
    words(query(outer).as_ref(), &mut a);
    words(query(inner).as_ref(), &mut b);
    b.is_subset(&a)
}

fn phrase(a: &[Datum], distance: i32) -> PgResult<Datum> {
    let max = i32::from(tsearch::MAX_POS) + 1;
    if !(0..=max).contains(&distance) {
        bail!(
            INVALID_PARAMETER_VALUE,
            "distance in phrase operator must be an integer value between zero and {max} inclusive"
        );
    }
    join(a, |l, r| TsQuery::Phrase(l, r, distance as u16))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    comparisons! { r,
        "tsquery_eq" "tsquery_ne" "tsquery_lt" "tsquery_le" "tsquery_gt" "tsquery_ge":
            as_bytes, as_bytes, |a, b| compare(a, b);
    }
    binary! { r,
        "tsquery_cmp": as_bytes, as_bytes => Int4, |a, b| compare(a, b) as i32;
    }
    r.scalar("tsqueryin", |cx, a| {
        let text = a[0].as_str();
        Ok(Datum::Bytes(match tsearch::tsquery_input(text)? {
            Some(query) => query,
            None => {
                cx.session.notice(no_lexemes(text));
                tsearch::tsquery_encode(None)
            }
        }))
    });
    r.scalar("tsqueryout", |_cx, a| {
        let mut out = Vec::new();
        tsearch::tsquery_output(a[0].as_bytes(), &mut out);
        Ok(Datum::bytes(&out))
    });
    r.scalar("tsquerysend", |_cx, a| {
        let mut out = Vec::new();
        tsearch::tsquery_send(a[0].as_bytes(), &mut out);
        Ok(Datum::bytes(&out))
    });
    r.scalar("tsqueryrecv", |_cx, a| tsearch::tsquery_recv(a[0].as_bytes()).map(Datum::Bytes));
    r.scalar("tsquery_and", |_cx, a| join(a, TsQuery::And));
    r.scalar("tsquery_or", |_cx, a| join(a, TsQuery::Or));
    r.scalar("tsquery_phrase", |_cx, a| phrase(a, 1));
    r.scalar("tsquery_phrase_distance", |_cx, a| phrase(a, a[2].as_i32()));
    r.scalar("tsquery_not", |_cx, a| {
        let Some(q) = query(&a[0]) else { return Ok(query_datum(None)) };
        TsQuery::check_depth(q.depth() + 1)?;
        Ok(query_datum(Some(&TsQuery::Not(Box::new(q)))))
    });
    r.scalar("tsquery_numnode", |_cx, a| {
        Ok(Datum::Int4(query(&a[0]).map_or(0, |q| q.node_count() as i32)))
    });
    r.scalar("tsquerytree", |_cx, a| {
        let Some(q) = query(&a[0]) else { return Ok(Datum::text("")) };
        let Some(rest) = without_not(q) else { return Ok(Datum::text("T")) };
        let mut out = Vec::new();
        tsearch::tsquery_output(tsearch::tsquery_encode(Some(&rest)).as_bytes(), &mut out);
        Ok(Datum::bytes(&out))
    });
    r.scalar("tsq_mcontains", |_cx, a| Ok(Datum::Bool(contains(&a[0], &a[1]))));
    r.scalar("tsq_mcontained", |_cx, a| Ok(Datum::Bool(contains(&a[1], &a[0]))));
}

/// The notice about a query without words.
pub(super) fn no_lexemes(text: &str) -> PgError {
    PgError::notice(format!("text-search query doesn't contain lexemes: \"{text}\""))
}

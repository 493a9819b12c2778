//! to_tsquery, plainto_tsquery, phraseto_tsquery and websearch_to_tsquery.
use super::configuration::Configuration;
use super::{document::DocumentBuilder, lexemes, query};
use super::{query::no_lexemes, query_datum, vector_match::vector_matches};
use error::{PgError, PgResult};
use fmgr::{CallContext, Registry};
use types::{
    Datum,
    tsearch::{Parsed, QueryParser, QuerySyntax, check_word},
};

/// How the words of one operand are joined.
#[derive(Clone, Copy, PartialEq)]
enum Join {
    And,
    Phrase,
}

/// What dictionaries make of an operand: alternatives by OR, words of one by AND, and what stood at
/// different places by the join, with a stop word for each place that was left out.
fn operand(
    cx: &CallContext<'_>,
    configuration: &Configuration,
    source: &str,
    join: Join,
    (word, weights, prefix): (String, u8, bool),
) -> PgResult<Parsed> {
    let mut position = 0;
    let words = configuration.words(cx, &word, &mut position)?;
    let joined = |left: Option<Parsed>, right: Parsed| match (left, join) {
        (None, _) => Ok(right),
        (Some(left), Join::And) => left.and(right),
        (Some(left), Join::Phrase) => left.phrase(right, 1),
    };
    let mut out: Option<Parsed> = None;
    let mut last = 0;
    for place in words.chunk_by(|a, b| a.1 == b.1) {
        let here = place[0].1;
        if last > 0 {
            for _ in last + 1..here {
                out = Some(joined(out.take(), Parsed::stop())?);
            }
        }
        last = here;
        let mut alternatives: Option<Parsed> = None;
        for variant in place.chunk_by(|a, b| a.0.variant == b.0.variant) {
            let mut all: Option<Parsed> = None;
            for (normal, _) in variant {
                check_word(&normal.word, source)?;
                let one = Parsed::word(normal.word.clone(), weights, normal.prefix || prefix);
                all = Some(match all {
                    None => one,
                    Some(before) => before.and(one)?,
                });
            }
            let Some(all) = all else { continue };
            alternatives = Some(match alternatives {
                None => all,
                Some(before) => before.or(all)?,
            });
        }
        if let Some(alternatives) = alternatives {
            out = Some(joined(out.take(), alternatives)?);
        }
    }
    Ok(out.unwrap_or_else(Parsed::stop))
}

fn to_query(
    cx: &mut CallContext<'_>,
    config: Option<&Datum>,
    text: &str,
    syntax: QuerySyntax,
    join: Join,
) -> PgResult<Datum> {
    let configuration = Configuration::of_call(cx, config)?;
    let mut handler = |word: String, weights: u8, prefix: bool| {
        operand(cx, &configuration, text, join, (word, weights, prefix))
    };
    let parsed = QueryParser::new(text, syntax, &mut handler).parse()?;
    let Some(parsed) = parsed else {
        cx.session.notice(no_lexemes(text));
        return Ok(query_datum(None));
    };
    match &parsed.query {
        None => cx.session.notice(PgError::notice(
            "text-search query contains only stop words or doesn't contain lexemes, ignored",
        )),
        Some(query) => query.check_size()?,
    }
    Ok(query_datum(parsed.query.as_ref()))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! queries {
        ($($plain:literal $by_id:literal: $syntax:expr, $join:expr;)*) => { $(
            r.scalar($plain, |cx, a| to_query(cx, None, a[0].as_str(), $syntax, $join));
            r.scalar($by_id, |cx, a| to_query(cx, Some(&a[0]), a[1].as_str(), $syntax, $join));
        )* };
    }
    queries! {
        "to_tsquery" "to_tsquery_byid": QuerySyntax::Standard, Join::Phrase;
        "plainto_tsquery" "plainto_tsquery_byid": QuerySyntax::Plain, Join::And;
        "phraseto_tsquery" "phraseto_tsquery_byid": QuerySyntax::Plain, Join::Phrase;
        "websearch_to_tsquery" "websearch_to_tsquery_byid": QuerySyntax::Web, Join::Phrase;
    }
    r.scalar("ts_match_tt", |cx, a| {
        let q = to_query(cx, None, a[1].as_str(), QuerySyntax::Plain, Join::And)?;
        text_matches(cx, a[0].as_str(), &q)
    });
    r.scalar("ts_match_tq", |cx, a| {
        let q = a[1].take();
        text_matches(cx, a[0].as_str(), &q)
    });
}

fn text_matches(cx: &mut CallContext<'_>, text: &str, q: &Datum) -> PgResult<Datum> {
    let configuration = Configuration::of_call(cx, None)?;
    let mut document = DocumentBuilder::default();
    document.add(cx, &configuration, text)?;
    let vector = document.finish()?;
    vector_matches(&lexemes(&vector), query(q).as_ref()).map(Datum::Bool)
}

//! ts_token_type, ts_parse, ts_lexize; what commands ask of templates and parsers.
use super::configuration::check_parser;
use super::dictionary::{self, SubState};
use super::parser::{DefaultParser, TOKEN_TYPES};
use error::PgResult;
use fmgr::{CallContext, Registry, RowSource, VecRowSource};
use std::sync::Arc;
use types::{
    ArrayValue, Datum,
    tsearch::{DictionaryOption, TokenType},
    type_oid as t,
};

fn token_types(cx: &CallContext<'_>, parser: types::Oid) -> PgResult<Box<dyn RowSource>> {
    check_parser(cx, parser)?;
    let rows = TOKEN_TYPES.iter().enumerate().map(|(i, (alias, description))| {
        vec![Datum::Int4(i as i32 + 1), Datum::text(alias), Datum::text(description)]
    });
    Ok(VecRowSource::boxed(rows.collect()))
}

fn parse(cx: &CallContext<'_>, parser: types::Oid, text: &str) -> PgResult<Box<dyn RowSource>> {
    check_parser(cx, parser)?;
    let mut parser = DefaultParser::new(text);
    let mut rows = Vec::new();
    while let Some(token) = parser.next_token()? {
        if rows.len() % 1024 == 1023 {
            cx.session.check_interrupts()?;
        }
        rows.push(vec![Datum::Int4(i32::from(token.kind)), Datum::text(token.text)]);
    }
    Ok(VecRowSource::boxed(rows))
}

fn by_name(cx: &CallContext<'_>, name: &str) -> PgResult<types::Oid> {
    crate::io::text_search_parser(cx.session, name)
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.set("ts_token_type_byid", |cx, a| token_types(cx, a[0].as_oid()));
    r.set("ts_token_type_byname", |cx, a| {
        let parser = by_name(cx, a[0].as_str())?;
        token_types(cx, parser)
    });
    r.set("ts_parse_byid", |cx, a| parse(cx, a[0].as_oid(), a[1].as_str()));
    r.set("ts_parse_byname", |cx, a| {
        let parser = by_name(cx, a[0].as_str())?;
        parse(cx, parser, a[1].as_str())
    });
    r.scalar("ts_lexize", |cx, a| {
        let dictionary = dictionary::load(cx, a[0].as_oid())?;
        let word = a[1].as_str();
        let mut state = SubState::default();
        let mut found = dictionary.lexize(cx, word, Some(&mut state))?;
        if state.wants_next {
            state.is_end = true;
            let last = dictionary.lexize(cx, word, Some(&mut state))?;
            found = last.or(found);
        }
        Ok(match found {
            None => Datum::Null,
            Some(found) => {
                let words = found.iter().map(|n| Datum::text(&n.word)).collect();
                Datum::Array(Arc::new(ArrayValue::from_elems(t::TEXT, words)))
            }
        })
    });
    macro_rules! init {
        ($($init:literal $lexize:literal;)*) => { $(
            // The options are checked by setting a dictionary up.
            r.scalar($init, |cx, a| {
                let options = a[0].as_internal::<Vec<DictionaryOption>>();
                dictionary::build(cx, $lexize, options).map(Datum::internal)
            });
        )* };
    }
    init! {
        "dsimple_init" "dsimple_lexize";
        "dsynonym_init" "dsynonym_lexize";
        "dispell_init" "dispell_lexize";
        "thesaurus_init" "thesaurus_lexize";
        "dsnowball_init" "dsnowball_lexize";
    }
    r.scalar("prsd_lextype", |_cx, _a| {
        let types = TOKEN_TYPES.iter().enumerate().map(|(i, (alias, description))| TokenType {
            id: i as i32 + 1,
            alias: (*alias).to_owned(),
            description: (*description).to_owned(),
        });
        Ok(Datum::internal(types.collect::<Vec<_>>()))
    });
}

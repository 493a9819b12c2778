//! Text search: tsvector and tsquery, the default parser, dictionaries and configurations, ranking
//! and headlines.
mod configuration;
mod cover;
mod debug;
mod dictionary;
mod document;
mod execute;
mod files;
mod headline;
mod ispell;
mod json;
mod parser;
mod query;
mod query_tree;
mod rank;
mod rewrite;
mod stat;
mod thesaurus;
mod to_query;
mod vector;
mod vector_match;

use error::PgResult;
use fmgr::Registry;
use types::{
    Datum,
    tsearch::{self, Lexeme, TsQuery},
};

/// Registers the family.
pub fn register(r: &mut Registry) {
    vector::register(r);
    query::register(r);
    rank::register(r);
    rewrite::register(r);
    stat::register(r);
    document::register(r);
    json::register(r);
    to_query::register(r);
    headline::register(r);
    debug::register(r);
}

fn lexemes(d: &Datum) -> Vec<Lexeme> {
    tsearch::tsvector_decode(d.as_bytes())
}

fn query(d: &Datum) -> Option<TsQuery> {
    tsearch::tsquery_decode(d.as_bytes())
}

fn store(v: Vec<Lexeme>) -> PgResult<Datum> {
    tsearch::tsvector_encode(v).map(Datum::Bytes)
}

fn query_datum(q: Option<&TsQuery>) -> Datum {
    Datum::Bytes(tsearch::tsquery_encode(q))
}

//! ts_stat: how many documents and places each word of a column of tsvectors has.
use super::vector::weight_of;
use error::{PgResult, bail};
use fmgr::{CallContext, Registry, RowSource, VecRowSource};
use std::collections::BTreeMap;
use types::{
    Datum,
    tsearch::{self, weight},
    type_oid as t,
};

fn statistics(
    cx: &CallContext<'_>,
    sql: &str,
    weights: Option<&str>,
) -> PgResult<Box<dyn RowSource>> {
    let result = cx.session.spi().execute(sql, &[], true, 0)?;
    if result.columns.len() != 1 || result.columns[0].1 != t::TSVECTOR {
        bail!(INVALID_PARAMETER_VALUE, "ts_stat query must return one tsvector column");
    }
    let mask = match weights {
        None => 0,
        Some(letters) => {
            letters.bytes().filter_map(|c| weight_of(c).ok()).fold(0u8, |mask, w| mask | 1 << w)
        }
    };
    let mut words: BTreeMap<Vec<u8>, (i32, i32)> = BTreeMap::new();
    for row in result.rows.iter().filter(|row| !row[0].is_null()) {
        cx.session.check_interrupts()?;
        for lexeme in tsearch::tsvector_decode(row[0].as_bytes()) {
            let places = match (mask, lexeme.positions.len()) {
                (0, n) => n.max(1),
                _ => lexeme.positions.iter().filter(|p| mask & (1 << weight(**p)) != 0).count(),
            };
            if places == 0 {
                continue;
            }
            let entry = words.entry(lexeme.word.into_bytes()).or_default();
            entry.0 += 1;
            entry.1 += places as i32;
        }
    }
    let rows = words.into_iter().map(|(word, (documents, places))| {
        vec![Datum::bytes(&word), Datum::Int4(documents), Datum::Int4(places)]
    });
    Ok(VecRowSource::boxed(rows.collect()))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.set("ts_stat1", |cx, a| statistics(cx, a[0].as_str(), None));
    r.set("ts_stat2", |cx, a| statistics(cx, a[0].as_str(), Some(a[1].as_str())));
}

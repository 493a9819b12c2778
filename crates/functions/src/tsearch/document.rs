//! to_tsvector.
use super::configuration::{Configuration, default_configuration};
use super::store;
use error::PgResult;
use fmgr::{CallContext, Registry};
use types::{
    Datum,
    tsearch::{Lexeme, limit_position},
};

/// Words of several texts that make one document.
#[derive(Default)]
pub(super) struct DocumentBuilder {
    lexemes: Vec<Lexeme>,
    position: u64,
}

impl DocumentBuilder {
    /// Adds a text; whether it had words.
    pub fn add(
        &mut self,
        cx: &CallContext<'_>,
        configuration: &Configuration,
        text: &str,
    ) -> PgResult<bool> {
        let words = configuration.words(cx, text, &mut self.position)?;
        let any = !words.is_empty();
        for (normal, position) in words {
            let positions = vec![limit_position(position)];
            self.lexemes.push(Lexeme { word: normal.word, positions });
        }
        Ok(any)
    }

    /// Leaves a gap so that phrases do not reach over it.
    pub fn add_gap(&mut self) {
        self.position += 1;
    }

    pub fn finish(self) -> PgResult<Datum> {
        store(self.lexemes)
    }
}

fn to_tsvector(cx: &mut CallContext<'_>, config: Option<&Datum>, text: &str) -> PgResult<Datum> {
    let configuration = Configuration::of_call(cx, config)?;
    let mut document = DocumentBuilder::default();
    document.add(cx, &configuration, text)?;
    document.finish()
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("to_tsvector", |cx, a| to_tsvector(cx, None, a[0].as_str()));
    r.scalar("to_tsvector_byid", |cx, a| to_tsvector(cx, Some(&a[0]), a[1].as_str()));
    r.scalar("get_current_ts_config", |cx, _a| default_configuration(cx).map(Datum::Oid));
}

//! The prepared statements of a session, by PREPARE and by Parse.
use crate::{clock, local_statement::LocalStatement};
use error::{PgResult, err};
use std::{collections::BTreeMap, sync::Arc};

/// A named statement.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) statement: Arc<LocalStatement>,
    pub(crate) from_sql: bool,
    pub(crate) prepare_time: i64,
}

/// All statements of a session.
#[derive(Default)]
pub(crate) struct PreparedStore {
    named: BTreeMap<String, Prepared>,
    unnamed: Option<Prepared>,
}

impl PreparedStore {
    /// Adds a statement; the unnamed one replaces its predecessor.
    pub(crate) fn insert(
        &mut self,
        name: &str,
        statement: Arc<LocalStatement>,
        from_sql: bool,
    ) -> PgResult<()> {
        let prepared = Prepared { statement, from_sql, prepare_time: clock::now() };
        if name.is_empty() {
            self.unnamed = Some(prepared);
            return Ok(());
        }
        self.check_free(name)?;
        self.named.insert(name.to_owned(), prepared);
        Ok(())
    }

    /// 42P05 if the name is taken.
    pub(crate) fn check_free(&self, name: &str) -> PgResult<()> {
        match self.named.contains_key(name) {
            true => Err(err!(DUPLICATE_PSTATEMENT, "prepared statement \"{name}\" already exists")),
            false => Ok(()),
        }
    }

    /// A statement that must exist.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> PgResult<&Prepared> {
        let found = match name.is_empty() {
            true => self.unnamed.as_ref(),
            false => self.named.get(name),
        };
        found.ok_or_else(|| match name.is_empty() {
            true => err!(INVALID_SQL_STATEMENT_NAME, "unnamed prepared statement does not exist"),
            false => {
                err!(INVALID_SQL_STATEMENT_NAME, "prepared statement \"{name}\" does not exist")
            }
        })
    }

    /// Puts a newly analysed form in the place of a stale one.
    pub(crate) fn replace(&mut self, name: &str, statement: Arc<LocalStatement>) {
        let found = match name.is_empty() {
            true => self.unnamed.as_mut(),
            false => self.named.get_mut(name),
        };
        if let Some(prepared) = found {
            prepared.statement = statement;
        }
    }

    /// Removes a statement; false if there is none of that name.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        match name.is_empty() {
            true => self.unnamed.take().is_some(),
            false => self.named.remove(name).is_some(),
        }
    }

    /// Gives back what statements keep for speed.
    pub(crate) fn shrink(&self) {
        self.named.values().chain(&self.unnamed).for_each(|p| p.statement.shrink());
    }

    /// Removes all named statements.
    pub(crate) fn clear(&mut self) {
        self.named.clear();
    }

    /// The named statements.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Prepared)> {
        self.named.iter().map(|(name, p)| (name.as_str(), p))
    }
}

//! Portals: statements in the course of execution, and cursors.
use crate::{
    clock, local_statement::LocalStatement, query_run::QueryRun, session_core::SessionCore,
    sink::RowShape, type_io::ColumnOutput,
};
use error::{PgResult, err};
use parser::ast::cursor_options;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use txn::SubId;
use types::{Datum, Oid};

/// How far a portal is.
pub(crate) enum Run {
    /// Bound, nothing done.
    New,
    /// Plans run.
    Query(Box<QueryRun>),
    /// Rows that a utility statement has made, and its tag.
    Rows { rows: VecDeque<Vec<Datum>>, tag: String },
    /// A cursor's rows pass through: FETCH.
    Fetch(Box<crate::cursor::FetchRun>),
    /// COPY TO STDOUT.
    CopyOut(Box<crate::copy::CopyOutRun>),
    /// COPY FROM STDIN.
    CopyIn(Box<crate::copy::CopyInRun>),
    /// Ran to its end.
    Done,
}

/// A statement with its parameters.
pub(crate) struct Portal {
    pub(crate) name: String,
    pub(crate) statement: Arc<LocalStatement>,
    pub(crate) params: Arc<[Datum]>,
    pub(crate) formats: Vec<i16>,
    pub(crate) columns: Option<RowShape>,
    pub(crate) outputs: Vec<ColumnOutput>,
    pub(crate) run: Run,
    /// The tag replaces the statement's (EXECUTE answers with the tag of what it ran).
    pub(crate) tag: &'static str,
    /// Bits of [`cursor_options`]; 0 for portals of the protocol.
    pub(crate) options: i32,
    /// Made by DECLARE: shown in pg_cursors and reached by FETCH.
    pub(crate) cursor: Option<crate::cursor::CursorState>,
    pub(crate) created_sub: SubId,
    pub(crate) created_at: i64,
    /// Survives the transaction that made it.
    pub(crate) held: bool,
    pub(crate) failed: bool,
    /// Runs inside a function.
    pub(crate) nested: bool,
    /// Rows were sent.
    pub(crate) started: bool,
}

impl Portal {
    pub(crate) fn new(
        name: &str,
        statement: Arc<LocalStatement>,
        params: Arc<[Datum]>,
        formats: Vec<i16>,
        sub: SubId,
    ) -> PgResult<Portal> {
        let mut portal = Portal {
            name: name.to_owned(),
            tag: statement.tag,
            statement,
            params,
            formats,
            columns: None,
            outputs: Vec::new(),
            run: Run::New,
            options: 0,
            cursor: None,
            created_sub: sub,
            created_at: clock::now(),
            held: false,
            failed: false,
            nested: false,
            started: false,
        };
        portal.set_columns(portal.statement.columns.clone())?;
        Ok(portal)
    }

    /// Makes an unnamed portal out of another one whose transaction has ended.
    pub(crate) fn renew(
        &mut self,
        statement: Arc<LocalStatement>,
        params: Arc<[Datum]>,
        formats: &[i16],
        sub: SubId,
    ) -> PgResult<()> {
        let alike = Arc::ptr_eq(&self.statement, &statement)
            && self.formats == formats
            && self.tag == statement.tag;
        self.tag = statement.tag;
        self.statement = statement;
        self.params = params;
        self.run = Run::New;
        self.options = 0;
        self.created_sub = sub;
        self.created_at = clock::now();
        self.failed = false;
        self.nested = false;
        self.started = false;
        if !alike {
            self.formats.clear();
            self.formats.extend_from_slice(formats);
            self.set_columns(self.statement.columns.clone())?;
        }
        Ok(())
    }

    /// Sets the columns and how each is written.
    pub(crate) fn set_columns(&mut self, columns: Option<RowShape>) -> PgResult<()> {
        if let Some(columns) = &columns {
            let n = self.formats.len();
            if n > 1 && n != columns.len() {
                return Err(err!(
                    PROTOCOL_VIOLATION,
                    "bind message has {n} result formats but query has {} columns",
                    columns.len()
                ));
            }
            self.outputs.clear();
            for (i, column) in columns.iter().enumerate() {
                let format = crate::sink::format_for(&self.formats, i);
                self.outputs.push(ColumnOutput::new(column.typ, format)?);
            }
        }
        self.columns = columns;
        Ok(())
    }

    pub(crate) fn is_holdable(&self) -> bool {
        self.options & cursor_options::HOLD != 0
    }
}

/// The portals of a session. One that runs is taken out meanwhile.
#[derive(Default)]
pub(crate) struct PortalStore {
    /// Those with a name.
    portals: BTreeMap<String, Box<Portal>>,
    unnamed: Option<Box<Portal>>,
    active: Vec<String>,
}

impl PortalStore {
    fn slot(&mut self, name: &str) -> Option<Box<Portal>> {
        match name.is_empty() {
            true => self.unnamed.take(),
            false => self.portals.remove(name),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Portal> {
        self.unnamed.iter().chain(self.portals.values()).map(|p| &**p)
    }

    /// Adds a portal; an unnamed one replaces its predecessor.
    pub(crate) fn insert(&mut self, portal: Box<Portal>) -> PgResult<()> {
        if portal.name.is_empty() {
            self.unnamed = Some(portal);
            return Ok(());
        }
        self.check_free(&portal.name)?;
        self.portals.insert(portal.name.clone(), portal);
        Ok(())
    }

    /// 42P03 if the name is taken.
    pub(crate) fn check_free(&self, name: &str) -> PgResult<()> {
        match self.get(name).is_some() || self.active.iter().any(|a| a == name) {
            true => Err(err!(DUPLICATE_CURSOR, "cursor \"{name}\" already exists")),
            false => Ok(()),
        }
    }

    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&Portal> {
        match name.is_empty() {
            true => self.unnamed.as_deref(),
            false => self.portals.get(name).map(|p| &**p),
        }
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Portal> {
        self.portals.get_mut(name).map(|p| &mut **p)
    }

    /// Takes a portal out to run it.
    pub(crate) fn take(&mut self, name: &str) -> PgResult<Box<Portal>> {
        if !name.is_empty() && self.active.iter().any(|a| a == name) {
            return Err(err!(OBJECT_IN_USE, "portal \"{name}\" is already active")
                .detail("The portal cannot be run inside itself."));
        }
        match self.slot(name) {
            Some(portal) => {
                self.active.push(name.to_owned());
                Ok(portal)
            }
            None => Err(err!(INVALID_CURSOR_NAME, "portal \"{name}\" does not exist")),
        }
    }

    /// Puts a portal back.
    pub(crate) fn put_back(&mut self, portal: Box<Portal>) {
        self.released(&portal.name);
        if self.get(&portal.name).is_none() {
            match portal.name.is_empty() {
                true => self.unnamed = Some(portal),
                false => drop(self.portals.insert(portal.name.clone(), portal)),
            }
        }
    }

    /// A portal that was taken will not come back.
    pub(crate) fn released(&mut self, name: &str) {
        if let Some(at) = self.active.iter().rposition(|a| a == name) {
            self.active.remove(at);
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Box<Portal>> {
        self.slot(name)
    }

    /// Drops what matches.
    #[expect(clippy::vec_box, reason = "the portals are boxed where they come from")]
    pub(crate) fn drop_if(
        &mut self,
        mut condition: impl FnMut(&Portal) -> bool,
    ) -> Vec<Box<Portal>> {
        let names: Vec<String> =
            self.all().filter(|p| condition(p)).map(|p| p.name.clone()).collect();
        names.into_iter().filter_map(|n| self.slot(&n)).collect()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Box<Portal>> {
        self.unnamed.iter_mut().chain(self.portals.values_mut())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unnamed.is_none() && self.portals.is_empty()
    }

    /// Takes the unnamed portal out at its transaction's end, for the next one to use its memory.
    fn retire_unnamed(&mut self) -> Option<Box<Portal>> {
        self.unnamed.take_if(|p| !p.held && p.cursor.is_none())
    }

    /// Whether an open query reads or writes a relation.
    pub(crate) fn uses_relation(&self, relid: Oid) -> bool {
        self.all()
            .any(|p| matches!(p.run, Run::Query(_)) && p.statement.relations().contains(&relid))
    }

    /// Cursors for pg_cursors: name, statement, holdable, binary, scrollable, creation time.
    pub(crate) fn cursors(&self) -> Vec<CursorRow> {
        self.all()
            .filter(|p| p.cursor.is_some() || !p.name.is_empty())
            .map(|p| CursorRow {
                name: p.name.clone(),
                statement: p.statement.text.clone(),
                is_holdable: p.is_holdable(),
                is_binary: p.options & cursor_options::BINARY != 0,
                is_scrollable: p.options & cursor_options::SCROLL != 0,
                creation_time: p.created_at,
            })
            .collect()
    }
}

/// A row of pg_cursors.
#[derive(Clone, Debug)]
pub struct CursorRow {
    /// Name.
    pub name: String,
    /// Source text.
    pub statement: Arc<str>,
    /// WITH HOLD.
    pub is_holdable: bool,
    /// BINARY.
    pub is_binary: bool,
    /// SCROLL.
    pub is_scrollable: bool,
    /// µs since 2000-01-01.
    pub creation_time: i64,
}

impl SessionCore {
    /// Before commit: cursors WITH HOLD read the rest of their rows.
    pub(crate) fn hold_portals(self: &Arc<Self>) -> PgResult<()> {
        let names: Vec<String> = {
            let mut portals = self.portals.lock();
            if portals.is_empty() {
                return Ok(());
            }
            portals
                .iter_mut()
                .filter(|p| p.is_holdable() && !p.held && !p.failed)
                .map(|p| p.name.clone())
                .collect()
        };
        for name in names {
            let mut portal = self.portals.lock().take(&name)?;
            let result = crate::cursor::hold(self, &mut portal);
            self.portals.lock().put_back(portal);
            result?;
        }
        Ok(())
    }

    /// At the transaction's end only held cursors stay.
    pub(crate) fn drop_portals_at_end(&self) {
        let mut portals = self.portals.lock();
        let retired = portals.retire_unnamed();
        if portals.is_empty() {
            drop(portals);
        } else {
            let dropped = portals.drop_if(|p| !p.held);
            drop(portals);
            drop(dropped);
        }
        if let Some(mut portal) = retired {
            portal.run = Run::Done;
            *self.spare_portal.lock() = Some(portal);
        }
    }

    /// A savepoint was rolled back: its portals go with it.
    pub(crate) fn drop_portals_of_sub(&self, sub: SubId) {
        let dropped = self.portals.lock().drop_if(|p| !p.held && p.created_sub >= sub);
        drop(dropped);
    }

    /// A savepoint was released: its portals belong to the level around it.
    pub(crate) fn keep_portals_of_sub(&self, sub: SubId, parent: SubId) {
        for portal in self.portals.lock().iter_mut() {
            if portal.created_sub >= sub {
                portal.created_sub = parent;
            }
        }
    }
}

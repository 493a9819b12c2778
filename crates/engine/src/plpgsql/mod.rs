//! PL/pgSQL functions: compiled once a session, run by the `plpgsql` crate over this session.
mod cast;
mod host;
mod prepare;
mod procedure;
mod trigger;

pub(crate) use procedure::{call_columns, run_call, run_do};

use crate::{
    context::{SESSION_SERVICE, StatementContext},
    session_core::SessionCore,
};
use ::plpgsql::{CompileContext, ContextEntry, Function, Target, TransitionTable, TriggerKind};
use catalog::{CatalogRead, PgProc};
use error::{PgError, PgResult};
use fmgr::{CallContext, LanguageFunction, RowSource, VecRowSource};
use host::EngineHost;
use parking_lot::Mutex;
use std::{
    cell::Cell,
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use types::{Datum, Oid, type_oid};

/// OID of the language.
pub(crate) const LANG_PLPGSQL: Oid = Oid(13581);

/// What a compiled function is kept under.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    oid: Oid,
    relation: Oid,
    collation: Oid,
    rettype: Oid,
    args: Vec<Oid>,
}

type Compiled = (Arc<PgProc>, Arc<Function>);

/// A session's compiled functions and what goes with running them.
#[derive(Default)]
pub(crate) struct PlpgsqlState {
    functions: Mutex<HashMap<Key, Compiled>>,
    casts: Mutex<cast::CastCache>,
    contexts: Mutex<Vec<ContextEntry>>,
    has_transitions: AtomicBool,
    transitions: Mutex<Option<Arc<Vec<TransitionTable>>>>,
    portals: std::sync::atomic::AtomicU64,
    /// How deep triggers are in triggers.
    pub(crate) trigger_depth: std::sync::atomic::AtomicI32,
}

impl PlpgsqlState {
    /// Transition tables that the present query may read.
    #[inline]
    pub(crate) fn transitions(&self) -> Option<Arc<Vec<TransitionTable>>> {
        match self.has_transitions.load(Ordering::Relaxed) {
            true => self.transitions.lock().clone(),
            false => None,
        }
    }

    fn swap_transitions(
        &self,
        tables: Option<Arc<Vec<TransitionTable>>>,
    ) -> Option<Arc<Vec<TransitionTable>>> {
        self.has_transitions.store(tables.is_some(), Ordering::Relaxed);
        std::mem::replace(&mut *self.transitions.lock(), tables)
    }

    /// Lines of what is running, innermost first.
    pub(crate) fn context_lines(&self) -> Vec<String> {
        self.contexts.lock().iter().rev().map(ContextEntry::line).collect()
    }

    fn next_portal(&self) -> u64 {
        self.portals.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A function of the language.
pub(crate) struct PlpgsqlFunction {
    pub(crate) proc: Arc<PgProc>,
}

fn session_of<'a>(cx: &CallContext<'a>) -> PgResult<&'a Arc<SessionCore>> {
    let service = cx.session.service_any(SESSION_SERVICE);
    match service.and_then(|s| s.downcast_ref::<Arc<SessionCore>>()) {
        Some(core) => Ok(core),
        None => Err(PgError::internal("PL/pgSQL function outside of a session")),
    }
}

impl PlpgsqlFunction {
    fn compiled(&self, cx: &CallContext<'_>, core: &Arc<SessionCore>) -> PgResult<Arc<Function>> {
        let args = (0..self.proc.argtypes.len())
            .map(|n| match cx.arg_type(n) {
                Oid::INVALID => self.proc.argtypes[n],
                actual if crate::language::is_polymorphic(self.proc.argtypes[n]) => actual,
                _ => self.proc.argtypes[n],
            })
            .collect();
        let key = Key {
            oid: self.proc.oid,
            relation: Oid::INVALID,
            collation: cx.collation(),
            rettype: cx.site.ret_type,
            args,
        };
        compiled(core, &self.proc, key, TriggerKind::None)
    }
}

/// Whether a compiled function is still of the catalog's row.
fn same_row(a: &Arc<PgProc>, b: &Arc<PgProc>) -> bool {
    Arc::ptr_eq(a, b)
        || (a.src == b.src
            && a.argnames == b.argnames
            && a.allargtypes == b.allargtypes
            && a.argmodes == b.argmodes
            && a.argtypes == b.argtypes
            && a.rettype == b.rettype
            && a.retset == b.retset
            && a.volatile == b.volatile
            && a.name == b.name)
}

/// The compiled form of a function, from the session's cache or new.
fn compiled(
    core: &Arc<SessionCore>,
    proc: &Arc<PgProc>,
    key: Key,
    trigger: TriggerKind,
) -> PgResult<Arc<Function>> {
    if let Some((row, function)) = core.plpgsql.functions.lock().get(&key)
        && same_row(row, proc)
    {
        return Ok(function.clone());
    }
    let cx = core.context();
    let target = Target {
        proc,
        arg_types: &key.args,
        rettype: key.rettype,
        trigger,
        collation: key.collation,
        inline: false,
    };
    let reached = Cell::new(0);
    let compiled = compile(&cx, &target, &reached);
    let function = Arc::new(compiled.map_err(|e| in_body(e, proc, reached.get()))?);
    core.plpgsql.functions.lock().insert(key, (proc.clone(), function.clone()));
    Ok(function)
}

fn compile(
    cx: &StatementContext<'_>,
    target: &Target<'_>,
    reached: &Cell<usize>,
) -> PgResult<Function> {
    let compile_context = CompileContext {
        catalog: &cx.catalog,
        session: cx,
        options: cx.core.parser_options(),
        check_syntax: false,
        warn: &|_| {},
        reached,
    };
    ::plpgsql::compile(&compile_context, target)
}

/// A fault of a body met when the function is called: its position is one of the body.
fn in_body(mut e: PgError, proc: &PgProc, reached: usize) -> PgError {
    let line = ::plpgsql::near_line(&proc.src, &e, reached);
    if let Some(at) = e.0.position.take() {
        e.0.internal_position = Some(at);
        e.0.internal_query = Some(proc.src.clone());
    }
    e.context(format!("compilation of PL/pgSQL function \"{}\" near line {line}", proc.name))
}

/// Checks a PL/pgSQL function that has just been stored; `source` is the statement that made it.
pub(crate) fn validate(cx: &StatementContext<'_>, proc: &PgProc, source: &str) -> PgResult<()> {
    let name = |typ: Oid| cx.catalog.format_type(typ, None);
    let rettype = proc.rettype;
    let trigger = match rettype {
        type_oid::TRIGGER => TriggerKind::Dml,
        type_oid::EVENT_TRIGGER => TriggerKind::Event,
        _ => TriggerKind::None,
    };
    let pseudo = |typ: Oid| -> PgResult<bool> { Ok(cx.catalog.get_type(typ)?.typtype == 'p') };
    let polymorphic = crate::language::is_polymorphic;
    if trigger == TriggerKind::None
        && pseudo(rettype)?
        && !matches!(rettype, type_oid::RECORD | type_oid::VOID)
        && !polymorphic(rettype)
    {
        error::bail!(
            FEATURE_NOT_SUPPORTED,
            "PL/pgSQL functions cannot return type {}",
            name(rettype)?
        );
    }
    for typ in &proc.argtypes {
        if pseudo(*typ)? && *typ != type_oid::RECORD && !polymorphic(*typ) {
            error::bail!(
                FEATURE_NOT_SUPPORTED,
                "PL/pgSQL functions cannot accept type {}",
                name(*typ)?
            );
        }
    }
    if !cx.typed.check_function_bodies {
        return Ok(());
    }
    let reached = Cell::new(0);
    let place = |e: PgError| crate::function_check::in_statement(e, &proc.src, source);
    let compile_context = CompileContext {
        catalog: &cx.catalog,
        session: cx,
        options: cx.core.parser_options(),
        check_syntax: true,
        warn: &|e| cx.core.push_notice(place(e)),
        reached: &reached,
    };
    let target = Target {
        proc,
        arg_types: &proc.argtypes,
        rettype,
        trigger,
        collation: Oid::INVALID,
        inline: false,
    };
    ::plpgsql::compile(&compile_context, &target).map(|_| ()).map_err(|e| {
        let line = ::plpgsql::near_line(&proc.src, &e, reached.get());
        let e = place(e);
        match e.0.position.is_some() {
            true => e,
            false => e.context(format!(
                "compilation of PL/pgSQL function \"{}\" near line {line}",
                proc.name
            )),
        }
    })
}

impl LanguageFunction for PlpgsqlFunction {
    fn call(&self, cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
        let core = session_of(cx)?;
        if matches!(self.proc.rettype, type_oid::TRIGGER | type_oid::EVENT_TRIGGER) {
            error::bail!(FEATURE_NOT_SUPPORTED, "trigger functions can only be called as triggers");
        }
        let function = self.compiled(cx, core)?;
        let host = EngineHost::new(core, true, None);
        ::plpgsql::call(&function, &host, args, &cx.site.column_types)
    }

    fn call_set(
        &self,
        cx: &mut CallContext<'_>,
        args: &mut [Datum],
    ) -> PgResult<Box<dyn RowSource>> {
        let core = session_of(cx)?;
        let function = self.compiled(cx, core)?;
        let host = EngineHost::new(core, true, None);
        let rows = ::plpgsql::call_set(&function, &host, args, &cx.site.column_types)?;
        Ok(VecRowSource::boxed(rows))
    }

    fn call_trigger(
        &self,
        session: &dyn fmgr::FnContext,
        data: &fmgr::TriggerData,
    ) -> PgResult<fmgr::TriggerResult> {
        self.fire(session, data)
    }
}

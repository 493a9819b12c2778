//! Simple statements whose literals become parameters, so that texts which differ only in them share
//! analysis and plans, and are not even parsed.
use crate::{
    context::StatementContext, local_statement::LocalStatement, plan_cache::PlanKey,
    portal::Portal, session_core::SessionCore, statement::CachedStatement,
};
use error::PgResult;
use fmgr::FnContext;
use parser::normalize::{LiteralValue, Normalized, normalize};
use smallvec::SmallVec;
use std::{cell::RefCell, sync::Arc};
use types::{Datum, Oid, type_oid};

/// Longer texts are seldom repeated.
const TEXT_MAX: usize = 4096;

thread_local! {
    static BUFFER: RefCell<Normalized> = RefCell::default();
}

/// A portal for `sql`; `None` if its literals cannot be lifted, or not without an error: then the
/// statement is to be run as it is written.
pub(crate) fn portal(core: &Arc<SessionCore>, sql: &str) -> PgResult<Option<Box<Portal>>> {
    if sql.len() > TEXT_MAX || !core.settings.lock().typed().standard_conforming_strings {
        return Ok(None);
    }
    BUFFER.with(|buffer| {
        let Ok(mut buffer) = buffer.try_borrow_mut() else { return Ok(None) };
        if !normalize(sql, &mut buffer) || buffer.literals.is_empty() {
            return Ok(None);
        }
        core.check_not_failed()?;
        core.start_command()?;
        core.backend.cancel.check()?;
        let cx = core.context();
        let types: SmallVec<[Oid; 8]> =
            buffer.literals.iter().map(|l| literal_type(l.value)).collect();
        let Some(statement) = local(&cx, &buffer.text, &types)? else { return Ok(None) };
        let mut params = Vec::with_capacity(buffer.literals.len());
        for (literal, typ) in buffer.literals.iter().zip(&statement.param_types) {
            params.push(match literal.value {
                LiteralValue::Int4(v) => Datum::Int4(v),
                LiteralValue::Int8(v) => Datum::Int8(v),
                LiteralValue::Numeric | LiteralValue::String => cx
                    .type_input(*typ, -1, &literal.text(sql))
                    .map_err(|e| e.at(literal.start as i32))?,
            });
        }
        let sub = core.current_sub();
        core.unnamed_portal(statement, params.into(), &[], sub).map(Some)
    })
}

fn literal_type(value: LiteralValue) -> Oid {
    match value {
        LiteralValue::Int4(_) => type_oid::INT4,
        LiteralValue::Int8(_) => type_oid::INT8,
        LiteralValue::Numeric => type_oid::NUMERIC,
        // Inferred from where it stands, as a literal of unknown type is.
        LiteralValue::String => Oid::INVALID,
    }
}

/// The session's handle of a text.
fn local(
    cx: &StatementContext<'_>,
    text: &str,
    types: &[Oid],
) -> PgResult<Option<Arc<LocalStatement>>> {
    let known = cx.core.recent.lock().get(text, types);
    if let Some(known) = known
        && known.is_current(cx)?
    {
        return Ok(Some(known));
    }
    let Some(shared) = statement(cx, &Arc::from(text), types.to_vec())? else { return Ok(None) };
    let local = LocalStatement::new(shared);
    cx.core.recent.lock().put(types.to_vec(), local.clone());
    Ok(Some(local))
}

fn statement(
    cx: &StatementContext<'_>,
    text: &Arc<str>,
    types: Vec<Oid>,
) -> PgResult<Option<Arc<CachedStatement>>> {
    let key = PlanKey::new(cx, text, &types);
    let plans = &cx.core.engine.plans;
    if let Some(found) = plans.get(&key) {
        if found.is_valid(cx)? {
            return Ok(Some(found));
        }
        plans.remove(&key);
    }
    // An error here may come from the lifting: the statement as written decides.
    let Ok(mut statements) = parser::parse(text, &cx.core.parser_options()) else {
        return Ok(None);
    };
    let (Some(raw), true) = (statements.pop(), statements.is_empty()) else { return Ok(None) };
    if !raw.stmt.is_optimizable() || crate::statement::is_select_into(&raw.stmt) {
        return Ok(None);
    }
    let notices = cx.core.notices.lock().len();
    match CachedStatement::analyze(cx, text, Arc::new(raw), types, true) {
        Ok(statement) if statement.param_types.iter().all(|t| t.is_valid()) => {
            let statement = Arc::new(statement);
            if statement.is_shareable() {
                plans.insert(key, statement.clone());
            }
            Ok(Some(statement))
        }
        _ => {
            cx.core.notices.lock().truncate(notices);
            Ok(None)
        }
    }
}

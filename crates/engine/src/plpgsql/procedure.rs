//! CALL and DO.
use super::{LANG_PLPGSQL, host::EngineHost};
use crate::{context::StatementContext, portal::Portal, sink::RowShape, xact::Block};
use ::plpgsql::{CompileContext, Target, TriggerKind};
use analyzer::{AnalyzeContext, ParamTypes};
use catalog::{CatalogRead, PgProc, acl, acl::ObjectKind, schema::pg_language};
use error::{PgError, PgResult, bail, err, not_supported};
use executor::StandaloneExprs;
use fmgr::{CallContext, CallSite, FnBody};
use nodes::{Expr, FuncExpr, ParamKind};
use parser::ast::{CallStmt, DefArg, DoStmt};
use std::sync::Arc;
use types::{Datum, Oid, RecordDesc, RecordField, type_oid};

/// Which arguments of a CALL go in and which come out, by position.
fn modes(proc: &PgProc) -> impl Iterator<Item = (usize, bool, bool)> + '_ {
    let n = if proc.argmodes.is_empty() { proc.argtypes.len() } else { proc.argmodes.len() };
    (0..n).map(|i| {
        let mode = proc.argmodes.get(i).copied().unwrap_or('i');
        (i, matches!(mode, 'i' | 'b' | 'v'), matches!(mode, 'o' | 'b'))
    })
}

/// The columns that a CALL returns.
pub(super) fn output_shape(
    cx: &StatementContext<'_>,
    call: &FuncExpr,
) -> PgResult<Option<Arc<RecordDesc>>> {
    let proc = cx.catalog.get_proc(call.funcid)?;
    let mut fields = Vec::new();
    for (i, _, out) in modes(&proc) {
        if !out {
            continue;
        }
        let declared = proc.allargtypes.get(i).copied().unwrap_or(type_oid::TEXT);
        let typ = match (crate::language::is_polymorphic(declared), call.args.get(i)) {
            (true, Some(arg)) => arg.typ(),
            _ => declared,
        };
        let name = proc.argnames.get(i).filter(|n| !n.is_empty()).cloned();
        let name = name.unwrap_or_else(|| format!("column{}", fields.len() + 1));
        fields.push(RecordField { name, typ, typmod: -1 });
    }
    if fields.is_empty() {
        return Ok(None);
    }
    Ok(Some(Arc::new(RecordDesc { type_id: type_oid::RECORD, fields })))
}

/// The parameters that stand where a CALL has output arguments.
pub(super) fn output_params(cx: &StatementContext<'_>, call: &FuncExpr) -> PgResult<Vec<i32>> {
    let proc = cx.catalog.get_proc(call.funcid)?;
    let mut params = Vec::new();
    for (i, _, out) in modes(&proc).filter(|m| m.2) {
        debug_assert!(out);
        match call.args.get(i) {
            Some(Expr::Param(p)) if p.kind == ParamKind::Extern => params.push(p.paramid),
            _ => {
                let name = proc.argnames.get(i).filter(|n| !n.is_empty());
                let what = match name {
                    Some(name) => format!("\"{name}\""),
                    None => format!("{}", i + 1),
                };
                bail!(
                    SYNTAX_ERROR,
                    "procedure parameter {what} is an output parameter but corresponding argument \
                     is not writable"
                );
            }
        }
    }
    Ok(params)
}

/// Calls a procedure; its output row if it has one.
pub(super) fn call(
    cx: &StatementContext<'_>,
    call: &FuncExpr,
    params: Arc<[Datum]>,
    atomic: bool,
) -> PgResult<Option<Vec<Datum>>> {
    let proc = cx.catalog.get_proc(call.funcid)?;
    let held = match &proc.acl {
        Some(items) => {
            let execute = nodes::acl::EXECUTE;
            acl::privileges_of(&cx.catalog, items, cx.catalog.current_user(), proc.owner, execute)?
                != 0
        }
        None => true,
    };
    if !held && !acl::is_superuser(&cx.catalog, cx.catalog.current_user())? {
        return Err(acl::permission_denied(ObjectKind::Procedure, &proc.name));
    }
    let inputs: Vec<Expr> =
        modes(&proc).filter(|m| m.1).filter_map(|(i, ..)| call.args.get(i).cloned()).collect();
    let arg_types: Vec<Oid> = inputs.iter().map(Expr::typ).collect();
    let mut args = Vec::with_capacity(inputs.len());
    if !inputs.is_empty() {
        let mut compiled = StandaloneExprs::compile(&inputs, cx, &cx.catalog)?;
        compiled.set_params(params);
        compiled.eval_all(cx, &cx.catalog, &[], &mut args)?;
    }
    let shape = output_shape(cx, call)?;
    let column_types = match &shape {
        Some(shape) => shape.fields.iter().map(|f| f.typ).collect(),
        None => Vec::new(),
    };
    let site = CallSite {
        collation: call.inputcollid,
        arg_types,
        ret_type: call.funcresulttype,
        ret_typmod: -1,
        variadic: call.funcvariadic,
        column_types,
        ..CallSite::default()
    };
    let mut cache = None;
    let mut call_context =
        CallContext { session: cx, site: &site, cache: &mut cache, in_aggregate: false };
    let value = if proc.lang == LANG_PLPGSQL {
        let function = super::PlpgsqlFunction { proc: proc.clone() };
        let compiled = function.compiled(&call_context, cx.core)?;
        // A procedure that changes settings for its run, or the role, ends with its transaction.
        let atomic = atomic || proc.secdef || !proc.config.is_empty();
        let host = EngineHost::new(cx.core, atomic, None);
        ::plpgsql::call(&compiled, &host, &mut args, &site.column_types)?
    } else {
        let info = cx.function(proc.oid)?;
        match &info.body {
            FnBody::Language(f) => f.call(&mut call_context, &mut args)?,
            _ => info.call(&mut call_context, &mut args)?,
        }
    };
    let Some(shape) = shape else { return Ok(None) };
    Ok(Some(match value {
        Datum::Record(record) => record.fields.clone(),
        Datum::Null => vec![Datum::Null; shape.fields.len()],
        single => vec![single],
    }))
}

fn analyzed(
    cx: &StatementContext<'_>,
    text: &str,
    types: &[Oid],
    stmt: &CallStmt,
) -> PgResult<FuncExpr> {
    let mut acx = AnalyzeContext {
        param_types: ParamTypes::Fixed(types.to_vec()),
        locker: cx,
        ..AnalyzeContext::new(&cx.catalog, cx, text)
    };
    analyzer::analyze_call(&mut acx, stmt)
}

/// The columns of a CALL as clients see them.
pub(crate) fn call_columns(
    cx: &StatementContext<'_>,
    text: &str,
    types: &[Oid],
    stmt: &CallStmt,
) -> PgResult<Option<RowShape>> {
    let call = analyzed(cx, text, types, stmt)?;
    let Some(shape) = output_shape(cx, &call)? else { return Ok(None) };
    let mut columns = Vec::with_capacity(shape.fields.len());
    for field in &shape.fields {
        let mut row = cx.catalog.get_type(field.typ)?;
        while row.typtype == 'd' {
            row = cx.catalog.get_type(row.basetype)?;
        }
        columns.push(crate::sink::ColumnDesc {
            name: field.name.clone(),
            typ: field.typ,
            typmod: -1,
            base_type: row.oid,
            base_typmod: -1,
            type_len: row.len,
            table: Oid::INVALID,
            column: 0,
        });
    }
    Ok(Some(columns.into()))
}

/// Whether COMMIT and ROLLBACK are refused inside what a portal runs.
fn is_atomic(cx: &StatementContext<'_>, portal: &Portal) -> bool {
    portal.nested || cx.core.xact.lock().block != Block::Started
}

/// Runs CALL from the top or from a function: its row.
pub(crate) fn run_call(
    cx: &StatementContext<'_>,
    portal: &Portal,
    stmt: &CallStmt,
) -> PgResult<Vec<Vec<Datum>>> {
    let statement = &portal.statement;
    let analyzed = analyzed(cx, &statement.text, &statement.param_types, stmt)?;
    let row = call(cx, &analyzed, portal.params.clone(), is_atomic(cx, portal))?;
    Ok(row.into_iter().collect())
}

/// Runs DO.
pub(crate) fn run_do(cx: &StatementContext<'_>, portal: &Portal, stmt: &DoStmt) -> PgResult<()> {
    let mut source = None;
    let mut language = None;
    for arg in &stmt.args {
        let slot = match arg.defname.as_str() {
            "as" => &mut source,
            _ => &mut language,
        };
        if slot.is_some() {
            return Err(err!(SYNTAX_ERROR, "conflicting or redundant options").at(arg.location));
        }
        *slot = match &arg.arg {
            Some(DefArg::String(text)) => Some(text.clone()),
            Some(DefArg::Strings(list)) => list.first().cloned(),
            _ => None,
        };
    }
    let Some(source) = source else { bail!(SYNTAX_ERROR, "no inline code specified") };
    let language = language.map_or("plpgsql".to_owned(), |l| l.to_ascii_lowercase());
    let Some(lang) = cx.catalog.lookup_language(&language)? else {
        bail!(UNDEFINED_OBJECT, "language \"{language}\" does not exist");
    };
    check_language(cx, lang, &language)?;
    if lang != LANG_PLPGSQL {
        let row = cx.catalog.row_by_oid(pg_language::RELID, lang)?;
        let inline = row.is_some_and(|r| r.oid(pg_language::LANINLINE).is_valid());
        if inline {
            return Err(not_supported!("DO in language {language}"));
        }
        bail!(
            FEATURE_NOT_SUPPORTED,
            "language \"{language}\" does not support inline code execution"
        );
    }
    run_block(cx, source, &portal.statement.text, is_atomic(cx, portal))
}

fn check_language(cx: &StatementContext<'_>, lang: Oid, name: &str) -> PgResult<()> {
    let Some(row) = cx.catalog.row_by_oid(pg_language::RELID, lang)? else {
        return Err(PgError::internal(format!("cache lookup failed for language {lang}")));
    };
    let user = cx.catalog.current_user();
    if !row.values[pg_language::LANPLTRUSTED].as_bool() && !acl::is_superuser(&cx.catalog, user)? {
        return Err(acl::permission_denied(ObjectKind::Language, name));
    }
    Ok(())
}

fn run_block(cx: &StatementContext<'_>, source: String, text: &str, atomic: bool) -> PgResult<()> {
    let reached = std::cell::Cell::new(0);
    let proc = inline_proc(source);
    let compile_context = CompileContext {
        catalog: &cx.catalog,
        session: cx,
        options: cx.core.parser_options(),
        check_syntax: true,
        warn: &|_| {},
        reached: &reached,
    };
    let target = Target {
        proc: &proc,
        arg_types: &[],
        rettype: type_oid::VOID,
        trigger: TriggerKind::None,
        collation: Oid::INVALID,
        inline: true,
    };
    let compiled = ::plpgsql::compile(&compile_context, &target).map_err(|e| {
        let line = ::plpgsql::near_line(&proc.src, &e, reached.get());
        let e = crate::function_check::in_statement(e, &proc.src, text);
        match e.0.position.is_some() {
            true => e,
            false => e.context(format!(
                "compilation of PL/pgSQL function \"inline_code_block\" near line {line}"
            )),
        }
    })?;
    let host = EngineHost::new(cx.core, atomic, None);
    ::plpgsql::call_block(&compiled, &host)
}

/// A catalog row for a block that has none.
fn inline_proc(src: String) -> PgProc {
    PgProc {
        oid: Oid::INVALID,
        name: "inline_code_block".to_owned(),
        namespace: Oid::INVALID,
        owner: Oid::INVALID,
        lang: LANG_PLPGSQL,
        cost: 100.0,
        rows: 0.0,
        variadic: Oid::INVALID,
        support: Oid::INVALID,
        kind: 'f',
        secdef: false,
        leakproof: false,
        strict: false,
        retset: false,
        volatile: 'v',
        parallel: 'u',
        nargdefaults: 0,
        rettype: type_oid::VOID,
        argtypes: Vec::new(),
        allargtypes: Vec::new(),
        argmodes: Vec::new(),
        argnames: Vec::new(),
        argdefaults: Arc::default(),
        src,
        bin: None,
        sqlbody: None,
        config: Vec::new(),
        acl: None,
    }
}

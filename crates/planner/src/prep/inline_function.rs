//! Inlining of SQL-language functions: scalar ones in expressions, set-returning ones in FROM.
use crate::{
    clauses::*,
    context::PlanContext,
    prep::const_fold::{Folder, apply_relabel},
};
use catalog::PgProc;
use error::PgResult;
use nodes::*;
use types::{Oid, type_oid};

/// pg_language.oid of `sql`.
const SQL_LANGUAGE: Oid = Oid(14);

/// Whether a function is of the kind that may be inlined at all.
pub fn may_inline(proc: &PgProc) -> bool {
    proc.lang == SQL_LANGUAGE && proc.kind == 'f' && !proc.secdef && proc.config.is_empty()
}

fn is_simple_select(query: &Query) -> bool {
    query.command_type == CmdType::Select
        && !query.has_aggs
        && !query.has_window_funcs
        && !query.has_target_srfs
        && !query.has_sub_links
        && query.cte_list.is_empty()
        && query.rtable.iter().all(|r| matches!(r.kind, RteKind::Result))
        && query.jointree.fromlist.iter().all(|n| matches!(n, JoinTreeNode::RangeTblRef(_)))
        && query.jointree.quals.is_none()
        && query.group_clause.is_empty()
        && query.grouping_sets.is_empty()
        && query.having_qual.is_none()
        && query.window_clause.is_empty()
        && query.distinct_clause.is_empty()
        && query.sort_clause.is_empty()
        && query.limit_count.is_none()
        && query.limit_offset.is_none()
        && query.set_operations.is_none()
        && query.target_list.len() == 1
}

/// The call replaced by the function's single expression, where that means the same.
pub fn inline_scalar(
    folder: &mut Folder<'_, '_>,
    call: &FuncExpr,
    proc: &PgProc,
) -> PgResult<Option<Expr>> {
    let cx = folder.cx;
    let Some(bodies) = cx.sql_bodies else { return Ok(None) };
    if !may_inline(proc)
        || proc.retset
        || call.funcretset
        || proc.rettype == type_oid::RECORD
        || call.args.len() != proc.argtypes.len()
        || folder.active_fns.contains(&call.funcid)
    {
        return Ok(None);
    }
    let arg_types: Vec<Oid> = call.args.iter().map(Expr::typ).collect();
    let Ok(Some(query)) = bodies.sql_body(call.funcid, &arg_types, call.funcresulttype) else {
        return Ok(None);
    };
    if !is_simple_select(&query) {
        return Ok(None);
    }
    let Some(te) = query.target_list.into_iter().next() else { return Ok(None) };
    let mut body = te.expr;
    if body.typ() != call.funcresulttype || expr_returns_set(&body) {
        return Ok(None);
    }
    // The function's declared volatility may not promise less than its body keeps.
    if proc.volatile == 'i' && cx.contain_mutable(&body)
        || proc.volatile == 's' && cx.contain_volatile(&body)
        || proc.strict && cx.contain_nonstrict(&body)
    {
        return Ok(None);
    }
    if !arguments_can_be_substituted(cx, &body, &call.args, proc.strict) {
        return Ok(None);
    }
    substitute_params(&mut body, &call.args);
    // Keep the collation that the call reports.
    if call.funccollid.is_valid() && body.collation() != call.funccollid {
        let (typ, typmod) = (body.typ(), body.typmod());
        body = apply_relabel(Box::new(RelabelType {
            arg: body,
            resulttype: typ,
            resulttypmod: typmod,
            resultcollid: call.funccollid,
            relabelformat: CoercionForm::ImplicitCast,
            location: -1,
        }));
    }
    folder.active_fns.push(call.funcid);
    folder.inlined.push(call.funcid);
    let result = folder.simplify(body);
    folder.active_fns.pop();
    result.map(Some)
}

/// An argument used more than once must be cheap and stable; one used never must not be needed for a
/// strict function's NULL or for its side effects.
fn arguments_can_be_substituted(
    cx: &PlanContext<'_>,
    body: &Expr,
    args: &[Expr],
    strict: bool,
) -> bool {
    let mut uses = vec![0usize; args.len()];
    let _ = body.any(&mut |e| {
        if let Expr::Param(p) = e {
            if p.kind == ParamKind::Extern {
                if let Some(n) = uses.get_mut(p.paramid as usize - 1) {
                    *n += 1;
                }
            }
        }
        false
    });
    args.iter().zip(&uses).all(|(arg, n)| match n {
        0 => !strict && !cx.contain_volatile(arg),
        1 => true,
        _ => {
            !contain_subplans(arg)
                && !cx.contain_volatile(arg)
                && crate::cost::expr_cost(cx, arg).per_tuple <= 10.0 * cx.settings.cpu_operator_cost
        }
    })
}

fn substitute_params(expr: &mut Expr, args: &[Expr]) {
    expr.rewrite(&mut |e| {
        if let Expr::Param(p) = e {
            if p.kind == ParamKind::Extern {
                if let Some(arg) = args.get(p.paramid as usize - 1) {
                    *e = arg.clone();
                }
            }
        }
    });
}

/// The query of a set-returning SQL function in FROM, with its arguments put in.
pub fn inline_set_returning(cx: &PlanContext<'_>, rte: &RangeTblEntry) -> PgResult<Option<Query>> {
    let RteKind::Function { functions, funcordinality } = &rte.kind else { return Ok(None) };
    let (Some(bodies), [function], false) = (cx.sql_bodies, functions.as_slice(), *funcordinality)
    else {
        return Ok(None);
    };
    let Expr::FuncExpr(call) = &function.funcexpr else { return Ok(None) };
    let Some(proc) = cx.catalog.lookup_proc(call.funcid)? else { return Ok(None) };
    if !may_inline(&proc)
        || !proc.retset
        || proc.strict
        || proc.volatile == 'v'
        || proc.rettype == type_oid::VOID
        || call.args.len() != proc.argtypes.len()
    {
        return Ok(None);
    }
    if call.args.iter().any(|a| cx.contain_volatile(a) || contain_subplans(a)) {
        return Ok(None);
    }
    let arg_types: Vec<Oid> = call.args.iter().map(Expr::typ).collect();
    let Ok(Some(mut query)) = bodies.sql_body(call.funcid, &arg_types, call.funcresulttype) else {
        return Ok(None);
    };
    if query.command_type != CmdType::Select {
        return Ok(None);
    }
    // The columns must be what the range table entry promises.
    let columns: Vec<&TargetEntry> = query.target_list.iter().filter(|t| !t.resjunk).collect();
    if columns.len() != rte.eref.colnames.len() || columns.len() != query.target_list.len() {
        return Ok(None);
    }
    let expected = expected_types(cx, function, call)?;
    if expected.len() != columns.len()
        || expected.iter().zip(&columns).any(|(t, c)| *t != c.expr.typ())
    {
        return Ok(None);
    }
    let args = call.args.clone();
    walk::rewrite_query_deep(&mut query, 0, &mut |e, level| {
        if let Expr::Param(p) = e {
            if p.kind == ParamKind::Extern {
                if let Some(arg) = args.get(p.paramid as usize - 1) {
                    let mut arg = arg.clone();
                    // The arguments belong to the level around the function's query.
                    increment_sublevels_up(&mut arg, level as i32 + 1, 0);
                    *e = arg;
                }
            }
        }
    });
    Ok(Some(query))
}

fn expected_types(
    cx: &PlanContext<'_>,
    function: &RangeTblFunction,
    call: &FuncExpr,
) -> PgResult<Vec<Oid>> {
    if !function.funccoltypes.is_empty() {
        return Ok(function.funccoltypes.clone());
    }
    let typ = cx.catalog.lookup_type(call.funcresulttype)?;
    if let Some(t) = typ.filter(|t| t.typtype == 'c') {
        let rel = cx.catalog.get_relation(t.relid)?;
        return Ok(rel.attrs.iter().filter(|a| !a.dropped).map(|a| a.typ).collect());
    }
    if call.funcresulttype == type_oid::RECORD {
        let proc = cx.catalog.get_proc(call.funcid)?;
        return Ok(proc
            .allargtypes
            .iter()
            .zip(&proc.argmodes)
            .filter(|(_, m)| matches!(m, 'o' | 'b' | 't'))
            .map(|(t, _)| *t)
            .collect());
    }
    Ok(vec![call.funcresulttype])
}

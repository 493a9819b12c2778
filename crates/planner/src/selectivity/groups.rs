//! Number of groups that grouping by expressions makes.
use super::{stats::*, *};
use crate::cost::clamp_row_est;

/// Number of distinct combinations of the expressions' values among `input_rows` rows.
pub fn estimate_num_groups(root: &PlannerInfo<'_>, exprs: &[Expr], input_rows: f64) -> f64 {
    estimate_num_groups_flagged(root, exprs, input_rows).0
}

/// As [`estimate_num_groups`]; also whether a default went in.
pub fn estimate_num_groups_flagged(
    root: &PlannerInfo<'_>,
    exprs: &[Expr],
    input_rows: f64,
) -> (f64, bool) {
    let input_rows = clamp_row_est(input_rows);
    if exprs.is_empty() {
        return (1.0, false);
    }
    let cx = root.cx();
    let mut numdistinct = 1.0f64;
    let mut used_default = false;
    let mut srf_multiplier = 1.0f64;
    struct Info {
        v: VarStats,
        nd: f64,
        default: bool,
    }
    let mut infos: Vec<Info> = Vec::new();
    for e in exprs {
        srf_multiplier = srf_multiplier.max(set_rows(root, e));
        if e.typ() == types::type_oid::BOOL {
            numdistinct *= 2.0;
            continue;
        }
        let v = examine_variable(root, e, 0);
        if v.stats.is_some() || v.is_unique || matches!(v.var, Expr::Var(_)) {
            add_info(root, v, &mut infos, |v, nd, default| Info { v, nd, default }, |i| &i.v.var);
            continue;
        }
        // An expression has no more values than its variables together.
        let vars =
            pull_var_clause(e, PullVars { recurse_placeholders: true, ..Default::default() });
        if vars.is_empty() {
            if cx.contain_volatile(e) {
                return (input_rows, false);
            }
            continue;
        }
        for var in vars {
            let v = examine_variable(root, &var, 0);
            add_info(root, v, &mut infos, |v, nd, default| Info { v, nd, default }, |i| &i.v.var);
        }
    }
    if infos.is_empty() {
        let n = (numdistinct * srf_multiplier).min(input_rows * srf_multiplier).max(1.0);
        return (n.ceil(), false);
    }
    while !infos.is_empty() {
        let rel = infos[0].v.rel;
        let (mine, rest): (Vec<Info>, Vec<Info>) = infos.into_iter().partition(|i| i.v.rel == rel);
        infos = rest;
        let mut reldistinct = 1.0;
        let mut relmax: f64 = 0.0;
        let count = mine.len();
        for i in &mine {
            reldistinct *= i.nd;
            relmax = relmax.max(i.nd);
            used_default |= i.default;
        }
        let (tuples, rows) = match rel {
            Some(id) => (root.rels[id].tuples, root.rels[id].rows),
            None => (0.0, 0.0),
        };
        if tuples > 0.0 {
            let mut clamp = tuples;
            if count > 1 {
                clamp *= 0.1;
                if clamp < relmax {
                    clamp = relmax.min(tuples);
                }
            }
            reldistinct = reldistinct.min(clamp);
            // Restrictions leave only part of the values.
            if reldistinct > 0.0 && rows < tuples {
                reldistinct *= 1.0 - ((tuples - rows) / tuples).powf(tuples / reldistinct);
            }
            reldistinct = clamp_row_est(reldistinct);
        }
        numdistinct *= reldistinct;
    }
    numdistinct *= srf_multiplier;
    numdistinct = numdistinct.ceil().min(input_rows * srf_multiplier).max(1.0);
    (numdistinct, used_default)
}

fn add_info<T>(
    root: &PlannerInfo<'_>,
    v: VarStats,
    infos: &mut Vec<T>,
    make: impl Fn(VarStats, f64, bool) -> T,
    var_of: impl Fn(&T) -> &Expr,
) {
    if infos.iter().any(|i| {
        var_of(i).equals(&v.var)
            || crate::init::equivclass::exprs_known_equal(root, var_of(i), &v.var, None)
    }) {
        return;
    }
    let (nd, default) = variable_num_distinct(root, &v);
    infos.push(make(v, nd, default));
}

/// Rows that set-returning functions in an expression make for one input row.
pub fn set_rows(root: &PlannerInfo<'_>, e: &Expr) -> f64 {
    let cx = root.cx();
    match e {
        Expr::FuncExpr(f) if f.funcretset => function_rows(cx, e),
        Expr::OpExpr(o) if o.opretset => cx.func_rows(o.opfuncid),
        _ => 1.0,
    }
}

/// Rows that a set-returning function call is expected to yield.
pub fn function_rows(cx: &crate::context::PlanContext<'_>, e: &Expr) -> f64 {
    let Expr::FuncExpr(f) = e else { return 1.0 };
    if !f.funcretset {
        return 1.0;
    }
    // Functions whose support function looks at the arguments.
    let value = |i: usize| -> Option<f64> {
        match crate::prep::const_fold::estimate_expression_value(cx, f.args.get(i)?) {
            Expr::Const(c) => match c.value {
                Datum::Int4(v) => Some(v as f64),
                Datum::Int8(v) => Some(v as f64),
                Datum::Null => Some(f64::NAN),
                _ => None,
            },
            _ => None,
        }
    };
    match f.funcid.0 {
        // generate_series over int4 and int8.
        1066..=1069 => {
            let step = if f.args.len() > 2 { value(2) } else { Some(1.0) };
            if let (Some(a), Some(b), Some(s)) = (value(0), value(1), step) {
                if a.is_nan() || b.is_nan() || s.is_nan() {
                    return 0.0f64.max(1.0);
                }
                if s != 0.0 {
                    return ((b - a + s) / s).floor().max(1.0);
                }
            }
            cx.func_rows(f.funcid)
        }
        // unnest(anyarray).
        2331 => f.args.first().map_or(10.0, |a| {
            let known = crate::prep::const_fold::estimate_expression_value(cx, a);
            crate::cost::expr_cost::estimate_array_length(&known).max(1.0)
        }),
        _ => cx.func_rows(f.funcid),
    }
}

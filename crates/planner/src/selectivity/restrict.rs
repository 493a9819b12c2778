//! Restriction estimators: equality, inequality, NULL tests, boolean tests, arrays.
use super::{scalar::*, stats::*, *};
use crate::prep::const_fold::estimate_expression_value;

/// A clause seen as `variable op other`.
pub struct RestrictionArgs {
    pub var: VarStats,
    pub other: Expr,
    pub var_on_left: bool,
}

/// Splits a binary clause into variable and comparison value.
pub fn restriction_variable(
    root: &PlannerInfo<'_>,
    args: &[Expr],
    varrelid: i32,
) -> Option<RestrictionArgs> {
    if args.len() != 2 {
        return None;
    }
    let cx = root.cx();
    let left = examine_variable(root, &args[0], varrelid);
    let right = examine_variable(root, &args[1], varrelid);
    match (left.rel.is_some(), right.rel.is_some()) {
        (true, false) => Some(RestrictionArgs {
            other: estimate_expression_value(cx, &args[1]),
            var: left,
            var_on_left: true,
        }),
        (false, true) => Some(RestrictionArgs {
            other: estimate_expression_value(cx, &args[0]),
            var: right,
            var_on_left: false,
        }),
        _ => None,
    }
}

/// Selectivity of an operator clause over one relation.
pub fn restriction_selectivity(root: &PlannerInfo<'_>, o: &OpExpr, varrelid: i32) -> f64 {
    let name = estimator_name(root, root.cx().op_estimators(o.opno).0);
    match name.as_str() {
        "eqsel" => eqsel(root, o, varrelid, false),
        "neqsel" => eqsel(root, o, varrelid, true),
        "scalarltsel" => scalar_ineq(root, o, varrelid, false, false),
        "scalarlesel" => scalar_ineq(root, o, varrelid, false, true),
        "scalargtsel" => scalar_ineq(root, o, varrelid, true, false),
        "scalargesel" => scalar_ineq(root, o, varrelid, true, true),
        "likesel" | "iclikesel" | "nlikesel" | "icnlikesel" | "regexeqsel" | "icregexeqsel"
        | "regexnesel" | "icregexnesel" | "prefixsel" => {
            like::pattern_sel(root, o, varrelid, &name)
        }
        "contsel" | "contjoinsel" => 0.001,
        "areasel" => 0.005,
        "positionsel" => 0.1,
        "arraycontsel" => DEFAULT_EQ_SEL,
        "rangesel" | "multirangesel" => range_default(root, o),
        "networksel" => DEFAULT_EQ_SEL,
        "matchingsel" => DEFAULT_MATCHING_SEL,
        "tsmatchsel" => DEFAULT_EQ_SEL,
        _ => 0.5,
    }
}

fn range_default(root: &PlannerInfo<'_>, o: &OpExpr) -> f64 {
    match root.cx().op_name(o.opno).as_str() {
        "&&" => 0.01,
        "@>" | "<@" => 0.005,
        _ => DEFAULT_INEQ_SEL,
    }
}

fn eqsel(root: &PlannerInfo<'_>, o: &OpExpr, varrelid: i32, negate: bool) -> f64 {
    let default = if negate { 1.0 - DEFAULT_EQ_SEL } else { DEFAULT_EQ_SEL };
    let cx = root.cx();
    let opno = if negate { cx.negator(o.opno) } else { o.opno };
    if !opno.is_valid() {
        return default;
    }
    let Some(a) = restriction_variable(root, &o.args, varrelid) else { return default };
    match &a.other {
        Expr::Const(c) => {
            var_eq_const(root, &a.var, opno, &c.value, c.consttype, a.var_on_left, negate)
        }
        _ => var_eq_non_const(root, &a.var, negate),
    }
}

/// `var = constant`.
pub fn var_eq_const(
    root: &PlannerInfo<'_>,
    v: &VarStats,
    _op: Oid,
    value: &Datum,
    value_type: Oid,
    _var_on_left: bool,
    negate: bool,
) -> f64 {
    if value.is_null() {
        return 0.0;
    }
    let nullfrac = v.nullfrac();
    let mut s;
    if v.is_unique && v.rel.is_some_and(|id| root.rels[id].tuples >= 1.0) {
        s = v.rel.map_or(1.0, |id| 1.0 / root.rels[id].tuples);
    } else if v.stats.is_some() {
        let mut found = None;
        let mut sum_common = 0.0;
        if let Some(mcv) = v.slot(1) {
            for (x, f) in mcv.values.iter().zip(&mcv.numbers) {
                if compare(root.cx(), v.typ, x, value_type, value, mcv.coll)
                    .is_some_and(|o| o.is_eq())
                {
                    found = Some(*f as f64);
                    break;
                }
            }
            sum_common = mcv.numbers.iter().map(|f| *f as f64).sum();
        }
        match found {
            Some(f) => s = f,
            None => {
                s = clamp_probability(1.0 - sum_common - nullfrac);
                let n_mcv = v.slot(1).map_or(0, |m| m.numbers.len()) as f64;
                let other = variable_num_distinct(root, v).0 - n_mcv;
                if other > 1.0 {
                    s /= other;
                }
                // Not more common than the least common of the listed ones.
                if let Some(last) = v.slot(1).and_then(|m| m.numbers.last()) {
                    s = s.min(*last as f64);
                }
            }
        }
    } else {
        s = 1.0 / variable_num_distinct(root, v).0;
    }
    if negate {
        s = 1.0 - s - nullfrac;
    }
    clamp_probability(s)
}

/// `var = something not known yet`.
pub fn var_eq_non_const(root: &PlannerInfo<'_>, v: &VarStats, negate: bool) -> f64 {
    let nullfrac = v.nullfrac();
    let mut s;
    if v.is_unique && v.rel.is_some_and(|id| root.rels[id].tuples >= 1.0) {
        s = v.rel.map_or(1.0, |id| 1.0 / root.rels[id].tuples);
    } else if v.stats.is_some() {
        s = 1.0 - nullfrac;
        let nd = variable_num_distinct(root, v).0;
        if nd > 1.0 {
            s /= nd;
        }
        if let Some(first) = v.slot(1).and_then(|m| m.numbers.first()) {
            s = s.min(*first as f64);
        }
    } else {
        s = 1.0 / variable_num_distinct(root, v).0;
    }
    if negate {
        s = 1.0 - s - nullfrac;
    }
    clamp_probability(s)
}

fn scalar_ineq(root: &PlannerInfo<'_>, o: &OpExpr, varrelid: i32, gt: bool, eq: bool) -> f64 {
    let Some(a) = restriction_variable(root, &o.args, varrelid) else { return DEFAULT_INEQ_SEL };
    let Expr::Const(c) = &a.other else { return DEFAULT_INEQ_SEL };
    if c.value.is_null() {
        return 0.0;
    }
    let gt = if a.var_on_left { gt } else { !gt };
    scalarineqsel(root, &a.var, gt, eq, &c.value, c.consttype, o.inputcollid)
}

/// `var < value` and kin: most common values, then the histogram.
pub fn scalarineqsel(
    root: &PlannerInfo<'_>,
    v: &VarStats,
    gt: bool,
    eq: bool,
    value: &Datum,
    value_type: Oid,
    collation: Oid,
) -> f64 {
    if v.stats.is_none() {
        // Comparisons of ctid are taken by position in the table.
        if let (Expr::Var(var), Some(id), Datum::Int8(tid)) = (&v.var, v.rel, value) {
            if var.varattno == sysattr::CTID {
                let rel = &root.rels[id];
                if rel.pages <= 0.0 {
                    return 1.0;
                }
                let block = (*tid >> 16) as f64;
                let density = (rel.tuples / rel.pages).max(1.0);
                let pos = (block + (*tid & 0xffff) as f64 / density) / rel.pages;
                let s = if gt { 1.0 - pos } else { pos };
                return clamp_probability(s);
            }
        }
        return DEFAULT_INEQ_SEL;
    }
    let cx = root.cx();
    let nullfrac = v.nullfrac();
    let (mut mcv_sel, mut sum_common) = (0.0, 0.0);
    if let Some(mcv) = v.slot(1) {
        for (x, f) in mcv.values.iter().zip(&mcv.numbers) {
            sum_common += *f as f64;
            if let Some(ord) = compare(cx, v.typ, x, value_type, value, mcv.coll) {
                let holds = if gt { ord.is_gt() } else { ord.is_lt() } || eq && ord.is_eq();
                if holds {
                    mcv_sel += *f as f64;
                }
            }
        }
    }
    let hist = histogram_fraction(root, v, gt, eq, value, value_type, collation);
    let mut s = 1.0 - nullfrac - sum_common;
    s *= hist.unwrap_or(0.5);
    clamp_probability(s + mcv_sel)
}

fn histogram_fraction(
    root: &PlannerInfo<'_>,
    v: &VarStats,
    gt: bool,
    eq: bool,
    value: &Datum,
    value_type: Oid,
    _collation: Oid,
) -> Option<f64> {
    let cx = root.cx();
    let hist = v.slot(2)?;
    let n = hist.values.len();
    if n < 2 {
        return None;
    }
    let cmp = |x: &Datum| compare(cx, v.typ, x, value_type, value, hist.coll);
    // Number of boundaries below the value (at or below for <= and >).
    let count_equal = eq != gt;
    let mut below = 0usize;
    for x in &hist.values {
        let ord = cmp(x)?;
        if ord.is_lt() || count_equal && ord.is_eq() {
            below += 1;
        } else {
            break;
        }
    }
    let mut frac = if below == 0 {
        0.0
    } else if below >= n {
        1.0
    } else {
        let lo = to_scalar(cx, v.typ, &hist.values[below - 1]);
        let hi = to_scalar(cx, v.typ, &hist.values[below]);
        let at = to_scalar(cx, value_type, value);
        let bin = match (lo, hi, at) {
            (Some(Scalar::Number(lo)), Some(Scalar::Number(hi)), Some(Scalar::Number(x))) => {
                bin_fraction(lo, hi, x)
            }
            (Some(Scalar::Text(lo)), Some(Scalar::Text(hi)), Some(Scalar::Text(x))) => {
                let (lo, hi, x) = text_scalars(&lo, &hi, &x);
                bin_fraction(lo, hi, x)
            }
            _ => 0.5,
        };
        let mut frac = ((below - 1) as f64 + bin) / (n - 1) as f64;
        // Equality in the first bin: its lower boundary counts as one value of it.
        if below == 1 || eq == gt {
            let nd = variable_num_distinct(root, v).0;
            let mcvs = v.slot(1).map_or(0, |m| m.numbers.len()) as f64;
            let other = nd - mcvs;
            if other > 1.0 {
                let eq_selec = 1.0 / other;
                if below == 1 {
                    frac += eq_selec * (1.0 - bin);
                }
                if eq == gt {
                    frac -= eq_selec;
                }
            }
        }
        frac
    };
    frac = frac.clamp(0.0, 1.0);
    let frac = if gt { 1.0 - frac } else { frac };
    // The histogram is a sample: never quite none, never quite all.
    let cutoff = (0.01 / (n - 1) as f64).max(0.0);
    Some(frac.clamp(cutoff, 1.0 - cutoff))
}

fn bin_fraction(lo: f64, hi: f64, x: f64) -> f64 {
    if hi <= lo {
        0.5
    } else if x <= lo {
        0.0
    } else if x >= hi {
        1.0
    } else {
        let f = (x - lo) / (hi - lo);
        if f.is_finite() { f.clamp(0.0, 1.0) } else { 0.5 }
    }
}

/// IS NULL, IS NOT NULL.
pub fn nulltestsel(root: &PlannerInfo<'_>, n: &NullTest, varrelid: i32) -> f64 {
    let v = examine_variable(root, &n.arg, varrelid);
    let s = if let Some(s) = &v.stats {
        let f = s.nullfrac as f64;
        if n.is_null { f } else { 1.0 - f }
    } else if let Expr::Var(var) = &v.var
        && var.varattno < 0
    {
        if n.is_null { 0.0 } else { 1.0 }
    } else if n.is_null {
        DEFAULT_UNK_SEL
    } else {
        1.0 - DEFAULT_UNK_SEL
    };
    clamp_probability(s)
}

/// IS TRUE and kin.
pub fn booltestsel(
    root: &PlannerInfo<'_>,
    b: &BooleanTest,
    varrelid: i32,
    jointype: JoinType,
    sj: Option<&JoinArgs>,
) -> f64 {
    use BoolTestType::*;
    let v = examine_variable(root, &b.arg, varrelid);
    let s = if v.stats.is_some() {
        let nulls = v.nullfrac();
        let truth = match v.slot(1).filter(|m| !m.numbers.is_empty()) {
            Some(mcv) => match mcv.values.first() {
                Some(Datum::Bool(true)) => mcv.numbers[0] as f64,
                _ => 1.0 - mcv.numbers[0] as f64 - nulls,
            },
            None => (1.0 - nulls) / 2.0,
        };
        match b.booltesttype {
            IsUnknown => nulls,
            IsNotUnknown => 1.0 - nulls,
            IsTrue => truth,
            IsNotTrue => 1.0 - truth,
            IsFalse => 1.0 - nulls - truth,
            IsNotFalse => nulls + truth,
        }
    } else {
        match b.booltesttype {
            IsUnknown => DEFAULT_UNK_SEL,
            IsNotUnknown => 1.0 - DEFAULT_UNK_SEL,
            IsTrue | IsNotFalse => clause_selectivity(root, &b.arg, varrelid, jointype, sj),
            IsFalse | IsNotTrue => 1.0 - clause_selectivity(root, &b.arg, varrelid, jointype, sj),
        }
    };
    clamp_probability(s)
}

/// `x op ANY/ALL (array)`.
pub fn scalar_array_sel(
    root: &PlannerInfo<'_>,
    s: &ScalarArrayOpExpr,
    is_join: bool,
    varrelid: i32,
    jointype: JoinType,
    sj: Option<&JoinArgs>,
) -> f64 {
    let cx = root.cx();
    let name = estimator_name(root, cx.op_estimators(s.opno).0);
    let (is_eq, is_ne) = (name == "eqsel", name == "neqsel");
    let one = |elem: Expr| {
        let op = OpExpr {
            opno: s.opno,
            opfuncid: s.opfuncid,
            opresulttype: types::type_oid::BOOL,
            opretset: false,
            opcollid: Oid::INVALID,
            inputcollid: s.inputcollid,
            args: vec![s.args[0].clone(), elem],
            location: -1,
        };
        if is_join {
            join::join_selectivity(root, &op, jointype, sj)
        } else {
            restriction_selectivity(root, &op, varrelid)
        }
    };
    let elem_type = cx.element_type(strip_relabel(&s.args[1]).typ());
    let elems: Vec<Expr> = match estimate_expression_value(cx, strip_relabel(&s.args[1])) {
        Expr::Const(c) => match &c.value {
            Datum::Null => return 0.0,
            Datum::Array(a) => a
                .elems
                .iter()
                .map(|v| {
                    Expr::Const(Const {
                        consttype: a.elem_type,
                        consttypmod: -1,
                        constcollid: c.constcollid,
                        value: v.clone(),
                        phys: cx.type_phys(a.elem_type),
                        location: -1,
                    })
                })
                .collect(),
            _ => Vec::new(),
        },
        Expr::ArrayExpr(a) if !a.multidims => a.elements,
        other => {
            // Length unknown: as ten elements of unknown value.
            let dummy = Expr::CaseTestExpr(CaseTestExpr {
                type_id: elem_type,
                type_mod: -1,
                collation: other.collation(),
                location: -1,
            });
            let s2 = one(dummy);
            return combine(s.use_or, is_eq, is_ne, std::iter::repeat_n(s2, 10));
        }
    };
    let each: Vec<f64> = elems.into_iter().map(one).collect();
    combine(s.use_or, is_eq, is_ne, each.into_iter())
}

fn combine(use_or: bool, is_eq: bool, is_ne: bool, each: impl Iterator<Item = f64>) -> f64 {
    let mut s1 = if use_or { 0.0 } else { 1.0 };
    let mut disjoint = s1;
    for s2 in each {
        if use_or {
            s1 = s1 + s2 - s1 * s2;
            if is_eq {
                disjoint += s2;
            }
        } else {
            s1 *= s2;
            if is_ne {
                disjoint += s2 - 1.0;
            }
        }
    }
    // Distinct elements exclude each other, as long as the sum is a probability.
    if (if use_or { is_eq } else { is_ne }) && (0.0..=1.0).contains(&disjoint) {
        s1 = disjoint;
    }
    clamp_probability(s1)
}

/// A boolean function call as condition: support functions turn some into operators, the rest is guessed.
pub fn function_selectivity(root: &PlannerInfo<'_>, f: &FuncExpr, _varrelid: i32) -> f64 {
    let v = examine_variable(root, &Expr::FuncExpr(Box::new(f.clone())), 0);
    if v.stats.is_some() {
        return var_eq_const(
            root,
            &v,
            Oid(91),
            &Datum::Bool(true),
            types::type_oid::BOOL,
            true,
            false,
        );
    }
    0.3333333
}

//! Join estimators, merge join scan ranges, hash bucket sizes, foreign keys.
use super::{scalar::compare, stats::*, *};
use crate::cost::clamp_row_est;

/// Selectivity of an operator clause that joins.
pub fn join_selectivity(
    root: &PlannerInfo<'_>,
    o: &OpExpr,
    jointype: JoinType,
    sj: Option<&JoinArgs>,
) -> f64 {
    let name = estimator_name(root, root.cx().op_estimators(o.opno).1);
    match name.as_str() {
        "eqjoinsel" => eqjoinsel(root, o, jointype, sj),
        "neqjoinsel" => neqjoinsel(root, o, jointype, sj),
        "scalarltjoinsel" | "scalarlejoinsel" | "scalargtjoinsel" | "scalargejoinsel" => {
            DEFAULT_INEQ_SEL
        }
        "likejoinsel" | "iclikejoinsel" | "regexeqjoinsel" | "icregexeqjoinsel"
        | "prefixjoinsel" => DEFAULT_MATCH_SEL,
        "nlikejoinsel" | "icnlikejoinsel" | "regexnejoinsel" | "icregexnejoinsel" => {
            1.0 - DEFAULT_MATCH_SEL
        }
        "contjoinsel" => 0.001,
        "areajoinsel" => 0.005,
        "positionjoinsel" => 0.1,
        "arraycontjoinsel" | "networkjoinsel" | "tsmatchjoinsel" => DEFAULT_EQ_SEL,
        "matchingjoinsel" => DEFAULT_MATCHING_SEL,
        _ => 0.5,
    }
}

/// Statistics of both sides; true if the left argument belongs to the join's right side.
fn join_variables(
    root: &PlannerInfo<'_>,
    args: &[Expr],
    sj: Option<&JoinArgs>,
) -> (VarStats, VarStats, bool) {
    let v1 = examine_variable(root, &args[0], 0);
    let v2 = examine_variable(root, &args[1], 0);
    let reversed = sj.is_some_and(|s| {
        let relids =
            |v: &VarStats| v.rel.map(|id| root.rels[id].relids.clone()).unwrap_or_default();
        (v1.rel.is_some() && relids(&v1).is_subset(&s.sjinfo.syn_righthand))
            || (v2.rel.is_some() && relids(&v2).is_subset(&s.sjinfo.syn_lefthand))
    });
    (v1, v2, reversed)
}

fn eqjoinsel(root: &PlannerInfo<'_>, o: &OpExpr, jointype: JoinType, sj: Option<&JoinArgs>) -> f64 {
    let (v1, v2, reversed) = join_variables(root, &o.args, sj);
    let (nd1, def1) = variable_num_distinct(root, &v1);
    let (nd2, def2) = variable_num_distinct(root, &v2);
    let inner = eqjoinsel_inner(root, &v1, &v2, nd1, nd2);
    match (jointype, sj) {
        (JoinType::Semi | JoinType::Anti, Some(args)) => {
            let inner_rel = root.find_rel(&args.sjinfo.min_righthand);
            let inner_rows = inner_rel.map(|id| root.rels[id].rows);
            let s = if reversed {
                eqjoinsel_semi(root, &v2, &v1, nd2, nd1, def2, def1, inner_rows)
            } else {
                eqjoinsel_semi(root, &v1, &v2, nd1, nd2, def1, def2, inner_rows)
            };
            // Never more than each outer row meeting every inner one.
            s.min(inner_rows.unwrap_or(f64::INFINITY) * inner)
        }
        _ => inner,
    }
}

fn eqjoinsel_inner(
    root: &PlannerInfo<'_>,
    v1: &VarStats,
    v2: &VarStats,
    nd1: f64,
    nd2: f64,
) -> f64 {
    let cx = root.cx();
    if let (Some(m1), Some(m2)) = (v1.slot(1), v2.slot(1)) {
        let (null1, null2) = (v1.nullfrac(), v2.nullfrac());
        let mut has2 = vec![false; m2.values.len()];
        let (mut match_prod, mut match1, mut unmatch1) = (0.0, 0.0, 0.0);
        for (x, f1) in m1.values.iter().zip(&m1.numbers) {
            let mut hit = false;
            for (j, (y, f2)) in m2.values.iter().zip(&m2.numbers).enumerate() {
                if has2[j] {
                    continue;
                }
                if compare(cx, v1.typ, x, v2.typ, y, m1.coll).is_some_and(|o| o.is_eq()) {
                    has2[j] = true;
                    hit = true;
                    match_prod += *f1 as f64 * *f2 as f64;
                    break;
                }
            }
            if hit {
                match1 += *f1 as f64;
            } else {
                unmatch1 += *f1 as f64;
            }
        }
        let nmatches = has2.iter().filter(|h| **h).count() as f64;
        let (mut match2, mut unmatch2) = (0.0, 0.0);
        for (h, f) in has2.iter().zip(&m2.numbers) {
            *(if *h { &mut match2 } else { &mut unmatch2 }) += *f as f64;
        }
        let match_prod = clamp_probability(match_prod);
        let other1 = clamp_probability(1.0 - null1 - match1 - unmatch1);
        let other2 = clamp_probability(1.0 - null2 - match2 - unmatch2);
        let (n1, n2) = (m1.values.len() as f64, m2.values.len() as f64);
        let total = |mp: f64, un_a: f64, o_a: f64, o_b: f64, un_b: f64, nd_b: f64, n_b: f64| {
            let mut t = mp;
            if nd_b > n_b {
                t += un_a * o_b / (nd_b - n_b);
            }
            if nd_b > nmatches {
                t += o_a * (o_b + un_b) / (nd_b - nmatches);
            }
            t
        };
        let t1 = total(match_prod, unmatch1, other1, other2, unmatch2, nd2, n2);
        let t2 = total(match_prod, unmatch2, other2, other1, unmatch1, nd1, n1);
        return t1.min(t2);
    }
    let s = (1.0 - v1.nullfrac()) * (1.0 - v2.nullfrac());
    if nd1 > nd2 { s / nd1 } else { s / nd2 }
}

fn eqjoinsel_semi(
    root: &PlannerInfo<'_>,
    v1: &VarStats,
    v2: &VarStats,
    nd1: f64,
    nd2: f64,
    def1: bool,
    def2: bool,
    inner_rows: Option<f64>,
) -> f64 {
    let cx = root.cx();
    let mut nd2 = nd2;
    let mut def2 = def2;
    // Restrictions on the inner relation leave fewer values.
    if let Some(id) = v2.rel {
        if nd2 >= root.rels[id].rows && root.rels[id].rows > 0.0 {
            nd2 = root.rels[id].rows;
            def2 = false;
        }
    }
    if let Some(rows) = inner_rows {
        if nd2 >= rows && rows > 0.0 {
            nd2 = rows;
            def2 = false;
        }
    }
    let null1 = v1.nullfrac();
    if let (Some(m1), Some(m2)) = (v1.slot(1), v2.slot(1)) {
        let clamped = (m2.values.len() as f64).min(nd2) as usize;
        let mut has2 = vec![false; clamped];
        let (mut match1, mut nmatches) = (0.0, 0.0);
        for (x, f1) in m1.values.iter().zip(&m1.numbers) {
            for (seen, y) in has2.iter_mut().zip(&m2.values) {
                if !*seen && compare(cx, v1.typ, x, v2.typ, y, m1.coll).is_some_and(|o| o.is_eq()) {
                    *seen = true;
                    match1 += *f1 as f64;
                    nmatches += 1.0;
                    break;
                }
            }
        }
        let uncertain = if !def1 && !def2 {
            let (r1, r2) = (nd1 - nmatches, nd2 - nmatches);
            if r1 <= r2 || r2 < 0.0 { 1.0 } else { r2 / r1 }
        } else {
            0.5
        };
        let rest = clamp_probability(1.0 - match1 - null1);
        return match1 + uncertain * rest;
    }
    if !def1 && !def2 {
        if nd1 <= nd2 || nd2 < 0.0 { 1.0 - null1 } else { nd2 / nd1 * (1.0 - null1) }
    } else {
        0.5 * (1.0 - null1)
    }
}

fn neqjoinsel(
    root: &PlannerInfo<'_>,
    o: &OpExpr,
    jointype: JoinType,
    sj: Option<&JoinArgs>,
) -> f64 {
    if matches!(jointype, JoinType::Semi | JoinType::Anti) {
        // Nearly every row finds another one that differs.
        let (v1, v2, reversed) = join_variables(root, &o.args, sj);
        return 1.0 - if reversed { v2.nullfrac() } else { v1.nullfrac() };
    }
    let eq = root.cx().negator(o.opno);
    if !eq.is_valid() {
        return 1.0 - DEFAULT_EQ_SEL;
    }
    1.0 - eqjoinsel(root, o, jointype, sj)
}

/// Fractions of each side that a merge join will read: left start, left end, right start, right end.
pub fn mergejoin_scan_sel(root: &PlannerInfo<'_>, clause: &RestrictInfo) -> (f64, f64, f64, f64) {
    let Expr::OpExpr(o) = &clause.clause else { return (0.0, 1.0, 0.0, 1.0) };
    let l = examine_variable(root, &o.args[0], 0);
    let r = examine_variable(root, &o.args[1], 0);
    let (Some((lmin, lmax)), Some((rmin, rmax))) = (value_range(root, &l), value_range(root, &r))
    else {
        return (0.0, 1.0, 0.0, 1.0);
    };
    let coll = o.inputcollid;
    let sel = |v: &VarStats, gt, eq, x: &Datum, typ| {
        let s = super::restrict::scalarineqsel(root, v, gt, eq, x, typ, coll);
        (s != DEFAULT_INEQ_SEL).then_some(s)
    };
    let mut le = sel(&l, false, true, &rmax, r.typ).unwrap_or(1.0);
    let mut re = sel(&r, false, true, &lmax, l.typ).unwrap_or(1.0);
    // Only one side stops early.
    if le > re {
        le = 1.0;
    } else if le < re {
        re = 1.0;
    } else {
        le = 1.0;
        re = 1.0;
    }
    let mut ls = sel(&l, false, false, &rmin, r.typ).unwrap_or(0.0);
    let mut rs = sel(&r, false, false, &lmin, l.typ).unwrap_or(0.0);
    if ls < rs {
        ls = 0.0;
    } else if ls > rs {
        rs = 0.0;
    } else {
        ls = 0.0;
        rs = 0.0;
    }
    if ls >= le {
        ls = 0.0;
        le = 1.0;
    }
    if rs >= re {
        rs = 0.0;
        re = 1.0;
    }
    (ls, le, rs, re)
}

fn value_range(root: &PlannerInfo<'_>, v: &VarStats) -> Option<(Datum, Datum)> {
    let cx = root.cx();
    v.stats.as_ref()?;
    let mut range: Option<(Datum, Datum)> = None;
    if let Some(h) = v.slot(2) {
        range = Some((h.values.first()?.clone(), h.values.last()?.clone()));
    }
    if let Some(m) = v.slot(1) {
        let complete = range.is_some()
            || m.numbers.iter().map(|f| *f as f64).sum::<f64>() + v.nullfrac() > 0.99;
        if complete {
            for x in &m.values {
                range = Some(match range {
                    None => (x.clone(), x.clone()),
                    Some((lo, hi)) => {
                        let below =
                            compare(cx, v.typ, x, v.typ, &lo, m.coll).is_some_and(|o| o.is_lt());
                        let above =
                            compare(cx, v.typ, x, v.typ, &hi, m.coll).is_some_and(|o| o.is_gt());
                        (if below { x.clone() } else { lo }, if above { x.clone() } else { hi })
                    }
                });
            }
        }
    }
    range
}

/// Expected bucket size fraction and the most common value's frequency on the hashed side.
pub fn bucket_stats(
    root: &PlannerInfo<'_>,
    clause: &RestrictInfo,
    inner_is_right: bool,
    nbuckets: f64,
) -> (f64, f64) {
    let (size_cell, freq_cell) = if inner_is_right {
        (&clause.right_bucketsize, &clause.right_mcvfreq)
    } else {
        (&clause.left_bucketsize, &clause.left_mcvfreq)
    };
    if size_cell.get() >= 0.0 {
        return (size_cell.get(), freq_cell.get());
    }
    let Expr::OpExpr(o) = &clause.clause else { return (1.0, 1.0) };
    let v = examine_variable(root, &o.args[usize::from(inner_is_right)], 0);
    let mcvfreq = v.slot(1).and_then(|m| m.numbers.first()).map_or(0.0, |f| *f as f64);
    let (mut nd, is_default) = variable_num_distinct(root, &v);
    let result = if is_default {
        (f64::max(0.1, mcvfreq), mcvfreq)
    } else {
        let nullfrac = v.nullfrac();
        let avgfreq = (1.0 - nullfrac) / nd;
        if let Some(id) = v.rel {
            if root.rels[id].tuples > 0.0 {
                nd *= root.rels[id].rows / root.rels[id].tuples;
                nd = clamp_row_est(nd);
            }
        }
        let mut est = if nd > nbuckets { 1.0 / nbuckets } else { 1.0 / nd };
        if avgfreq > 0.0 && mcvfreq > avgfreq {
            est *= mcvfreq / avgfreq;
        }
        (est.clamp(1.0e-6, 1.0), mcvfreq)
    };
    size_cell.set(result.0);
    freq_cell.set(result.1);
    result
}

/// Number of row pairs that pass some clauses, as for an inner join.
pub fn approx_tuple_count(
    root: &PlannerInfo<'_>,
    outer_rows: f64,
    inner_rows: f64,
    quals: &[Rc<RestrictInfo>],
) -> f64 {
    let mut s = 1.0;
    for q in quals {
        s *= rinfo_selectivity(root, q, 0, JoinType::Inner, None);
    }
    clamp_row_est(s * outer_rows * inner_rows)
}

/// Selectivity of foreign keys that join the two sides entirely; their clauses leave the list.
pub fn foreign_key_selectivity(
    root: &PlannerInfo<'_>,
    outer: &Relids,
    inner: &Relids,
    jointype: JoinType,
    restrict: &[Rc<RestrictInfo>],
) -> (f64, Vec<Rc<RestrictInfo>>) {
    let mut list = restrict.to_vec();
    let mut sel = 1.0;
    for fk in &root.fkey_list {
        let ref_is_outer = if outer.contains(fk.con_relid) && inner.contains(fk.ref_relid) {
            false
        } else if inner.contains(fk.con_relid) && outer.contains(fk.ref_relid) {
            true
        } else {
            continue;
        };
        if matches!(jointype, JoinType::Semi | JoinType::Anti) && (ref_is_outer || inner.len() != 1)
        {
            continue;
        }
        let matches = |r: &RestrictInfo, k: usize| -> bool {
            let Expr::OpExpr(o) = &r.clause else { return false };
            if o.args.len() != 2 {
                return false;
            }
            let is = |e: &Expr, rel: i32, att: i16| matches!(strip_relabel(e), Expr::Var(v) if v.varno == rel && v.varattno == att);
            let (con, refk) = (fk.conkey[k], fk.confkey[k]);
            (is(&o.args[0], fk.con_relid, con) && is(&o.args[1], fk.ref_relid, refk)
                || is(&o.args[1], fk.con_relid, con) && is(&o.args[0], fk.ref_relid, refk))
                && (r.parent_ec.get().is_some()
                    || o.opno == fk.conpfeqop[k]
                    || root.cx().commutator(o.opno) == fk.conpfeqop[k])
        };
        let n = fk.conkey.len();
        let hit: Vec<Option<usize>> =
            (0..n).map(|k| list.iter().position(|r| matches(r, k))).collect();
        if hit.iter().any(Option::is_none) {
            continue;
        }
        let mut drop: Vec<usize> = hit.into_iter().flatten().collect();
        drop.sort_unstable();
        drop.dedup();
        for at in drop.into_iter().rev() {
            list.remove(at);
        }
        let refid = root.base_id(fk.ref_relid);
        let ref_rel = &root.rels[refid];
        let ref_tuples = ref_rel.tuples.max(1.0);
        if matches!(jointype, JoinType::Semi | JoinType::Anti) {
            sel *= ref_rel.rows / ref_tuples;
        } else {
            sel *= 1.0 / ref_tuples;
        }
    }
    (clamp_probability(sel), list)
}

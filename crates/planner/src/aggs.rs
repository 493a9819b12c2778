//! Aggregates: numbering, sharing of transition states, costs, order of input.
use crate::{cost::*, pathkeys::*, root::*};
use error::PgResult;
use nodes::*;
use types::Oid;

/// Finds the level's aggregates and numbers them; equal ones share a number.
pub fn preprocess_aggrefs(root: &mut PlannerInfo<'_>) -> PgResult<()> {
    let mut tlist = std::mem::take(&mut root.processed_tlist);
    let mut result = Ok(());
    for te in &mut tlist {
        number(root, &mut te.expr, &mut result);
    }
    root.processed_tlist = tlist;
    if let Some(mut h) = root.parse.having_qual.take() {
        number(root, &mut h, &mut result);
        root.parse.having_qual = Some(h);
    }
    result
}

fn number(root: &mut PlannerInfo<'_>, e: &mut Expr, result: &mut PgResult<()>) {
    if let Expr::Aggref(a) = e {
        if a.agglevelsup == 0 {
            if let Err(err) = number_one(root, a) {
                *result = Err(err);
            }
        }
        return;
    }
    e.for_each_child_mut(&mut |c| number(root, c, result));
}

fn number_one(root: &mut PlannerInfo<'_>, a: &mut Aggref) -> PgResult<()> {
    let cx = root.cx();
    let agg = cx.catalog.lookup_aggregate(a.aggfnoid)?.ok_or_else(|| {
        error::PgError::internal(format!("cache lookup failed for aggregate {}", a.aggfnoid))
    })?;
    if !a.aggtranstype.is_valid() {
        a.aggtranstype = resolve_transtype(cx, a, agg.transtype)?;
    }
    let volatile = {
        let e = Expr::Aggref(Box::new(a.clone()));
        let mut v = false;
        e.for_each_child(&mut |c| v |= cx.contain_volatile(c));
        v
    };
    let key = |x: &Aggref| {
        let mut x = x.clone();
        x.aggno = -1;
        x.aggtransno = -1;
        x.aggpresorted = false;
        Expr::Aggref(Box::new(x))
    };
    let this = key(a);
    if !volatile {
        if let Some(at) = root.agg_infos.iter().position(|i| key(&i.aggref).equals(&this)) {
            a.aggno = at as i32;
            a.aggtransno = root.agg_infos[at].transno;
            return Ok(());
        }
    }
    let shareable = agg.finalmodify != 'w';
    let same_input = |x: &Aggref| {
        let mut x = x.clone();
        x.aggfnoid = a.aggfnoid;
        x.aggtype = a.aggtype;
        x.aggcollid = a.aggcollid;
        key(&x).equals(&this)
    };
    let shared = if shareable && !volatile {
        root.agg_trans.iter().position(|t| {
            t.shareable
                && t.transfn == agg.transfn
                && t.transtype == a.aggtranstype
                && t.initval == agg.initval
                && same_input(&t.aggref)
        })
    } else {
        None
    };
    let transno = match shared {
        Some(at) => at,
        None => {
            root.agg_trans.push(AggTransInfo {
                aggref: a.clone(),
                transfn: agg.transfn,
                transtype: a.aggtranstype,
                trans_width: cx.type_avg_width(a.aggtranstype, -1),
                aggtransspace: agg.transspace,
                initval: agg.initval.clone(),
                shareable,
            });
            if !a.aggorder.is_empty() || !a.aggdistinct.is_empty() {
                root.num_ordered_aggs += 1;
            }
            root.agg_trans.len() - 1
        }
    };
    a.aggno = root.agg_infos.len() as i32;
    a.aggtransno = transno as i32;
    root.agg_infos.push(AggInfo {
        aggref: a.clone(),
        transno: transno as i32,
        finalfn: agg.finalfn,
    });
    Ok(())
}

/// Transition type of a polymorphic aggregate from the actual argument types.
fn resolve_transtype(
    cx: &crate::context::PlanContext<'_>,
    a: &Aggref,
    declared: Oid,
) -> PgResult<Oid> {
    use types::type_oid as t;
    let proc = cx.catalog.get_proc(a.aggfnoid)?;
    let actual = |want: &[Oid]| {
        proc.argtypes.iter().zip(&a.aggargtypes).find(|(d, _)| want.contains(d)).map(|(_, x)| *x)
    };
    Ok(match declared {
        t::ANYELEMENT
        | t::ANYNONARRAY
        | t::ANYENUM
        | t::ANYCOMPATIBLE
        | t::ANYCOMPATIBLENONARRAY => {
            match actual(&[declared, t::ANYELEMENT, t::ANYNONARRAY, t::ANYENUM, t::ANYCOMPATIBLE]) {
                Some(x) => x,
                None => actual(&[t::ANYARRAY, t::ANYCOMPATIBLEARRAY])
                    .map_or(a.aggtype, |x| cx.element_type(x)),
            }
        }
        t::ANYARRAY | t::ANYCOMPATIBLEARRAY => {
            match actual(&[t::ANYARRAY, t::ANYCOMPATIBLEARRAY]) {
                Some(x) => x,
                None => match actual(&[t::ANYELEMENT, t::ANYNONARRAY, t::ANYCOMPATIBLE]) {
                    Some(x) => cx.catalog.get_type(x)?.array,
                    None => a.aggtype,
                },
            }
        }
        t::ANYRANGE | t::ANYMULTIRANGE => {
            actual(&[t::ANYRANGE, t::ANYMULTIRANGE]).unwrap_or(a.aggtype)
        }
        other => other,
    })
}

/// Costs of all aggregates of the level.
pub fn get_agg_clause_costs(root: &PlannerInfo<'_>) -> AggClauseCosts {
    let cx = root.cx();
    let unit = cx.settings.cpu_operator_cost;
    let mut c = AggClauseCosts::default();
    for t in &root.agg_trans {
        c.trans.per_tuple += cx.func_cost(t.transfn) * unit;
        let mut arg = Cost::default();
        t.aggref.args.iter().for_each(|a| arg.add(expr_cost(cx, &a.expr)));
        if let Some(f) = &t.aggref.aggfilter {
            arg.add(expr_cost(cx, f));
        }
        c.trans.add(arg);
        // Room for by-reference states.
        let typ = cx.catalog.lookup_type(t.transtype).ok().flatten();
        if typ.as_ref().is_none_or(|t| !t.byval) {
            if t.transtype == types::type_oid::INTERNAL {
                c.transition_space +=
                    if t.aggtransspace > 0 { t.aggtransspace as f64 } else { 8192.0 };
            } else {
                c.transition_space += maxalign(t.trans_width as f64) + 16.0;
            }
        }
    }
    for i in &root.agg_infos {
        if i.finalfn.is_valid() {
            c.fin.per_tuple += cx.func_cost(i.finalfn) * unit;
        }
        i.aggref.aggdirectargs.iter().for_each(|a| {
            let d = expr_cost(cx, a);
            c.fin.startup += d.startup + d.per_tuple;
        });
    }
    c
}

/// Lets the grouping input come in the order that most ordered aggregates want.
pub fn adjust_group_pathkeys_for_aggs(root: &mut PlannerInfo<'_>) {
    if !root.cx().settings.enable_presorted_aggregate {
        return;
    }
    // Without sortable grouping columns there is no order to extend.
    if root.group_pathkeys.is_empty() && !root.processed_group_clause.is_empty() {
        return;
    }
    let mut candidates: Vec<(usize, Vec<PathKey>)> = Vec::new();
    for (at, i) in root.agg_infos.clone().iter().enumerate() {
        let a = &i.aggref;
        if a.aggkind != 'n' {
            continue;
        }
        let list = if !a.aggdistinct.is_empty() { &a.aggdistinct } else { &a.aggorder };
        if list.is_empty() || a.args.iter().any(|t| root.cx().contain_volatile(&t.expr)) {
            continue;
        }
        // FILTER may be what keeps a sort expression from failing.
        if a.aggfilter.is_some() && !a.args.iter().all(|t| is_column_or_const(&t.expr)) {
            continue;
        }
        let keys = make_pathkeys_for_sortclauses(root, list, &a.args);
        candidates.push((at, keys));
    }
    let mut best: Option<(usize, Vec<PathKey>)> = None;
    for (_, keys) in &candidates {
        let served = candidates
            .iter()
            .filter(|(_, k)| keys.len() >= k.len() && keys[..k.len()] == k[..])
            .count();
        let better = match &best {
            None => true,
            Some((n, k)) => served > *n || served == *n && keys.len() > k.len(),
        };
        if better {
            best = Some((served, keys.clone()));
        }
    }
    let Some((_, keys)) = best else { return };
    let mut all = root.group_pathkeys.clone();
    for k in &keys {
        if !all.iter().any(|a| a.ec == k.ec) {
            all.push(k.clone());
        }
    }
    root.group_pathkeys = all;
    let presorted: Vec<usize> = candidates
        .iter()
        .filter(|(_, k)| keys.len() >= k.len() && keys[..k.len()] == k[..])
        .map(|(at, _)| *at)
        .collect();
    // The aggregates may rely on it.
    let mut tlist = std::mem::take(&mut root.processed_tlist);
    tlist.iter_mut().for_each(|t| mark(&mut t.expr, &presorted));
    root.processed_tlist = tlist;
    if let Some(h) = &mut root.parse.having_qual {
        mark(h, &presorted);
    }
}

fn is_column_or_const(e: &Expr) -> bool {
    match e {
        Expr::RelabelType(r) => is_column_or_const(&r.arg),
        _ => matches!(e, Expr::Var(_) | Expr::Const(_)),
    }
}

fn mark(e: &mut Expr, presorted: &[usize]) {
    if let Expr::Aggref(a) = e {
        if presorted.contains(&(a.aggno as usize)) {
            a.aggpresorted = true;
        }
        return;
    }
    e.for_each_child_mut(&mut |c| mark(c, presorted));
}

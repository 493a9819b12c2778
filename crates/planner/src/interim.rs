//! A planner without choices: scans, hash and nested-loop joins in the order written.
use crate::context::*;
use catalog::CatalogRead;
use error::{PgResult, not_supported};
use nodes::{plan::*, walk::*, *};
use std::sync::Arc;
use types::{Oid, type_oid};

struct Glob<'a> { cx: &'a PlanContext<'a>, rtable: Vec<RangeTblEntry>, perms: Vec<RTEPermissionInfo>, subplans: Vec<Arc<Plan>>, params: Vec<Oid>, owned: Vec<(u32, Var, i32)>, relids: Vec<Oid>, n_sub: usize, ctes: Vec<(u32, String, i32, i32)>, works: Vec<(u32, String, i32)>, result_relations: Vec<i32> }

pub fn plan(cx: &PlanContext<'_>, query: Query) -> PgResult<PlannedStmt> {
    let mut g = Glob { cx, rtable: vec![], perms: vec![], subplans: vec![], params: vec![], owned: vec![], relids: vec![], n_sub: 0, ctes: vec![], works: vec![], result_relations: vec![] };
    let (cmd, tag, ret, loc, len, modcte) = (query.command_type, query.can_set_tag, !query.returning_list.is_empty(), query.stmt_location, query.stmt_len, query.has_modifying_cte);
    let p = g.query(query, 0)?;
    Ok(PlannedStmt { command_type: cmd, has_returning: ret, has_modifying_cte: modcte, can_set_tag: tag, transient_plan: false, depends_on_role: false, plan_tree: Arc::new(p), rtable: g.rtable, perm_infos: g.perms, result_relations: g.result_relations, subplans: g.subplans, rewind_plan_ids: vec![], row_marks: vec![], param_exec_types: g.params, relation_oids: g.relids, inval_items: vec![], utility_stmt: None, stmt_location: loc, stmt_len: len })
}

fn var_of(rti: i32, att: i16, typ: Oid, typmod: i32, coll: Oid) -> Expr { Expr::Var(Var { varno: rti, varattno: att, vartype: typ, vartypmod: typmod, varcollid: coll, varnullingrels: vec![], varlevelsup: 0, varreturningtype: Default::default(), varnosyn: 0, varattnosyn: 0, location: -1 }) }
fn te(expr: Expr, no: usize, name: Option<String>, r: u32, junk: bool) -> TargetEntry { TargetEntry { expr, resno: no as i16, resname: name, ressortgroupref: r, resorigtbl: Oid::INVALID, resorigcol: 0, resjunk: junk } }
fn same(a: &Expr, b: &Expr) -> bool { match (a, b) { (Expr::Var(x), Expr::Var(y)) => x.varno == y.varno && x.varattno == y.varattno && x.varlevelsup == y.varlevelsup, _ => strip(a) == strip(b) } }
fn strip(e: &Expr) -> String { let mut e = e.clone(); e.rewrite(&mut |x| if let Expr::Var(v) = x { v.varnullingrels.clear(); v.location = -1; }); let s = format!("{e:?}"); let mut out = String::new(); let mut rest = s.as_str(); while let Some(i) = rest.find("location: ") { out.push_str(&rest[..i]); let t = &rest[i + 10..]; let n = t.find(|c: char| !(c.is_ascii_digit() || c == '-')).unwrap_or(t.len()); rest = &t[n..]; } out.push_str(rest); out }
fn ands(e: Expr, out: &mut Vec<Expr>) { match e { Expr::BoolExpr(b) if b.boolop == BoolExprType::And => b.args.into_iter().for_each(|a| ands(a, out)), e => out.push(e) } }
fn rels(e: &Expr) -> Vec<i32> { let mut r = vec![]; fn go(e: &Expr, r: &mut Vec<i32>) { if let Expr::Var(v) = e { if v.varlevelsup == 0 && !r.contains(&v.varno) { r.push(v.varno) } } e.for_each_child(&mut |c| go(c, r)); } go(e, &mut r); r }
fn subset(a: &[i32], b: &[i32]) -> bool { a.iter().all(|x| b.contains(x)) }
/// Replaces parts equal to an output column of the input by references to it.
fn fix(e: &mut Expr, outer: &[Expr], inner: &[Expr]) {
    for (side, cols) in [(OUTER_VAR, outer), (INNER_VAR, inner)] {
        let simple = matches!(e, Expr::Const(_) | Expr::Param(_));
        if !simple && let Some(i) = cols.iter().position(|c| same(c, e)) { let mut v = var_of(side, i as i16 + 1, e.typ(), e.typmod(), e.collation()); if let (Expr::Var(n), Expr::Var(o)) = (&mut v, &*e) { n.varnosyn = o.varno; n.varattnosyn = o.varattno; } *e = v; return; }
    }
    e.for_each_child_mut(&mut |c| fix(c, outer, inner));
}
fn fixed(e: &Expr, outer: &[Expr], inner: &[Expr]) -> Expr { let mut e = e.clone(); fix(&mut e, outer, inner); e }

struct Rel { plan: Plan, cols: Vec<Expr>, rels: Vec<i32>, lateral: Vec<(Var, i32)> }
impl Rel {
    fn tl(cols: &[Expr], outer: &[Expr], inner: &[Expr]) -> Vec<TargetEntry> { cols.iter().enumerate().map(|(i, c)| te(fixed(c, outer, inner), i + 1, None, 0, false)).collect() }
    /// A node over this one that yields the same columns.
    fn over(self, node: PlanNode, qual: Vec<Expr>) -> Rel { let mut p = Plan::new(node, Rel::tl(&self.cols, &self.cols, &[])); p.qual = qual.iter().map(|q| fixed(q, &self.cols, &[])).collect(); p.plan_rows = self.plan.plan_rows; p.total_cost = self.plan.total_cost + 1.0; p.lefttree = Some(Arc::new(self.plan)); Rel { plan: p, ..self } }
    /// Makes expressions available as columns.
    fn with(self, exprs: &[Expr]) -> Rel {
        let mut cols = self.cols.clone();
        for e in exprs { if !cols.iter().any(|c| same(c, e)) { cols.push(e.clone()) } }
        if cols.len() == self.cols.len() { return self; }
        let mut p = Plan::new(PlanNode::Result { resconstantqual: vec![] }, Rel::tl(&cols, &self.cols, &[]));
        p.plan_rows = self.plan.plan_rows; p.total_cost = self.plan.total_cost; p.lefttree = Some(Arc::new(self.plan));
        Rel { plan: p, cols, rels: self.rels, lateral: self.lateral }
    }
}

impl<'a> Glob<'a> {
    fn param(&mut self, t: Oid) -> i32 { self.params.push(t); self.params.len() as i32 - 1 }
    fn query(&mut self, mut q: Query, lvl: u32) -> PgResult<Plan> {
        let off = self.rtable.len() as i32;
        // Vars of outer levels become params; own ones get their place in the flat range table.
        let poff = self.perms.len() as u32;
        self.perms.extend(q.rteperminfos.iter().cloned());
        let joins: Vec<Option<Vec<Expr>>> = q.rtable.iter().map(|r| match &r.kind { RteKind::Join { joinaliasvars, .. } => Some(joinaliasvars.clone()), RteKind::Group { groupexprs } => Some(groupexprs.clone()), _ => None }).collect();
        let names: Vec<Vec<String>> = q.rtable.iter().map(|r| r.eref.colnames.clone()).collect();
        fn flat(e: &mut Expr, level: u32, joins: &[Option<Vec<Expr>>], names: &[Vec<String>]) {
            let Expr::Var(v) = e else { return };
            if v.varlevelsup != level || v.varno < 1 { return; }
            let Some(Some(cols)) = joins.get(v.varno as usize - 1) else { return };
            let lift = |c: &Expr| { let mut c = c.clone(); rewrite_expr_deep(&mut c, 0, &mut |x, l| { if let Expr::Var(w) = x { if w.varlevelsup >= l { w.varlevelsup += level } } }); rewrite_expr_deep(&mut c, 0, &mut |x, l| flat(x, level + l, joins, names)); c };
            *e = match v.varattno { 0 => Expr::RowExpr(Box::new(RowExpr { args: cols.iter().map(lift).collect(), row_typeid: v.vartype, row_format: CoercionForm::ImplicitCast, colnames: names[v.varno as usize - 1].clone(), location: -1 })), n => lift(&cols[n as usize - 1]) };
        }
        rewrite_query_deep(&mut q, 0, &mut |e, l| flat(e, l, &joins, &names));
        rewrite_query_deep(&mut q, 0, &mut |e, l| if let Expr::Var(v) = e { if v.varlevelsup == l && v.varno > 0 { v.varno += off } });
        fn shift(n: &mut JoinTreeNode, off: i32) { match n { JoinTreeNode::RangeTblRef(r) => *r += off, JoinTreeNode::JoinExpr(j) => { shift(&mut j.larg, off); shift(&mut j.rarg, off); if j.rtindex > 0 { j.rtindex += off } } JoinTreeNode::FromExpr(f) => f.fromlist.iter_mut().for_each(|x| shift(x, off)) } }
        q.jointree.fromlist.iter_mut().for_each(|n| shift(n, off));
        fn shift_set(n: &mut SetOpNode, off: i32) { match n { SetOpNode::RangeTblRef(r) => *r += off, SetOpNode::SetOp(s) => { shift_set(&mut s.larg, off); shift_set(&mut s.rarg, off) } } }
        if let Some(s) = &mut q.set_operations { shift_set(&mut s.larg, off); shift_set(&mut s.rarg, off); }
        if q.result_relation > 0 { q.result_relation += off; }
        if let Some(oc) = &mut q.on_conflict { if oc.excl_rel_index > 0 { oc.excl_rel_index += off } }
        q.row_marks.iter_mut().for_each(|m| m.rti += off);
        for mut r in std::mem::take(&mut q.rtable) {
            if let RteKind::Relation { relid, perminfoindex, .. } = &mut r.kind { self.relids.push(*relid); if *perminfoindex > 0 { *perminfoindex += poff } }
            self.rtable.push(r);
        }
        let inits = self.ctes(&mut q, lvl)?;
        let mut p = self.body(q, lvl)?;
        p.init_plan.extend(inits);
        Ok(p)
    }
    fn ctes(&mut self, q: &mut Query, lvl: u32) -> PgResult<Vec<SubPlan>> {
        let mut inits = vec![];
        for c in std::mem::take(&mut q.cte_list) {
            let p = if c.cterecursive { self.recursive(&c, lvl)? } else { self.query(*c.ctequery.clone(), lvl + 1)? };
            self.subplans.push(Arc::new(p));
            let id = self.subplans.len() as i32; let prm = self.param(type_oid::VOID);
            self.ctes.push((lvl, c.ctename.clone(), id, prm));
            inits.push(SubPlan { sub_link_type: SubLinkType::Cte, testexpr: None, param_ids: vec![], plan_id: id, plan_name: format!("CTE {}", c.ctename), first_col_type: type_oid::VOID, first_col_typmod: -1, first_col_collation: Oid::INVALID, array_type: Oid::INVALID, use_hash_table: false, unknown_eq_false: false, set_param: vec![prm], par_param: vec![], args: vec![], startup_cost: 0.0, per_call_cost: 0.0 });
        }
        Ok(inits)
    }
    fn recursive(&mut self, c: &CommonTableExpr, lvl: u32) -> PgResult<Plan> {
        let q = &c.ctequery;
        let Some(op) = &q.set_operations else { return Err(not_supported!("recursive query without UNION")) };
        let (SetOpNode::RangeTblRef(l), SetOpNode::RangeTblRef(r)) = (&op.larg, &op.rarg) else { return Err(not_supported!("nested recursive union")) };
        if !q.sort_clause.is_empty() || q.limit_count.is_some() || !q.cte_list.is_empty() { return Err(not_supported!("clauses of a recursive union")) }
        let get = |n: i32| match &q.rte(n).kind { RteKind::Subquery { subquery, .. } => Ok(*subquery.clone()), _ => Err(not_supported!("recursive union arm")) };
        let (lq, rq) = (get(*l)?, get(*r)?);
        let wt = self.param(type_oid::VOID);
        let left = self.query(lq, lvl + 2)?;
        self.works.push((lvl, c.ctename.clone(), wt));
        let right = self.query(rq, lvl + 2)?;
        self.works.pop();
        let keys = if op.all { vec![] } else { op.group_clauses.iter().enumerate().map(|(i, g)| GroupKey { col: i as i16 + 1, eq_operator: g.eqop, collation: op.col_collations[i] }).collect() };
        let tl = (0..op.col_types.len()).map(|i| te(var_of(OUTER_VAR, i as i16 + 1, op.col_types[i], op.col_typmods[i], op.col_collations[i]), i + 1, None, 0, false)).collect();
        let mut p = Plan::new(PlanNode::RecursiveUnion { wt_param: wt, dup_keys: keys, num_groups: 100.0 }, tl);
        p.lefttree = Some(Arc::new(left)); p.righttree = Some(Arc::new(right));
        Ok(p)
    }
    /// Outer references become params, sublinks subplans.
    fn expr(&mut self, e: &mut Expr, lvl: u32) -> PgResult<()> {
        let mut err = None;
        e.for_each_child_mut(&mut |c| if err.is_none() { err = self.expr(c, lvl).err() });
        if let Some(x) = err { return Err(x) }
        match e {
            Expr::Var(v) if v.varlevelsup > 0 => { let owner = lvl - v.varlevelsup; let mut v = v.clone(); v.varlevelsup = 0; let id = self.outer_param(owner, &v); *e = Expr::Param(Param { kind: ParamKind::Exec, paramid: id, paramtype: v.vartype, paramtypmod: v.vartypmod, paramcollid: v.varcollid, location: -1 }) }
            Expr::Aggref(a) => { if a.agglevelsup > 0 { return Err(not_supported!("aggregate of an outer query")) } if !a.aggtranstype.is_valid() { let t = self.cx.catalog.lookup_aggregate(a.aggfnoid)?.map_or(Oid::INVALID, |x| x.transtype); a.aggtranstype = match t.0 { 2283 | 5077 => a.aggargtypes.first().copied().unwrap_or(t), 2277 | 5078 => a.aggargtypes.first().copied().unwrap_or(t), _ => t }; } }
            Expr::SubLink(_) => { let Expr::SubLink(s) = std::mem::replace(e, Expr::Const(Const { consttype: type_oid::BOOL, consttypmod: -1, constcollid: Oid::INVALID, value: types::Datum::Null, phys: types::PhysType::Bool, location: -1 })) else { unreachable!("invariant: just matched") }; *e = self.sublink(*s, lvl)?; }
            Expr::NamedArgExpr(n) => *e = n.arg.clone(),
            Expr::CollateExpr(c) => { let arg = c.arg.clone(); *e = Expr::RelabelType(Box::new(RelabelType { resulttype: arg.typ(), resulttypmod: arg.typmod(), resultcollid: c.coll_oid, relabelformat: CoercionForm::ImplicitCast, arg, location: -1 })) }
            Expr::FuncExpr(f) => {
                let p = self.cx.catalog.get_proc(f.funcid)?;
                // Omitted arguments take their defaults.
                if f.args.len() < p.argtypes.len() && !p.argdefaults.is_empty() && !f.funcvariadic { let missing = p.argtypes.len() - f.args.len(); let d = &p.argdefaults; f.args.extend(d[d.len() - missing..].iter().cloned()); }
            }
            _ => {}
        }
        Ok(())
    }
    fn outer_param(&mut self, owner: u32, v: &Var) -> i32 {
        if let Some((_, _, id)) = self.owned.iter().find(|(o, w, _)| *o == owner && w.varno == v.varno && w.varattno == v.varattno) { return *id }
        let id = self.param(v.vartype); self.owned.push((owner, v.clone(), id)); id
    }
    fn sublink(&mut self, s: SubLink, lvl: u32) -> PgResult<Expr> {
        let mark = self.owned.len();
        let saved: Vec<_> = self.owned.iter().map(|(o, _, _)| *o).collect();
        for (i, o) in saved.iter().enumerate() { if *o == lvl { self.owned[i].0 = u32::MAX } }
        let p = self.query(*s.subselect, lvl + 1)?;
        let mine: Vec<(Var, i32)> = self.owned[mark..].iter().filter(|(o, _, _)| *o == lvl).map(|(_, v, i)| (v.clone(), *i)).collect();
        for x in self.owned[mark..].iter_mut() { if x.0 == lvl { x.0 = u32::MAX } }
        for (i, o) in saved.iter().enumerate() { self.owned[i].0 = *o }
        let out: Vec<TargetEntry> = p.target_list.iter().filter(|t| !t.resjunk).cloned().collect();
        let first = out.first().map(|t| (t.expr.typ(), t.expr.typmod(), t.expr.collation())).unwrap_or((type_oid::VOID, -1, Oid::INVALID));
        self.subplans.push(Arc::new(p)); let id = self.subplans.len() as i32; self.n_sub += 1;
        let mut ids = vec![];
        let mut test = s.testexpr;
        if test.is_some() { ids = out.iter().map(|t| self.param(t.expr.typ())).collect(); }
        if let Some(t) = &mut test { t.rewrite(&mut |x| if let Expr::Param(p) = x { if p.kind == ParamKind::Sublink { p.kind = ParamKind::Exec; p.paramid = ids[p.paramid as usize - 1] } }) }
        let mut args = vec![]; let mut pars = vec![];
        for (v, i) in mine { pars.push(i); args.push(Expr::Var(v)) }
        Ok(Expr::SubPlan(Box::new(SubPlan { sub_link_type: s.sub_link_type, testexpr: test, param_ids: ids, plan_id: id, plan_name: format!("SubPlan {}", self.n_sub), first_col_type: first.0, first_col_typmod: first.1, first_col_collation: first.2, array_type: s.array_type, use_hash_table: false, unknown_eq_false: false, set_param: vec![], par_param: pars, args, startup_cost: 0.0, per_call_cost: 1.0 })))
    }
    fn exprs(&mut self, q: &mut Query, lvl: u32) -> PgResult<()> { let mut err = None; q.for_each_expr_mut(&mut |e| if err.is_none() { err = self.expr(e, lvl).err() }); err.map_or(Ok(()), Err) }
    fn body(&mut self, mut q: Query, lvl: u32) -> PgResult<Plan> {
        self.exprs(&mut q, lvl)?;
        if q.command_type != CmdType::Select { return self.modify(q, lvl) }
        let rel = if let Some(s) = q.set_operations.take() { self.setop(&s, lvl)? } else {
            let mut quals = vec![]; if let Some(w) = q.jointree.quals.take() { ands(w, &mut quals) }
            let from = std::mem::take(&mut q.jointree.fromlist);
            let mut needed: Vec<Expr> = vec![]; q.for_each_expr(&mut |e| collect(e, &mut needed)); quals.iter().for_each(|e| collect(e, &mut needed));
            fn jq(n: &JoinTreeNode, out: &mut Vec<Expr>) { match n { JoinTreeNode::JoinExpr(j) => { jq(&j.larg, out); jq(&j.rarg, out); if let Some(x) = &j.quals { collect(x, out) } } JoinTreeNode::FromExpr(f) => { f.fromlist.iter().for_each(|x| jq(x, out)); if let Some(x) = &f.quals { collect(x, out) } } _ => {} } }
            from.iter().for_each(|n| jq(n, &mut needed));
            for (o, v, _) in &self.owned { if *o == lvl { collect(&Expr::Var(v.clone()), &mut needed) } }
            let marks: Vec<RowMarkClause> = q.row_marks.clone();
            for m in &marks { collect(&var_of(m.rti, sysattr::CTID, type_oid::TID, -1, Oid::INVALID), &mut needed) }
            self.from(from, quals, lvl, &mut needed)?
        };
        let plan = self.upper(q, rel)?;
        Ok(plan)
    }
    fn from(&mut self, items: Vec<JoinTreeNode>, quals: Vec<Expr>, lvl: u32, needed: &mut Vec<Expr>) -> PgResult<Rel> {
        let mut quals: Vec<Option<Expr>> = quals.into_iter().map(Some).collect();
        let mut acc: Option<Rel> = None;
        let mut rest = items;
        if rest.is_empty() {
            let q: Vec<Expr> = quals.into_iter().flatten().collect();
            let mut p = Plan::new(PlanNode::Result { resconstantqual: q }, vec![]); p.total_cost = 0.01;
            return Ok(Rel { plan: p, cols: vec![], rels: vec![], lateral: vec![] });
        }
        while !rest.is_empty() {
            let have: Vec<i32> = acc.as_ref().map(|r| r.rels.clone()).unwrap_or_default();
            let pick = rest.iter().position(|n| { let mine = tree_rels(n); acc.is_some() && quals.iter().flatten().any(|e| { let r = rels(e); r.iter().any(|x| mine.contains(x)) && r.iter().any(|x| have.contains(x)) && r.iter().all(|x| mine.contains(x) || have.contains(x)) }) && !self.lateral_needs(n, &have) }).unwrap_or(0);
            let node = rest.remove(pick);
            let mine = tree_rels(&node);
            let mut own = vec![];
            for e in quals.iter_mut() { if e.as_ref().is_some_and(|e| { let r = rels(e); !r.is_empty() && subset(&r, &mine) }) { own.extend(e.take()) } }
            let right = self.node(node, own, lvl, needed)?;
            acc = Some(match acc {
                None => right,
                Some(left) => {
                    let all: Vec<i32> = left.rels.iter().chain(&right.rels).copied().collect();
                    let mut jq = vec![];
                    for e in quals.iter_mut() { if e.as_ref().is_some_and(|e| { let r = rels(e); !r.is_empty() && subset(&r, &all) }) { jq.extend(e.take()) } }
                    self.join(JoinType::Inner, left, right, jq, vec![])?
                }
            });
        }
        let Some(mut rel) = acc else { return Err(not_supported!("empty FROM")) };
        let left: Vec<Expr> = quals.into_iter().flatten().collect();
        if !left.is_empty() { let mut p = Plan::new(PlanNode::Result { resconstantqual: vec![] }, Rel::tl(&rel.cols, &rel.cols, &[])); p.qual = left.iter().map(|q| fixed(q, &rel.cols, &[])).collect(); p.lefttree = Some(Arc::new(rel.plan)); rel.plan = p; }
        Ok(rel)
    }
    fn lateral_needs(&self, n: &JoinTreeNode, _have: &[i32]) -> bool { match n { JoinTreeNode::RangeTblRef(r) => self.rtable[*r as usize - 1].lateral, _ => false } }
    fn node(&mut self, n: JoinTreeNode, quals: Vec<Expr>, lvl: u32, needed: &mut Vec<Expr>) -> PgResult<Rel> {
        match n {
            JoinTreeNode::RangeTblRef(rti) => self.scan(rti, quals, lvl, needed),
            JoinTreeNode::FromExpr(f) => { let mut all = quals; if let Some(w) = f.quals { ands(w, &mut all) } self.from(f.fromlist, all, lvl, needed) }
            JoinTreeNode::JoinExpr(j) => {
                let j = *j; let mut on = vec![]; if let Some(x) = j.quals { ands(x, &mut on) }
                if j.jointype == JoinType::Inner { let mut all = quals; all.extend(on); return self.from(vec![j.larg, j.rarg], all, lvl, needed) }
                let (l, r) = (tree_rels(&j.larg), tree_rels(&j.rarg));
                let (mut lq, mut rq, mut above, mut jq) = (vec![], vec![], vec![], vec![]);
                for e in quals { let s = rels(&e); if matches!(j.jointype, JoinType::Left) && subset(&s, &l) { lq.push(e) } else if matches!(j.jointype, JoinType::Right) && subset(&s, &r) { rq.push(e) } else { above.push(e) } }
                for e in on { let s = rels(&e); if j.jointype == JoinType::Left && !s.is_empty() && subset(&s, &r) { rq.push(e) } else if j.jointype == JoinType::Right && !s.is_empty() && subset(&s, &l) { lq.push(e) } else { jq.push(e) } }
                let left = self.node(j.larg, lq, lvl, needed)?; let right = self.node(j.rarg, rq, lvl, needed)?;
                self.join(j.jointype, left, right, jq, above)
            }
        }
    }
    fn join(&mut self, jt: JoinType, left: Rel, right: Rel, quals: Vec<Expr>, above: Vec<Expr>) -> PgResult<Rel> {
        let (jt, left, right) = if jt == JoinType::Right { (JoinType::Left, right, left) } else { (jt, left, right) };
        let mut hash = vec![]; let mut other = vec![];
        let lateral: Vec<(Var, i32)> = right.lateral.iter().filter(|(v, _)| left.rels.contains(&v.varno)).cloned().collect();
        for e in quals {
            if let Expr::OpExpr(o) = &e && o.args.len() == 2 && lateral.is_empty() {
                let (a, b) = (rels(&o.args[0]), rels(&o.args[1])); let op = self.cx.catalog.get_operator(o.opno)?;
                let sub = e.any(&mut |x| matches!(x, Expr::SubPlan(_)));
                if op.can_hash && !sub && !a.is_empty() && !b.is_empty() {
                    if subset(&a, &left.rels) && subset(&b, &right.rels) { hash.push((o.opno, o.inputcollid, o.args[0].clone(), o.args[1].clone(), e.clone())); continue }
                    if subset(&b, &left.rels) && subset(&a, &right.rels) && op.commutator.is_valid() { let mut c = o.clone(); c.opno = op.commutator; c.opfuncid = self.cx.catalog.get_operator(op.commutator)?.code; c.args.swap(0, 1); hash.push((op.commutator, o.inputcollid, o.args[1].clone(), o.args[0].clone(), Expr::OpExpr(c))); continue }
                }
            }
            other.push(e);
        }
        let cols: Vec<Expr> = left.cols.iter().chain(&right.cols).cloned().collect();
        let (lc, rc) = (left.cols.clone(), right.cols.clone());
        let rows = left.plan.plan_rows.max(right.plan.plan_rows);
        let mut lat: Vec<(Var, i32)> = left.lateral.clone(); lat.extend(right.lateral.iter().filter(|(v, _)| !left.rels.contains(&v.varno)).cloned());
        let all: Vec<i32> = left.rels.iter().chain(&right.rels).copied().collect();
        let jq: Vec<Expr> = other.iter().map(|e| fixed(e, &lc, &rc)).collect();
        let cost = left.plan.total_cost + right.plan.total_cost + rows;
        let (node, inner) = if !hash.is_empty() {
            let mut h = Plan::new(PlanNode::Hash { hashkeys: hash.iter().map(|x| fixed(&x.3, &rc, &[])).collect() }, Rel::tl(&rc, &rc, &[]));
            h.plan_rows = right.plan.plan_rows; h.total_cost = right.plan.total_cost; h.lefttree = Some(Arc::new(right.plan));
            (PlanNode::HashJoin { jointype: jt, inner_unique: false, joinqual: jq, hashclauses: hash.iter().map(|x| fixed(&x.4, &lc, &rc)).collect(), hashoperators: hash.iter().map(|x| x.0).collect(), hashcollations: hash.iter().map(|x| x.1).collect(), hashkeys: hash.iter().map(|x| fixed(&x.2, &lc, &[])).collect() }, h)
        } else {
            if jt == JoinType::Full { return Err(error::err!(FEATURE_NOT_SUPPORTED, "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions")) }
            let nest = lateral.iter().map(|(v, id)| NestLoopParam { paramno: *id, paramval: fixed(&Expr::Var(v.clone()), &lc, &[]) }).collect();
            let inner = if lateral.is_empty() { let mut m = Plan::new(PlanNode::Material, Rel::tl(&rc, &rc, &[])); m.plan_rows = right.plan.plan_rows; m.total_cost = right.plan.total_cost; m.lefttree = Some(Arc::new(right.plan)); m } else { right.plan };
            (PlanNode::NestLoop { jointype: jt, inner_unique: false, joinqual: jq, nest_params: nest }, inner)
        };
        let mut p = Plan::new(node, Rel::tl(&cols, &lc, &rc));
        p.qual = above.iter().map(|e| fixed(e, &lc, &rc)).collect();
        p.plan_rows = rows; p.total_cost = cost; p.lefttree = Some(Arc::new(left.plan)); p.righttree = Some(Arc::new(inner));
        Ok(Rel { plan: p, cols, rels: all, lateral: lat })
    }
    fn scan(&mut self, rti: i32, quals: Vec<Expr>, lvl: u32, needed: &mut Vec<Expr>) -> PgResult<Rel> {
        let rte = self.rtable[rti as usize - 1].clone();
        let mut lateral = vec![];
        // Siblings that a lateral entry looks at reach it as parameters of a nested loop.
        fn params(g: &mut Glob<'_>, e: &mut Expr, lateral: &mut Vec<(Var, i32)>) { if let Expr::Var(v) = e { if v.varlevelsup == 0 && v.varno > 0 { let id = g.param(v.vartype); lateral.push((v.clone(), id)); *e = Expr::Param(Param { kind: ParamKind::Exec, paramid: id, paramtype: v.vartype, paramtypmod: v.vartypmod, paramcollid: v.varcollid, location: -1 }) } return } e.for_each_child_mut(&mut |c| params(g, c, lateral)) }
        let node = match rte.kind {
            RteKind::Relation { relid, .. } => return self.relation(rti, relid, quals, needed),
            RteKind::Subquery { subquery, .. } => {
                let saved: Vec<u32> = self.owned.iter().map(|x| x.0).collect();
                if rte.lateral { self.owned.iter_mut().for_each(|x| if x.0 == lvl { x.0 = u32::MAX }) }
                let mark = self.owned.len();
                let p = self.query(*subquery, lvl + 1)?;
                if rte.lateral { for (i, o) in saved.iter().enumerate() { self.owned[i].0 = *o } for x in self.owned[mark..].iter_mut() { if x.0 == lvl { lateral.push((x.1.clone(), x.2)); x.0 = u32::MAX } } for (v, _) in &lateral { collect(&Expr::Var(v.clone()), needed) } }
                PlanNode::SubqueryScan { scanrelid: rti, subplan: Arc::new(p) }
            }
            RteKind::Function { mut functions, funcordinality } => { for f in &mut functions { let e = &mut f.funcexpr; self.expr(e, lvl)?; params(self, e, &mut lateral) } PlanNode::FunctionScan { scanrelid: rti, functions, funcordinality } }
            RteKind::Values { mut values_lists, .. } => { for e in values_lists.iter_mut().flatten() { self.expr(e, lvl)?; params(self, e, &mut lateral) } PlanNode::ValuesScan { scanrelid: rti, values_lists } }
            RteKind::Cte { ctename, ctelevelsup, self_reference, .. } => {
                let owner = lvl - ctelevelsup;
                if self_reference { let Some(w) = self.works.iter().rev().find(|w| w.1 == ctename) else { return Err(not_supported!("recursive reference")) }; PlanNode::WorkTableScan { scanrelid: rti, wt_param: w.2 } }
                else { let Some(c) = self.ctes.iter().rev().find(|c| c.0 == owner && c.1 == ctename) else { return Err(not_supported!("reference to this WITH query")) }; PlanNode::CteScan { scanrelid: rti, cte_plan_id: c.2, cte_param: c.3 } }
            }
            RteKind::Result => PlanNode::Result { resconstantqual: vec![] },
            _ => return Err(not_supported!("this kind of FROM item")),
        };
        let cols: Vec<Expr> = needed.iter().filter(|e| matches!(e, Expr::Var(v) if v.varno == rti)).cloned().collect();
        for (v, _) in &lateral { collect(&Expr::Var(v.clone()), needed) }
        let mut p = Plan::new(node, cols.iter().enumerate().map(|(i, c)| te(c.clone(), i + 1, None, 0, false)).collect());
        p.qual = quals; p.plan_rows = 100.0; p.total_cost = 10.0;
        Ok(Rel { plan: p, cols, rels: vec![rti], lateral })
    }
    fn relation(&mut self, rti: i32, relid: Oid, quals: Vec<Expr>, needed: &[Expr]) -> PgResult<Rel> {
        let cols: Vec<Expr> = needed.iter().filter(|e| matches!(e, Expr::Var(v) if v.varno == rti)).cloned().collect();
        let tl: Vec<TargetEntry> = cols.iter().enumerate().map(|(i, c)| te(c.clone(), i + 1, None, 0, false)).collect();
        let rel = self.cx.catalog.get_relation(relid)?;
        if rel.has_subclass && self.rtable[rti as usize - 1].inh && !self.cx.catalog.inheritance_children(relid)?.is_empty() { return Err(not_supported!("inheritance")) }
        let mut best: Option<(usize, IndexScan, Vec<usize>)> = None;
        for ix in rel.indexes.iter().filter(|i| i.valid && i.am == Oid(403) && i.predicate.is_empty()) {
            let (mut iq, mut orig, mut used) = (vec![], vec![], vec![]);
            for (k, col) in ix.columns.iter().take(ix.n_key).enumerate() {
                let mut found = false;
                for (n, e) in quals.iter().enumerate() {
                    let Expr::OpExpr(o) = e else { continue }; if o.args.len() != 2 || col.attnum == 0 { continue }
                    let is = |x: &Expr| matches!(x, Expr::Var(v) if v.varno == rti && v.varattno == col.attnum);
                    let outside = |x: &Expr| rels(x).is_empty() && !x.any(&mut |y| matches!(y, Expr::SubPlan(_) | Expr::FuncExpr(_)));
                    let mut o = o.clone();
                    if is(&o.args[1]) && outside(&o.args[0]) { let c = self.cx.catalog.get_operator(o.opno)?.commutator; if !c.is_valid() { continue } o.opno = c; o.opfuncid = self.cx.catalog.get_operator(c)?.code; o.args.swap(0, 1) } else if !(is(&o.args[0]) && outside(&o.args[1])) { continue }
                    if o.inputcollid.is_valid() && col.collation.is_valid() && o.inputcollid != col.collation { continue }
                    let Some(m) = self.cx.catalog.amops_of_operator(o.opno)?.iter().find(|a| a.family == col.opfamily).map(|a| a.strategy) else { continue };
                    if m == 3 { found = true }
                    orig.push(Expr::OpExpr(o.clone())); let mut iv = o.clone(); iv.args[0] = var_of(INDEX_VAR, k as i16 + 1, o.args[0].typ(), o.args[0].typmod(), o.args[0].collation()); iq.push(Expr::OpExpr(iv)); used.push(n);
                }
                if !found { break }
            }
            if iq.is_empty() { continue }
            let score = iq.len() * 2 + usize::from(ix.unique);
            if best.as_ref().is_none_or(|b| score > b.0) { best = Some((score, IndexScan { scanrelid: rti, indexid: ix.oid, indexqual: iq, indexqualorig: orig, indexorderby: vec![], indexorderbyorig: vec![], indexorderdir: ScanDirection::Forward, indextlist: vec![], recheckqual: vec![] }, used)) }
        }
        let live = self.cx.stats.live_rows(relid).unwrap_or(1000.0);
        let mut p = match best {
            Some((_, scan, used)) => { let mut p = Plan::new(PlanNode::IndexScan(Box::new(scan)), tl); p.qual = quals.iter().enumerate().filter(|(i, _)| !used.contains(i)).map(|(_, e)| e.clone()).collect(); p.plan_rows = 1.0; p.total_cost = 8.3; p }
            None => { let mut p = Plan::new(PlanNode::SeqScan { scanrelid: rti }, tl); p.qual = quals; p.plan_rows = live.max(1.0); p.total_cost = live * 0.01 + 1.0; p }
        };
        p.plan_width = 8;
        Ok(Rel { plan: p, cols, rels: vec![rti], lateral: vec![] })
    }
    fn setop(&mut self, s: &SetOperation, lvl: u32) -> PgResult<Rel> {
        let mut arms = vec![];
        for n in [&s.larg, &s.rarg] { arms.push(match n { SetOpNode::RangeTblRef(r) => { let RteKind::Subquery { subquery, .. } = self.rtable[*r as usize - 1].kind.clone() else { return Err(not_supported!("set operation arm")) }; self.query(*subquery, lvl + 1)? } SetOpNode::SetOp(x) => self.setop(x, lvl)?.plan }) }
        let leaf = { let mut n = &s.larg; loop { match n { SetOpNode::RangeTblRef(r) => break *r, SetOpNode::SetOp(x) => n = &x.larg } } };
        let cols: Vec<Expr> = (0..s.col_types.len()).map(|i| var_of(leaf, i as i16 + 1, s.col_types[i], s.col_typmods[i], s.col_collations[i])).collect();
        let out: Vec<TargetEntry> = (0..cols.len()).map(|i| te(var_of(OUTER_VAR, i as i16 + 1, s.col_types[i], s.col_typmods[i], s.col_collations[i]), i + 1, None, 0, false)).collect();
        // Junk of an arm must not become a column.
        for a in &mut arms { if a.target_list.iter().any(|t| t.resjunk) { let tl = a.target_list.iter().filter(|t| !t.resjunk).enumerate().map(|(i, t)| te(var_of(OUTER_VAR, t.resno, t.expr.typ(), t.expr.typmod(), t.expr.collation()), i + 1, None, 0, false)).collect(); let old = std::mem::replace(a, Plan::new(PlanNode::Result { resconstantqual: vec![] }, tl)); a.lefttree = Some(Arc::new(old)); } }
        let keys: Vec<GroupKey> = s.group_clauses.iter().enumerate().map(|(i, g)| GroupKey { col: i as i16 + 1, eq_operator: g.eqop, collation: s.col_collations[i] }).collect();
        let right = arms.pop(); let left = arms.pop();
        let (Some(left), Some(right)) = (left, right) else { return Err(not_supported!("set operation")) };
        let p = if s.op == SetOperationKind::Union {
            let mut p = Plan::new(PlanNode::Append { appendplans: vec![Arc::new(left), Arc::new(right)], apprelids: vec![], part_prune: None }, out.clone());
            p.plan_rows = 100.0;
            if !s.all { let mut a = Plan::new(PlanNode::Agg(Box::new(Agg { strategy: AggStrategy::Hashed, aggsplit: AggSplit::Simple, keys, num_groups: 100.0, transition_space: 0, grouping_sets: vec![], chain: vec![] })), out); a.lefttree = Some(Arc::new(p)); a } else { p }
        } else { let mut p = Plan::new(PlanNode::SetOp { op: s.op, all: s.all, hashed: true, keys: vec![], group_keys: keys, num_groups: 100.0 }, out); p.lefttree = Some(Arc::new(left)); p.righttree = Some(Arc::new(right)); p };
        Ok(Rel { plan: p, cols, rels: vec![leaf], lateral: vec![] })
    }
    fn sort(&mut self, rel: Rel, clauses: &[SortGroupClause], tl: &[TargetEntry]) -> PgResult<Rel> {
        let exprs: Vec<Expr> = clauses.iter().filter_map(|c| tl.iter().find(|t| t.ressortgroupref == c.tle_sort_group_ref)).map(|t| t.expr.clone()).collect();
        let rel = rel.with(&exprs);
        let keys: Vec<SortKey> = clauses.iter().zip(&exprs).map(|(c, e)| SortKey { col: rel.cols.iter().position(|x| same(x, e)).unwrap_or(0) as i16 + 1, sort_operator: c.sortop, collation: e.collation(), nulls_first: c.nulls_first, reverse: c.reverse_sort }).collect();
        if keys.is_empty() { return Ok(rel) }
        Ok(rel.over(PlanNode::Sort { keys }, vec![]))
    }
    fn group_keys(&self, rel: &Rel, clauses: &[SortGroupClause], tl: &[TargetEntry]) -> Vec<GroupKey> { clauses.iter().filter_map(|c| { let e = &tl.iter().find(|t| t.ressortgroupref == c.tle_sort_group_ref)?.expr; let col = rel.cols.iter().position(|x| same(x, e))?; Some(GroupKey { col: col as i16 + 1, eq_operator: c.eqop, collation: e.collation() }) }).collect() }
    fn upper(&mut self, mut q: Query, mut rel: Rel) -> PgResult<Plan> {
        let tl = q.target_list.clone();
        if !q.grouping_sets.is_empty() { return Err(not_supported!("GROUPING SETS")) }
        if q.has_aggs || !q.group_clause.is_empty() || q.having_qual.is_some() {
            let gex: Vec<Expr> = q.group_clause.iter().filter_map(|c| tl.iter().find(|t| t.ressortgroupref == c.tle_sort_group_ref)).map(|t| t.expr.clone()).collect();
            rel = rel.with(&gex);
            let hashed = !gex.is_empty() && q.group_clause.iter().all(|c| c.hashable);
            if !gex.is_empty() && !hashed { rel = self.sort(rel, &q.group_clause, &tl)?; }
            let keys = self.group_keys(&rel, &q.group_clause, &tl);
            let mut aggs: Vec<Expr> = vec![];
            fn find(e: &Expr, out: &mut Vec<Expr>) { if matches!(e, Expr::Aggref(_)) { if !out.iter().any(|x| same(x, e)) { out.push(e.clone()) } } else { e.for_each_child(&mut |c| find(c, out)) } }
            tl.iter().for_each(|t| find(&t.expr, &mut aggs)); q.having_qual.iter().for_each(|e| find(e, &mut aggs));
            let mut cols = gex.clone(); cols.extend(aggs.iter().cloned());
            // Columns that depend on the grouping columns.
            let mut extra = vec![]; fn loose(e: &Expr, cols: &[Expr], out: &mut Vec<Expr>) { if cols.iter().any(|c| same(c, e)) { return } if matches!(e, Expr::Var(_)) { if !out.iter().any(|x| same(x, e)) { out.push(e.clone()) } } else { e.for_each_child(&mut |c| loose(c, cols, out)) } }
            tl.iter().for_each(|t| loose(&t.expr, &cols, &mut extra)); q.having_qual.iter().for_each(|e| loose(e, &cols, &mut extra)); cols.extend(extra);
            let mut atl = Rel::tl(&cols, &rel.cols, &[]);
            let mut n = 0; for (t, c) in atl.iter_mut().zip(&cols) { if let (Expr::Aggref(a), Expr::Aggref(_)) = (&mut t.expr, c) { a.aggno = n; a.aggtransno = n; n += 1 } }
            let mut having = vec![]; if let Some(h) = q.having_qual.take() { ands(h, &mut having) }
            let mut p = Plan::new(PlanNode::Agg(Box::new(Agg { strategy: if gex.is_empty() { AggStrategy::Plain } else if hashed { AggStrategy::Hashed } else { AggStrategy::Sorted }, aggsplit: AggSplit::Simple, keys, num_groups: 100.0, transition_space: 0, grouping_sets: vec![], chain: vec![] })), atl);
            p.lefttree = Some(Arc::new(rel.plan)); p.plan_rows = 100.0;
            rel = Rel { plan: p, cols, rels: rel.rels, lateral: rel.lateral };
            if !having.is_empty() { rel = rel.over(PlanNode::Result { resconstantqual: vec![] }, having) }
        }
        if q.has_window_funcs {
            for w in &q.window_clause {
                let mut fns: Vec<Expr> = vec![]; fn find(e: &Expr, r: u32, out: &mut Vec<Expr>) { if let Expr::WindowFunc(f) = e { if f.winref == r && !out.iter().any(|x| same(x, e)) { out.push(e.clone()) } return } e.for_each_child(&mut |c| find(c, r, out)) }
                tl.iter().for_each(|t| find(&t.expr, w.winref, &mut fns)); if fns.is_empty() { continue }
                let mut all = w.partition_clause.clone(); all.extend(w.order_clause.iter().cloned());
                rel = self.sort(rel, &all, &tl)?;
                let (pk, ok) = (self.group_keys(&rel, &w.partition_clause, &tl), self.group_keys(&rel, &w.order_clause, &tl));
                let mut cols = rel.cols.clone(); cols.extend(fns);
                let mut p = Plan::new(PlanNode::WindowAgg(Box::new(WindowAgg { winname: w.name.clone().unwrap_or_else(|| format!("w{}", w.winref)), winref: w.winref, part_keys: pk, ord_keys: ok, frame_options: w.frame_options, start_offset: w.start_offset.clone(), end_offset: w.end_offset.clone(), start_in_range_func: w.start_in_range_func, end_in_range_func: w.end_in_range_func, in_range_coll: w.in_range_coll, in_range_asc: w.in_range_asc, in_range_nulls_first: w.in_range_nulls_first, run_condition: vec![], run_condition_orig: vec![], top_window: true })), Rel::tl(&cols, &rel.cols, &[]));
                p.plan_rows = rel.plan.plan_rows; p.lefttree = Some(Arc::new(rel.plan));
                rel = Rel { plan: p, cols, rels: rel.rels, lateral: rel.lateral };
            }
        }
        if q.has_target_srfs {
            // The whole target list is computed here; later steps see its columns.
            let cols: Vec<Expr> = tl.iter().map(|t| t.expr.clone()).collect();
            let mut p = Plan::new(PlanNode::ProjectSet, tl.iter().map(|t| { let mut t = t.clone(); fix(&mut t.expr, &rel.cols, &[]); t }).collect());
            p.lefttree = Some(Arc::new(rel.plan)); p.plan_rows = 1000.0;
            rel = Rel { plan: p, cols, rels: rel.rels, lateral: rel.lateral };
        }
        if !q.distinct_clause.is_empty() {
            let mut order = q.distinct_clause.clone();
            for s in &q.sort_clause { if let Some(d) = order.iter_mut().find(|d| d.tle_sort_group_ref == s.tle_sort_group_ref) { *d = s.clone() } }
            if q.has_distinct_on { let mut all = q.sort_clause.clone(); for d in &order { if !all.iter().any(|a| a.tle_sort_group_ref == d.tle_sort_group_ref) { all.push(d.clone()) } } order = all; }
            rel = self.sort(rel, &order, &tl)?;
            let keys = self.group_keys(&rel, &q.distinct_clause, &tl);
            rel = rel.over(PlanNode::Unique { keys }, vec![]);
        }
        if !q.sort_clause.is_empty() && !q.has_distinct_on { rel = self.sort(rel, &q.sort_clause, &tl)?; }
        let mut marks = vec![];
        for m in &q.row_marks { let at = rel.cols.iter().position(|c| matches!(c, Expr::Var(v) if v.varno == m.rti && v.varattno == sysattr::CTID)); if let Some(at) = at { marks.push(PlanRowMark { rti: m.rti, prti: m.rti, rowmark_id: marks.len() as u32 + 1, strength: Some(m.strength), wait_policy: m.wait_policy, is_parent: false, ctid_col: at as i16 + 1, toid_col: 0, whole_row_col: 0 }) } }
        if !marks.is_empty() { let e = self.param(type_oid::VOID); rel = rel.over(PlanNode::LockRows { row_marks: marks, epq_param: e }, vec![]) }
        let mut out: Vec<TargetEntry> = tl.iter().filter(|t| !t.resjunk || q.command_type != CmdType::Select).cloned().collect();
        out.iter_mut().for_each(|t| fix(&mut t.expr, &rel.cols, &[]));
        let leaf_result = matches!(&rel.plan.node, PlanNode::Result { .. }) && rel.plan.lefttree.is_none();
        let mut p = if leaf_result && rel.cols.is_empty() { let mut p = rel.plan; p.target_list = out; p } else { let mut p = Plan::new(PlanNode::Result { resconstantqual: vec![] }, out); p.plan_rows = rel.plan.plan_rows; p.total_cost = rel.plan.total_cost; p.lefttree = Some(Arc::new(rel.plan)); p };
        if q.limit_count.is_some() || q.limit_offset.is_some() {
            let keys = if q.limit_with_ties { self.group_keys(&Rel { plan: Plan::new(PlanNode::Material, vec![]), cols: tl.iter().filter(|t| !t.resjunk).map(|t| t.expr.clone()).collect(), rels: vec![], lateral: vec![] }, &q.sort_clause, &tl) } else { vec![] };
            let ltl = p.target_list.iter().enumerate().map(|(i, t)| { let mut n = t.clone(); n.expr = var_of(OUTER_VAR, i as i16 + 1, t.expr.typ(), t.expr.typmod(), t.expr.collation()); n }).collect();
            let mut l = Plan::new(PlanNode::Limit { offset: q.limit_offset.take(), count: q.limit_count.take(), with_ties: q.limit_with_ties, ties_keys: keys }, ltl);
            l.plan_rows = p.plan_rows; l.total_cost = p.total_cost; l.lefttree = Some(Arc::new(p)); p = l;
        }
        Ok(p)
    }
    fn modify(&mut self, mut q: Query, lvl: u32) -> PgResult<Plan> {
        if q.command_type == CmdType::Merge { return Err(not_supported!("MERGE")) }
        let rti = q.result_relation;
        let RteKind::Relation { relid, .. } = self.rtable[rti as usize - 1].kind else { return Err(not_supported!("this target")) };
        let rel = self.cx.catalog.get_relation(relid)?;
        self.result_relations.push(rti);
        let update_cols: Vec<i16> = if q.command_type == CmdType::Update { q.target_list.iter().filter(|t| !t.resjunk).map(|t| t.resno).collect() } else { vec![] };
        let mut tl = vec![];
        match q.command_type {
            CmdType::Insert => for (i, a) in rel.attrs.iter().enumerate() {
                let e = q.target_list.iter().find(|t| !t.resjunk && t.resno == a.num).map(|t| t.expr.clone()).unwrap_or_else(|| Expr::Const(Const { consttype: if a.dropped { type_oid::INT4 } else { a.typ }, consttypmod: a.typmod, constcollid: a.collation, value: types::Datum::Null, phys: a.phys, location: -1 }));
                tl.push(te(e, i + 1, Some(a.name.clone()), 0, false));
            },
            _ => {
                for t in q.target_list.iter().filter(|t| !t.resjunk) { let mut t = t.clone(); t.resno = tl.len() as i16 + 1; tl.push(t) }
                tl.push(te(var_of(rti, sysattr::CTID, type_oid::TID, -1, Oid::INVALID), tl.len() + 1, Some("ctid".into()), 0, true));
            }
        }
        let returning = std::mem::take(&mut q.returning_list);
        let checks = std::mem::take(&mut q.with_check_options);
        let oc = q.on_conflict.take();
        let cmd = q.command_type;
        // RETURNING may look at other tables of the query: their columns travel as junk.
        let mut ret = returning.clone(); let mut junk: Vec<Expr> = vec![];
        for t in &ret { fn other(e: &Expr, rti: i32, out: &mut Vec<Expr>) { if let Expr::Var(v) = e { if v.varno != rti && v.varno > 0 && !out.iter().any(|x| same(x, e)) { out.push(e.clone()) } } e.for_each_child(&mut |c| other(c, rti, out)) } other(&t.expr, rti, &mut junk) }
        for j in &junk { tl.push(te(j.clone(), tl.len() + 1, None, 0, true)) }
        let cols: Vec<Expr> = tl.iter().map(|t| t.expr.clone()).collect();
        for t in &mut ret { fn fixj(e: &mut Expr, rti: i32, cols: &[Expr]) { if let Expr::Var(v) = e { if v.varno != rti && v.varno > 0 && let Some(i) = cols.iter().position(|c| same(c, e)) { *e = var_of(OUTER_VAR, i as i16 + 1, e.typ(), e.typmod(), e.collation()) } return } e.for_each_child_mut(&mut |c| fixj(c, rti, cols)) } fixj(&mut t.expr, rti, &cols) }
        q.target_list = tl;
        let mut quals = vec![]; if let Some(w) = q.jointree.quals.take() { ands(w, &mut quals) }
        let mut from = std::mem::take(&mut q.jointree.fromlist);
        if cmd != CmdType::Insert && !from.iter().any(|n| tree_rels(n).contains(&rti)) { from.insert(0, JoinTreeNode::RangeTblRef(rti)) }
        let mut needed = vec![]; q.for_each_expr(&mut |e| collect(e, &mut needed)); quals.iter().for_each(|e| collect(e, &mut needed));
        let base = self.from(from, quals, lvl, &mut needed)?;
        let mut out = q.target_list.clone(); out.iter_mut().for_each(|t| fix(&mut t.expr, &base.cols, &[]));
        let mut sub = if base.cols.is_empty() && base.plan.lefttree.is_none() && matches!(base.plan.node, PlanNode::Result { .. }) { let mut p = base.plan; p.target_list = out; p } else { let mut p = Plan::new(PlanNode::Result { resconstantqual: vec![] }, out); p.plan_rows = base.plan.plan_rows; p.total_cost = base.plan.total_cost; p.lefttree = Some(Arc::new(base.plan)); p };
        sub.plan_width = 8;
        let (mut action, mut arbiters, mut set, mut wher, mut excl, mut etl) = (OnConflictAction::None, vec![], vec![], None, 0, vec![]);
        if let Some(o) = oc {
            action = if o.update { OnConflictAction::Update } else { OnConflictAction::Nothing };
            if o.constraint.is_valid() { arbiters = rel.constraints.iter().filter(|c| c.oid == o.constraint).map(|c| c.indid).collect() } else if !o.arbiter_elems.is_empty() {
                let want: Vec<i16> = o.arbiter_elems.iter().filter_map(|e| match &e.expr { Expr::Var(v) => Some(v.varattno), _ => None }).collect();
                arbiters = rel.indexes.iter().filter(|i| i.unique && i.n_key == want.len() && want.len() == o.arbiter_elems.len() && i.columns.iter().take(i.n_key).all(|c| want.contains(&c.attnum)) && i.predicate.is_empty()).map(|i| i.oid).collect();
                if arbiters.is_empty() { return Err(error::err!(INVALID_COLUMN_REFERENCE, "there is no unique or exclusion constraint matching the ON CONFLICT specification")) }
            }
            set = o.on_conflict_set.clone(); wher = o.on_conflict_where.clone(); excl = o.excl_rel_index; etl = o.excl_rel_tlist.clone();
            let inner = |e: &mut Expr| e.rewrite(&mut |x| if let Expr::Var(v) = x { if v.varno == excl { v.varno = INNER_VAR } });
            set.iter_mut().for_each(|t| inner(&mut t.expr)); if let Some(w) = &mut wher { inner(w) }
        }
        let colnos = set.iter().filter(|t| !t.resjunk).map(|t| t.resno).collect();
        let e = self.param(type_oid::VOID);
        let m = ModifyTable { operation: cmd, can_set_tag: q.can_set_tag, nominal_relation: rti, root_relation: 0, result_relations: vec![rti], update_colnos_lists: vec![update_cols], with_check_options: vec![checks], returning_lists: vec![ret.clone()], returning_old_alias: None, returning_new_alias: None, row_marks: vec![], epq_param: e, on_conflict: action, arbiter_indexes: arbiters, on_conflict_set: set, on_conflict_cols: colnos, on_conflict_where: wher, excl_rel_rti: excl, excl_rel_tlist: etl, merge_action_lists: vec![], merge_join_conditions: vec![] };
        let mut p = Plan::new(PlanNode::ModifyTable(Box::new(m)), ret);
        p.plan_rows = sub.plan_rows; p.total_cost = sub.total_cost; p.lefttree = Some(Arc::new(sub));
        Ok(p)
    }
}
fn collect(e: &Expr, out: &mut Vec<Expr>) { if let Expr::Var(v) = e { if v.varlevelsup == 0 && v.varno > 0 && !out.iter().any(|x| same(x, e)) { let mut v = v.clone(); v.varnullingrels.clear(); v.location = -1; v.varreturningtype = Default::default(); out.push(Expr::Var(v)) } } e.for_each_child(&mut |c| collect(c, out)) }
fn tree_rels(n: &JoinTreeNode) -> Vec<i32> { match n { JoinTreeNode::RangeTblRef(r) => vec![*r], JoinTreeNode::JoinExpr(j) => { let mut v = tree_rels(&j.larg); v.extend(tree_rels(&j.rarg)); v } JoinTreeNode::FromExpr(f) => f.fromlist.iter().flat_map(tree_rels).collect() } }

//! What Vars and params of plan nodes stand for: columns of tables, expressions of inputs, subplans.
use super::Explainer;
use error::PgResult;
use nodes::{plan::*, *};
use ruleutils::{PlanExpr, VarResolver};

/// A step on the way from the top to a node.
#[derive(Clone, Copy)]
pub(super) enum Ancestor<'p> {
    Plan(&'p Plan),
    /// A subplan, called by the plan before it.
    SubPlan(&'p SubPlan),
}

/// Names within one plan node.
pub(super) struct PlanNames<'e, 'p> {
    pub(super) ex: &'e Explainer<'p>,
    pub(super) plan: &'p Plan,
    /// Innermost last.
    pub(super) ancestors: Vec<Ancestor<'p>>,
    pub(super) prefix: bool,
}

impl<'p> PlanNames<'_, 'p> {
    fn outer(&self) -> Option<&'p Plan> {
        match &self.plan.node {
            PlanNode::Append { appendplans, .. } => appendplans.first().map(|p| &**p),
            PlanNode::MergeAppend { mergeplans, .. } => mergeplans.first().map(|p| &**p),
            _ => self.plan.lefttree.as_deref(),
        }
    }

    fn input_column(&self, child: &'p Plan, attno: i16) -> PgResult<Option<PlanExpr>> {
        let Some(te) = child.target_list.iter().find(|t| t.resno == attno) else { return Ok(None) };
        let below = PlanNames {
            ex: self.ex,
            plan: child,
            ancestors: {
                let mut a = self.ancestors.clone();
                a.push(Ancestor::Plan(self.plan));
                a
            },
            prefix: self.prefix,
        };
        below.expression(&te.expr)
    }

    /// Whether a column of an Append stands for one of the table whose children it reads.
    fn is_of_append_parent(&self, v: &Var) -> bool {
        matches!(self.plan.node, PlanNode::Append { .. } | PlanNode::MergeAppend { .. })
            && v.varnosyn > 0
            && self.ex.is_relation(v.varnosyn)
    }

    /// An expression of this node, as it is printed where a single column is expected.
    fn expression(&self, e: &Expr) -> PgResult<Option<PlanExpr>> {
        if let Expr::Var(v) = e {
            return self.resolve_var(v);
        }
        Ok(Some(PlanExpr::Text(format!("({})", self.ex.deparse(self, e)?))))
    }

    fn table_column(&self, v: &Var) -> PgResult<Option<PlanExpr>> {
        let name = self.ex.rel_name(v.varno);
        let attname = match v.varattno {
            0 => return Ok(Some(PlanExpr::Text(format!("{}.*", ruleutils_quote(&name))))),
            sysattr::CTID => "ctid".to_owned(),
            sysattr::XMIN => "xmin".to_owned(),
            sysattr::CMIN => "cmin".to_owned(),
            sysattr::XMAX => "xmax".to_owned(),
            sysattr::CMAX => "cmax".to_owned(),
            sysattr::TABLEOID => "tableoid".to_owned(),
            n => self.ex.column_name(v.varno, n),
        };
        Ok(Some(PlanExpr::Column { refname: self.prefix.then_some(name), attname }))
    }
}

/// A name quoted where it has to be.
fn ruleutils_quote(name: &str) -> String {
    let plain = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

impl VarResolver for PlanNames<'_, '_> {
    fn resolve_var(&self, v: &Var) -> PgResult<Option<PlanExpr>> {
        match v.varno {
            OUTER_VAR if self.is_of_append_parent(v) => {
                self.table_column(&Var { varno: v.varnosyn, varattno: v.varattnosyn, ..v.clone() })
            }
            OUTER_VAR => match self.outer() {
                Some(child) => self.input_column(child, v.varattno),
                None => Ok(None),
            },
            INNER_VAR => {
                if let PlanNode::ModifyTable(m) = &self.plan.node {
                    let te = m.excl_rel_tlist.iter().find(|t| t.resno == v.varattno);
                    return Ok(te.map(|t| PlanExpr::Column {
                        refname: Some("excluded".to_owned()),
                        attname: t.resname.clone().unwrap_or_default(),
                    }));
                }
                match self.plan.righttree.as_deref() {
                    Some(child) => self.input_column(child, v.varattno),
                    None => Ok(None),
                }
            }
            INDEX_VAR => {
                let scan = match &self.plan.node {
                    PlanNode::IndexScan(s)
                    | PlanNode::IndexOnlyScan(s)
                    | PlanNode::BitmapIndexScan(s) => s,
                    _ => return Ok(None),
                };
                match scan.indextlist.iter().find(|t| t.resno == v.varattno) {
                    Some(t) => self.expression(&t.expr),
                    None => Ok(None),
                }
            }
            n if n > 0 => self.table_column(v),
            _ => Ok(None),
        }
    }

    fn window_name(&self, winref: u32) -> Option<String> {
        let named = |plan: &Plan| match &plan.node {
            PlanNode::WindowAgg(w) if w.winref == winref => Some(w.winname.clone()),
            _ => None,
        };
        named(self.plan).or_else(|| {
            self.ancestors.iter().rev().find_map(|a| match a {
                Ancestor::Plan(plan) => named(plan),
                Ancestor::SubPlan(_) => None,
            })
        })
    }

    fn with_source(
        &self,
        v: &Var,
        f: &mut dyn FnMut(&Expr, &dyn VarResolver) -> PgResult<()>,
    ) -> PgResult<bool> {
        let child = match v.varno {
            OUTER_VAR => self.outer(),
            INNER_VAR => self.plan.righttree.as_deref(),
            _ => None,
        };
        let Some(child) = child else { return Ok(false) };
        let Some(te) = child.target_list.iter().find(|t| t.resno == v.varattno) else {
            return Ok(false);
        };
        let mut ancestors = self.ancestors.clone();
        ancestors.push(Ancestor::Plan(self.plan));
        let below = PlanNames { ex: self.ex, plan: child, ancestors, prefix: self.prefix };
        if let Expr::Var(next) = &te.expr {
            return below.with_source(next, f);
        }
        f(&te.expr, &below)?;
        Ok(true)
    }

    fn resolve_param(&self, p: &Param) -> PgResult<Option<PlanExpr>> {
        if p.kind != ParamKind::Exec {
            return Ok(None);
        }
        // A value that a nested loop or a subplan's caller passes in.
        let mut child = self.plan;
        for (at, a) in self.ancestors.iter().enumerate().rev() {
            match a {
                Ancestor::Plan(plan) => {
                    if let PlanNode::NestLoop { nest_params, .. } = &plan.node {
                        let inner = plan.righttree.as_deref();
                        if inner.is_some_and(|i| std::ptr::eq(i, child)) {
                            if let Some(np) = nest_params.iter().find(|x| x.paramno == p.paramid) {
                                let names = PlanNames {
                                    ex: self.ex,
                                    plan,
                                    ancestors: self.ancestors[..at].to_vec(),
                                    prefix: true,
                                };
                                return names.expression(&np.paramval);
                            }
                        }
                    }
                    child = plan;
                }
                Ancestor::SubPlan(s) => {
                    if let Some(i) = s.par_param.iter().position(|id| *id == p.paramid) {
                        let Some(Ancestor::Plan(caller)) =
                            at.checked_sub(1).and_then(|i| self.ancestors.get(i))
                        else {
                            continue;
                        };
                        let names = PlanNames {
                            ex: self.ex,
                            plan: caller,
                            ancestors: self.ancestors[..at - 1].to_vec(),
                            prefix: true,
                        };
                        return match s.args.get(i) {
                            Some(arg) => names.expression(arg),
                            None => Ok(None),
                        };
                    }
                }
            }
        }
        // The result of an init plan or subplan.
        let plans =
            std::iter::once(self.plan).chain(self.ancestors.iter().rev().filter_map(|a| match a {
                Ancestor::Plan(p) => Some(*p),
                Ancestor::SubPlan(_) => None,
            }));
        for plan in plans {
            for s in &plan.init_plan {
                if let Some(i) = s.set_param.iter().position(|id| *id == p.paramid) {
                    return Ok(Some(PlanExpr::Text(format!("({}).col{}", s.plan_name, i + 1))));
                }
            }
            let mut found = None;
            super::each_subplan(plan, &mut |s| {
                let ids = if s.set_param.is_empty() { &s.param_ids } else { &s.set_param };
                if let Some(i) = ids.iter().position(|id| *id == p.paramid) {
                    let hashed = if s.use_hash_table { "hashed " } else { "" };
                    found = Some(format!("({hashed}{}).col{}", s.plan_name, i + 1));
                }
            });
            if let Some(text) = found {
                return Ok(Some(PlanExpr::Text(text)));
            }
        }
        Ok(Some(PlanExpr::Text(format!("${}", p.paramid))))
    }
}

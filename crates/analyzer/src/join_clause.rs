//! JOIN: USING and NATURAL, merged columns, nulling by outer joins.
use crate::from_clause::set_lateral;
use crate::parse_state::{Analyzer, ExprKind, NsColumn, NsItem};
use crate::table_alias::node_alias;
use error::{PgError, PgResult, bail, err};
use nodes::{
    Alias, BoolExpr, BoolExprType, CoalesceExpr, CoercionContext, CoercionForm, Expr, JoinExpr,
    JoinTreeNode, JoinType, Var, VarReturningType,
};
use parser::ast;
use std::rc::Rc;
use types::Oid;

/// A join's output columns as they are put together.
#[derive(Default)]
struct JoinColumns {
    names: Vec<String>,
    vars: Vec<Expr>,
    nscolumns: Vec<NsColumn>,
    /// 1-based input columns, merged ones first.
    left: Vec<i32>,
    right: Vec<i32>,
}

impl Analyzer<'_> {
    pub(crate) fn transform_join(
        &mut self,
        j: &ast::JoinExpr,
    ) -> PgResult<(JoinTreeNode, NsItem, Vec<NsItem>)> {
        let jointype = match j.jointype {
            ast::JoinType::Inner => JoinType::Inner,
            ast::JoinType::Left => JoinType::Left,
            ast::JoinType::Full => JoinType::Full,
            ast::JoinType::Right => JoinType::Right,
        };
        let (larg, left, mut left_ns) = self.transform_from_item(&j.larg)?;
        // The right side sees the left one if LATERAL, which makes sense for inner and left joins only.
        let lateral_ok = matches!(jointype, JoinType::Inner | JoinType::Left);
        set_lateral(&mut left_ns, true, lateral_ok);
        let saved = self.ps().namespace.len();
        self.ps_mut().namespace.extend(left_ns.iter().cloned());
        let right_result = self.transform_from_item(&j.rarg);
        self.ps_mut().namespace.truncate(saved);
        let (rarg, right, right_ns) = right_result?;
        self.check_namespace_conflicts(&left_ns, &right_ns)?;
        let mut namespace = left_ns;
        namespace.extend(right_ns);

        let using =
            if j.is_natural { natural_columns(&left, &right) } else { j.using_clause.clone() };
        let mut columns = JoinColumns::default();
        let quals = if !using.is_empty() {
            self.find_using_columns(&using, &left, &right, &mut columns)?;
            Some(self.join_using_quals(&left, &right, &columns)?)
        } else if let Some(quals) = &j.quals {
            Some(self.join_on_quals(quals, &mut namespace)?)
        } else {
            None
        };

        // From here on references to the nullable side(s) see possible NULLs.
        let rtindex = self.ps().rtable.len() as i32 + 1;
        if matches!(jointype, JoinType::Left | JoinType::Full) {
            self.mark_nulled_by(&rarg, rtindex);
        }
        if matches!(jointype, JoinType::Right | JoinType::Full) {
            self.mark_nulled_by(&larg, rtindex);
        }
        let merged = using.len();
        for i in 0..merged {
            self.add_merged_column(i, jointype, &left, &right, rtindex, &mut columns)?;
        }
        self.add_remaining_columns(&left, true, &mut columns);
        self.add_remaining_columns(&right, false, &mut columns);
        let alias = j.alias.as_ref().map(node_alias);
        if alias.is_some() {
            for (k, column) in columns.nscolumns.iter_mut().enumerate() {
                column.varnosyn = rtindex;
                column.varattnosyn = k as i16 + 1;
            }
        }
        let using_alias = j
            .join_using_alias
            .as_ref()
            .map(|a| Alias { aliasname: a.aliasname.clone(), colnames: using.clone() });
        // Every column is in both lists; the side it does not come from has 0.
        let kind = Self::join_kind(
            jointype,
            merged,
            columns.vars,
            columns.left.clone(),
            columns.right.clone(),
            using_alias.clone(),
        );
        let nscolumns = columns.nscolumns.clone();
        let mut nsitem =
            self.add_rte_for_join(columns.names, columns.nscolumns, kind, alias.clone())?;
        self.ps_mut().join_members.push((rtindex, vec![node_index(&larg), node_index(&rarg)]));
        if let Some(using_alias) = &using_alias {
            let item = NsItem {
                names: Rc::new(using_alias.clone()),
                rtindex,
                perminfo: 0,
                columns: Rc::new(nscolumns),
                rel_visible: true,
                cols_visible: true,
                lateral_only: false,
                lateral_ok: true,
                returning_type: VarReturningType::Default,
            };
            self.check_namespace_conflicts(std::slice::from_ref(&item), &namespace)?;
            namespace.push(item);
        }
        if alias.is_some() {
            namespace.clear();
        } else {
            for item in &mut namespace {
                item.cols_visible = false;
            }
        }
        nsitem.rel_visible = alias.is_some();
        nsitem.cols_visible = true;
        namespace.push(nsitem.clone());
        let node = JoinExpr {
            jointype,
            is_natural: j.is_natural,
            larg,
            rarg,
            using_clause: using,
            join_using_alias: using_alias,
            quals,
            alias,
            rtindex,
        };
        Ok((JoinTreeNode::JoinExpr(Box::new(node)), nsitem, namespace))
    }

    fn find_using_columns(
        &self,
        using: &[String],
        left: &NsItem,
        right: &NsItem,
        out: &mut JoinColumns,
    ) -> PgResult<()> {
        let find = |item: &NsItem, name: &str, side: &str| -> PgResult<i32> {
            let mut found = None;
            for (i, column) in item.names.colnames.iter().enumerate() {
                if column == name {
                    if found.is_some() {
                        bail!(
                            AMBIGUOUS_COLUMN,
                            "common column name \"{name}\" appears more than once in {side} table"
                        );
                    }
                    found = Some(i as i32 + 1);
                }
            }
            found.ok_or_else(|| {
                err!(
                    UNDEFINED_COLUMN,
                    "column \"{name}\" specified in USING clause does not exist in {side} table"
                )
            })
        };
        for name in using {
            if out.names.contains(name) {
                bail!(
                    DUPLICATE_COLUMN,
                    "column name \"{name}\" appears more than once in USING clause"
                );
            }
            out.left.push(find(left, name, "left")?);
            out.right.push(find(right, name, "right")?);
            out.names.push(name.clone());
        }
        Ok(())
    }

    fn column_var(&self, item: &NsItem, attno: i32) -> Var {
        let column = &item.columns[attno as usize - 1];
        let mut var = self.var_from_column(column, 0, item.returning_type, -1);
        self.mark_nullable_if_needed(&mut var);
        var
    }

    fn join_using_quals(
        &mut self,
        left: &NsItem,
        right: &NsItem,
        columns: &JoinColumns,
    ) -> PgResult<Expr> {
        let saved = std::mem::replace(&mut self.ps_mut().expr_kind, ExprKind::JoinUsing);
        let mut quals = Vec::with_capacity(columns.left.len());
        let equals = ["=".to_owned()];
        for (l, r) in columns.left.iter().zip(&columns.right) {
            let (lvar, rvar) = (self.column_var(left, *l), self.column_var(right, *r));
            self.mark_var_for_select(&lvar);
            self.mark_var_for_select(&rvar);
            let op = self.make_op(&equals, Some(Expr::Var(lvar)), Expr::Var(rvar), -1)?;
            quals.push(self.coerce_to_boolean(
                op,
                if columns.left.len() > 1 { "AND" } else { "JOIN/USING" },
            )?);
        }
        self.ps_mut().expr_kind = saved;
        if quals.len() == 1 {
            return quals.pop().ok_or_else(|| PgError::internal("JOIN USING without columns"));
        }
        Ok(Expr::BoolExpr(Box::new(BoolExpr {
            boolop: BoolExprType::And,
            args: quals,
            location: -1,
        })))
    }

    fn join_on_quals(&mut self, quals: &ast::Expr, namespace: &mut [NsItem]) -> PgResult<Expr> {
        // ON sees both sides, and nothing else of this query level.
        set_lateral(namespace, false, true);
        let saved = std::mem::replace(&mut self.ps_mut().namespace, namespace.to_vec());
        let result = self.transform_where(quals, ExprKind::JoinOn, "JOIN/ON");
        self.ps_mut().namespace = saved;
        result
    }

    fn mark_nulled_by(&mut self, node: &JoinTreeNode, join: i32) {
        let varno = match node {
            JoinTreeNode::RangeTblRef(rti) => *rti,
            JoinTreeNode::JoinExpr(j) => {
                self.mark_nulled_by(&j.larg, join);
                self.mark_nulled_by(&j.rarg, join);
                j.rtindex
            }
            JoinTreeNode::FromExpr(_) => return,
        };
        let rels = &mut self.ps_mut().nullingrels;
        if rels.len() < varno as usize {
            rels.resize(varno as usize, Vec::new());
        }
        let set = &mut rels[varno as usize - 1];
        if let Err(at) = set.binary_search(&join) {
            set.insert(at, join);
        }
    }

    fn add_merged_column(
        &mut self,
        i: usize,
        jointype: JoinType,
        left: &NsItem,
        right: &NsItem,
        rtindex: i32,
        out: &mut JoinColumns,
    ) -> PgResult<()> {
        let lvar = self.column_var(left, out.left[i]);
        let rvar = self.column_var(right, out.right[i]);
        let (expr, source) = self.merged_join_var(jointype, lvar, rvar)?;
        let column = match source {
            Some(true) => left.columns[out.left[i] as usize - 1].clone(),
            Some(false) => right.columns[out.right[i] as usize - 1].clone(),
            // Neither input's column means the same: it is the join's own.
            None => NsColumn {
                varno: rtindex,
                varattno: i as i16 + 1,
                vartype: expr.typ(),
                vartypmod: expr.typmod(),
                varcollid: expr.collation(),
                varnosyn: rtindex,
                varattnosyn: i as i16 + 1,
                dontexpand: false,
            },
        };
        out.vars.push(expr);
        out.nscolumns.push(column);
        Ok(())
    }

    /// The value of a merged column, and whether it is just the left (`true`) or right input's Var.
    fn merged_join_var(
        &mut self,
        jointype: JoinType,
        lvar: Var,
        rvar: Var,
    ) -> PgResult<(Expr, Option<bool>)> {
        let (l, r) = (Expr::Var(lvar), Expr::Var(rvar));
        let (typ, _) = self.select_common_type([&l, &r], Some("JOIN/USING"))?;
        let typmod = self.select_common_typmod([&l, &r], typ);
        let l = self.convert_merged_column(l, typ, typmod)?;
        let r = self.convert_merged_column(r, typ, typmod)?;
        let plain = |e: &Expr| matches!(e, Expr::Var(_));
        let (mut expr, source) = match jointype {
            JoinType::Left => {
                let source = plain(&l).then_some(true);
                (l, source)
            }
            JoinType::Right => {
                let source = plain(&r).then_some(false);
                (r, source)
            }
            JoinType::Full => {
                let coalesce = CoalesceExpr {
                    coalescetype: typ,
                    coalescecollid: Oid::INVALID,
                    args: vec![l, r],
                    location: -1,
                };
                (Expr::CoalesceExpr(Box::new(coalesce)), None)
            }
            // Either side will do; one without a cast is better.
            _ if plain(&l) => (l, Some(true)),
            _ if plain(&r) => (r, Some(false)),
            _ => (l, None),
        };
        self.assign_expr_collations(&mut expr)?;
        Ok((expr, source))
    }

    fn convert_merged_column(&mut self, var: Expr, typ: Oid, typmod: i32) -> PgResult<Expr> {
        let input = var.typ();
        if input != typ {
            return self.coerce_type(
                var,
                input,
                typ,
                typmod,
                CoercionContext::Implicit,
                CoercionForm::ImplicitCast,
                -1,
            );
        }
        if var.typmod() != typmod {
            return Ok(Expr::RelabelType(Box::new(nodes::RelabelType {
                arg: var,
                resulttype: typ,
                resulttypmod: typmod,
                resultcollid: Oid::INVALID,
                relabelformat: CoercionForm::ImplicitCast,
                location: -1,
            })));
        }
        Ok(var)
    }

    fn add_remaining_columns(&mut self, item: &NsItem, is_left: bool, out: &mut JoinColumns) {
        let merged = if is_left { &out.left } else { &out.right };
        let taken: Vec<i32> = merged.iter().copied().filter(|c| *c > 0).collect();
        for (i, name) in item.names.colnames.iter().enumerate() {
            let attno = i as i32 + 1;
            if name.is_empty() || taken.contains(&attno) || item.columns[i].varno == 0 {
                continue;
            }
            out.names.push(name.clone());
            out.vars.push(Expr::Var(self.column_var(item, attno)));
            out.nscolumns.push(item.columns[i].clone());
            out.left.push(if is_left { attno } else { 0 });
            out.right.push(if is_left { 0 } else { attno });
        }
    }
}

fn natural_columns(left: &NsItem, right: &NsItem) -> Vec<String> {
    left.names
        .colnames
        .iter()
        .filter(|name| !name.is_empty() && right.names.colnames.contains(name))
        .cloned()
        .collect()
}

fn node_index(node: &JoinTreeNode) -> i32 {
    match node {
        JoinTreeNode::RangeTblRef(rti) => *rti,
        JoinTreeNode::JoinExpr(j) => j.rtindex,
        JoinTreeNode::FromExpr(_) => 0,
    }
}

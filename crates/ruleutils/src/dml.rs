//! INSERT, UPDATE and DELETE (in rules and SQL functions).
use crate::deparser::{Deparser, STD};
use catalog::quote_identifier;
use error::{PgError, PgResult};
use nodes::{Expr, OverridingKind, Query, RteKind, TargetEntry};

impl Deparser<'_> {
    pub(crate) fn insert_query(&mut self, q: &Query) -> PgResult<()> {
        self.with_clause(q)?;
        if self.pretty.indent {
            self.indent_level += STD;
            self.put(" ");
        }
        let relid = target_relid(q)?;
        let name = self.relation(relid)?;
        self.put(&format!("INSERT INTO {name}"));
        if q.rte(q.result_relation).alias.is_some() {
            let alias = self.rte_name(q.result_relation)?;
            self.put(&format!(" AS {}", quote_identifier(&alias)));
        }
        self.put(" ");
        let relation = self.catalog.get_relation(relid)?;
        let mut values = Vec::new();
        for (i, te) in q.target_list.iter().filter(|te| !te.resjunk).enumerate() {
            self.put(if i == 0 { "(" } else { ", " });
            let column = relation
                .attr(te.resno)
                .map(|a| a.name.clone())
                .ok_or_else(|| PgError::internal("INSERT into a missing column"))?;
            self.put(&quote_identifier(&column));
            values.push(self.indirection(&te.expr)?);
        }
        if !values.is_empty() {
            self.put(") ");
        }
        match q.override_ {
            OverridingKind::SystemValue => self.put("OVERRIDING SYSTEM VALUE "),
            OverridingKind::UserValue => self.put("OVERRIDING USER VALUE "),
            OverridingKind::NotSet => {}
        }
        let select = q.rtable.iter().find_map(|rte| match &rte.kind {
            RteKind::Subquery { subquery, .. } => Some(&**subquery),
            _ => None,
        });
        let rows = q.rtable.iter().find_map(|rte| match &rte.kind {
            RteKind::Values { values_lists, .. } => Some(values_lists.as_slice()),
            _ => None,
        });
        if let Some(select) = select {
            let indent = self.indent_level;
            self.query(select, None, false, indent)?;
        } else if let Some(rows) = rows {
            self.values_def(rows)?;
        } else if values.is_empty() {
            self.put("DEFAULT VALUES");
        } else {
            self.keyword("VALUES (", -STD, STD, 2);
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                self.rule_expr(value, false)?;
            }
            self.put(")");
        }
        if let Some(oc) = &q.on_conflict {
            self.put(" ON CONFLICT");
            if !oc.arbiter_elems.is_empty() {
                self.put("(");
                for (i, elem) in oc.arbiter_elems.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    let saved = std::mem::replace(&mut self.var_prefix, false);
                    self.rule_expr(&elem.expr, false)?;
                    self.var_prefix = saved;
                    if elem.infercollid.is_valid() {
                        let name = self.collation_name(elem.infercollid)?;
                        self.put(&format!(" COLLATE {name}"));
                    }
                    if elem.inferopclass.is_valid() {
                        let suffix = self.opclass_suffix(elem.inferopclass, types::Oid::INVALID)?;
                        self.put(&suffix);
                    }
                }
                self.put(")");
                if let Some(predicate) = &oc.arbiter_where {
                    self.keyword(" WHERE ", -STD, STD, 1);
                    let saved = std::mem::replace(&mut self.var_prefix, false);
                    self.rule_expr(predicate, false)?;
                    self.var_prefix = saved;
                }
            } else if oc.constraint.is_valid() {
                let name = relation
                    .constraints
                    .iter()
                    .find(|c| c.oid == oc.constraint)
                    .map(|c| c.name.clone())
                    .unwrap_or_default();
                self.put(&format!(" ON CONSTRAINT {}", quote_identifier(&name)));
            }
            if oc.update {
                self.put(" DO UPDATE SET ");
                self.update_targets(&oc.on_conflict_set, q)?;
                if let Some(quals) = &oc.on_conflict_where {
                    self.keyword(" WHERE ", -STD, STD, 1);
                    self.rule_expr(quals, false)?;
                }
            } else {
                self.put(" DO NOTHING");
            }
        }
        self.returning(q)
    }

    pub(crate) fn update_query(&mut self, q: &Query) -> PgResult<()> {
        self.with_clause(q)?;
        if self.pretty.indent {
            self.put(" ");
            self.indent_level += STD;
        }
        let name = self.relation(target_relid(q)?)?;
        let only = if q.rte(q.result_relation).inh { "" } else { "ONLY " };
        self.put(&format!("UPDATE {only}{name}"));
        self.rte_alias(q.result_relation, q, false)?;
        self.put(" SET ");
        self.update_targets(&q.target_list, q)?;
        self.print_from(q, " FROM ")?;
        if let Some(quals) = &q.jointree.quals {
            self.keyword(" WHERE ", -STD, STD, 1);
            self.rule_expr(quals, false)?;
        }
        self.returning(q)
    }

    pub(crate) fn delete_query(&mut self, q: &Query) -> PgResult<()> {
        self.with_clause(q)?;
        if self.pretty.indent {
            self.put(" ");
            self.indent_level += STD;
        }
        let name = self.relation(target_relid(q)?)?;
        let only = if q.rte(q.result_relation).inh { "" } else { "ONLY " };
        self.put(&format!("DELETE FROM {only}{name}"));
        self.rte_alias(q.result_relation, q, false)?;
        self.print_from(q, " USING ")?;
        if let Some(quals) = &q.jointree.quals {
            self.keyword(" WHERE ", -STD, STD, 1);
            self.rule_expr(quals, false)?;
        }
        self.returning(q)
    }

    fn update_targets(&mut self, targets: &[TargetEntry], q: &Query) -> PgResult<()> {
        let relation = self.catalog.get_relation(target_relid(q)?)?;
        // Columns set together from one subselect.
        let multi: Vec<&nodes::SubLink> = targets
            .iter()
            .filter(|te| te.resjunk)
            .filter_map(|te| match &te.expr {
                Expr::SubLink(s) if s.sub_link_type == nodes::SubLinkType::MultiExpr => Some(&**s),
                _ => None,
            })
            .collect();
        let mut remaining = 0;
        let mut current: Option<&nodes::SubLink> = None;
        for (i, te) in targets.iter().filter(|te| !te.resjunk).enumerate() {
            if i > 0 {
                self.put(", ");
            }
            if remaining == 0 {
                if let Some((id, 1)) = multi_param(&te.expr) {
                    let link = multi.iter().find(|s| s.sub_link_id == id);
                    if let Some(link) = link {
                        remaining =
                            link.subselect.target_list.iter().filter(|te| !te.resjunk).count();
                        current = Some(link);
                        self.put("(");
                    }
                }
            }
            let column = relation
                .attr(te.resno)
                .map(|a| a.name.clone())
                .ok_or_else(|| PgError::internal("UPDATE of a missing column"))?;
            self.put(&quote_identifier(&column));
            let value = self.indirection(&te.expr)?;
            if remaining > 0 {
                remaining -= 1;
                if remaining > 0 {
                    continue;
                }
                if let Some(link) = current.take() {
                    self.put(") = ");
                    self.rule_expr(&Expr::SubLink(Box::new(link.clone())), false)?;
                }
                continue;
            }
            self.put(" = ");
            self.rule_expr(&value, false)?;
        }
        Ok(())
    }

    /// Prints `.field[subscript]` of a partial assignment and returns what is assigned.
    fn indirection(&mut self, expr: &Expr) -> PgResult<Expr> {
        let mut current = expr.clone();
        loop {
            current = match current {
                Expr::FieldStore(f) => {
                    let mut typ = self.catalog.get_type(f.resulttype)?;
                    while typ.typtype == 'd' {
                        typ = self.catalog.get_type(typ.basetype)?;
                    }
                    let relation = self.catalog.get_relation(typ.relid)?;
                    let name = f
                        .fieldnums
                        .first()
                        .and_then(|n| relation.attr(*n))
                        .map(|a| a.name.clone())
                        .ok_or_else(|| PgError::internal("field assignment without field"))?;
                    self.put(&format!(".{}", quote_identifier(&name)));
                    match f.newvals.into_iter().next() {
                        Some(value) => value,
                        None => return Err(PgError::internal("field assignment without value")),
                    }
                }
                Expr::SubscriptingRef(s) if s.refassgnexpr.is_some() => {
                    self.subscripts(&s)?;
                    match s.refassgnexpr {
                        Some(value) => value,
                        None => return Err(PgError::internal("assignment without value")),
                    }
                }
                Expr::CoerceToDomain(c)
                    if c.coercionformat == nodes::CoercionForm::ImplicitCast
                        && matches!(c.arg, Expr::FieldStore(_) | Expr::SubscriptingRef(_)) =>
                {
                    c.arg
                }
                other => return Ok(other),
            };
        }
    }

    fn returning(&mut self, q: &Query) -> PgResult<()> {
        if q.returning_list.is_empty() {
            return Ok(());
        }
        self.keyword(" RETURNING", -STD, STD, 1);
        let mut options = Vec::new();
        if let Some(old) = q.returning_old_alias.as_ref().filter(|a| *a != "old") {
            options.push(format!("OLD AS {}", quote_identifier(old)));
        }
        if let Some(new) = q.returning_new_alias.as_ref().filter(|a| *a != "new") {
            options.push(format!("NEW AS {}", quote_identifier(new)));
        }
        if !options.is_empty() {
            self.put(&format!(" WITH ({})", options.join(", ")));
        }
        self.target_list(&q.returning_list, None, true)
    }
}

fn target_relid(q: &Query) -> PgResult<types::Oid> {
    match q.rte(q.result_relation).kind {
        RteKind::Relation { relid, .. } => Ok(relid),
        _ => Err(PgError::internal("target is not a relation")),
    }
}

fn multi_param(expr: &Expr) -> Option<(i32, i32)> {
    match expr {
        Expr::Param(p) if p.kind == nodes::ParamKind::MultiExpr => {
            Some((p.paramid >> 16, p.paramid & 0xffff))
        }
        Expr::FuncExpr(f) => f.args.first().and_then(multi_param),
        Expr::RelabelType(r) => multi_param(&r.arg),
        Expr::CoerceViaIO(c) => multi_param(&c.arg),
        Expr::CoerceToDomain(c) => multi_param(&c.arg),
        _ => None,
    }
}

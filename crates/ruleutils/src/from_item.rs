//! FROM.
use crate::deparser::{Deparser, JOIN, STD, VAR};
use catalog::quote_identifier;
use error::{PgError, PgResult};
use nodes::{
    Expr, JoinExpr, JoinTreeNode, JoinType, Query, RangeTblFunction, RteKind, TableSampleClause,
};

impl Deparser<'_> {
    pub(crate) fn print_from(&mut self, q: &Query, prefix: &str) -> PgResult<()> {
        let mut first = true;
        for node in &q.jointree.fromlist {
            if let JoinTreeNode::RangeTblRef(rti) = node {
                if !q.rte(*rti).in_from_cl {
                    continue;
                }
            }
            if first {
                self.keyword(prefix, -STD, STD, 2);
                first = false;
                self.print_from_item(node, q)?;
                continue;
            }
            self.put(", ");
            let item = self.capture(|d| d.print_from_item(node, q))?;
            if self.pretty.indent && self.pretty.wrap_column >= 0 {
                if item.starts_with('\n') {
                    let trimmed = self.buf.trim_end_matches(' ').len();
                    self.buf.truncate(trimmed);
                } else {
                    let line = self.buf.rsplit('\n').next().map_or(0, str::len);
                    if line + item.len() > self.pretty.wrap_column as usize {
                        self.keyword("", -STD, STD, VAR);
                    }
                }
            }
            self.put(&item);
        }
        Ok(())
    }

    fn print_from_item(&mut self, node: &JoinTreeNode, q: &Query) -> PgResult<()> {
        match node {
            JoinTreeNode::RangeTblRef(rti) => self.print_rte(*rti, q),
            JoinTreeNode::JoinExpr(j) => self.join(j, q),
            JoinTreeNode::FromExpr(_) => Err(PgError::internal("unexpected node in FROM")),
        }
    }

    fn print_rte(&mut self, rti: i32, q: &Query) -> PgResult<()> {
        let rte = q.rte(rti);
        if rte.lateral {
            self.put("LATERAL ");
        }
        let mut sample: Option<&TableSampleClause> = None;
        let mut coldefs: Option<&RangeTblFunction> = None;
        match &rte.kind {
            RteKind::Relation { relid, tablesample, relkind, .. } => {
                if !rte.inh && matches!(relkind, 'r' | 'p' | 'f') {
                    self.put("ONLY ");
                }
                let name = self.relation(*relid)?;
                self.put(&name);
                sample = tablesample.as_deref();
            }
            RteKind::Subquery { subquery, .. } => {
                self.put("(");
                let indent = self.indent_level;
                self.query(subquery, None, true, indent)?;
                self.put(")");
            }
            RteKind::Function { functions, funcordinality } => {
                coldefs = self.print_functions(functions, *funcordinality)?;
            }
            RteKind::TableFunc(tf) => self.table_func(tf, true)?,
            RteKind::Values { values_lists, .. } => {
                self.put("(");
                self.values_def(values_lists)?;
                self.put(")");
            }
            RteKind::Cte { ctename, .. } => self.put(&quote_identifier(ctename)),
            RteKind::NamedTuplestore { enrname, .. } => self.put(&quote_identifier(enrname)),
            RteKind::Join { .. } | RteKind::Result | RteKind::Group { .. } => {
                return Err(PgError::internal("unrecognized RTE kind in FROM"));
            }
        }
        self.rte_alias(rti, q, false)?;
        match coldefs {
            Some(f) => {
                if rte.alias.is_none() {
                    self.put(" AS ");
                }
                self.coldef_list(f)?;
            }
            None => self.column_aliases(rti, q)?,
        }
        if let Some(sample) = sample {
            let method = self.catalog.get_proc(sample.tsmhandler)?.name.clone();
            self.put(&format!(" TABLESAMPLE {} (", quote_identifier(&method)));
            for (i, arg) in sample.args.iter().enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                self.rule_expr(arg, false)?;
            }
            self.put(")");
            if let Some(seed) = &sample.repeatable {
                self.put(" REPEATABLE (");
                self.rule_expr(seed, false)?;
                self.put(")");
            }
        }
        Ok(())
    }

    /// Functions; returns the single one whose column definitions follow the alias.
    fn print_functions<'f>(
        &mut self,
        functions: &'f [RangeTblFunction],
        ordinality: bool,
    ) -> PgResult<Option<&'f RangeTblFunction>> {
        let mut coldefs = None;
        if let ([single], true) = (functions, functions[0].funccolnames.is_empty() || !ordinality) {
            self.print_function_call(&single.funcexpr)?;
            coldefs = (!single.funccolnames.is_empty()).then_some(single);
        } else {
            let all_unnest = functions.iter().all(|f| {
                f.funccolnames.is_empty()
                    && matches!(&f.funcexpr, Expr::FuncExpr(call) if call.funcid == types::Oid(2331))
            });
            if all_unnest {
                self.put("UNNEST(");
                for (i, f) in functions.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    if let Expr::FuncExpr(call) = &f.funcexpr {
                        self.expr_list(&call.args)?;
                    }
                }
                self.put(")");
            } else {
                self.put("ROWS FROM(");
                for (i, f) in functions.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    self.print_function_call(&f.funcexpr)?;
                    if !f.funccolnames.is_empty() {
                        self.put(" AS ");
                        self.coldef_list(f)?;
                    }
                }
                self.put(")");
            }
        }
        if ordinality {
            self.put(" WITH ORDINALITY");
        }
        Ok(coldefs)
    }

    /// Anything that does not look like a call is wrapped in a cast.
    fn print_function_call(&mut self, expr: &Expr) -> PgResult<()> {
        let looks_like_call = matches!(
            expr,
            Expr::CoalesceExpr(_)
                | Expr::MinMaxExpr(_)
                | Expr::SQLValueFunction(_)
                | Expr::XmlExpr(_)
                | Expr::NullIfExpr(_)
                | Expr::JsonExpr(_)
        ) || matches!(expr, Expr::FuncExpr(f) if f.funcformat == nodes::CoercionForm::ExplicitCall
            || f.funcformat == nodes::CoercionForm::SqlSyntax);
        if looks_like_call {
            return self.rule_expr(expr, true);
        }
        self.put("CAST(");
        self.rule_expr(expr, false)?;
        let name = self.type_name(expr.typ(), expr.typmod())?;
        self.put(&format!(" AS {name})"));
        Ok(())
    }

    fn coldef_list(&mut self, f: &RangeTblFunction) -> PgResult<()> {
        self.put("(");
        for i in 0..f.funccolnames.len() {
            if i > 0 {
                self.put(", ");
            }
            let typ = self.type_name(f.funccoltypes[i], f.funccoltypmods[i])?;
            self.put(&format!("{} {typ}", quote_identifier(&f.funccolnames[i])));
            let collation = f.funccolcollations[i];
            if collation.is_valid()
                && collation != self.catalog.get_type(f.funccoltypes[i])?.collation
            {
                let name = self.collation_name(collation)?;
                self.put(&format!(" COLLATE {name}"));
            }
        }
        self.put(")");
        Ok(())
    }

    /// The alias, where one is needed.
    pub(crate) fn rte_alias(&mut self, rti: i32, q: &Query, use_as: bool) -> PgResult<()> {
        let rte = q.rte(rti);
        let Some(name) = self.namespaces.last().and_then(|ns| ns.names[(rti - 1) as usize].clone())
        else {
            return Ok(());
        };
        let needed = rte.alias.is_some()
            || match &rte.kind {
                RteKind::Relation { relid, .. } => self.catalog.get_relation(*relid)?.name != name,
                RteKind::Function { .. } | RteKind::Subquery { .. } | RteKind::Values { .. } => {
                    true
                }
                RteKind::Cte { ctename, .. } => *ctename != name,
                _ => false,
            };
        if needed {
            self.put(if use_as { " AS " } else { " " });
            self.put(&quote_identifier(&name));
        }
        Ok(())
    }

    /// `(a, b)` after an alias, where column names differ from what they would be without.
    pub(crate) fn column_aliases(&mut self, rti: i32, q: &Query) -> PgResult<()> {
        let rte = q.rte(rti);
        let names: Vec<String> = self
            .namespaces
            .last()
            .map(|ns| ns.columns[(rti - 1) as usize].clone())
            .unwrap_or_default();
        let print = match &rte.kind {
            RteKind::Relation { relid, .. } => {
                let relation = self.catalog.get_relation(*relid)?;
                names
                    .iter()
                    .zip(relation.attrs.iter())
                    .any(|(name, attr)| !attr.dropped && *name != attr.name)
            }
            // Functions and VALUES show them always: their own names could change.
            RteKind::Function { .. } | RteKind::Values { .. } => true,
            RteKind::TableFunc(tf) => names != tf.colnames,
            _ => rte.alias.as_ref().is_some_and(|a| !a.colnames.is_empty()),
        };
        let shown: Vec<String> = names.into_iter().filter(|n| !n.is_empty()).collect();
        if !print || shown.is_empty() {
            return Ok(());
        }
        self.put("(");
        self.name_list(&shown);
        self.put(")");
        Ok(())
    }

    fn join(&mut self, j: &JoinExpr, q: &Query) -> PgResult<()> {
        let pretty = self.pretty.paren;
        let right_paren = pretty
            && match &j.rarg {
                JoinTreeNode::RangeTblRef(_) => false,
                JoinTreeNode::JoinExpr(r) => r.alias.is_none(),
                JoinTreeNode::FromExpr(_) => true,
            };
        let outer_paren = !pretty || j.alias.is_some();
        if outer_paren {
            self.put("(");
        }
        self.print_from_item(&j.larg, q)?;
        let keyword = match j.jointype {
            JoinType::Left => " LEFT JOIN ",
            JoinType::Full => " FULL JOIN ",
            JoinType::Right => " RIGHT JOIN ",
            _ if j.quals.is_some() => " JOIN ",
            _ => " CROSS JOIN ",
        };
        self.keyword(keyword, -STD, STD, JOIN);
        if right_paren {
            self.put("(");
        }
        self.print_from_item(&j.rarg, q)?;
        if right_paren {
            self.put(")");
        }
        if !j.using_clause.is_empty() {
            self.put(" USING (");
            self.name_list(&j.using_clause);
            self.put(")");
            if let Some(alias) = &j.join_using_alias {
                self.put(&format!(" AS {}", quote_identifier(&alias.aliasname)));
            }
        } else if let Some(quals) = &j.quals {
            self.put(" ON ");
            self.open_paren();
            self.rule_expr(quals, false)?;
            self.close_paren();
        } else if j.jointype != JoinType::Inner {
            self.put(" ON TRUE");
        }
        if outer_paren {
            self.put(")");
        }
        if j.alias.is_some() {
            let name = self.rte_name(j.rtindex)?;
            self.put(&format!(" {}", quote_identifier(&name)));
            self.column_aliases(j.rtindex, q)?;
        }
        Ok(())
    }
}

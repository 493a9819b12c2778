//! Any query: name spaces and WITH.
use crate::deparser::{Deparser, STD};
use crate::namespace::Namespace;
use catalog::quote_identifier;
use error::PgResult;
use nodes::{CmdType, CteMaterialize, Query};
use std::rc::Rc;

impl Deparser<'_> {
    /// Prints a query as a new innermost level.
    pub(crate) fn query(
        &mut self,
        q: &Query,
        names: Option<&[String]>,
        names_visible: bool,
        start_indent: i32,
    ) -> PgResult<()> {
        error::check_stack_depth()?;
        let ns = Namespace::for_query(self.catalog, q, &self.namespaces)?;
        let tables = q.rtable.len() - usize::from(q.has_group_rte);
        let prefix = !self.namespaces.is_empty() || tables != 1;
        self.namespaces.push(Rc::new(ns));
        let saved_prefix = std::mem::replace(&mut self.var_prefix, prefix);
        let saved_indent = std::mem::replace(&mut self.indent_level, start_indent);
        let saved_group = std::mem::replace(&mut self.in_group_by, false);
        let saved_order = std::mem::replace(&mut self.vars_in_order_by, false);
        let result = match q.command_type {
            CmdType::Select => self.select_query(q, names, names_visible),
            CmdType::Insert => self.insert_query(q),
            CmdType::Update => self.update_query(q),
            CmdType::Delete => self.delete_query(q),
            CmdType::Merge => Err(error::not_supported!("printing MERGE")),
            CmdType::Nothing => {
                self.put("NOTHING");
                Ok(())
            }
            CmdType::Utility => self.utility_query(q),
        };
        self.namespaces.pop();
        self.var_prefix = saved_prefix;
        self.indent_level = saved_indent;
        self.in_group_by = saved_group;
        self.vars_in_order_by = saved_order;
        result
    }

    pub(crate) fn with_clause(&mut self, q: &Query) -> PgResult<()> {
        if q.cte_list.is_empty() {
            return Ok(());
        }
        if self.pretty.indent {
            self.indent_level += STD;
            self.put(" ");
        }
        for (i, cte) in q.cte_list.iter().enumerate() {
            self.put(match i {
                0 if q.has_recursive => "WITH RECURSIVE ",
                0 => "WITH ",
                _ => ", ",
            });
            self.put(&quote_identifier(&cte.ctename));
            if !cte.aliascolnames.is_empty() {
                self.put("(");
                for (j, name) in cte.aliascolnames.iter().enumerate() {
                    if j > 0 {
                        self.put(", ");
                    }
                    self.put(&quote_identifier(name));
                }
                self.put(")");
            }
            self.put(" AS ");
            match cte.ctematerialized {
                CteMaterialize::Default => {}
                CteMaterialize::Always => self.put("MATERIALIZED "),
                CteMaterialize::Never => self.put("NOT MATERIALIZED "),
            }
            self.put("(");
            if self.pretty.indent {
                self.keyword("", 0, 0, 0);
            }
            let indent = self.indent_level;
            self.query(&cte.ctequery, None, true, indent)?;
            if self.pretty.indent {
                self.keyword("", 0, 0, 0);
            }
            self.put(")");
            if let Some(search) = &cte.search_clause {
                self.put(if search.search_breadth_first {
                    " SEARCH BREADTH FIRST BY "
                } else {
                    " SEARCH DEPTH FIRST BY "
                });
                self.name_list(&search.search_col_list);
                self.put(&format!(" SET {}", quote_identifier(&search.search_seq_column)));
            }
            if let Some(cycle) = &cte.cycle_clause {
                self.put(" CYCLE ");
                self.name_list(&cycle.cycle_col_list);
                self.put(&format!(" SET {}", quote_identifier(&cycle.cycle_mark_column)));
                let is_bool = |e: &nodes::Expr, v: bool| {
                    matches!(e, nodes::Expr::Const(c)
                        if matches!(c.value, types::Datum::Bool(b) if b == v))
                };
                if !(is_bool(&cycle.cycle_mark_value, true)
                    && is_bool(&cycle.cycle_mark_default, false))
                {
                    self.put(" TO ");
                    self.rule_expr(&cycle.cycle_mark_value, false)?;
                    self.put(" DEFAULT ");
                    self.rule_expr(&cycle.cycle_mark_default, false)?;
                }
                self.put(&format!(" USING {}", quote_identifier(&cycle.cycle_path_column)));
            }
        }
        if self.pretty.indent {
            self.indent_level -= STD;
            self.keyword("", 0, 0, 0);
        } else {
            self.put(" ");
        }
        Ok(())
    }

    pub(crate) fn name_list(&mut self, names: &[String]) {
        for (i, name) in names.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.put(&quote_identifier(name));
        }
    }

    fn utility_query(&mut self, q: &Query) -> PgResult<()> {
        match q.utility_stmt.as_deref() {
            Some(parser::ast::Stmt::NotifyStmt(n)) => {
                self.keyword("", 0, STD, 1);
                self.put(&format!("NOTIFY {}", quote_identifier(&n.conditionname)));
                if let Some(payload) = &n.payload {
                    let literal = crate::constant::quote_literal(payload);
                    self.put(&format!(", {literal}"));
                }
                Ok(())
            }
            _ => Err(error::PgError::internal("unexpected utility statement type")),
        }
    }
}

//! Calls of functions, aggregates and window functions.
use crate::deparser::Deparser;
use catalog::quote_identifier;
use error::{PgError, PgResult};
use nodes::{Aggref, CoercionForm, Expr, FuncExpr, SortGroupClause, TargetEntry, WindowFunc};
use types::{Datum, Oid, type_oid as t};

/// How JSON_OBJECTAGG and JSON_ARRAYAGG are shown.
pub(crate) struct JsonAggregate {
    pub name: &'static str,
    /// What stands after the arguments.
    pub options: String,
    /// Key and value are parted by a colon.
    pub object: bool,
}

impl Deparser<'_> {
    pub(crate) fn func_expr(
        &mut self,
        f: &FuncExpr,
        parent: &Expr,
        show_implicit: bool,
    ) -> PgResult<()> {
        if f.funcformat == CoercionForm::ImplicitCast && !show_implicit {
            return match f.args.first() {
                Some(arg) => self.rule_expr_paren(arg, false, parent),
                None => Ok(()),
            };
        }
        if matches!(f.funcformat, CoercionForm::ExplicitCast | CoercionForm::ImplicitCast) {
            if let Some(arg) = f.args.first() {
                let typmod = parent.typmod();
                return self.coercion(arg, f.funcresulttype, typmod, parent);
            }
        }
        if f.funcformat == CoercionForm::SqlSyntax && self.sql_syntax_call(f)? {
            return Ok(());
        }
        let mut argtypes: Vec<Oid> = Vec::with_capacity(f.args.len());
        let mut use_variadic = f.funcvariadic;
        for arg in &f.args {
            argtypes.push(arg.typ());
        }
        let proc = self.catalog.get_proc(f.funcid)?;
        // Only functions taking VARIADIC "any" must be told; others must too if the array was given.
        if !proc.variadic.is_valid() {
            use_variadic = false;
        }
        let name = self.function_name(f.funcid, &argtypes, use_variadic)?;
        self.put(&name);
        self.put("(");
        for (i, arg) in f.args.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            if use_variadic && i + 1 == f.args.len() {
                self.put("VARIADIC ");
            }
            self.rule_expr(arg, true)?;
        }
        self.put(")");
        Ok(())
    }

    /// Functions with syntax of their own; false if this one has none.
    fn sql_syntax_call(&mut self, f: &FuncExpr) -> PgResult<bool> {
        let proc = self.catalog.get_proc(f.funcid)?;
        let name = proc.name.clone();
        let args = &f.args;
        match (name.as_str(), args.len()) {
            ("timezone", 1) => {
                self.put("(");
                self.rule_expr_paren(&args[0], false, &Expr::FuncExpr(Box::new(f.clone())))?;
                self.put(" AT LOCAL)");
            }
            ("timezone", 2) => {
                let parent = Expr::FuncExpr(Box::new(f.clone()));
                self.put("(");
                self.rule_expr_paren(&args[1], false, &parent)?;
                self.put(" AT TIME ZONE ");
                self.rule_expr_paren(&args[0], false, &parent)?;
                self.put(")");
            }
            ("overlaps", 4) => {
                self.put("((");
                self.rule_expr(&args[0], false)?;
                self.put(", ");
                self.rule_expr(&args[1], false)?;
                self.put(") OVERLAPS (");
                self.rule_expr(&args[2], false)?;
                self.put(", ");
                self.rule_expr(&args[3], false)?;
                self.put("))");
            }
            ("extract", 2) => {
                self.put("EXTRACT(");
                match &args[0] {
                    Expr::Const(c) if matches!(c.value, Datum::Bytes(_)) => {
                        let field = c.value.as_str().to_owned();
                        self.put(&field);
                    }
                    other => self.rule_expr(other, false)?,
                }
                self.put(" FROM ");
                self.rule_expr(&args[1], false)?;
                self.put(")");
            }
            ("is_normalized", n @ (1 | 2)) => {
                let parent = Expr::FuncExpr(Box::new(f.clone()));
                self.put("(");
                self.rule_expr_paren(&args[0], false, &parent)?;
                self.put(" IS");
                if n == 2 {
                    self.put(" ");
                    self.bare_word(&args[1])?;
                }
                self.put(" NORMALIZED)");
            }
            ("pg_collation_for", 1) => {
                self.put("COLLATION FOR (");
                self.rule_expr(&args[0], false)?;
                self.put(")");
            }
            ("normalize", n @ (1 | 2)) => {
                self.put("NORMALIZE(");
                self.rule_expr(&args[0], false)?;
                if n == 2 {
                    self.put(", ");
                    self.bare_word(&args[1])?;
                }
                self.put(")");
            }
            ("overlay", n @ (3 | 4)) => {
                self.put("OVERLAY(");
                self.rule_expr(&args[0], false)?;
                self.put(" PLACING ");
                self.rule_expr(&args[1], false)?;
                self.put(" FROM ");
                self.rule_expr(&args[2], false)?;
                if n == 4 {
                    self.put(" FOR ");
                    self.rule_expr(&args[3], false)?;
                }
                self.put(")");
            }
            ("position", 2) => {
                self.put("POSITION((");
                self.rule_expr(&args[1], false)?;
                self.put(") IN (");
                self.rule_expr(&args[0], false)?;
                self.put("))");
            }
            ("substring", n @ (2 | 3)) if proc.argtypes.get(1) != Some(&t::TEXT) || n == 2 => {
                self.put("SUBSTRING(");
                self.rule_expr(&args[0], false)?;
                self.put(" FROM ");
                self.rule_expr(&args[1], false)?;
                if n == 3 {
                    self.put(" FOR ");
                    self.rule_expr(&args[2], false)?;
                }
                self.put(")");
            }
            ("substring", 3) => {
                self.put("SUBSTRING(");
                self.rule_expr(&args[0], false)?;
                self.put(" SIMILAR ");
                self.rule_expr(&args[1], false)?;
                self.put(" ESCAPE ");
                self.rule_expr(&args[2], false)?;
                self.put(")");
            }
            ("btrim" | "ltrim" | "rtrim", n @ (1 | 2)) => {
                self.put(match name.as_str() {
                    "btrim" => "TRIM(BOTH",
                    "ltrim" => "TRIM(LEADING",
                    _ => "TRIM(TRAILING",
                });
                if n == 2 {
                    self.put(" ");
                    self.rule_expr(&args[1], false)?;
                }
                self.put(" FROM ");
                self.rule_expr(&args[0], false)?;
                self.put(")");
            }
            ("system_user", 0) => self.put("SYSTEM_USER"),
            ("xmlexists", 2) => {
                self.put("XMLEXISTS((");
                self.rule_expr(&args[0], false)?;
                self.put(") PASSING (");
                self.rule_expr(&args[1], false)?;
                self.put("))");
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn bare_word(&mut self, expr: &Expr) -> PgResult<()> {
        match expr {
            Expr::Const(c) if matches!(c.value, Datum::Bytes(_)) => {
                let word = c.value.as_str().to_owned();
                self.put(&word);
                Ok(())
            }
            other => self.rule_expr(other, false),
        }
    }

    pub(crate) fn aggref(&mut self, a: &Aggref) -> PgResult<()> {
        self.aggref_as(a, None)
    }

    pub(crate) fn aggref_as(&mut self, a: &Aggref, json: Option<&JsonAggregate>) -> PgResult<()> {
        match json {
            Some(json) => self.put(json.name),
            None => {
                let name = self.function_name(a.aggfnoid, &a.aggargtypes, a.aggvariadic)?;
                self.put(&name);
            }
        }
        self.put("(");
        if !a.aggdistinct.is_empty() {
            self.put("DISTINCT ");
        }
        if a.aggkind != 'n' {
            // Direct arguments, then the ordering columns.
            self.expr_list(&a.aggdirectargs)?;
            self.put(") WITHIN GROUP (ORDER BY ");
            self.order_by(&a.aggorder, &a.args, false)?;
        } else {
            if a.aggstar {
                self.put("*");
            }
            let shown: Vec<&TargetEntry> = a.args.iter().filter(|te| !te.resjunk).collect();
            for (i, te) in shown.iter().enumerate() {
                if i > 0 {
                    self.put(if json.is_some_and(|j| j.object) { " : " } else { ", " });
                }
                if a.aggvariadic && i + 1 == shown.len() {
                    self.put("VARIADIC ");
                }
                self.rule_expr(&te.expr, true)?;
            }
            if !a.aggorder.is_empty() {
                self.put(" ORDER BY ");
                self.order_by(&a.aggorder, &a.args, false)?;
            }
        }
        if let Some(json) = json {
            self.put(&json.options);
        }
        if let Some(filter) = &a.aggfilter {
            self.put(") FILTER (WHERE ");
            self.rule_expr(filter, false)?;
        }
        self.put(")");
        Ok(())
    }

    pub(crate) fn window_func(&mut self, w: &WindowFunc) -> PgResult<()> {
        self.window_func_as(w, None)
    }

    pub(crate) fn window_func_as(
        &mut self,
        w: &WindowFunc,
        json: Option<&JsonAggregate>,
    ) -> PgResult<()> {
        match json {
            Some(json) => self.put(json.name),
            None => {
                let argtypes: Vec<Oid> = w.args.iter().map(Expr::typ).collect();
                let name = self.function_name(w.winfnoid, &argtypes, false)?;
                self.put(&name);
            }
        }
        self.put("(");
        match (json, &w.args[..]) {
            _ if w.winstar => self.put("*"),
            (Some(json), [key, value]) if json.object => {
                self.rule_expr(key, false)?;
                self.put(" : ");
                self.rule_expr(value, false)?;
            }
            _ => self.expr_list(&w.args)?,
        }
        if let Some(json) = json {
            self.put(&json.options);
        }
        if let Some(filter) = &w.aggfilter {
            self.put(") FILTER (WHERE ");
            self.rule_expr(filter, false)?;
        }
        self.put(") OVER ");
        let clause = self.window_clause.iter().find(|c| c.winref == w.winref).cloned();
        match clause {
            Some(clause) => match &clause.name {
                Some(name) => self.put(&quote_identifier(name)),
                None => {
                    let targets = self.window_targets.clone();
                    self.window_spec(&clause, &targets)?;
                }
            },
            // EXPLAIN shows windows elsewhere.
            None if self.resolver.is_some() => {
                let name = self.resolver.and_then(|r| r.window_name(w.winref));
                self.put(&name.map_or("(?)".to_owned(), |n| quote_identifier(&n)));
            }
            None => {
                return Err(PgError::internal(format!(
                    "could not find window clause for winref {}",
                    w.winref
                )));
            }
        }
        Ok(())
    }

    /// ORDER BY items.
    pub(crate) fn order_by(
        &mut self,
        order: &[SortGroupClause],
        targets: &[TargetEntry],
        force_colno: bool,
    ) -> PgResult<()> {
        for (i, clause) in order.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            let typ = self.sort_group_item(clause, targets, force_colno)?;
            let eq = self.catalog.get_operator(clause.eqop)?;
            let _ = eq;
            let default = self.default_order(typ)?;
            if Some(clause.sortop) == default.map(|d| d.0) {
                // ASC is the default, and NULLS LAST with it.
                if clause.nulls_first {
                    self.put(" NULLS FIRST");
                }
            } else if Some(clause.sortop) == default.map(|d| d.1) {
                self.put(" DESC");
                if !clause.nulls_first {
                    self.put(" NULLS LAST");
                }
            } else {
                let name = self.operator_name(clause.sortop, typ, typ)?;
                self.put(&format!(" USING {name}"));
                self.put(if clause.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
            }
        }
        Ok(())
    }

    /// The type's default `<` and `>`.
    fn default_order(&self, typ: Oid) -> PgResult<Option<(Oid, Oid)>> {
        const BTREE: Oid = Oid(403);
        let mut base = self.catalog.get_type(typ)?;
        while base.typtype == 'd' {
            base = self.catalog.get_type(base.basetype)?;
        }
        let Some(opclass) = self.catalog.default_opclass(base.oid, BTREE)? else {
            return Ok(None);
        };
        let (family, input) = (opclass.family, opclass.intype);
        Ok(Some((
            self.catalog.opfamily_member(family, input, input, 1)?,
            self.catalog.opfamily_member(family, input, input, 5)?,
        )))
    }

    /// The expression a sort or group clause refers to, or its position; returns its type.
    pub(crate) fn sort_group_item(
        &mut self,
        clause: &SortGroupClause,
        targets: &[TargetEntry],
        force_colno: bool,
    ) -> PgResult<Oid> {
        let te =
            targets.iter().find(|te| te.ressortgroupref == clause.tle_sort_group_ref).ok_or_else(
                || PgError::internal("ORDER/GROUP BY expression not found in targetlist"),
            )?;
        let typ = te.expr.typ();
        if force_colno {
            self.put(&te.resno.to_string());
            return Ok(typ);
        }
        match &te.expr {
            // A bare number would be read as a position.
            Expr::Const(c) => self.constant(c, crate::constant::ShowType::Always)?,
            Expr::Var(v) => {
                let saved = std::mem::replace(&mut self.vars_in_order_by, true);
                let result = self.variable(v);
                self.vars_in_order_by = saved;
                result?;
            }
            other => {
                // Things with syntax of their own go in parentheses.
                let need_paren = self.pretty.paren
                    || matches!(other, Expr::FuncExpr(_) | Expr::Aggref(_) | Expr::WindowFunc(_));
                if need_paren {
                    self.put("(");
                }
                self.rule_expr(other, true)?;
                if need_paren {
                    self.put(")");
                }
            }
        }
        Ok(typ)
    }
}

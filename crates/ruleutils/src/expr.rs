//! Expressions.
use crate::constant::ShowType;
use crate::deparser::{Deparser, PlanExpr, VAR};
use crate::paren::is_simple;
use catalog::quote_identifier;
use error::{PgError, PgResult};
use nodes::{
    BoolExprType, BoolTestType, CaseExpr, CoercionForm, Expr, OpExpr, Param, ParamKind, RteKind,
    SQLValueFunctionOp, SubLink, SubLinkType, SubPlan, SubscriptingRef, Var, VarReturningType,
};
use types::{Oid, type_oid as t};

impl Deparser<'_> {
    /// Prints an expression, with parentheses around it unless it needs none there.
    pub(crate) fn rule_expr_paren(
        &mut self,
        expr: &Expr,
        show_implicit: bool,
        parent: &Expr,
    ) -> PgResult<()> {
        let paren = self.pretty.paren && !is_simple(self.catalog, expr, parent, true)?;
        if paren {
            self.put("(");
        }
        self.rule_expr(expr, show_implicit)?;
        if paren {
            self.put(")");
        }
        Ok(())
    }

    pub(crate) fn expr_list(&mut self, list: &[Expr]) -> PgResult<()> {
        for (i, expr) in list.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.rule_expr(expr, true)?;
        }
        Ok(())
    }

    pub(crate) fn rule_expr(&mut self, expr: &Expr, show_implicit: bool) -> PgResult<()> {
        error::check_stack_depth()?;
        match expr {
            Expr::Var(v) => {
                self.variable(v)?;
            }
            Expr::Const(c) => self.constant(c, ShowType::IfNeeded)?,
            Expr::Param(p) => self.parameter(p)?,
            Expr::Aggref(a) => self.aggref(a)?,
            Expr::GroupingFunc(g) => {
                self.put("GROUPING(");
                self.expr_list(&g.args)?;
                self.put(")");
            }
            Expr::WindowFunc(w) => self.window_func(w)?,
            Expr::SubscriptingRef(s) => self.subscripting(s, expr)?,
            Expr::FuncExpr(f) => self.func_expr(f, expr, show_implicit)?,
            Expr::NamedArgExpr(n) => {
                self.put(&quote_identifier(&n.name));
                self.put(" => ");
                self.rule_expr(&n.arg, show_implicit)?;
            }
            Expr::OpExpr(o) => self.oper_expr(o, expr)?,
            Expr::DistinctExpr(o) => {
                self.open_paren();
                self.rule_expr_paren(&o.args[0], true, expr)?;
                self.put(" IS DISTINCT FROM ");
                self.rule_expr_paren(&o.args[1], true, expr)?;
                self.close_paren();
            }
            Expr::NullIfExpr(o) => {
                self.put("NULLIF(");
                self.expr_list(&o.args)?;
                self.put(")");
            }
            Expr::ScalarArrayOpExpr(_) | Expr::BoolExpr(_) => self.connective(expr)?,
            Expr::SubLink(s) => self.sublink(s)?,
            Expr::SubPlan(s) => self.subplan(s)?,
            Expr::AlternativeSubPlan(plans) => {
                self.put("(alternatives: ");
                for (i, plan) in plans.iter().enumerate() {
                    if i > 0 {
                        self.put(" or ");
                    }
                    self.subplan(plan)?;
                }
                self.put(")");
            }
            Expr::FieldSelect(f) => self.field_select(f, expr)?,
            Expr::FieldStore(f) => {
                // The part that is printed elsewhere as the assignment's target is left out here.
                match f.newvals.first() {
                    Some(value) if f.newvals.len() == 1 => self.rule_expr(value, true)?,
                    _ => {
                        self.put("ROW(");
                        self.expr_list(&f.newvals)?;
                        self.put(")");
                    }
                }
            }
            Expr::RelabelType(_)
            | Expr::CoerceViaIO(_)
            | Expr::ArrayCoerceExpr(_)
            | Expr::ConvertRowtypeExpr(_)
            | Expr::CoerceToDomain(_) => self.cast(expr, show_implicit)?,
            Expr::CollateExpr(c) => {
                self.open_paren();
                self.rule_expr_paren(&c.arg, show_implicit, expr)?;
                let name = self.collation_name(c.coll_oid)?;
                self.put(&format!(" COLLATE {name}"));
                self.close_paren();
            }
            Expr::CaseExpr(c) => self.case_expr(c)?,
            Expr::CaseTestExpr(_) => self.put("CASE_TEST_EXPR"),
            Expr::ArrayExpr(a) => {
                self.put("ARRAY[");
                self.expr_list(&a.elements)?;
                self.put("]");
                // Nothing in an empty array tells its type.
                if a.elements.is_empty() {
                    let name = self.type_name(a.array_typeid, -1)?;
                    self.put(&format!("::{name}"));
                }
            }
            Expr::RowExpr(r) => {
                self.put("ROW(");
                self.expr_list(&r.args)?;
                self.put(")");
                if r.row_typeid != t::RECORD && r.row_format == CoercionForm::ExplicitCast {
                    let name = self.type_name(r.row_typeid, -1)?;
                    self.put(&format!("::{name}"));
                }
            }
            Expr::RowCompareExpr(r) => {
                self.put("(ROW(");
                self.expr_list(&r.largs)?;
                let name = self.operator_name(r.opnos[0], r.largs[0].typ(), r.rargs[0].typ())?;
                self.put(&format!(") {name} ROW("));
                self.expr_list(&r.rargs)?;
                self.put("))");
            }
            Expr::CoalesceExpr(c) => {
                self.put("COALESCE(");
                self.expr_list(&c.args)?;
                self.put(")");
            }
            Expr::MinMaxExpr(m) => {
                self.put(if m.greatest { "GREATEST(" } else { "LEAST(" });
                self.expr_list(&m.args)?;
                self.put(")");
            }
            Expr::SQLValueFunction(f) => self.sql_value_function(f.op, f.typmod),
            Expr::NullTest(_) | Expr::BooleanTest(_) => self.test_expr(expr)?,
            Expr::CoerceToDomainValue(_) => self.put("VALUE"),
            Expr::SetToDefault(_) => self.put("DEFAULT"),
            Expr::CurrentOfExpr(c) => match &c.cursor_name {
                Some(name) => self.put(&format!("CURRENT OF {}", quote_identifier(name))),
                None => self.put(&format!("CURRENT OF ${}", c.cursor_param)),
            },
            Expr::NextValueExpr(n) => {
                let name = self.relation(n.seqid)?;
                let literal = crate::constant::quote_literal(&name);
                self.put(&format!("nextval({literal}::regclass)"));
            }
            Expr::ReturningExpr(r) => {
                // Only plans have these where the row could not be told from the expression.
                self.put(if r.retold { "old" } else { "new" });
                self.put(".(");
                self.rule_expr(&r.retexpr, show_implicit)?;
                self.put(")");
            }
            Expr::PlaceHolderVar(p) => self.rule_expr(&p.phexpr, show_implicit)?,
            Expr::XmlExpr(x) => self.xml_expr(x)?,
            Expr::JsonValueExpr(_)
            | Expr::JsonExpr(_)
            | Expr::JsonConstructorExpr(_)
            | Expr::JsonIsPredicate(_) => self.json_expr(expr, show_implicit)?,
        }
        Ok(())
    }

    /// Casts of all kinds; implicit ones are not shown unless asked for.
    fn cast(&mut self, expr: &Expr, show_implicit: bool) -> PgResult<()> {
        let (arg, form, typ, typmod) = match expr {
            Expr::RelabelType(r) => (&r.arg, r.relabelformat, r.resulttype, r.resulttypmod),
            Expr::CoerceViaIO(c) => (&c.arg, c.coerceformat, c.resulttype, -1),
            Expr::ArrayCoerceExpr(c) => (&c.arg, c.coerceformat, c.resulttype, c.resulttypmod),
            Expr::ConvertRowtypeExpr(c) => (&c.arg, c.convertformat, c.resulttype, -1),
            Expr::CoerceToDomain(c) => (&c.arg, c.coercionformat, c.resulttype, c.resulttypmod),
            other => return self.rule_expr(other, show_implicit),
        };
        if form != CoercionForm::ImplicitCast || show_implicit {
            return self.coercion(arg, typ, typmod, expr);
        }
        if matches!(expr, Expr::CoerceToDomain(_)) {
            return self.rule_expr(arg, false);
        }
        self.rule_expr_paren(arg, false, expr)
    }

    /// IS NULL, IS TRUE and the like.
    fn test_expr(&mut self, expr: &Expr) -> PgResult<()> {
        match expr {
            Expr::NullTest(n) => {
                self.open_paren();
                self.rule_expr_paren(&n.arg, true, expr)?;
                let is_composite = self.is_rowtype(n.arg.typ())?;
                // A row argument without row semantics comes from IS DISTINCT FROM.
                self.put(if n.argisrow || !is_composite {
                    if n.is_null { " IS NULL" } else { " IS NOT NULL" }
                } else if n.is_null {
                    " IS NOT DISTINCT FROM NULL"
                } else {
                    " IS DISTINCT FROM NULL"
                });
                self.close_paren();
            }
            Expr::BooleanTest(b) => {
                self.open_paren();
                self.rule_expr_paren(&b.arg, false, expr)?;
                self.put(match b.booltesttype {
                    BoolTestType::IsTrue => " IS TRUE",
                    BoolTestType::IsNotTrue => " IS NOT TRUE",
                    BoolTestType::IsFalse => " IS FALSE",
                    BoolTestType::IsNotFalse => " IS NOT FALSE",
                    BoolTestType::IsUnknown => " IS UNKNOWN",
                    BoolTestType::IsNotUnknown => " IS NOT UNKNOWN",
                });
                self.close_paren();
            }
            _ => {}
        }
        Ok(())
    }

    /// AND, OR, NOT, ANY and ALL.
    fn connective(&mut self, expr: &Expr) -> PgResult<()> {
        match expr {
            Expr::ScalarArrayOpExpr(s) => {
                self.open_paren();
                self.rule_expr_paren(&s.args[0], true, expr)?;
                let right_elem = self.catalog.get_type(s.args[1].typ())?.elem;
                let name = self.operator_name(s.opno, s.args[0].typ(), right_elem)?;
                self.put(&format!(" {name} {} (", if s.use_or { "ANY" } else { "ALL" }));
                self.rule_expr_paren(&s.args[1], true, expr)?;
                // A subselect would be read as ANY (SELECT …).
                if matches!(&s.args[1], Expr::SubLink(l) if l.sub_link_type == SubLinkType::Expr) {
                    let name = self.type_name(s.args[1].typ(), s.args[1].typmod())?;
                    self.put(&format!("::{name}"));
                }
                self.put(")");
                self.close_paren();
            }
            Expr::BoolExpr(b) => {
                let connective = match b.boolop {
                    BoolExprType::And => " AND ",
                    BoolExprType::Or => " OR ",
                    BoolExprType::Not => {
                        self.open_paren();
                        self.put("NOT ");
                        self.rule_expr_paren(&b.args[0], false, expr)?;
                        self.close_paren();
                        return Ok(());
                    }
                };
                self.open_paren();
                for (i, arg) in b.args.iter().enumerate() {
                    if i > 0 {
                        self.put(connective);
                    }
                    self.rule_expr_paren(arg, false, expr)?;
                }
                self.close_paren();
            }
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn open_paren(&mut self) {
        if !self.pretty.paren {
            self.put("(");
        }
    }

    pub(crate) fn close_paren(&mut self) {
        if !self.pretty.paren {
            self.put(")");
        }
    }

    fn is_rowtype(&self, typ: Oid) -> PgResult<bool> {
        if typ == t::RECORD {
            return Ok(true);
        }
        let row = self.catalog.get_type(typ)?;
        match row.typtype {
            'c' => Ok(true),
            'd' => self.is_rowtype(row.basetype),
            _ => Ok(false),
        }
    }

    /// Prints a column; returns its name for use as an output column's.
    pub(crate) fn variable(&mut self, v: &Var) -> PgResult<Option<String>> {
        if let Some(resolver) = self.resolver {
            match resolver.resolve_var(v)? {
                Some(PlanExpr::Column { refname, attname }) => {
                    if let (Some(refname), true) = (&refname, self.var_prefix) {
                        self.put(&quote_identifier(refname));
                        self.put(".");
                    }
                    self.put(&quote_identifier(&attname));
                    return Ok(Some(attname));
                }
                Some(PlanExpr::Expr(expr)) => {
                    // What an input computes is shown in parentheses, unless it is a column itself.
                    let plain = matches!(expr, Expr::Var(_));
                    if !plain {
                        self.put("(");
                    }
                    self.rule_expr(&expr, true)?;
                    if !plain {
                        self.put(")");
                    }
                    return Ok(None);
                }
                Some(PlanExpr::Text(text)) => {
                    self.put(&text);
                    return Ok(None);
                }
                None => {}
            }
        }
        let depth = self.namespaces.len();
        let level = depth
            .checked_sub(1 + v.varlevelsup as usize)
            .ok_or_else(|| PgError::internal(format!("bogus varlevelsup: {}", v.varlevelsup)))?;
        let ns = self.namespaces[level].clone();
        // What was written, where that differs from what is read.
        let (varno, attno) = if v.varnosyn > 0 && v.varnosyn as usize <= ns.rtable.len() {
            (v.varnosyn, v.varattnosyn)
        } else {
            (v.varno, v.varattno)
        };
        let Some(rte) = usize::try_from(varno - 1).ok().and_then(|i| ns.rtable.get(i)) else {
            return Err(PgError::internal(format!("bogus varno: {varno}")));
        };
        let index = varno as usize - 1;
        if let RteKind::Group { groupexprs } = &rte.kind {
            return match groupexprs[attno as usize - 1].clone() {
                Expr::Var(inner) => self.variable(&inner),
                other => self.rule_expr(&other, true).map(|()| None),
            };
        }
        let mut refname = match v.varreturningtype {
            VarReturningType::Old => ns.returning_old.clone(),
            VarReturningType::New => ns.returning_new.clone(),
            VarReturningType::Default => ns.names[index].clone(),
        };
        if let (RteKind::Join { joinaliasvars, .. }, None) = (&rte.kind, &rte.alias) {
            // An unnamed join's column is that of an input, or a merged one with a name of its own.
            if attno > 0 {
                if let Expr::Var(inner) = &joinaliasvars[attno as usize - 1] {
                    let mut inner = inner.clone();
                    inner.varlevelsup += v.varlevelsup;
                    return self.variable(&inner);
                }
            }
            refname = None;
        }
        let name = match attno {
            0 => None,
            n if n > 0 => {
                let name = ns.columns[index].get(n as usize - 1).cloned().unwrap_or_default();
                Some(if name.is_empty() { "?dropped?column?".to_owned() } else { name })
            }
            n => Some(system_column(n).to_owned()),
        };
        // In ORDER BY an output column of that name would be meant instead.
        let shadowed = self.vars_in_order_by
            && self.window_targets.iter().any(|te| {
                !te.resjunk
                    && te.resname == name
                    && !matches!(ungrouped(&ns.rtable, &te.expr), Expr::Var(o)
                        if o.varno == v.varno && o.varattno == v.varattno
                            && o.varlevelsup == v.varlevelsup)
            });
        let prefix = self.var_prefix
            || name.is_none()
            || shadowed
            || v.varreturningtype != VarReturningType::Default;
        if let (Some(refname), true) = (&refname, prefix) {
            self.put(&quote_identifier(refname));
            self.put(".");
        }
        match &name {
            Some(name) => self.put(&quote_identifier(name)),
            None => self.put("*"),
        }
        Ok(name)
    }

    fn parameter(&mut self, p: &Param) -> PgResult<()> {
        if let Some(resolver) = self.resolver {
            match resolver.resolve_param(p)? {
                Some(PlanExpr::Column { refname, attname }) => {
                    // Comes from another plan level: always say from which table.
                    if let Some(refname) = refname {
                        self.put(&quote_identifier(&refname));
                        self.put(".");
                    }
                    self.put(&quote_identifier(&attname));
                    return Ok(());
                }
                Some(PlanExpr::Expr(expr)) => {
                    let simple = matches!(expr, Expr::Var(_) | Expr::Aggref(_) | Expr::Param(_));
                    let saved = std::mem::replace(&mut self.var_prefix, true);
                    if !simple {
                        self.put("(");
                    }
                    self.rule_expr(&expr, false)?;
                    if !simple {
                        self.put(")");
                    }
                    self.var_prefix = saved;
                    return Ok(());
                }
                Some(PlanExpr::Text(text)) => {
                    self.put(&text);
                    return Ok(());
                }
                None => {}
            }
        }
        if p.kind == ParamKind::Exec && p.paramid == -1 {
            self.put("MERGE_ACTION()");
            return Ok(());
        }
        self.put(&format!("${}", p.paramid));
        Ok(())
    }

    /// `arg::type`.
    pub(crate) fn coercion(
        &mut self,
        arg: &Expr,
        typ: Oid,
        typmod: i32,
        parent: &Expr,
    ) -> PgResult<()> {
        match arg {
            // A literal needs no label of its own under a cast, unless that would change it.
            Expr::Const(c) if c.consttype == typ && c.consttypmod == -1 => {
                self.constant(c, ShowType::Never)?;
            }
            _ => {
                self.open_paren();
                self.rule_expr_paren(arg, false, parent)?;
                self.close_paren();
            }
        }
        let name = self.type_name(typ, typmod)?;
        self.put(&format!("::{name}"));
        Ok(())
    }

    fn oper_expr(&mut self, o: &OpExpr, parent: &Expr) -> PgResult<()> {
        self.open_paren();
        if let [left, right] = o.args.as_slice() {
            self.rule_expr_paren(left, true, parent)?;
            let name = self.operator_name(o.opno, left.typ(), right.typ())?;
            self.put(&format!(" {name} "));
            self.rule_expr_paren(right, true, parent)?;
        } else if let Some(arg) = o.args.first() {
            let name = self.operator_name(o.opno, Oid::INVALID, arg.typ())?;
            self.put(&format!("{name} "));
            self.rule_expr_paren(arg, true, parent)?;
        }
        self.close_paren();
        Ok(())
    }

    fn case_expr(&mut self, c: &CaseExpr) -> PgResult<()> {
        self.keyword("CASE", 0, VAR, 0);
        if let Some(arg) = &c.arg {
            self.put(" ");
            self.rule_expr(arg, true)?;
        }
        for when in &c.args {
            let mut condition = &when.expr;
            // With a test value only the right side of `test = value` was written.
            if c.arg.is_some() {
                let mut inner = condition;
                loop {
                    inner = match inner {
                        Expr::RelabelType(r) => &r.arg,
                        Expr::CoerceToDomain(r) => &r.arg,
                        _ => break,
                    };
                }
                if let Expr::OpExpr(op) = inner {
                    if op.args.len() == 2 && is_case_test(&op.args[0]) {
                        condition = &op.args[1];
                    }
                }
            }
            if !self.pretty.indent {
                self.put(" ");
            }
            self.keyword("WHEN ", 0, 0, 0);
            self.rule_expr(condition, false)?;
            self.put(" THEN ");
            self.rule_expr(&when.result, true)?;
        }
        if !self.pretty.indent {
            self.put(" ");
        }
        self.keyword("ELSE ", 0, 0, 0);
        match &c.defresult {
            Some(default) => self.rule_expr(default, true)?,
            None => self.put("NULL"),
        }
        if !self.pretty.indent {
            self.put(" ");
        }
        self.keyword("END", -VAR, 0, 0);
        Ok(())
    }

    fn subscripting(&mut self, s: &SubscriptingRef, parent: &Expr) -> PgResult<()> {
        if let Some(assigned) = &s.refassgnexpr {
            // Printed as the assignment's source; the target shows the subscripts.
            return self.rule_expr(assigned, true);
        }
        let need_paren = !matches!(
            s.refexpr,
            Expr::Var(_) | Expr::Param(_) | Expr::FieldSelect(_) | Expr::SubscriptingRef(_)
        );
        if need_paren {
            self.put("(");
        }
        self.rule_expr(&s.refexpr, true)?;
        if need_paren {
            self.put(")");
        }
        let _ = parent;
        self.subscripts(s)
    }

    pub(crate) fn subscripts(&mut self, s: &SubscriptingRef) -> PgResult<()> {
        for (i, upper) in s.refupperindexpr.iter().enumerate() {
            self.put("[");
            if !s.reflowerindexpr.is_empty() {
                if let Some(Some(lower)) = s.reflowerindexpr.get(i) {
                    self.rule_expr(lower, false)?;
                }
                self.put(":");
            }
            if let Some(upper) = upper {
                self.rule_expr(upper, false)?;
            }
            self.put("]");
        }
        Ok(())
    }

    fn field_select(&mut self, f: &nodes::FieldSelect, parent: &Expr) -> PgResult<()> {
        let need_paren = !matches!(f.arg, Expr::SubscriptingRef(_) | Expr::FieldSelect(_));
        if need_paren {
            self.put("(");
        }
        self.rule_expr(&f.arg, true)?;
        if need_paren {
            self.put(")");
        }
        let _ = parent;
        let name = self.field_name(&f.arg, f.fieldnum)?;
        self.put(".");
        self.put(&quote_identifier(&name));
        Ok(())
    }

    /// Name of a field of a composite expression.
    fn field_name(&self, arg: &Expr, fieldnum: i16) -> PgResult<String> {
        if let Expr::RowExpr(r) = arg {
            if let Some(name) = r.colnames.get(fieldnum as usize - 1) {
                return Ok(name.clone());
            }
        }
        let typ = arg.typ();
        if typ != t::RECORD {
            let mut row = self.catalog.get_type(typ)?;
            while row.typtype == 'd' {
                row = self.catalog.get_type(row.basetype)?;
            }
            if row.relid.is_valid() {
                let relation = self.catalog.get_relation(row.relid)?;
                if let Some(attr) = relation.attr(fieldnum) {
                    return Ok(attr.name.clone());
                }
            }
        }
        if let Expr::Var(v) = arg {
            let level = self.namespaces.len().checked_sub(1 + v.varlevelsup as usize);
            if let Some(ns) = level.map(|l| &self.namespaces[l]) {
                let index = (v.varno - 1) as usize;
                if v.varattno == 0 {
                    if let Some(name) =
                        ns.columns.get(index).and_then(|c| c.get(fieldnum as usize - 1))
                    {
                        return Ok(name.clone());
                    }
                } else if let Some(rte) = ns.rtable.get(index) {
                    if let RteKind::Subquery { subquery, .. } = &rte.kind {
                        if let Some(te) =
                            subquery.target_list.iter().find(|te| te.resno == v.varattno)
                        {
                            return self.field_name(&te.expr, fieldnum);
                        }
                    }
                }
            }
        }
        if let Expr::FuncExpr(f) = arg {
            let proc = self.catalog.get_proc(f.funcid)?;
            let outs: Vec<&String> = proc
                .argmodes
                .iter()
                .enumerate()
                .filter(|(_, m)| matches!(m, 'o' | 'b' | 't'))
                .filter_map(|(i, _)| proc.argnames.get(i))
                .collect();
            if let Some(name) = outs.get(fieldnum as usize - 1) {
                return Ok((*name).clone());
            }
        }
        Ok(format!("f{fieldnum}"))
    }

    fn sublink(&mut self, s: &SubLink) -> PgResult<()> {
        self.put(if s.sub_link_type == SubLinkType::Array { "ARRAY(" } else { "(" });
        let mut need_paren = true;
        let mut opname = None;
        if let Some(test) = &s.testexpr {
            opname = Some(self.sublink_left_side(test)?);
        }
        match s.sub_link_type {
            SubLinkType::Exists => self.put("EXISTS "),
            SubLinkType::Any => match opname.as_deref() {
                // `= ANY` and IN are the same thing.
                Some("=") => self.put(" IN "),
                other => self.put(&format!(" {} ANY ", other.unwrap_or("="))),
            },
            SubLinkType::All => self.put(&format!(" {} ALL ", opname.as_deref().unwrap_or("="))),
            SubLinkType::RowCompare => {
                self.put(&format!(" {} ", opname.as_deref().unwrap_or("=")));
            }
            SubLinkType::Expr | SubLinkType::MultiExpr | SubLinkType::Array | SubLinkType::Cte => {
                need_paren = false;
            }
        }
        if need_paren {
            self.put("(");
        }
        let indent = self.indent_level;
        self.query(&s.subselect, None, false, indent)?;
        self.put(if need_paren { "))" } else { ")" });
        Ok(())
    }

    /// Prints what is compared with the subquery's columns; returns the operator's name.
    fn sublink_left_side(&mut self, test: &Expr) -> PgResult<String> {
        let first_op = |ops: &[&OpExpr], d: &Self| -> PgResult<String> {
            match ops.first() {
                Some(op) => d.operator_name(op.opno, op.args[0].typ(), op.args[1].typ()),
                None => Ok("=".to_owned()),
            }
        };
        match test {
            Expr::OpExpr(op) => {
                let name = first_op(&[op], self)?;
                self.rule_expr(&op.args[0], true)?;
                Ok(name)
            }
            Expr::BoolExpr(b) => {
                let ops: Vec<&OpExpr> = b
                    .args
                    .iter()
                    .filter_map(|a| match a {
                        Expr::OpExpr(op) => Some(&**op),
                        _ => None,
                    })
                    .collect();
                let name = first_op(&ops, self)?;
                self.put("(");
                for (i, op) in ops.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    self.rule_expr(&op.args[0], true)?;
                }
                self.put(")");
                Ok(name)
            }
            Expr::RowCompareExpr(r) => {
                let name = self.operator_name(r.opnos[0], r.largs[0].typ(), r.rargs[0].typ())?;
                self.put("(");
                self.expr_list(&r.largs)?;
                self.put(")");
                Ok(name)
            }
            _ => Err(PgError::internal("unrecognized testexpr type")),
        }
    }

    /// A planned sublink, as EXPLAIN shows it.
    fn subplan(&mut self, s: &SubPlan) -> PgResult<()> {
        let name = match self.resolver {
            Some(resolver) => resolver.subplan_name(s),
            None => s.plan_name.clone(),
        };
        let label = if s.use_hash_table { format!("hashed {name}") } else { name };
        match (s.sub_link_type, &s.testexpr) {
            (SubLinkType::Exists, _) => self.put(&format!("EXISTS({label})")),
            (SubLinkType::Array, _) => self.put(&format!("ARRAY({label})")),
            (SubLinkType::Any, Some(test)) => {
                self.put("(ANY ");
                self.rule_expr(test, false)?;
                self.put(")");
            }
            (SubLinkType::All, Some(test)) => {
                self.put("(ALL ");
                self.rule_expr(test, false)?;
                self.put(")");
            }
            (SubLinkType::RowCompare, Some(test)) => {
                self.put("(");
                self.rule_expr(test, false)?;
                self.put(")");
            }
            _ => self.put(&format!("({label})")),
        }
        Ok(())
    }

    fn sql_value_function(&mut self, op: SQLValueFunctionOp, typmod: i32) {
        use SQLValueFunctionOp as O;
        let text = match op {
            O::CurrentDate => "CURRENT_DATE".to_owned(),
            O::CurrentTime => "CURRENT_TIME".to_owned(),
            O::CurrentTimeN => format!("CURRENT_TIME({typmod})"),
            O::CurrentTimestamp => "CURRENT_TIMESTAMP".to_owned(),
            O::CurrentTimestampN => format!("CURRENT_TIMESTAMP({typmod})"),
            O::Localtime => "LOCALTIME".to_owned(),
            O::LocaltimeN => format!("LOCALTIME({typmod})"),
            O::Localtimestamp => "LOCALTIMESTAMP".to_owned(),
            O::LocaltimestampN => format!("LOCALTIMESTAMP({typmod})"),
            O::CurrentRole => "CURRENT_ROLE".to_owned(),
            O::CurrentUser => "CURRENT_USER".to_owned(),
            O::User => "USER".to_owned(),
            O::SessionUser => "SESSION_USER".to_owned(),
            O::CurrentCatalog => "CURRENT_CATALOG".to_owned(),
            O::CurrentSchema => "CURRENT_SCHEMA".to_owned(),
        };
        self.put(&text);
    }
}

/// What a column of the grouping step stands for.
fn ungrouped<'e>(rtable: &'e [nodes::RangeTblEntry], expr: &'e Expr) -> &'e Expr {
    if let Expr::Var(v) = expr {
        let rte = usize::try_from(v.varno - 1).ok().and_then(|i| rtable.get(i));
        if let Some(RteKind::Group { groupexprs }) = rte.map(|rte| &rte.kind) {
            return groupexprs.get(v.varattno as usize - 1).unwrap_or(expr);
        }
    }
    expr
}

/// The CASE test value, possibly cast.
fn is_case_test(expr: &Expr) -> bool {
    match expr {
        Expr::CaseTestExpr(_) => true,
        Expr::RelabelType(r) => is_case_test(&r.arg),
        Expr::FuncExpr(f) if f.funcformat == CoercionForm::ImplicitCast => {
            f.args.first().is_some_and(is_case_test)
        }
        Expr::CoerceViaIO(c) => is_case_test(&c.arg),
        _ => false,
    }
}

fn system_column(attno: i16) -> &'static str {
    match attno {
        -1 => "ctid",
        -2 => "xmin",
        -3 => "cmin",
        -4 => "xmax",
        -5 => "cmax",
        _ => "tableoid",
    }
}

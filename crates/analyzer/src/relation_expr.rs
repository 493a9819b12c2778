//! Expressions that live in the catalog: defaults, checks, index expressions and predicates, generated
//! columns, partition keys, rule and trigger conditions.
use crate::context::AnalyzeContext;
use crate::parse_coerce::ContainsSet;
use crate::parse_state::{Analyzer, ExprKind};
use catalog::rows::RelationDesc;
use error::{PgError, PgResult, bail, err};
use nodes::{Alias, CaseTestExpr, CmdType, CoercionContext, CoercionForm, Expr, Query};
use parser::ast;
use types::{Oid, type_oid as t};

/// Analyses an expression over one relation's columns (Var varno 1), collations set.
pub fn transform_expr_for_relation(
    cx: &mut AnalyzeContext<'_>,
    raw: &ast::Expr,
    relation: &RelationDesc,
    kind: ExprKind,
) -> PgResult<Expr> {
    let mut analyzer = Analyzer::new(cx);
    analyzer.add_relation_to_scope(relation)?;
    let mut expr = analyzer.transform_expr(raw, kind)?;
    analyzer.assign_expr_collations(&mut expr)?;
    Ok(expr)
}

/// A condition over one relation's columns (CHECK, index predicate, COPY WHERE, policy).
pub fn transform_condition_for_relation(
    cx: &mut AnalyzeContext<'_>,
    raw: &ast::Expr,
    relation: &RelationDesc,
    kind: ExprKind,
) -> PgResult<Expr> {
    let construct = match kind {
        ExprKind::CheckConstraint | ExprKind::DomainCheck => "CHECK",
        ExprKind::CopyWhere | ExprKind::IndexPredicate => "WHERE",
        ExprKind::TriggerWhen => "WHEN",
        other => other.name(),
    };
    let mut analyzer = Analyzer::new(cx);
    analyzer.add_relation_to_scope(relation)?;
    let expr = analyzer.transform_expr(raw, kind)?;
    let mut expr = analyzer.coerce_to_boolean(expr, construct)?;
    analyzer.assign_expr_collations(&mut expr)?;
    Ok(expr)
}

/// A condition of a trigger or rule with OLD (varno 1) and NEW (varno 2) in scope as given.
pub fn transform_when_for_relation(
    cx: &mut AnalyzeContext<'_>,
    raw: &ast::Expr,
    relation: &RelationDesc,
    kind: ExprKind,
    construct: &str,
    old_visible: bool,
    new_visible: bool,
) -> PgResult<Expr> {
    let mut analyzer = Analyzer::new(cx);
    analyzer.add_old_new_to_scope(relation, old_visible, new_visible)?;
    let expr = analyzer.transform_expr(raw, kind)?;
    let mut expr = analyzer.coerce_to_boolean(expr, construct)?;
    analyzer.assign_expr_collations(&mut expr)?;
    Ok(expr)
}

/// A DEFAULT or generation expression, converted to its column's type. A generated column's sees the
/// relation's columns, a default none.
pub fn transform_default(
    cx: &mut AnalyzeContext<'_>,
    raw: &ast::Expr,
    relation: Option<&RelationDesc>,
    column: (&str, Oid, i32),
    generated: Option<ast::GeneratedKind>,
) -> PgResult<Expr> {
    let (name, typ, typmod) = column;
    let mut analyzer = Analyzer::new(cx);
    let kind =
        if generated.is_some() { ExprKind::GeneratedColumn } else { ExprKind::ColumnDefault };
    if let (Some(_), Some(relation)) = (generated, relation) {
        analyzer.add_relation_to_scope(relation)?;
    }
    let expr = analyzer.transform_expr(raw, kind)?;
    if let (Some(_), Some(relation)) = (generated, relation) {
        analyzer.check_generated(&expr, relation)?;
    }
    if !typ.is_valid() {
        let mut expr = expr;
        analyzer.assign_expr_collations(&mut expr)?;
        return Ok(expr);
    }
    let source = expr.typ();
    let coerced = analyzer.coerce_to_target_type(
        expr,
        source,
        typ,
        typmod,
        CoercionContext::Assignment,
        CoercionForm::ImplicitCast,
        -1,
    )?;
    let Some(mut expr) = coerced else {
        return Err(err!(
            DATATYPE_MISMATCH,
            "column \"{name}\" is of type {} but default expression is of type {}",
            analyzer.format_type(typ)?,
            analyzer.format_type(source)?
        )
        .hint("You will need to rewrite or cast the expression."));
    };
    analyzer.assign_expr_collations(&mut expr)?;
    Ok(expr)
}

/// A function parameter's DEFAULT, converted to its type.
pub fn transform_parameter_default(
    cx: &mut AnalyzeContext<'_>,
    raw: &ast::Expr,
    typ: Oid,
) -> PgResult<Expr> {
    let mut analyzer = Analyzer::new(cx);
    let expr = analyzer.transform_expr(raw, ExprKind::FunctionDefault)?;
    let mut expr = analyzer.coerce_to_specific_type(expr, typ, "DEFAULT")?;
    if crate::parse_agg::locate_var_of_level(&expr, 0).is_some() {
        bail!(INVALID_COLUMN_REFERENCE, "cannot use table references in parameter default value");
    }
    analyzer.assign_expr_collations(&mut expr)?;
    Ok(expr)
}

/// A domain's CHECK over VALUE of the base type.
pub fn transform_domain_check(
    cx: &mut AnalyzeContext<'_>,
    raw: &ast::Expr,
    base: Oid,
    typmod: i32,
) -> PgResult<Expr> {
    let mut analyzer = Analyzer::new(cx);
    let collation = analyzer.type_collation(base)?;
    analyzer.ps_mut().domain_value =
        Some(CaseTestExpr { type_id: base, type_mod: typmod, collation, location: -1 });
    let expr = analyzer.transform_expr(raw, ExprKind::DomainCheck)?;
    let mut expr = analyzer.coerce_to_boolean(expr, "CHECK")?;
    if crate::parse_agg::locate_var_of_level(&expr, 0).is_some() {
        bail!(INVALID_COLUMN_REFERENCE, "cannot use table references in domain check constraint");
    }
    analyzer.assign_expr_collations(&mut expr)?;
    Ok(expr)
}

/// [`transform_domain_check`] of SQL text.
pub fn domain_check(cx: &mut AnalyzeContext<'_>, sql: &str, base: Oid) -> PgResult<Expr> {
    let parsed = parser::parse(&format!("SELECT {sql}"), &Default::default())?;
    let raw = parsed.into_iter().next().and_then(|raw| match raw.stmt {
        ast::Stmt::SelectStmt(select) => {
            select.target_list.into_iter().next().and_then(|target| target.val)
        }
        _ => None,
    });
    match raw {
        Some(raw) => transform_domain_check(cx, &raw, base, -1),
        None => Err(PgError::internal("domain check is no expression")),
    }
}

/// USING of ALTER COLUMN TYPE: converted to the column's new type; `None` if there is no such cast.
pub fn transform_column_conversion(
    cx: &mut AnalyzeContext<'_>,
    raw: &ast::Expr,
    relation: &RelationDesc,
    typ: Oid,
    typmod: i32,
) -> PgResult<Option<Expr>> {
    let mut analyzer = Analyzer::new(cx);
    analyzer.add_relation_to_scope(relation)?;
    let expr = analyzer.transform_expr(raw, ExprKind::AlterColTransform)?;
    if expr.contains_set() {
        bail!(DATATYPE_MISMATCH, "transform expression must not return a set");
    }
    let source = expr.typ();
    let coerced = analyzer.coerce_to_target_type(
        expr,
        source,
        typ,
        typmod,
        CoercionContext::Assignment,
        CoercionForm::ImplicitCast,
        -1,
    )?;
    let Some(mut expr) = coerced else { return Ok(None) };
    analyzer.assign_expr_collations(&mut expr)?;
    Ok(Some(expr))
}

/// Converts an analysed expression by assignment; `None` if there is no such cast.
pub fn coerce_expr_for_assignment(
    cx: &mut AnalyzeContext<'_>,
    expr: Expr,
    typ: Oid,
    typmod: i32,
) -> PgResult<Option<Expr>> {
    let mut analyzer = Analyzer::new(cx);
    let source = expr.typ();
    let coerced = analyzer.coerce_to_target_type(
        expr,
        source,
        typ,
        typmod,
        CoercionContext::Assignment,
        CoercionForm::ImplicitCast,
        -1,
    )?;
    match coerced {
        Some(mut expr) => {
            analyzer.assign_expr_collations(&mut expr)?;
            Ok(Some(expr))
        }
        None => Ok(None),
    }
}

/// A rule's condition and actions, with OLD and NEW as range table entries 1 and 2.
pub fn transform_rule(
    cx: &mut AnalyzeContext<'_>,
    stmt: &ast::RuleStmt,
    relation: &RelationDesc,
) -> PgResult<(Option<Expr>, Vec<Query>)> {
    let (old, new) = match stmt.event {
        ast::RuleEvent::Select => (true, false),
        ast::RuleEvent::Update => (true, true),
        ast::RuleEvent::Insert => (false, true),
        ast::RuleEvent::Delete => (true, false),
    };
    let qual = match &stmt.where_clause {
        None => None,
        Some(raw) => Some(transform_when_for_relation(
            cx,
            raw,
            relation,
            ExprKind::Where,
            "WHERE",
            old,
            new,
        )?),
    };
    if stmt.actions.is_empty() {
        // NOTHING is kept as a query of its own so that OLD and NEW exist.
        let nothing = Query { command_type: CmdType::Nothing, ..Query::default() };
        return Ok((qual, vec![nothing]));
    }
    let mut actions = Vec::with_capacity(stmt.actions.len());
    for raw in &stmt.actions {
        let mut analyzer = Analyzer::new(cx);
        let action = analyzer.transform_rule_action(raw, relation, stmt, old, new)?;
        actions.push(action);
    }
    Ok((qual, actions))
}

impl Analyzer<'_> {
    /// Makes a relation the only thing in scope, as range table entry 1.
    pub(crate) fn add_relation_to_scope(&mut self, relation: &RelationDesc) -> PgResult<()> {
        let item = self.add_rte_for_relation(relation, 1, None, false, true)?;
        self.add_nsitem_to_query(&item, true, true, true)
    }

    fn add_old_new_to_scope(
        &mut self,
        relation: &RelationDesc,
        old_visible: bool,
        new_visible: bool,
    ) -> PgResult<()> {
        for (name, visible) in [("old", old_visible), ("new", new_visible)] {
            let alias = Alias { aliasname: name.to_owned(), colnames: Vec::new() };
            let mut item = self.add_rte_for_relation(relation, 1, Some(alias), false, false)?;
            item.perminfo = 0;
            // They stand for rows at hand: nothing to check.
            let ps = self.ps_mut();
            if let Some(info) = ps.rteperminfos.last_mut() {
                info.required_perms = 0;
            }
            if visible {
                self.add_nsitem_to_query(&item, false, true, false)?;
            }
        }
        Ok(())
    }

    fn check_generated(&self, expr: &Expr, relation: &RelationDesc) -> PgResult<()> {
        let mut failure = None;
        nodes::walk::visit_expr_deep(expr, 0, &mut |e, level| {
            let Expr::Var(v) = e else { return };
            if v.varlevelsup != level || v.varno != 1 || failure.is_some() {
                return;
            }
            if v.varattno == 0 {
                failure = Some(
                    err!(
                        INVALID_OBJECT_DEFINITION,
                        "cannot use whole-row variable in column generation expression"
                    )
                    .detail("This would cause the generated column to depend on its own value.")
                    .at(v.location),
                );
                return;
            }
            let other = relation.attr(v.varattno);
            if let Some(attr) = other.filter(|a| a.generated != '\0' && a.generated != ' ') {
                failure = Some(
                    err!(
                        INVALID_OBJECT_DEFINITION,
                        "cannot use generated column \"{}\" in column generation expression",
                        attr.name
                    )
                    .detail("A generated column cannot reference another generated column.")
                    .at(v.location),
                );
            }
        });
        failure.map_or(Ok(()), Err)
    }

    fn transform_rule_action(
        &mut self,
        raw: &ast::RawStmt,
        relation: &RelationDesc,
        stmt: &ast::RuleStmt,
        old: bool,
        new: bool,
    ) -> PgResult<Query> {
        self.add_old_new_to_scope(relation, old, new)?;
        self.ps_mut().is_rule = true;
        let mut query = self.transform_stmt(&raw.stmt)?;
        if query.command_type != CmdType::Utility
            && stmt.where_clause.is_some()
            && query.command_type == CmdType::Select
        {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "rules with WHERE conditions can only have SELECT, INSERT, UPDATE, or DELETE actions"
            );
        }
        let uses = |query: &Query, rti: i32| crate::rewrite::query_uses(query, rti);
        let (has_old, has_new) = (uses(&query, 1), uses(&query, 2));
        match stmt.event {
            ast::RuleEvent::Select => {
                if has_old {
                    bail!(INVALID_OBJECT_DEFINITION, "ON SELECT rule cannot use OLD");
                }
                if has_new {
                    bail!(INVALID_OBJECT_DEFINITION, "ON SELECT rule cannot use NEW");
                }
            }
            ast::RuleEvent::Insert if has_old => {
                bail!(INVALID_OBJECT_DEFINITION, "ON INSERT rule cannot use OLD");
            }
            ast::RuleEvent::Delete if has_new => {
                bail!(INVALID_OBJECT_DEFINITION, "ON DELETE rule cannot use NEW");
            }
            _ => {}
        }
        query.can_set_tag = true;
        Ok(query)
    }
}

/// Whether a type can be a column's.
pub fn is_pseudo_type(cx: &AnalyzeContext<'_>, typ: Oid) -> PgResult<bool> {
    Ok(typ != t::UNKNOWN && cx.catalog.get_type(typ)?.typtype == 'p')
}

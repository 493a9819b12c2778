//! Expressions inside definitions: defaults, checks, index expressions, generated columns.
use crate::UtilityContext;
use analyzer::{AnalyzeContext, Analyzer, ColumnRefHooks, ExprKind};
use catalog::{CatalogRead, RelationDesc};
use error::{PgResult, bail, err};
use nodes::{CoercionContext, CoercionForm, Expr, Var, VarReturningType};
use parser::ast;
use types::{Oid, type_oid as t};

/// System columns: name, number, type.
const SYSTEM_COLUMNS: [(&str, i16, Oid); 6] = [
    ("ctid", -1, t::TID),
    ("xmin", -2, t::XID),
    ("cmin", -3, t::CID),
    ("xmax", -4, t::XID),
    ("cmax", -5, t::CID),
    ("tableoid", -6, t::OID),
];

/// Lets an expression name the columns of one relation, as range table entry 1.
struct Columns<'a> {
    relation: &'a RelationDesc,
    kind: ExprKind,
}

impl Columns<'_> {
    fn var(&self, attnum: i16, typ: Oid, typmod: i32, collation: Oid, location: i32) -> Expr {
        Expr::Var(Var {
            varno: 1,
            varattno: attnum,
            vartype: typ,
            vartypmod: typmod,
            varcollid: collation,
            varnullingrels: Vec::new(),
            varlevelsup: 0,
            varreturningtype: VarReturningType::default(),
            varnosyn: 1,
            varattnosyn: attnum,
            location,
        })
    }

    fn system_column(&self, name: &str, location: i32) -> PgResult<Option<Expr>> {
        let Some((_, num, typ)) = SYSTEM_COLUMNS.iter().find(|c| c.0 == name) else {
            return Ok(None);
        };
        let fault = match self.kind {
            ExprKind::CheckConstraint if *num != -6 => err!(
                INVALID_COLUMN_REFERENCE,
                "system column \"{name}\" reference in check constraint is invalid"
            ),
            ExprKind::GeneratedColumn if *num != -6 => err!(
                INVALID_COLUMN_REFERENCE,
                "cannot use system column \"{name}\" in column generation expression"
            ),
            _ => return Ok(Some(self.var(*num, *typ, -1, Oid::INVALID, location))),
        };
        Err(fault.at(location))
    }
}

impl ColumnRefHooks for Columns<'_> {
    fn pre_column_ref(&self, name: &ast::ColumnRef) -> PgResult<Option<Expr>> {
        if name.star {
            return Ok(None);
        }
        let column = match name.fields.as_slice() {
            [column] => column,
            [relation, column] if *relation == self.relation.name => column,
            [_, relation, column] if *relation == self.relation.name => column,
            _ => return Ok(None),
        };
        if let Some(a) = self.relation.attr_by_name(column) {
            if a.generated != '\0' && self.kind == ExprKind::GeneratedColumn {
                return Err(err!(
                    INVALID_OBJECT_DEFINITION,
                    "cannot use generated column \"{column}\" in column generation expression"
                )
                .detail("A generated column cannot reference another generated column.")
                .at(name.location));
            }
            return Ok(Some(self.var(a.num, a.typ, a.typmod, a.collation, name.location)));
        }
        if let Some(var) = self.system_column(column, name.location)? {
            return Ok(Some(var));
        }
        if name.fields.len() == 1 && *column == self.relation.name {
            if self.kind == ExprKind::GeneratedColumn {
                return Err(err!(
                    INVALID_OBJECT_DEFINITION,
                    "cannot use whole-row variable in column generation expression"
                )
                .detail("This would cause the generated column to depend on its own value.")
                .at(name.location));
            }
            return Ok(Some(self.var(0, self.relation.reltype, -1, Oid::INVALID, name.location)));
        }
        Ok(None)
    }
}

fn with_analyzer<T>(
    cx: &UtilityContext<'_>,
    columns: Option<&Columns<'_>>,
    work: impl FnOnce(&mut Analyzer<'_>) -> PgResult<T>,
) -> PgResult<T> {
    let mut acx =
        AnalyzeContext { hooks: columns.map(|c| c as &dyn ColumnRefHooks), ..cx.analyze_context() };
    work(&mut Analyzer::new(&mut acx))
}

/// An expression over a relation's columns.
pub(crate) fn relation_expr(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    raw: &ast::Expr,
    kind: ExprKind,
) -> PgResult<Expr> {
    with_analyzer(cx, Some(&Columns { relation, kind }), |a| {
        let mut expr = a.transform_expr(raw, kind)?;
        a.assign_expr_collations(&mut expr)?;
        Ok(expr)
    })
}

/// A condition over a relation's columns; `construct` names it in the error of a wrong type.
pub(crate) fn relation_condition(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    raw: &ast::Expr,
    kind: ExprKind,
    construct: &str,
) -> PgResult<Expr> {
    with_analyzer(cx, Some(&Columns { relation, kind }), |a| {
        let expr = a.transform_expr(raw, kind)?;
        let mut expr = a.coerce_to_boolean(expr, construct)?;
        a.assign_expr_collations(&mut expr)?;
        Ok(expr)
    })
}

/// Lets a domain's CHECK name its VALUE.
struct DomainValue<'a>(&'a catalog::PgType);

impl ColumnRefHooks for DomainValue<'_> {
    fn pre_column_ref(&self, name: &ast::ColumnRef) -> PgResult<Option<Expr>> {
        if name.star || name.fields.len() != 1 || name.fields[0] != "value" {
            return Ok(None);
        }
        Ok(Some(Expr::CoerceToDomainValue(nodes::CaseTestExpr {
            type_id: self.0.basetype,
            type_mod: self.0.typmod,
            collation: self.0.collation,
            location: name.location,
        })))
    }
}

/// A domain's CHECK condition, over VALUE.
pub(crate) fn domain_condition(
    cx: &UtilityContext<'_>,
    domain: &catalog::PgType,
    raw: &ast::Expr,
) -> PgResult<Expr> {
    let hooks = DomainValue(domain);
    let mut acx = AnalyzeContext { hooks: Some(&hooks), ..cx.analyze_context() };
    let mut a = Analyzer::new(&mut acx);
    let expr = a.transform_expr(raw, ExprKind::DomainCheck)?;
    let mut expr = a.coerce_to_boolean(expr, "CHECK")?;
    a.assign_expr_collations(&mut expr)?;
    Ok(expr)
}

/// A parameter's default, converted to its type.
pub(crate) fn parameter_default(
    cx: &UtilityContext<'_>,
    raw: &ast::Expr,
    typ: Oid,
) -> PgResult<Expr> {
    with_analyzer(cx, None, |a| {
        let expr = a.transform_expr(raw, ExprKind::FunctionDefault)?;
        let mut expr = a.coerce_to_specific_type(expr, typ, "DEFAULT")?;
        a.assign_expr_collations(&mut expr)?;
        Ok(expr)
    })
}

/// A default (or, with a relation, a generation expression) converted to its column's type.
pub(crate) fn column_default(
    cx: &UtilityContext<'_>,
    generated_of: Option<&RelationDesc>,
    raw: &ast::Expr,
    (name, typ, typmod): (&str, Oid, i32),
) -> PgResult<Expr> {
    let kind = match generated_of {
        Some(_) => ExprKind::GeneratedColumn,
        None => ExprKind::ColumnDefault,
    };
    let columns = generated_of.map(|relation| Columns { relation, kind });
    with_analyzer(cx, columns.as_ref(), |a| {
        let expr = a.transform_expr(raw, kind)?;
        if generated_of.is_some() && contains_mutable(cx, &expr)? {
            bail!(INVALID_OBJECT_DEFINITION, "generation expression is not immutable");
        }
        let given = expr.typ();
        let coerced = a.coerce_to_target_type(
            expr,
            given,
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
                cx.catalog.format_type(typ, None)?,
                cx.catalog.format_type(given, None)?
            )
            .hint("You will need to rewrite or cast the expression."));
        };
        a.assign_expr_collations(&mut expr)?;
        Ok(expr)
    })
}

/// USING of ALTER COLUMN TYPE (or the column itself) converted to the new type.
pub(crate) fn alter_type_transform(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    column: &str,
    using: Option<&ast::Expr>,
    (typ, typmod): (Oid, i32),
) -> PgResult<Expr> {
    let bare = ast::Expr::ColumnRef(ast::ColumnRef {
        fields: vec![column.to_owned()],
        star: false,
        location: -1,
    });
    let kind = ExprKind::AlterColTransform;
    with_analyzer(cx, Some(&Columns { relation, kind }), |a| {
        let expr = a.transform_expr(using.unwrap_or(&bare), kind)?;
        let given = expr.typ();
        let coerced = a.coerce_to_target_type(
            expr,
            given,
            typ,
            typmod,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        let Some(mut expr) = coerced else {
            let target = cx.catalog.format_type(typ, None)?;
            if using.is_some() {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "result of USING clause for column \"{column}\" cannot be cast automatically \
                     to type {target}"
                )
                .hint("You might need to add an explicit cast."));
            }
            let quoted = catalog::quote_identifier(column);
            return Err(err!(
                DATATYPE_MISMATCH,
                "column \"{column}\" cannot be cast automatically to type {target}"
            )
            .hint(format!(
                "You might need to specify \"USING {quoted}::{}\".",
                cx.catalog.format_type(typ, Some(typmod))?
            )));
        };
        a.assign_expr_collations(&mut expr)?;
        Ok(expr)
    })
}

/// Least stable volatility ('i', 's', 'v') of the functions in an expression.
pub(crate) fn volatility(cx: &UtilityContext<'_>, expr: &Expr) -> PgResult<char> {
    let mut worst = 'i';
    let mut failed = None;
    let rank = |v: char| match v {
        'i' => 0,
        's' => 1,
        _ => 2,
    };
    nodes::walk::visit_expr_deep(expr, 0, &mut |e, _| {
        let found = function_of(cx, e).and_then(|f| match f {
            Some(oid) => Ok(Some(cx.catalog.get_proc(oid)?.volatile)),
            None => Ok(match e {
                Expr::SQLValueFunction(_) => Some('s'),
                Expr::JsonExpr(x) => json_path_is_mutable(x).then_some('s'),
                _ => None,
            }),
        });
        match found {
            Ok(Some(v)) if rank(v) > rank(worst) => worst = v,
            Ok(_) => {}
            Err(e) => failed = Some(e),
        }
    });
    match failed {
        Some(e) => Err(e),
        None => Ok(worst),
    }
}

/// Whether a SQL/JSON query function's path depends on the time zone.
fn json_path_is_mutable(x: &nodes::JsonExpr) -> bool {
    let Expr::Const(path) = &x.path_spec else { return true };
    if path.value.is_null() {
        return false;
    }
    let names = x.passing_names.iter().map(String::as_str);
    let variables: Vec<(&str, Oid)> = names.zip(x.passing_values.iter().map(Expr::typ)).collect();
    types::jsonpath::is_mutable(path.value.as_str(), &variables)
}

fn function_of(cx: &UtilityContext<'_>, e: &Expr) -> PgResult<Option<Oid>> {
    Ok(match e {
        Expr::FuncExpr(f) => Some(f.funcid),
        Expr::OpExpr(o) | Expr::DistinctExpr(o) | Expr::NullIfExpr(o) => {
            Some(cx.catalog.get_operator(o.opno)?.code)
        }
        Expr::ScalarArrayOpExpr(o) => Some(cx.catalog.get_operator(o.opno)?.code),
        _ => None,
    })
}

/// Whether an expression may not stand in an index or generated column.
pub(crate) fn contains_mutable(cx: &UtilityContext<'_>, expr: &Expr) -> PgResult<bool> {
    Ok(volatility(cx, expr)? != 'i')
}

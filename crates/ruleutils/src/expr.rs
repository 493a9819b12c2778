//! Printing of expressions.
use crate::{VarNames, constant, function_call, query, sql_value};
use catalog::{CatalogRead, quote_identifier};
use error::{PgError, PgResult, not_supported};
use fmgr::FnContext;
use nodes::{
    ArrayExpr, BoolExpr, BoolExprType, BoolTestType, CaseExpr, CoercionForm, CompareType, Expr,
    OpExpr, RowCompareExpr, RowExpr, ScalarArrayOpExpr, SubLink, SubLinkType, SubscriptingRef,
};
use types::{Oid, type_oid};

/// How to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct PrintOptions {
    /// Leave out parentheses that precedence makes needless.
    pub pretty_paren: bool,
    /// Break lines and indent.
    pub pretty_indent: bool,
    /// Show implicit casts (EXPLAIN VERBOSE does not; index keys do).
    pub show_implicit: bool,
    /// Qualify columns with their relation even if there is only one.
    pub force_prefix: bool,
    /// Width after which a target list breaks; below 0 never.
    pub wrap_column: i32,
}

/// Prints expressions.
pub struct ExprPrinter<'a> {
    /// Names of types, functions and operators.
    pub catalog: &'a dyn CatalogRead,
    /// Text form of constants.
    pub session: &'a dyn FnContext,
    /// Names of Vars.
    pub names: &'a dyn VarNames,
    /// How to print.
    pub options: PrintOptions,
}

impl<'a> ExprPrinter<'a> {
    /// A printer without pretty options.
    pub fn new(
        catalog: &'a dyn CatalogRead,
        session: &'a dyn FnContext,
        names: &'a dyn VarNames,
    ) -> Self {
        ExprPrinter { catalog, session, names, options: PrintOptions::default() }
    }

    /// The text of an expression.
    pub fn print(&self, expr: &Expr) -> PgResult<String> {
        self.rule_expr(expr, self.options.show_implicit)
    }

    /// The text of an expression whose own name space is `names`.
    pub fn print_within(&self, names: &dyn VarNames, expr: &Expr) -> PgResult<String> {
        ExprPrinter { names, ..*self }.print(expr)
    }

    /// The text with parentheses around it unless it is atomic.
    pub(crate) fn parenthesised(&self, expr: &Expr, parent: Option<&Expr>) -> PgResult<String> {
        let text = self.rule_expr(expr, false)?;
        let needs = self.options.pretty_paren && !is_simple_node(expr, parent);
        Ok(if needs { format!("({text})") } else { text })
    }

    /// As PostgreSQL's get_rule_expr.
    pub(crate) fn rule_expr(&self, expr: &Expr, show_implicit: bool) -> PgResult<String> {
        match expr {
            Expr::Var(v) => self.names.var(self, v),
            Expr::Const(c) => constant::print(self, c, constant::ShowType::AsNeeded),
            Expr::Param(p) => self.names.param(self, p),
            Expr::Aggref(a) => function_call::aggregate(self, a, expr),
            Expr::GroupingFunc(g) => {
                Ok(format!("GROUPING({})", self.list(&g.args, show_implicit)?))
            }
            Expr::WindowFunc(w) => function_call::window(self, w),
            Expr::SubscriptingRef(s) => self.subscripting(s),
            Expr::FuncExpr(f) => function_call::function(self, f, expr, show_implicit),
            Expr::NamedArgExpr(n) => {
                Ok(format!("{} => {}", quote_identifier(&n.name), self.rule_expr(&n.arg, show_implicit)?))
            }
            Expr::OpExpr(o) => self.operator(o, expr),
            Expr::DistinctExpr(o) => {
                let left = self.parenthesised(&o.args[0], Some(expr))?;
                let right = self.parenthesised(&o.args[1], Some(expr))?;
                Ok(self.outer(format!("{left} IS DISTINCT FROM {right}")))
            }
            Expr::NullIfExpr(o) => Ok(format!("NULLIF({})", self.list(&o.args, true)?)),
            Expr::ScalarArrayOpExpr(s) => self.scalar_array_op(s, expr),
            Expr::BoolExpr(b) => self.boolean(b, expr),
            Expr::SubLink(s) => self.sub_link(s),
            Expr::SubPlan(p) => self.names.sub_plan(self, p),
            Expr::AlternativeSubPlan(plans) => {
                let texts: Vec<String> =
                    plans.iter().map(|p| self.names.sub_plan(self, p)).collect::<PgResult<_>>()?;
                Ok(format!("(alternatives: {})", texts.join(" or ")))
            }
            Expr::FieldSelect(f) => self.field_select(f),
            Expr::FieldStore(f) => self.rule_expr(
                f.newvals.first().ok_or_else(|| PgError::internal("empty FieldStore"))?,
                show_implicit,
            ),
            Expr::RelabelType(r) => self.coercion(
                &r.arg,
                r.resulttype,
                r.resulttypmod,
                r.relabelformat,
                expr,
                show_implicit,
            ),
            Expr::CoerceViaIO(c) => {
                self.coercion(&c.arg, c.resulttype, -1, c.coerceformat, expr, show_implicit)
            }
            Expr::ArrayCoerceExpr(c) => self.coercion(
                &c.arg,
                c.resulttype,
                c.resulttypmod,
                c.coerceformat,
                expr,
                show_implicit,
            ),
            Expr::ConvertRowtypeExpr(c) => {
                self.coercion(&c.arg, c.resulttype, -1, c.convertformat, expr, show_implicit)
            }
            Expr::CoerceToDomain(c) => self.coercion(
                &c.arg,
                c.resulttype,
                c.resulttypmod,
                c.coercionformat,
                expr,
                show_implicit,
            ),
            Expr::CollateExpr(c) => {
                let arg = self.parenthesised(&c.arg, Some(expr))?;
                let name = self.collation_name(c.coll_oid)?;
                Ok(self.outer(format!("{arg} COLLATE {name}")))
            }
            Expr::CaseExpr(c) => self.case(c),
            Expr::CaseTestExpr(_) => Ok("CASE_TEST_EXPR".to_string()),
            Expr::ArrayExpr(a) => self.array(a),
            Expr::RowExpr(r) => self.row(r, show_implicit),
            Expr::RowCompareExpr(r) => self.row_compare(r),
            Expr::CoalesceExpr(c) => Ok(format!("COALESCE({})", self.list(&c.args, true)?)),
            Expr::MinMaxExpr(m) => {
                let name = if m.greatest { "GREATEST" } else { "LEAST" };
                Ok(format!("{name}({})", self.list(&m.args, true)?))
            }
            Expr::SQLValueFunction(f) => Ok(sql_value::print(f)),
            Expr::NullTest(n) => {
                let arg = self.parenthesised(&n.arg, Some(expr))?;
                let not = if n.is_null { "" } else { "NOT " };
                // A row constructor's test is spelled so that it does not become a row-wise test.
                let scalar_row = !n.argisrow && self.is_composite(n.arg.typ())?;
                Ok(self.outer(match (scalar_row, n.is_null) {
                    (true, true) => format!("{arg} IS NOT DISTINCT FROM NULL"),
                    (true, false) => format!("{arg} IS DISTINCT FROM NULL"),
                    _ => format!("{arg} IS {not}NULL"),
                }))
            }
            Expr::BooleanTest(b) => {
                let arg = self.parenthesised(&b.arg, Some(expr))?;
                let test = match b.booltesttype {
                    BoolTestType::IsTrue => "IS TRUE",
                    BoolTestType::IsNotTrue => "IS NOT TRUE",
                    BoolTestType::IsFalse => "IS FALSE",
                    BoolTestType::IsNotFalse => "IS NOT FALSE",
                    BoolTestType::IsUnknown => "IS UNKNOWN",
                    BoolTestType::IsNotUnknown => "IS NOT UNKNOWN",
                };
                Ok(self.outer(format!("{arg} {test}")))
            }
            Expr::CoerceToDomainValue(_) => Ok("VALUE".to_string()),
            Expr::SetToDefault(_) => Ok("DEFAULT".to_string()),
            Expr::CurrentOfExpr(c) => Ok(match &c.cursor_name {
                Some(name) => format!("CURRENT OF {}", quote_identifier(name)),
                None => format!("CURRENT OF ${}", c.cursor_param),
            }),
            Expr::NextValueExpr(n) => {
                let relation = self.catalog.get_relation(n.seqid)?;
                let name = self.relation_name(relation.namespace, &relation.name, n.seqid)?;
                Ok(format!("nextval('{}'::regclass)", name.replace('\'', "''")))
            }
            Expr::ReturningExpr(r) => self.rule_expr(&r.retexpr, show_implicit),
            Expr::PlaceHolderVar(p) => self.rule_expr(&p.phexpr, show_implicit),
            Expr::JsonIsPredicate(_)
            | Expr::JsonExpr(_)
            | Expr::JsonConstructorExpr(_)
            | Expr::XmlExpr(_) => Err(not_supported!("printing an SQL/JSON or XML expression")),
        }
    }

    /// Parentheses that only the non-pretty form has.
    pub(crate) fn outer(&self, text: String) -> String {
        if self.options.pretty_paren { text } else { format!("({text})") }
    }

    /// Expressions separated by commas.
    pub(crate) fn list(&self, exprs: &[Expr], show_implicit: bool) -> PgResult<String> {
        let texts: Vec<String> =
            exprs.iter().map(|e| self.rule_expr(e, show_implicit)).collect::<PgResult<_>>()?;
        Ok(texts.join(", "))
    }

    /// Whether values of the type are rows.
    pub(crate) fn is_composite(&self, typ: Oid) -> PgResult<bool> {
        if typ == type_oid::RECORD {
            return Ok(true);
        }
        Ok(self.catalog.lookup_type(typ)?.is_some_and(|t| t.typtype == 'c'))
    }

    /// A relation's name, qualified if the bare name would mean something else.
    pub(crate) fn relation_name(&self, namespace: Oid, name: &str, oid: Oid) -> PgResult<String> {
        if self.catalog.relation_in_path(name)? == Some(oid) {
            return Ok(quote_identifier(name));
        }
        self.qualified(namespace, name)
    }

    pub(crate) fn qualified(&self, namespace: Oid, name: &str) -> PgResult<String> {
        let schema = self.catalog.namespace_name(namespace)?.unwrap_or_default();
        Ok(format!("{}.{}", quote_identifier(&schema), quote_identifier(name)))
    }

    /// A collation's name, qualified if need be.
    pub(crate) fn collation_name(&self, oid: Oid) -> PgResult<String> {
        let Some(collation) = self.catalog.lookup_collation(oid)? else {
            return Err(PgError::internal(format!("cache lookup failed for collation {oid}")));
        };
        for namespace in self.catalog.search_path().iter() {
            match self.catalog.lookup_collation_by_name(*namespace, &collation.name)? {
                Some(found) if found.oid == oid => return Ok(quote_identifier(&collation.name)),
                Some(_) => break,
                None => {}
            }
        }
        self.qualified(collation.namespace, &collation.name)
    }

    /// An operator's name, as `OPERATOR(schema.op)` if the bare one would not find it.
    pub(crate) fn operator_name(&self, oid: Oid, left: Oid, right: Oid) -> PgResult<String> {
        let operator = self.catalog.get_operator(oid)?;
        let same_name = self.catalog.operators_by_name(&operator.name)?;
        for namespace in self.catalog.search_path().iter() {
            let here = same_name.iter().filter(|o| o.namespace == *namespace);
            let mut exact = here.filter(|o| {
                o.oid == oid || (o.left == left && o.right == right) && o.kind == operator.kind
            });
            if let Some(found) = exact.next() {
                if found.oid == oid {
                    return Ok(operator.name.clone());
                }
                break;
            }
        }
        let schema = self.catalog.namespace_name(operator.namespace)?.unwrap_or_default();
        Ok(format!("OPERATOR({}.{})", quote_identifier(&schema), operator.name))
    }

    fn operator(&self, o: &OpExpr, expr: &Expr) -> PgResult<String> {
        let text = match o.args.as_slice() {
            [left, right] => {
                let name = self.operator_name(o.opno, left.typ(), right.typ())?;
                let left = self.parenthesised(left, Some(expr))?;
                let right = self.parenthesised(right, Some(expr))?;
                format!("{left} {name} {right}")
            }
            [operand] => {
                let name = self.operator_name(o.opno, Oid::INVALID, operand.typ())?;
                format!("{name} {}", self.parenthesised(operand, Some(expr))?)
            }
            _ => return Err(PgError::internal("operator with neither one nor two operands")),
        };
        Ok(self.outer(text))
    }

    fn scalar_array_op(&self, s: &ScalarArrayOpExpr, expr: &Expr) -> PgResult<String> {
        let [left, right] = &s.args;
        let element = self.element_type(right.typ())?;
        let name = self.operator_name(s.opno, left.typ(), element)?;
        let word = if s.use_or { "ANY" } else { "ALL" };
        let left = self.parenthesised(left, Some(expr))?;
        let mut array = self.parenthesised(right, Some(expr))?;
        // A bare subquery would be taken for a sublink.
        if let Expr::SubLink(link) = right
            && link.sub_link_type == SubLinkType::Expr
        {
            array = format!("{array}::{}", self.catalog.format_type(right.typ(), Some(right.typmod()))?);
        }
        Ok(self.outer(format!("{left} {name} {word} ({array})")))
    }

    fn element_type(&self, array: Oid) -> PgResult<Oid> {
        let mut typ = self.catalog.get_type(array)?;
        while typ.typtype == 'd' {
            typ = self.catalog.get_type(typ.basetype)?;
        }
        Ok(typ.elem)
    }

    fn boolean(&self, b: &BoolExpr, expr: &Expr) -> PgResult<String> {
        let word = match b.boolop {
            BoolExprType::Not => {
                let arg = self.parenthesised(&b.args[0], Some(expr))?;
                return Ok(self.outer(format!("NOT {arg}")));
            }
            BoolExprType::And => " AND ",
            BoolExprType::Or => " OR ",
        };
        let texts: Vec<String> = b
            .args
            .iter()
            .map(|arg| self.parenthesised(arg, Some(expr)))
            .collect::<PgResult<_>>()?;
        Ok(self.outer(texts.join(word)))
    }

    fn sub_link(&self, s: &SubLink) -> PgResult<String> {
        let parent = self.names.query_names();
        let subquery = query::subquery_text(self, &s.subselect, parent)?;
        Ok(match s.sub_link_type {
            SubLinkType::Exists => format!("(EXISTS ({subquery}))"),
            SubLinkType::Array => format!("ARRAY({subquery})"),
            SubLinkType::Expr | SubLinkType::MultiExpr | SubLinkType::Cte => format!("({subquery})"),
            SubLinkType::Any | SubLinkType::All | SubLinkType::RowCompare => {
                let (left, operator) = self.test_expr(s)?;
                let word = match s.sub_link_type {
                    SubLinkType::Any if operator == "=" => "IN".to_string(),
                    SubLinkType::Any => format!("{operator} ANY"),
                    SubLinkType::All => format!("{operator} ALL"),
                    _ => operator,
                };
                format!("({left} {word} ({subquery}))")
            }
        })
    }

    /// The left side and the operator of a comparison with a subquery.
    fn test_expr(&self, s: &SubLink) -> PgResult<(String, String)> {
        let bogus = || PgError::internal("unrecognized testexpr of a sublink");
        match s.testexpr.as_ref().ok_or_else(bogus)? {
            Expr::OpExpr(o) => {
                let name = self.operator_name(o.opno, o.args[0].typ(), o.args[1].typ())?;
                Ok((self.rule_expr(&o.args[0], true)?, name))
            }
            Expr::BoolExpr(b) => {
                let mut lefts = Vec::new();
                let mut name = String::new();
                for arg in &b.args {
                    let Expr::OpExpr(o) = arg else { return Err(bogus()) };
                    name = self.operator_name(o.opno, o.args[0].typ(), o.args[1].typ())?;
                    lefts.push(self.rule_expr(&o.args[0], true)?);
                }
                Ok((format!("({})", lefts.join(", ")), name))
            }
            Expr::RowCompareExpr(r) => {
                let name = self.operator_name(r.opnos[0], r.largs[0].typ(), r.rargs[0].typ())?;
                Ok((format!("({})", self.list(&r.largs, true)?), name))
            }
            _ => Err(bogus()),
        }
    }

    fn subscripting(&self, s: &SubscriptingRef) -> PgResult<String> {
        let base = self.rule_expr(&s.refexpr, true)?;
        let bare = matches!(s.refexpr, Expr::Var(_) | Expr::SubscriptingRef(_) | Expr::CaseTestExpr(_));
        let mut text = match bare {
            true => base,
            false => format!("({})", strip_outer_parens(&base)),
        };
        text.push_str(&self.subscripts(s)?);
        match &s.refassgnexpr {
            Some(new) => Ok(format!("{text} := {}", self.rule_expr(new, false)?)),
            None => Ok(text),
        }
    }

    pub(crate) fn subscripts(&self, s: &SubscriptingRef) -> PgResult<String> {
        let mut text = String::new();
        for (i, upper) in s.refupperindexpr.iter().enumerate() {
            text.push('[');
            if let Some(lower) = s.reflowerindexpr.get(i) {
                if let Some(lower) = lower {
                    text.push_str(&self.rule_expr(lower, false)?);
                }
                text.push(':');
            }
            if let Some(upper) = upper {
                text.push_str(&self.rule_expr(upper, false)?);
            }
            text.push(']');
        }
        Ok(text)
    }

    fn field_select(&self, f: &nodes::FieldSelect) -> PgResult<String> {
        let arg = self.rule_expr(&f.arg, true)?;
        let bare = matches!(f.arg, Expr::SubscriptingRef(_) | Expr::FieldSelect(_));
        let name = self.field_name(f)?;
        Ok(match bare {
            true => format!("{arg}.{}", quote_identifier(&name)),
            false => format!("({}).{}", strip_outer_parens(&arg), quote_identifier(&name)),
        })
    }

    fn field_name(&self, f: &nodes::FieldSelect) -> PgResult<String> {
        let typ = f.arg.typ();
        if let Expr::RowExpr(row) = &f.arg
            && let Some(name) = row.colnames.get((f.fieldnum - 1) as usize)
        {
            return Ok(name.clone());
        }
        let mut described = self.catalog.get_type(typ)?;
        while described.typtype == 'd' {
            described = self.catalog.get_type(described.basetype)?;
        }
        let relation = self.catalog.relation(described.relid)?;
        let attribute = relation.as_ref().and_then(|r| r.attr(f.fieldnum));
        Ok(attribute.map_or_else(|| format!("f{}", f.fieldnum), |a| a.name.clone()))
    }

    fn case(&self, c: &CaseExpr) -> PgResult<String> {
        let mut text = "CASE".to_string();
        if let Some(arg) = &c.arg {
            text.push(' ');
            text.push_str(&self.rule_expr(arg, true)?);
        }
        for when in &c.args {
            let mut condition = &when.expr;
            // `CASE x WHEN y` was turned into a comparison with a placeholder.
            if c.arg.is_some() {
                if let Expr::OpExpr(o) = condition
                    && o.args.len() == 2
                    && contains_test_expr(&o.args[0])
                {
                    condition = &o.args[1];
                }
            }
            text.push_str(&format!(
                " WHEN {} THEN {}",
                self.rule_expr(condition, false)?,
                self.rule_expr(&when.result, true)?
            ));
        }
        let default = match &c.defresult {
            Some(default) => self.rule_expr(default, true)?,
            None => "NULL".to_string(),
        };
        text.push_str(&format!(" ELSE {default} END"));
        Ok(self.broken_case(text, c)?)
    }

    /// With indentation, each WHEN stands on a line of its own.
    fn broken_case(&self, text: String, c: &CaseExpr) -> PgResult<String> {
        if !self.options.pretty_indent {
            return Ok(text);
        }
        query::indented_case(self, c)
    }

    fn array(&self, a: &ArrayExpr) -> PgResult<String> {
        let text = format!("ARRAY[{}]", self.list(&a.elements, true)?);
        // The type of an empty array cannot be guessed.
        match a.elements.is_empty() {
            true => Ok(format!("{text}::{}", self.catalog.format_type(a.array_typeid, Some(-1))?)),
            false => Ok(text),
        }
    }

    fn row(&self, r: &RowExpr, _show_implicit: bool) -> PgResult<String> {
        let list = self.list(&r.args, true)?;
        let text = format!("ROW({list})");
        if r.row_format == CoercionForm::ExplicitCast {
            return Ok(format!("{text}::{}", self.catalog.format_type(r.row_typeid, Some(-1))?));
        }
        Ok(text)
    }

    fn row_compare(&self, r: &RowCompareExpr) -> PgResult<String> {
        let name = match (r.opnos.first(), r.largs.first(), r.rargs.first()) {
            (Some(op), Some(left), Some(right)) => {
                self.operator_name(*op, left.typ(), right.typ())?
            }
            _ => compare_name(r.cmptype).to_string(),
        };
        let (left, right) = (self.list(&r.largs, true)?, self.list(&r.rargs, true)?);
        Ok(format!("(ROW({left}) {name} ROW({right}))"))
    }

    /// A cast, or its argument alone if the cast is implicit.
    fn coercion(
        &self,
        arg: &Expr,
        typ: Oid,
        typmod: i32,
        form: CoercionForm,
        expr: &Expr,
        show_implicit: bool,
    ) -> PgResult<String> {
        if form == CoercionForm::ImplicitCast && !show_implicit {
            return match self.options.pretty_paren {
                true => self.parenthesised(arg, Some(expr)),
                false => self.rule_expr(arg, false),
            };
        }
        crate::cast::print(self, arg, typ, typmod, Some(expr))
    }
}

fn compare_name(cmp: CompareType) -> &'static str {
    match cmp {
        CompareType::Lt => "<",
        CompareType::Le => "<=",
        CompareType::Eq => "=",
        CompareType::Ge => ">=",
        CompareType::Gt => ">",
        CompareType::Ne => "<>",
    }
}

fn contains_test_expr(expr: &Expr) -> bool {
    match expr {
        Expr::CaseTestExpr(_) => true,
        Expr::RelabelType(r) => contains_test_expr(&r.arg),
        Expr::FuncExpr(f) if f.funcformat == CoercionForm::ImplicitCast => {
            f.args.first().is_some_and(contains_test_expr)
        }
        Expr::CoerceViaIO(c) => contains_test_expr(&c.arg),
        Expr::CollateExpr(c) => contains_test_expr(&c.arg),
        _ => false,
    }
}

/// Text without one pair of parentheses around all of it.
pub(crate) fn strip_outer_parens(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else {
        return text;
    };
    let mut depth = 0;
    for c in inner.chars() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth < 0 {
                    return text;
                }
            }
            // A quoted parenthesis would need a real scan; then the parentheses stay.
            '\'' | '"' => return text,
            _ => {}
        }
    }
    inner
}

/// Whether an expression needs no parentheses inside `parent` in pretty output.
pub(crate) fn is_simple_node(expr: &Expr, parent: Option<&Expr>) -> bool {
    match expr {
        Expr::OpExpr(o) => match parent {
            Some(Expr::OpExpr(p)) => {
                // Only plain arithmetic is known to nest without parentheses.
                arithmetic_nests(o, p)
            }
            Some(Expr::BoolExpr(_)) | None => true,
            _ => false,
        },
        Expr::BoolExpr(b) => match (b.boolop, parent) {
            (BoolExprType::Not | BoolExprType::And, Some(Expr::BoolExpr(p))) => {
                matches!(p.boolop, BoolExprType::And | BoolExprType::Or)
            }
            (BoolExprType::Or, Some(Expr::BoolExpr(p))) => p.boolop == BoolExprType::Or,
            (_, None) => true,
            _ => false,
        },
        Expr::NullTest(_)
        | Expr::BooleanTest(_)
        | Expr::DistinctExpr(_)
        | Expr::JsonIsPredicate(_)
        | Expr::ScalarArrayOpExpr(_) => matches!(parent, None | Some(Expr::BoolExpr(_))),
        Expr::SubLink(_) => true,
        Expr::RelabelType(r) => match r.relabelformat {
            CoercionForm::ImplicitCast => is_simple_node(&r.arg, parent),
            _ => !matches!(parent, Some(Expr::SubscriptingRef(_) | Expr::FieldSelect(_))),
        },
        Expr::CoerceViaIO(c) if c.coerceformat == CoercionForm::ImplicitCast => {
            is_simple_node(&c.arg, parent)
        }
        Expr::FuncExpr(f) if f.funcformat == CoercionForm::ImplicitCast => {
            f.args.first().is_none_or(|arg| is_simple_node(arg, parent))
        }
        Expr::CollateExpr(_) | Expr::CaseExpr(_) => {
            !matches!(parent, Some(Expr::OpExpr(_))) || matches!(expr, Expr::CaseExpr(_))
        }
        _ => true,
    }
}

/// `a * b + c` and `a - b + c` need no parentheses, `a - (b + c)` does; names tell the operators apart.
fn arithmetic_nests(_inner: &OpExpr, _outer: &OpExpr) -> bool {
    false
}

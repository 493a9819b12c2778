//! JSON_EXISTS, JSON_QUERY, JSON_VALUE and what JSON_TABLE makes of its columns.
use crate::base_types::category;
use crate::parse_agg::locate_var_of_level;
use crate::parse_coerce::ContainsSet;
use crate::parse_json::JsonValueUse;
use crate::parse_state::Analyzer;
use error::{PgError, PgResult, err};
use nodes::{
    CoercionContext, CoercionForm, Const, Expr, JsonBehavior, JsonBehaviorType, JsonEncoding,
    JsonExpr, JsonExprOp, JsonFormat, JsonFormatType, JsonReturning, JsonWrapper,
};
use parser::ast;
use types::{Datum, Oid, PhysType, type_oid as t};

/// A query function before analysis; the document may be analysed already (JSON_TABLE columns).
pub(crate) struct JsonQuery<'a> {
    pub op: JsonExprOp,
    pub column_name: Option<&'a str>,
    pub document: JsonDocument<'a>,
    pub path: &'a ast::Expr,
    pub passing: &'a [ast::JsonArgument],
    pub output: Option<&'a ast::JsonOutput>,
    pub on_empty: Option<&'a ast::JsonBehavior>,
    pub on_error: Option<&'a ast::JsonBehavior>,
    pub wrapper: JsonWrapper,
    pub quotes: ast::JsonQuotes,
    pub location: i32,
}

/// Where a query function's document comes from.
pub(crate) enum JsonDocument<'a> {
    Raw(&'a ast::JsonValueExpr),
    Analysed(Expr),
}

type B = JsonBehaviorType;

/// Behaviors that a function allows, with the list as errors word it.
fn allowed(op: JsonExprOp) -> (&'static [JsonBehaviorType], &'static str, &'static str) {
    match op {
        JsonExprOp::Query => (
            &[B::Error, B::Null, B::Empty, B::EmptyArray, B::EmptyObject, B::Default],
            "ERROR, NULL, EMPTY ARRAY, EMPTY OBJECT, or DEFAULT expression",
            "formatted",
        ),
        JsonExprOp::Exists => {
            (&[B::Error, B::True, B::False, B::Unknown], "ERROR, TRUE, FALSE, or UNKNOWN", "EXISTS")
        }
        _ => (&[B::Error, B::Null, B::Default], "ERROR, NULL, or DEFAULT expression", "scalar"),
    }
}

fn function_name(op: JsonExprOp) -> &'static str {
    match op {
        JsonExprOp::Exists => "JSON_EXISTS",
        JsonExprOp::Query => "JSON_QUERY",
        JsonExprOp::Value => "JSON_VALUE",
        JsonExprOp::Table => "JSON_TABLE",
    }
}

fn check_behavior(q: &JsonQuery<'_>, b: Option<&ast::JsonBehavior>, clause: &str) -> PgResult<()> {
    let Some(b) = b else { return Ok(()) };
    let (behaviors, list, kind) = allowed(q.op);
    if behaviors.contains(&b.btype) {
        return Ok(());
    }
    Err(match q.column_name {
        None => err!(SYNTAX_ERROR, "invalid {clause} behavior")
            .detail(format!("Only {list} is allowed in {clause} for {}().", function_name(q.op))),
        Some(column) => err!(SYNTAX_ERROR, "invalid {clause} behavior for column \"{column}\"")
            .detail(format!("Only {list} is allowed in {clause} for {kind} columns.")),
    }
    .at(b.location))
}

fn check_clauses(q: &JsonQuery<'_>) -> PgResult<()> {
    if let Some(output) = q.output.filter(|_| q.op != JsonExprOp::Query) {
        let format = &output.format;
        if format.format_type != JsonFormatType::Default || format.encoding != JsonEncoding::Default
        {
            return Err(err!(
                SYNTAX_ERROR,
                "cannot specify FORMAT JSON in RETURNING clause of {}()",
                function_name(q.op)
            )
            .at(format.location));
        }
    }
    if q.op == JsonExprOp::Query
        && q.quotes == ast::JsonQuotes::Omit
        && matches!(q.wrapper, JsonWrapper::Conditional | JsonWrapper::Unconditional)
    {
        return Err(err!(
            SYNTAX_ERROR,
            "SQL/JSON QUOTES behavior must not be specified when WITH WRAPPER is used"
        )
        .at(q.location));
    }
    if matches!(q.op, JsonExprOp::Query | JsonExprOp::Value) {
        check_behavior(q, q.on_empty, "ON EMPTY")?;
    }
    if q.op != JsonExprOp::Table {
        check_behavior(q, q.on_error, "ON ERROR")?;
    }
    Ok(())
}

/// Whether an expression may stand after DEFAULT.
fn valid_default(expr: &Expr) -> bool {
    match expr {
        Expr::Const(_) | Expr::FuncExpr(_) | Expr::OpExpr(_) => true,
        Expr::CoerceViaIO(_)
        | Expr::CoerceToDomain(_)
        | Expr::ArrayCoerceExpr(_)
        | Expr::ConvertRowtypeExpr(_)
        | Expr::RelabelType(_)
        | Expr::CollateExpr(_) => {
            let mut valid = false;
            expr.for_each_child(&mut |child| valid = valid || valid_default(child));
            valid
        }
        _ => false,
    }
}

impl Analyzer<'_> {
    pub(crate) fn transform_json_func_expr(&mut self, x: &ast::JsonFuncExpr) -> PgResult<Expr> {
        let expr = self.transform_json_query(JsonQuery {
            op: x.op,
            column_name: x.column_name.as_deref(),
            document: JsonDocument::Raw(&x.context_item),
            path: &x.pathspec,
            passing: &x.passing,
            output: x.output.as_ref(),
            on_empty: x.on_empty.as_ref(),
            on_error: x.on_error.as_ref(),
            wrapper: x.wrapper,
            quotes: x.quotes,
            location: x.location,
        })?;
        Ok(Expr::JsonExpr(Box::new(expr)))
    }

    pub(crate) fn transform_json_query(&mut self, q: JsonQuery<'_>) -> PgResult<JsonExpr> {
        check_clauses(&q)?;
        let construct = function_name(q.op);
        let usage = JsonValueUse {
            construct,
            default_format: match q.op {
                JsonExprOp::Query | JsonExprOp::Table => JsonFormatType::Jsonb,
                _ => JsonFormatType::Default,
            },
            target: t::JSONB,
            is_arg: false,
        };
        let (formatted_expr, format) = match &q.document {
            JsonDocument::Raw(value) => {
                (self.transform_json_value(value, usage)?, value.format.clone())
            }
            JsonDocument::Analysed(expr) => {
                let format = JsonFormat::unspecified();
                (self.format_json_value(expr.clone(), &format, usage)?, format)
            }
        };
        let path_spec = self.json_path_spec(q.path)?;
        let mut passing_names = Vec::with_capacity(q.passing.len());
        let mut passing_values = Vec::with_capacity(q.passing.len());
        for arg in q.passing {
            let usage = JsonValueUse {
                construct,
                default_format: JsonFormatType::Jsonb,
                target: Oid::INVALID,
                is_arg: true,
            };
            passing_values.push(self.transform_json_value(&arg.val, usage)?);
            passing_names.push(arg.name.clone());
        }
        let returning = self.transform_json_output(q.output, false)?;
        let x = JsonExpr {
            op: q.op,
            column_name: q.column_name.map(str::to_owned),
            formatted_expr,
            format,
            path_spec,
            passing_names,
            passing_values,
            returning,
            on_empty: None,
            on_error: None,
            use_json_coercion: false,
            use_io_coercion: false,
            wrapper: JsonWrapper::Unspec,
            omit_quotes: false,
            collation: Oid::INVALID,
            location: q.location,
        };
        self.finish_json_query(x, &q)
    }

    /// Result type, coercion and behaviors.
    fn finish_json_query(&mut self, mut x: JsonExpr, q: &JsonQuery<'_>) -> PgResult<JsonExpr> {
        let default_type = match q.op {
            JsonExprOp::Exists => t::BOOL,
            JsonExprOp::Query => t::JSONB,
            JsonExprOp::Value => t::TEXT,
            JsonExprOp::Table => x.formatted_expr.typ(),
        };
        if !x.returning.typid.is_valid() {
            x.returning.typid = default_type;
            x.returning.typmod = -1;
        }
        let typ = x.returning.typid;
        let default_behavior = match q.op {
            JsonExprOp::Exists => B::False,
            JsonExprOp::Table => B::EmptyArray,
            _ => B::Null,
        };
        if q.op != JsonExprOp::Exists {
            x.collation = self.type_collation(typ)?;
        }
        match q.op {
            JsonExprOp::Exists => x.use_json_coercion = typ != t::BOOL,
            JsonExprOp::Query => {
                x.omit_quotes = q.quotes == ast::JsonQuotes::Omit;
                x.wrapper = q.wrapper;
                x.use_json_coercion = typ != t::JSONB || x.omit_quotes;
            }
            JsonExprOp::Value => {
                x.returning.format.format_type = JsonFormatType::Default;
                x.returning.format.encoding = JsonEncoding::Default;
                x.omit_quotes = true;
                if typ != t::TEXT {
                    x.use_json_coercion = self.is_constrained_domain(typ)?;
                    x.use_io_coercion = !x.use_json_coercion;
                }
            }
            JsonExprOp::Table => {}
        }
        if matches!(q.op, JsonExprOp::Query | JsonExprOp::Value) {
            x.on_empty = Some(self.json_behavior(&x, q.on_empty, default_behavior)?);
        }
        x.on_error = Some(self.json_behavior(&x, q.on_error, default_behavior)?);
        Ok(x)
    }

    /// Whether a type is a domain with constraints, its own or those of a domain below.
    fn is_constrained_domain(&self, typ: Oid) -> PgResult<bool> {
        let mut row = self.catalog.get_type(typ)?;
        while row.typtype == 'd' {
            let checks = self.catalog.domain_constraints(row.oid)?;
            if row.not_null || !checks.is_empty() {
                return Ok(true);
            }
            row = self.catalog.get_type(row.basetype)?;
        }
        Ok(false)
    }

    fn json_path_spec(&mut self, raw: &ast::Expr) -> PgResult<Expr> {
        let expr = self.transform_expr_recurse(raw)?;
        let (typ, location) = (expr.typ(), expr.location());
        let coerced = self.coerce_to_target_type(
            expr,
            typ,
            t::JSONPATH,
            -1,
            CoercionContext::Explicit,
            CoercionForm::ImplicitCast,
            location,
        )?;
        match coerced {
            Some(coerced) => Ok(coerced),
            None => Err(err!(
                DATATYPE_MISMATCH,
                "JSON path expression must be of type jsonpath, not of type {}",
                self.format_type(typ)?
            )
            .at(location)),
        }
    }

    fn json_default_expr(&mut self, x: &JsonExpr, raw: &ast::Expr) -> PgResult<Expr> {
        let expr = self.transform_expr_recurse(raw)?;
        let location = expr.location();
        let refuse = |message: &str| err!(DATATYPE_MISMATCH, "{message}").at(location);
        if !valid_default(&expr) {
            return Err(refuse(
                "can only specify a constant, non-aggregate function, or operator expression for \
                 DEFAULT",
            ));
        }
        if locate_var_of_level(&expr, 0).is_some() || expr.any(&mut |e| matches!(e, Expr::Var(_))) {
            return Err(refuse("DEFAULT expression must not contain column references"));
        }
        if expr.contains_set() {
            return Err(refuse("DEFAULT expression must not return a set"));
        }
        let mut own = expr.collation();
        if !own.is_valid() {
            own = self.type_collation(expr.typ())?;
        }
        if x.collation.is_valid() && own.is_valid() && own != x.collation {
            let name = |oid| {
                let row = self.catalog.lookup_collation(oid)?;
                Ok::<String, PgError>(row.map_or_else(String::new, |c| c.name.clone()))
            };
            return Err(err!(
                COLLATION_MISMATCH,
                "collation of DEFAULT expression conflicts with RETURNING clause"
            )
            .detail(format!("\"{}\" versus \"{}\"", name(own)?, name(x.collation)?))
            .at(location));
        }
        Ok(expr)
    }

    fn json_behavior_const(&self, btype: JsonBehaviorType, location: i32) -> PgResult<Expr> {
        let (consttype, value, phys) = match btype {
            B::True => (t::BOOL, Datum::Bool(true), PhysType::Bool),
            B::False => (t::BOOL, Datum::Bool(false), PhysType::Bool),
            B::EmptyArray => (t::JSONB, self.jsonb_datum("[]")?, PhysType::Bytes),
            B::EmptyObject => (t::JSONB, self.jsonb_datum("{}")?, PhysType::Bytes),
            _ => (t::INT4, Datum::Null, PhysType::Int4),
        };
        Ok(Expr::Const(Const {
            consttype,
            consttypmod: -1,
            constcollid: Oid::INVALID,
            value,
            phys,
            location,
        }))
    }

    fn jsonb_datum(&self, text: &str) -> PgResult<Datum> {
        self.session.type_input(t::JSONB, -1, text)
    }

    fn json_behavior(
        &mut self,
        x: &JsonExpr,
        given: Option<&ast::JsonBehavior>,
        default: JsonBehaviorType,
    ) -> PgResult<JsonBehavior> {
        let (btype, location) = given.map_or((default, -1), |b| (b.btype, b.location));
        let expr = match (btype, given.and_then(|b| b.expr.as_ref())) {
            (B::Default, Some(raw)) => Some(self.json_default_expr(x, raw)?),
            (B::Error, _) => None,
            _ => Some(self.json_behavior_const(btype, location)?),
        };
        let (expr, coerce) = match expr {
            Some(expr) => {
                let (expr, coerce) = self.coerce_json_behavior(expr, btype, &x.returning)?;
                (Some(expr), coerce)
            }
            None => (None, false),
        };
        Ok(JsonBehavior { btype, expr, coerce, location })
    }

    /// The value as the RETURNING type, or (true) as jsonb or NULL that becomes it at run time.
    fn coerce_json_behavior(
        &mut self,
        expr: Expr,
        btype: JsonBehaviorType,
        returning: &JsonReturning,
    ) -> PgResult<(Expr, bool)> {
        let typ = expr.typ();
        let is_null = matches!(&expr, Expr::Const(c) if c.value.is_null());
        if typ == returning.typid && (returning.typmod < 0 || is_null) {
            return Ok((expr, false));
        }
        if typ == t::BOOL && !is_null && self.base_type(returning.typid)? != t::INT4 {
            let text = if btype == B::True { "true" } else { "false" };
            let value = Expr::Const(Const {
                consttype: t::JSONB,
                consttypmod: -1,
                constcollid: Oid::INVALID,
                value: self.jsonb_datum(text)?,
                phys: PhysType::Bytes,
                location: -1,
            });
            return Ok((value, true));
        }
        if is_null || typ == t::JSONB {
            return Ok((expr, true));
        }
        let location = expr.location();
        let category = self.type_category(returning.typid)?.0;
        let context = match category {
            category::STRING | 'V' => CoercionContext::Assignment,
            _ => CoercionContext::Explicit,
        };
        let coerced = self.coerce_to_target_type(
            expr,
            typ,
            returning.typid,
            returning.typmod,
            context,
            CoercionForm::ExplicitCast,
            location,
        )?;
        match coerced {
            Some(coerced) => Ok((coerced, false)),
            None => {
                let target = self.format_type(returning.typid)?;
                let e = err!(
                    CANNOT_COERCE,
                    "cannot cast behavior expression of type {} to {target}",
                    self.format_type(typ)?
                )
                .at(location);
                Err(match btype {
                    B::Default => e.hint(format!(
                        "You will need to explicitly cast the expression to type {target}."
                    )),
                    _ => e,
                })
            }
        }
    }
}

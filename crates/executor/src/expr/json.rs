//! JSON constructors, IS JSON, and the query functions JSON_EXISTS, JSON_QUERY, JSON_VALUE.
use super::{CExpr, ExprCompiler, Scope, domain::DomainChecks};
use crate::{Cx, batch::Rows};
use error::{PgError, PgResult, err};
use fmgr::{ConstructorOptions, PathCall, PathResult, PathVariable};
use nodes::{
    Expr, JsonBehavior, JsonBehaviorType, JsonConstructorExpr, JsonConstructorType, JsonExpr,
    JsonExprOp, JsonIsPredicate, JsonReturning, JsonValueType, JsonWrapper,
};
use types::{Datum, Oid, type_oid};

/// One of these expressions.
pub enum JsonNode {
    /// JSON(), JSON_OBJECT() and their kin.
    Constructor(Constructor),
    /// IS JSON.
    Is(IsJson),
    /// JSON_EXISTS, JSON_QUERY, JSON_VALUE.
    Query(Box<QueryNode>),
}

/// A JSON constructor without an aggregate behind it.
pub struct Constructor {
    ctor: JsonConstructorType,
    args: Box<[CExpr]>,
    arg_types: Vec<Oid>,
    options: ConstructorOptions,
}

/// IS JSON.
pub struct IsJson {
    arg: CExpr,
    typ: Oid,
    item: JsonValueType,
    unique: bool,
}

/// Compiles a constructor.
pub(crate) fn compile_constructor(
    c: &mut ExprCompiler<'_>,
    x: &JsonConstructorExpr,
    scope: &Scope,
) -> PgResult<CExpr> {
    let Some(coercion) = &x.coercion else { return compile_uncoerced(c, x, scope) };
    let slot = c.new_case_slot();
    let test = compile_uncoerced(c, x, scope)?;
    let result = c.with_case_value(slot, |c| c.compile(coercion, scope))?;
    Ok(CExpr::Case(Box::new(super::CaseNode {
        test: Some((slot, test)),
        whens: Box::new([]),
        default: Some(result),
    })))
}

fn compile_uncoerced(
    c: &mut ExprCompiler<'_>,
    x: &JsonConstructorExpr,
    scope: &Scope,
) -> PgResult<CExpr> {
    if let Some(func) = &x.func {
        return c.compile(func, scope);
    }
    let plain =
        matches!(x.ctor, JsonConstructorType::JsonParse | JsonConstructorType::JsonSerialize)
            && !x.unique;
    if let (true, [arg]) = (plain, &x.args[..]) {
        return c.compile(arg, scope);
    }
    let options = ConstructorOptions {
        jsonb: x.is_jsonb(),
        absent_on_null: x.absent_on_null,
        unique: x.unique,
    };
    Ok(CExpr::Json(Box::new(JsonNode::Constructor(Constructor {
        ctor: x.ctor,
        args: c.compile_all(&x.args, scope)?,
        arg_types: x.args.iter().map(Expr::typ).collect(),
        options,
    }))))
}

/// Compiles IS JSON.
pub(crate) fn compile_is_json(
    c: &mut ExprCompiler<'_>,
    x: &JsonIsPredicate,
    scope: &Scope,
) -> PgResult<CExpr> {
    Ok(CExpr::Json(Box::new(JsonNode::Is(IsJson {
        arg: c.compile(&x.expr, scope)?,
        typ: x.expr.typ(),
        item: x.item_type,
        unique: x.unique_keys,
    }))))
}

impl JsonNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        match self {
            JsonNode::Constructor(x) => x.eval(rows, cx),
            JsonNode::Is(x) => {
                let value = x.arg.eval(rows, cx)?;
                if value.is_null() {
                    return Ok(Datum::Null);
                }
                let json = cx.session.sql_json()?;
                json.is_json(&value, x.typ, x.item, x.unique).map(Datum::Bool)
            }
            JsonNode::Query(x) => x.eval(rows, cx),
        }
    }
}

impl Constructor {
    fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let mut values = Vec::with_capacity(self.args.len());
        for arg in &self.args {
            values.push(arg.eval(rows, cx)?);
        }
        let json = cx.session.sql_json()?;
        match self.ctor {
            JsonConstructorType::JsonObject => {
                json.build_object(cx.session, &self.arg_types, &values, self.options)
            }
            JsonConstructorType::JsonArray => {
                json.build_array(cx.session, &self.arg_types, &values, self.options)
            }
            JsonConstructorType::JsonScalar | JsonConstructorType::JsonParse => {
                match (&values[..], &self.arg_types[..]) {
                    ([Datum::Null], _) => Ok(Datum::Null),
                    ([value], [typ]) if self.ctor == JsonConstructorType::JsonScalar => {
                        json.scalar(cx.session, *typ, value, self.options.jsonb)
                    }
                    ([value], _) => json.parse_unique(value, self.options.jsonb),
                    _ => Err(PgError::internal("JSON constructor takes one argument")),
                }
            }
            _ => Err(PgError::internal("JSON aggregate without its function")),
        }
    }
}

/// How a query function's result becomes the RETURNING type.
enum Coercion {
    /// It has it already.
    None,
    /// By the type's input function.
    Io,
    /// As jsonb_populate_record() makes values.
    Json { omit_quotes: bool },
    /// JSON_EXISTS as an integer (or a domain over it).
    Int(Option<DomainChecks>),
    /// JSON_EXISTS as anything else.
    BoolAsJson,
}

/// ON EMPTY or ON ERROR.
struct Behavior {
    btype: JsonBehaviorType,
    value: Option<CExpr>,
    /// The value still has to become the RETURNING type.
    coerce: bool,
    /// Errors of casts in it are reported as errors of the clause.
    checked: bool,
}

/// JSON_EXISTS, JSON_QUERY, JSON_VALUE.
pub struct QueryNode {
    op: JsonExprOp,
    column: Option<String>,
    document: CExpr,
    path: CExpr,
    variables: Box<[(String, Oid, CExpr)]>,
    wrapper: JsonWrapper,
    omit_quotes: bool,
    returning: JsonReturning,
    coercion: Coercion,
    on_empty: Option<Behavior>,
    on_error: Option<Behavior>,
}

/// Compiles a query function.
pub(crate) fn compile_query(
    c: &mut ExprCompiler<'_>,
    x: &JsonExpr,
    scope: &Scope,
) -> PgResult<CExpr> {
    let returning = x.returning.clone();
    let coercion = if x.op == JsonExprOp::Exists && x.use_json_coercion {
        let mut base = c.catalog.get_type(returning.typid)?;
        let is_domain = base.typtype == 'd';
        while base.typtype == 'd' {
            base = c.catalog.get_type(base.basetype)?;
        }
        match base.oid {
            type_oid::INT4 if is_domain => {
                Coercion::Int(Some(DomainChecks::compile(c, returning.typid)?))
            }
            type_oid::INT4 => Coercion::Int(None),
            _ => Coercion::BoolAsJson,
        }
    } else if x.use_json_coercion {
        Coercion::Json { omit_quotes: x.omit_quotes }
    } else if x.use_io_coercion {
        Coercion::Io
    } else {
        Coercion::None
    };
    let mut variables = Vec::with_capacity(x.passing_values.len());
    for (name, value) in x.passing_names.iter().zip(&x.passing_values) {
        variables.push((name.clone(), value.typ(), c.compile(value, scope)?));
    }
    let node = QueryNode {
        op: x.op,
        column: x.column_name.clone(),
        document: c.compile(&x.formatted_expr, scope)?,
        path: c.compile(&x.path_spec, scope)?,
        variables: variables.into(),
        wrapper: x.wrapper,
        omit_quotes: x.omit_quotes,
        returning,
        coercion,
        on_empty: behavior(c, x.on_empty.as_ref(), scope)?,
        on_error: behavior(c, x.on_error.as_ref(), scope)?,
    };
    Ok(CExpr::Json(Box::new(JsonNode::Query(Box::new(node)))))
}

fn behavior(
    c: &mut ExprCompiler<'_>,
    b: Option<&JsonBehavior>,
    scope: &Scope,
) -> PgResult<Option<Behavior>> {
    let Some(b) = b else { return Ok(None) };
    let value = b.expr.as_ref().map(|e| c.compile(e, scope)).transpose()?;
    let checked =
        b.coerce || matches!(b.expr, Some(Expr::CoerceViaIO(_) | Expr::CoerceToDomain(_)));
    Ok(Some(Behavior { btype: b.btype, value, coerce: b.coerce, checked }))
}

fn behavior_name(btype: JsonBehaviorType) -> &'static str {
    match btype {
        JsonBehaviorType::Null => "NULL",
        JsonBehaviorType::Error => "ERROR",
        JsonBehaviorType::Empty => "EMPTY",
        JsonBehaviorType::True => "TRUE",
        JsonBehaviorType::False => "FALSE",
        JsonBehaviorType::Unknown => "UNKNOWN",
        JsonBehaviorType::EmptyArray => "EMPTY ARRAY",
        JsonBehaviorType::EmptyObject => "EMPTY OBJECT",
        JsonBehaviorType::Default => "DEFAULT",
    }
}

impl QueryNode {
    fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let document = self.document.eval(rows, cx)?;
        let path = if document.is_null() { Datum::Null } else { self.path.eval(rows, cx)? };
        let strict = match &self.on_error {
            Some(b) => b.btype == JsonBehaviorType::Error,
            None => false,
        };
        let found = if path.is_null() {
            PathResult::Found(Datum::Null)
        } else {
            let mut variables = Vec::with_capacity(self.variables.len());
            for (name, typ, value) in &self.variables {
                variables.push(PathVariable { name, typ: *typ, value: value.eval(rows, cx)? });
            }
            let call = PathCall {
                session: cx.session,
                document: &document,
                path: &path,
                variables: &variables,
                column: self.column.as_deref(),
                soft: !strict,
            };
            self.look_up(&call)?
        };
        match found {
            PathResult::Found(value) => match self.coerce(value, cx) {
                Ok(value) => Ok(value),
                Err(e) if !strict && e.is_soft() => self.failed(rows, cx),
                Err(e) => Err(e),
            },
            PathResult::Failed => self.failed(rows, cx),
            PathResult::Empty => match &self.on_empty {
                Some(b) if b.btype != JsonBehaviorType::Error => {
                    self.apply(b, "ON EMPTY", rows, cx)
                }
                None if !strict => self.failed(rows, cx),
                _ => Err(match &self.column {
                    Some(column) => err!(
                        NO_SQL_JSON_ITEM,
                        "no SQL/JSON item found for specified path of column \"{column}\""
                    ),
                    None => err!(NO_SQL_JSON_ITEM, "no SQL/JSON item found for specified path"),
                }),
            },
        }
    }

    fn look_up(&self, call: &PathCall<'_>) -> PgResult<PathResult<Datum>> {
        let json = call.session.sql_json()?;
        match self.op {
            JsonExprOp::Exists => Ok(match json.path_exists(call)? {
                PathResult::Found(found) => PathResult::Found(Datum::Bool(found)),
                PathResult::Empty => PathResult::Empty,
                PathResult::Failed => PathResult::Failed,
            }),
            JsonExprOp::Query => json.path_query(call, self.wrapper),
            _ => {
                let as_json = matches!(self.coercion, Coercion::Json { .. })
                    || matches!(self.returning.typid, type_oid::JSON | type_oid::JSONB);
                json.path_value(call, !as_json)
            }
        }
    }

    fn coerce(&self, value: Datum, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let JsonReturning { typid, typmod, .. } = self.returning;
        match &self.coercion {
            Coercion::None => Ok(value),
            Coercion::Io if value.is_null() => Ok(value),
            Coercion::Io => {
                let mut text = Vec::new();
                match typid {
                    type_oid::JSON | type_oid::JSONB => {
                        cx.session.type_output(type_oid::JSONB, &value, &mut text)?
                    }
                    _ => text.extend_from_slice(value.as_bytes()),
                }
                cx.session.type_input(typid, typmod, &String::from_utf8_lossy(&text))
            }
            Coercion::Json { omit_quotes } => self.populate(&value, *omit_quotes, cx),
            Coercion::Int(checks) => {
                let value = match value {
                    Datum::Bool(v) => Datum::Int4(i32::from(v)),
                    other => other,
                };
                if let Some(checks) = checks {
                    checks.check(&value, cx)?;
                }
                Ok(value)
            }
            Coercion::BoolAsJson => {
                let text = match value {
                    Datum::Bool(true) => "true",
                    Datum::Bool(false) => "false",
                    other => return self.populate(&other, self.omit_quotes, cx),
                };
                let value = cx.session.type_input(type_oid::JSONB, -1, text)?;
                self.populate(&value, self.omit_quotes, cx)
            }
        }
    }

    fn populate(&self, value: &Datum, omit_quotes: bool, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let JsonReturning { typid, typmod, .. } = self.returning;
        let json = cx.session.sql_json()?;
        json.populate(cx.session, value, typid, typmod, omit_quotes)
    }

    fn failed(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        match &self.on_error {
            Some(b) => self.apply(b, "ON ERROR", rows, cx),
            None => Ok(Datum::Null),
        }
    }

    /// The value of ON EMPTY or ON ERROR.
    fn apply(
        &self,
        b: &Behavior,
        clause: &str,
        rows: &Rows<'_>,
        cx: &mut Cx<'_>,
    ) -> PgResult<Datum> {
        let Some(value) = &b.value else { return Ok(Datum::Null) };
        let result = value.eval(rows, cx).and_then(|value| match b.coerce {
            true => self.populate(&value, self.omit_quotes, cx),
            false => Ok(value),
        });
        let strict = matches!(&self.on_error, Some(b) if b.btype == JsonBehaviorType::Error);
        result.map_err(|e| match b.checked && !strict && e.is_soft() {
            true => err!(
                DATATYPE_MISMATCH,
                "could not coerce {clause} expression ({}) to the RETURNING type",
                behavior_name(b.btype)
            )
            .detail(e.message().to_string()),
            false => e,
        })
    }
}

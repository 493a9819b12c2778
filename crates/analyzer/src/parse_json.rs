//! SQL/JSON values, output clauses, constructors and IS JSON.
use crate::base_types::category;
use crate::parse_state::{Analyzer, ExprKind};
use error::{PgResult, err};
use nodes::{
    CaseTestExpr, CoercionContext, CoercionForm, Const, Expr, FuncExpr, JsonConstructorExpr,
    JsonConstructorType, JsonEncoding, JsonFormat, JsonFormatType, JsonIsPredicate, JsonReturning,
    JsonValueExpr,
};
use parser::ast;
use types::{Datum, Oid, PhysType, type_oid as t};

const TO_JSON: Oid = Oid(3176);
const TO_JSONB: Oid = Oid(3787);
const CONVERT_FROM: Oid = Oid(1714);
const CONVERT_TO: Oid = Oid(1717);

/// What a JSON value is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonValueUse<'a> {
    /// The construct, as errors name it.
    pub construct: &'a str,
    /// Format of a value that has none of its own.
    pub default_format: JsonFormatType,
    /// The type it must become, or INVALID.
    pub target: Oid,
    /// It is an argument of PASSING.
    pub is_arg: bool,
}

impl<'a> JsonValueUse<'a> {
    fn element(construct: &'a str) -> Self {
        JsonValueUse {
            construct,
            default_format: JsonFormatType::Default,
            target: Oid::INVALID,
            is_arg: false,
        }
    }
}

/// A FORMAT clause that was not written.
pub(crate) fn format_of(format_type: JsonFormatType) -> JsonFormat {
    JsonFormat { format_type, encoding: JsonEncoding::Default, location: -1 }
}

fn call(funcid: Oid, funcresulttype: Oid, args: Vec<Expr>, location: i32) -> Expr {
    Expr::FuncExpr(Box::new(FuncExpr {
        funcid,
        funcresulttype,
        funcretset: false,
        funcvariadic: false,
        funcformat: CoercionForm::ExplicitCall,
        funccollid: Oid::INVALID,
        inputcollid: Oid::INVALID,
        args,
        location,
    }))
}

/// Name of the character set of bytea input and output.
fn encoding_const(format: &JsonFormat) -> Expr {
    let name = match (format.format_type, format.encoding) {
        (JsonFormatType::Default, _) | (_, JsonEncoding::Default | JsonEncoding::Utf8) => "UTF8",
        (_, JsonEncoding::Utf16) => "UTF16",
        (_, JsonEncoding::Utf32) => "UTF32",
    };
    Expr::Const(Const {
        consttype: t::NAME,
        consttypmod: -1,
        constcollid: Oid::INVALID,
        value: Datum::text(name),
        phys: PhysType::Bytes,
        location: -1,
    })
}

fn bytea_to_text(expr: Expr, format: &JsonFormat, location: i32) -> Expr {
    call(CONVERT_FROM, t::TEXT, vec![expr, encoding_const(format)], location)
}

/// Types that PASSING hands to a path as they are.
fn is_passed_as_is(typ: Oid) -> bool {
    matches!(
        typ,
        t::BOOL
            | t::NUMERIC
            | t::INT2
            | t::INT4
            | t::INT8
            | t::FLOAT4
            | t::FLOAT8
            | t::TEXT
            | t::VARCHAR
            | t::DATE
            | t::TIME
            | t::TIMETZ
            | t::TIMESTAMP
            | t::TIMESTAMPTZ
    )
}

impl Analyzer<'_> {
    pub(crate) fn is_string_category(&self, typ: Oid) -> PgResult<bool> {
        Ok(self.type_category(typ)?.0 == category::STRING)
    }

    /// A value with its FORMAT.
    pub(crate) fn transform_json_value(
        &mut self,
        value: &ast::JsonValueExpr,
        usage: JsonValueUse<'_>,
    ) -> PgResult<Expr> {
        let expr = self.transform_expr_recurse(&value.raw_expr)?;
        self.format_json_value(expr, &value.format, usage)
    }

    /// Gives an analysed value its format.
    pub(crate) fn format_json_value(
        &mut self,
        mut expr: Expr,
        given: &JsonFormat,
        usage: JsonValueUse<'_>,
    ) -> PgResult<Expr> {
        if expr.typ() == t::UNKNOWN {
            expr = self.coerce_to_specific_type(expr, t::TEXT, usage.construct)?;
        }
        let raw = expr.clone();
        let mut typ = expr.typ();
        let location = expr.location();
        let is_string = self.is_string_category(typ)?;
        let is_json = typ == t::JSON || typ == t::JSONB;
        let format = if given.format_type != JsonFormatType::Default {
            if given.encoding != JsonEncoding::Default && typ != t::BYTEA {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "JSON ENCODING clause is only allowed for bytea input type"
                )
                .at(given.location));
            }
            if is_json { JsonFormatType::Default } else { given.format_type }
        } else if usage.is_arg {
            if is_passed_as_is(typ) || is_string {
                return Ok(expr);
            }
            usage.default_format
        } else if is_json {
            JsonFormatType::Default
        } else {
            usage.default_format
        };
        let only_cast = usage.target.is_valid();
        if format == JsonFormatType::Default && !(only_cast && typ != usage.target) {
            return Ok(expr);
        }
        if !usage.is_arg && !only_cast && typ != t::BYTEA && !is_string {
            let kind = match given.format_type {
                JsonFormatType::Default => "implicit",
                _ => "explicit",
            };
            return Err(err!(
                DATATYPE_MISMATCH,
                "cannot use non-string types with {kind} FORMAT JSON clause"
            )
            .at(if given.location >= 0 { given.location } else { location }));
        }
        if format == JsonFormatType::Json && typ == t::BYTEA {
            expr = bytea_to_text(expr, given, location);
            typ = t::TEXT;
        }
        let target = match (only_cast, format) {
            (true, _) => usage.target,
            (false, JsonFormatType::Jsonb) => t::JSONB,
            (false, _) => t::JSON,
        };
        let coerced = self.coerce_to_target_type(
            expr.clone(),
            typ,
            target,
            -1,
            CoercionContext::Explicit,
            CoercionForm::ExplicitCast,
            location,
        )?;
        let formatted_expr = match coerced {
            Some(coerced) => coerced,
            None if only_cast => {
                return Err(err!(
                    CANNOT_COERCE,
                    "cannot cast type {} to {}",
                    self.format_type(typ)?,
                    self.format_type(target)?
                )
                .at(location));
            }
            None => {
                let function = if target == t::JSON { TO_JSON } else { TO_JSONB };
                call(function, target, vec![expr], location)
            }
        };
        Ok(Expr::JsonValueExpr(Box::new(JsonValueExpr {
            raw_expr: raw,
            formatted_expr,
            format: given.clone(),
        })))
    }

    fn check_json_output_format(
        &self,
        format: &JsonFormat,
        target: Oid,
        allow_non_strings: bool,
    ) -> PgResult<()> {
        if !allow_non_strings
            && format.format_type != JsonFormatType::Default
            && !matches!(target, t::BYTEA | t::JSON | t::JSONB)
            && !self.is_string_category(target)?
        {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "cannot use JSON format with non-string output types"
            )
            .at(format.location));
        }
        if format.format_type == JsonFormatType::Json {
            if target != t::BYTEA && format.encoding != JsonEncoding::Default {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "cannot set JSON encoding for non-bytea output types"
                )
                .at(format.location));
            }
            if !matches!(format.encoding, JsonEncoding::Default | JsonEncoding::Utf8) {
                return Err(err!(FEATURE_NOT_SUPPORTED, "unsupported JSON encoding")
                    .hint("Only UTF8 JSON encoding is supported.")
                    .at(format.location));
            }
        }
        Ok(())
    }

    /// RETURNING; without one the type is INVALID.
    pub(crate) fn transform_json_output(
        &mut self,
        output: Option<&ast::JsonOutput>,
        allow_format: bool,
    ) -> PgResult<JsonReturning> {
        let Some(output) = output else {
            return Ok(JsonReturning {
                format: format_of(JsonFormatType::Default),
                typid: Oid::INVALID,
                typmod: -1,
            });
        };
        let (typ, typmod) = self.typename_type(&output.type_name)?;
        if output.type_name.setof {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "returning SETOF types is not supported in SQL/JSON functions"
            ));
        }
        if typ.typtype == 'p' {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "returning pseudo-types is not supported in SQL/JSON functions"
            ));
        }
        let mut format = output.format.clone();
        if format.format_type == JsonFormatType::Default {
            format.format_type = match typ.oid {
                t::JSONB => JsonFormatType::Jsonb,
                _ => JsonFormatType::Json,
            };
        } else {
            self.check_json_output_format(&format, typ.oid, allow_format)?;
        }
        Ok(JsonReturning { format, typid: typ.oid, typmod })
    }

    /// RETURNING of a constructor: json by default, jsonb if an argument is.
    fn transform_json_constructor_output(
        &mut self,
        output: Option<&ast::JsonOutput>,
        args: &[Expr],
    ) -> PgResult<JsonReturning> {
        let mut returning = self.transform_json_output(output, true)?;
        if !returning.typid.is_valid() {
            let jsonb = args.iter().any(|a| a.typ() == t::JSONB);
            returning.typid = if jsonb { t::JSONB } else { t::JSON };
            returning.format.format_type =
                if jsonb { JsonFormatType::Jsonb } else { JsonFormatType::Json };
        }
        Ok(returning)
    }

    /// RETURNING of JSON() and JSON_SCALAR(): json or jsonb.
    fn transform_json_returning(
        &mut self,
        output: Option<&ast::JsonOutput>,
        function: &str,
    ) -> PgResult<JsonReturning> {
        let Some(given) = output else {
            return Ok(JsonReturning {
                format: format_of(JsonFormatType::Json),
                typid: t::JSON,
                typmod: -1,
            });
        };
        let returning = self.transform_json_output(output, false)?;
        if returning.typid != t::JSON && returning.typid != t::JSONB {
            return Err(err!(
                DATATYPE_MISMATCH,
                "cannot use type {} in RETURNING clause of {function}",
                self.format_type(returning.typid)?
            )
            .hint("Try returning json or jsonb.")
            .at(given.type_name.location));
        }
        Ok(returning)
    }

    /// A cast of a constructor's result to the RETURNING type; `None` if it has it.
    fn coerce_json_result(
        &mut self,
        expr: Expr,
        returning: &JsonReturning,
    ) -> PgResult<Option<Expr>> {
        let typ = expr.typ();
        if !returning.typid.is_valid() || returning.typid == typ {
            return Ok(None);
        }
        let mut location = expr.location();
        if location < 0 {
            location = returning.format.location;
        }
        if returning.format.format_type == JsonFormatType::Json && returning.typid == t::BYTEA {
            let text = self.coerce_to_specific_type(expr, t::TEXT, "JSON_FUNCTION")?;
            let args = vec![text, encoding_const(&returning.format)];
            return Ok(Some(call(CONVERT_TO, t::BYTEA, args, location)));
        }
        let coerced = self.coerce_to_target_type(
            expr,
            typ,
            returning.typid,
            returning.typmod,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            location,
        )?;
        match coerced {
            Some(coerced) => Ok(Some(coerced)),
            None => Err(err!(
                CANNOT_COERCE,
                "cannot cast type {} to {}",
                self.format_type(typ)?,
                self.format_type(returning.typid)?
            )
            .at(location)),
        }
    }

    fn make_json_constructor(&mut self, mut x: JsonConstructorExpr) -> PgResult<Expr> {
        let placeholder = match &x.func {
            Some(func) => CaseTestExpr {
                type_id: func.typ(),
                type_mod: func.typmod(),
                collation: func.collation(),
                location: -1,
            },
            None => CaseTestExpr {
                type_id: if x.is_jsonb() { t::JSONB } else { t::JSON },
                type_mod: -1,
                collation: Oid::INVALID,
                location: -1,
            },
        };
        x.coercion = self.coerce_json_result(Expr::CaseTestExpr(placeholder), &x.returning)?;
        Ok(Expr::JsonConstructorExpr(Box::new(x)))
    }

    pub(crate) fn transform_json_object_constructor(
        &mut self,
        x: &ast::JsonObjectConstructor,
    ) -> PgResult<Expr> {
        let mut args = Vec::with_capacity(2 * x.exprs.len());
        for pair in &x.exprs {
            args.push(self.transform_expr_recurse(&pair.key)?);
            let usage = JsonValueUse::element("JSON_OBJECT()");
            args.push(self.transform_json_value(&pair.value, usage)?);
        }
        let returning = self.transform_json_constructor_output(x.output.as_ref(), &args)?;
        self.make_json_constructor(JsonConstructorExpr {
            ctor: JsonConstructorType::JsonObject,
            args,
            func: None,
            coercion: None,
            returning,
            absent_on_null: x.absent_on_null,
            unique: x.unique,
            location: x.location,
        })
    }

    pub(crate) fn transform_json_array_constructor(
        &mut self,
        x: &ast::JsonArrayConstructor,
    ) -> PgResult<Expr> {
        let mut args = Vec::with_capacity(x.exprs.len());
        for value in &x.exprs {
            args.push(self.transform_json_value(value, JsonValueUse::element("JSON_ARRAY()"))?);
        }
        let returning = self.transform_json_constructor_output(x.output.as_ref(), &args)?;
        self.make_json_constructor(JsonConstructorExpr {
            ctor: JsonConstructorType::JsonArray,
            args,
            func: None,
            coercion: None,
            returning,
            absent_on_null: x.absent_on_null,
            unique: false,
            location: x.location,
        })
    }

    /// `JSON_ARRAY(query)` is `(SELECT JSON_ARRAYAGG(a) FROM (query) q(a))`.
    pub(crate) fn transform_json_array_query(
        &mut self,
        x: &ast::JsonArrayQueryConstructor,
    ) -> PgResult<Expr> {
        let level = crate::parse_state::ParseState::new();
        let query = self.sub_analyze_select(&x.query, level)?;
        if query.target_list.iter().filter(|te| !te.resjunk).count() != 1 {
            return Err(err!(SYNTAX_ERROR, "subquery must return only one column").at(x.location));
        }
        let column = ast::Expr::ColumnRef(ast::ColumnRef {
            fields: vec!["q".to_owned(), "a".to_owned()],
            star: false,
            location: x.location,
        });
        let agg = ast::Expr::JsonArrayAgg(Box::new(ast::JsonArrayAgg {
            constructor: ast::JsonAggConstructor {
                output: x.output.clone(),
                agg_filter: None,
                agg_order: Vec::new(),
                over: None,
                location: x.location,
            },
            arg: ast::JsonValueExpr { raw_expr: column, format: x.format.clone() },
            absent_on_null: x.absent_on_null,
        }));
        let select = ast::SelectStmt {
            target_list: vec![ast::ResTarget {
                name: None,
                indirection: Vec::new(),
                val: Some(agg),
                location: x.location,
            }],
            from_clause: vec![ast::TableRef::RangeSubselect(Box::new(ast::RangeSubselect {
                lateral: false,
                subquery: x.query.clone(),
                alias: Some(ast::Alias {
                    aliasname: "q".to_owned(),
                    colnames: vec!["a".to_owned()],
                }),
            }))],
            ..ast::SelectStmt::empty(x.location)
        };
        let link = ast::Expr::SubLink(Box::new(ast::SubLink {
            sub_link_type: ast::SubLinkType::Expr,
            testexpr: None,
            oper_name: Vec::new(),
            subselect: Box::new(select),
            location: x.location,
        }));
        self.transform_expr_recurse(&link)
    }

    pub(crate) fn transform_json_object_agg(&mut self, x: &ast::JsonObjectAgg) -> PgResult<Expr> {
        let key = self.transform_expr_recurse(&x.arg.key)?;
        let usage = JsonValueUse::element("JSON_OBJECTAGG()");
        let value = self.transform_json_value(&x.arg.value, usage)?;
        let args = vec![key, value];
        let output = x.constructor.output.as_ref();
        let returning = self.transform_json_constructor_output(output, &args)?;
        let jsonb = returning.format.format_type == JsonFormatType::Jsonb;
        // json(b)_object_agg, …_strict, …_unique, …_unique_strict
        let function = Oid(match (jsonb, x.unique, x.absent_on_null) {
            (true, false, false) => 3270,
            (true, false, true) => 6288,
            (true, true, false) => 6289,
            (true, true, true) => 6290,
            (false, false, false) => 3197,
            (false, false, true) => 6280,
            (false, true, false) => 6281,
            (false, true, true) => 6282,
        });
        let ctor = JsonConstructorExpr {
            ctor: JsonConstructorType::JsonObjectAgg,
            args,
            func: None,
            coercion: None,
            returning,
            absent_on_null: x.absent_on_null,
            unique: x.unique,
            location: x.constructor.location,
        };
        self.json_aggregate(ctor, &x.constructor, function)
    }

    pub(crate) fn transform_json_array_agg(&mut self, x: &ast::JsonArrayAgg) -> PgResult<Expr> {
        let usage = JsonValueUse::element("JSON_ARRAYAGG()");
        let args = vec![self.transform_json_value(&x.arg, usage)?];
        let output = x.constructor.output.as_ref();
        let returning = self.transform_json_constructor_output(output, &args)?;
        let jsonb = returning.format.format_type == JsonFormatType::Jsonb;
        // json(b)_agg, …_strict
        let function = Oid(match (jsonb, x.absent_on_null) {
            (true, false) => 3267,
            (true, true) => 6284,
            (false, false) => 3175,
            (false, true) => 6276,
        });
        let ctor = JsonConstructorExpr {
            ctor: JsonConstructorType::JsonArrayAgg,
            args,
            func: None,
            coercion: None,
            returning,
            absent_on_null: x.absent_on_null,
            unique: false,
            location: x.constructor.location,
        };
        self.json_aggregate(ctor, &x.constructor, function)
    }

    fn json_aggregate(
        &mut self,
        mut ctor: JsonConstructorExpr,
        x: &ast::JsonAggConstructor,
        function: Oid,
    ) -> PgResult<Expr> {
        let filter = match &x.agg_filter {
            Some(filter) => Some(self.transform_where(filter, ExprKind::Filter, "FILTER")?),
            None => None,
        };
        let args = std::mem::take(&mut ctor.args);
        let rettype = if ctor.is_jsonb() { t::JSONB } else { t::JSON };
        let func = self.build_json_aggregate(function, rettype, args, filter, x)?;
        ctor.func = Some(func);
        self.make_json_constructor(ctor)
    }

    /// The document of JSON(… WITH UNIQUE) and IS JSON, and its type.
    fn transform_json_parse_arg(
        &mut self,
        raw: &ast::Expr,
        format: &JsonFormat,
    ) -> PgResult<(Expr, Oid)> {
        let mut expr = self.transform_expr_recurse(raw)?;
        let mut typ = expr.typ();
        if typ == t::BYTEA {
            let raw_expr = expr.clone();
            let location = expr.location();
            let formatted_expr = bytea_to_text(expr, format, location);
            let value = JsonValueExpr { raw_expr, formatted_expr, format: format.clone() };
            return Ok((Expr::JsonValueExpr(Box::new(value)), t::TEXT));
        }
        if typ == t::UNKNOWN || self.is_string_category(typ)? {
            let location = expr.location();
            let coerced = self.coerce_to_target_type(
                expr,
                typ,
                t::TEXT,
                -1,
                CoercionContext::Implicit,
                CoercionForm::ImplicitCast,
                -1,
            )?;
            expr = match coerced {
                Some(coerced) => coerced,
                None => {
                    return Err(err!(
                        CANNOT_COERCE,
                        "cannot cast type {} to {}",
                        self.format_type(typ)?,
                        self.format_type(t::TEXT)?
                    )
                    .at(location));
                }
            };
            typ = t::TEXT;
        }
        if format.encoding != JsonEncoding::Default {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "cannot use JSON FORMAT ENCODING clause for non-bytea input types"
            )
            .at(format.location));
        }
        Ok((expr, typ))
    }

    pub(crate) fn transform_json_is_predicate(
        &mut self,
        x: &ast::JsonIsPredicate,
    ) -> PgResult<Expr> {
        let (expr, typ) = self.transform_json_parse_arg(&x.expr, &x.format)?;
        if !matches!(typ, t::TEXT | t::JSON | t::JSONB) {
            return Err(err!(
                DATATYPE_MISMATCH,
                "cannot use type {} in IS JSON predicate",
                self.format_type(typ)?
            ));
        }
        Ok(Expr::JsonIsPredicate(Box::new(JsonIsPredicate {
            expr,
            item_type: x.item_type,
            unique_keys: x.unique_keys,
            location: x.location,
        })))
    }

    pub(crate) fn transform_json_parse_expr(&mut self, x: &ast::JsonParseExpr) -> PgResult<Expr> {
        let returning = self.transform_json_returning(x.output.as_ref(), "JSON()")?;
        let arg = if x.unique_keys {
            let (arg, typ) = self.transform_json_parse_arg(&x.expr.raw_expr, &x.expr.format)?;
            if typ != t::TEXT {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "cannot use non-string types with WITH UNIQUE KEYS clause"
                )
                .at(x.location));
            }
            arg
        } else {
            let usage = JsonValueUse {
                construct: "JSON()",
                default_format: JsonFormatType::Json,
                target: returning.typid,
                is_arg: false,
            };
            self.transform_json_value(&x.expr, usage)?
        };
        self.make_json_constructor(JsonConstructorExpr {
            ctor: JsonConstructorType::JsonParse,
            args: vec![arg],
            func: None,
            coercion: None,
            returning,
            absent_on_null: false,
            unique: x.unique_keys,
            location: x.location,
        })
    }

    pub(crate) fn transform_json_scalar_expr(&mut self, x: &ast::JsonScalarExpr) -> PgResult<Expr> {
        let mut arg = self.transform_expr_recurse(&x.expr)?;
        let returning = self.transform_json_returning(x.output.as_ref(), "JSON_SCALAR()")?;
        if arg.typ() == t::UNKNOWN {
            arg = self.coerce_to_specific_type(arg, t::TEXT, "JSON_SCALAR")?;
        }
        self.make_json_constructor(JsonConstructorExpr {
            ctor: JsonConstructorType::JsonScalar,
            args: vec![arg],
            func: None,
            coercion: None,
            returning,
            absent_on_null: false,
            unique: false,
            location: x.location,
        })
    }

    pub(crate) fn transform_json_serialize_expr(
        &mut self,
        x: &ast::JsonSerializeExpr,
    ) -> PgResult<Expr> {
        let usage = JsonValueUse {
            construct: "JSON_SERIALIZE()",
            default_format: JsonFormatType::Json,
            target: Oid::INVALID,
            is_arg: false,
        };
        let arg = self.transform_json_value(&x.expr, usage)?;
        let returning = match &x.output {
            None => JsonReturning {
                format: format_of(JsonFormatType::Json),
                typid: t::TEXT,
                typmod: -1,
            },
            Some(output) => {
                let returning = self.transform_json_output(Some(output), true)?;
                if returning.typid != t::BYTEA && !self.is_string_category(returning.typid)? {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "cannot use type {} in RETURNING clause of JSON_SERIALIZE()",
                        self.format_type(returning.typid)?
                    )
                    .hint("Try returning a string type or bytea."));
                }
                returning
            }
        };
        self.make_json_constructor(JsonConstructorExpr {
            ctor: JsonConstructorType::JsonSerialize,
            args: vec![arg],
            func: None,
            coercion: None,
            returning,
            absent_on_null: false,
            unique: false,
            location: x.location,
        })
    }
}

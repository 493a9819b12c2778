//! SQL/JSON functions and clauses.
use super::Parser;
use super::expr::{Parenthesized, system_call};
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    /// A JSON function; `kw` is the current token and `(` follows.
    pub(super) fn json_function(&mut self, kw: Kw, loc: ParseLoc) -> PgResult<Expr> {
        self.advance();
        self.parens(|p| match kw {
            Kw::JsonObject => p.json_object(loc),
            Kw::JsonArray => p.json_array(loc),
            Kw::Json => {
                let expr = p.json_value_expr()?;
                let unique_keys = p.json_unique_keys()?;
                let node = JsonParseExpr { expr, output: None, unique_keys, location: loc };
                Ok(Expr::JsonParseExpr(Box::new(node)))
            }
            Kw::JsonScalar => {
                let expr = p.a_expr()?;
                let node = JsonScalarExpr { expr, output: None, location: loc };
                Ok(Expr::JsonScalarExpr(Box::new(node)))
            }
            Kw::JsonSerialize => {
                let expr = p.json_value_expr()?;
                let output = p.json_returning()?;
                let node = JsonSerializeExpr { expr, output, location: loc };
                Ok(Expr::JsonSerializeExpr(Box::new(node)))
            }
            Kw::JsonObjectagg => {
                let arg = p.json_name_and_value()?;
                let absent_on_null = p.json_null_clause(false)?;
                let unique = p.json_unique_keys()?;
                let mut constructor = JsonAggConstructor::at(loc);
                constructor.output = p.json_returning()?;
                let node = JsonObjectAgg { constructor, arg, absent_on_null, unique };
                Ok(Expr::JsonObjectAgg(Box::new(node)))
            }
            Kw::JsonArrayagg => {
                let arg = p.json_value_expr()?;
                let mut constructor = JsonAggConstructor::at(loc);
                constructor.agg_order = p.opt_sort_clause()?;
                let absent_on_null = p.json_null_clause(true)?;
                constructor.output = p.json_returning()?;
                let node = JsonArrayAgg { constructor, arg, absent_on_null };
                Ok(Expr::JsonArrayAgg(Box::new(node)))
            }
            _ => p.json_query_function(kw, loc),
        })
    }

    /// JSON_QUERY, JSON_EXISTS, JSON_VALUE inside the parentheses.
    fn json_query_function(&mut self, kw: Kw, location: ParseLoc) -> PgResult<Expr> {
        let context_item = self.json_value_expr()?;
        self.expect_char(b',')?;
        let pathspec = self.a_expr()?;
        let passing = self.json_passing()?;
        let mut node = JsonFuncExpr {
            op: JsonExprOp::Exists,
            column_name: None,
            context_item,
            pathspec,
            passing,
            output: None,
            on_empty: None,
            on_error: None,
            wrapper: JsonWrapper::Unspec,
            quotes: JsonQuotes::Unspec,
            location,
        };
        match kw {
            Kw::JsonExists => node.on_error = self.json_on_error()?,
            Kw::JsonValue => {
                node.op = JsonExprOp::Value;
                node.output = self.json_returning()?;
                (node.on_empty, node.on_error) = self.json_behaviors()?;
            }
            _ => {
                node.op = JsonExprOp::Query;
                node.output = self.json_returning()?;
                node.wrapper = self.json_wrapper()?;
                node.quotes = self.json_quotes()?;
                (node.on_empty, node.on_error) = self.json_behaviors()?;
            }
        }
        Ok(Expr::JsonFuncExpr(Box::new(node)))
    }

    /// JSON_OBJECT in its three forms.
    fn json_object(&mut self, location: ParseLoc) -> PgResult<Expr> {
        let mut node = JsonObjectConstructor {
            exprs: Vec::new(),
            output: None,
            absent_on_null: false,
            unique: false,
            location,
        };
        if self.at_char(b')') || self.at(Kw::Returning) {
            node.output = self.json_returning()?;
            return Ok(Expr::JsonObjectConstructor(Box::new(node)));
        }
        let key = self.json_key_or_arg()?;
        let named = matches!(key, Expr::NamedArgExpr(_));
        let pair = self.at_char(b':') || self.at(Kw::Value);
        if named || !pair {
            // The older function of this name.
            let mut args = vec![key];
            if self.eat_char(b',') {
                args.extend(self.func_arg_list()?);
            }
            return Ok(system_call("json_object", args, CoercionForm::ExplicitCall, location));
        }
        self.advance();
        let value = self.json_value_expr()?;
        node.exprs.push(JsonKeyValue { key, value });
        while self.eat_char(b',') {
            let pair = self.json_name_and_value()?;
            node.exprs.push(pair);
        }
        node.absent_on_null = self.json_null_clause(false)?;
        node.unique = self.json_unique_keys()?;
        node.output = self.json_returning()?;
        Ok(Expr::JsonObjectConstructor(Box::new(node)))
    }

    fn json_key_or_arg(&mut self) -> PgResult<Expr> {
        let key = self.func_arg_expr()?;
        // `key VALUE v` needs a primary; an operator expression cannot be followed by VALUE.
        if self.at(Kw::Value) && !self.last_is_c_expr {
            return Err(self.unexpected());
        }
        Ok(key)
    }

    /// `key : value` or `key VALUE value`.
    fn json_name_and_value(&mut self) -> PgResult<JsonKeyValue> {
        let key = self.a_expr()?;
        let valued = self.at(Kw::Value) && self.last_is_c_expr;
        if !valued && !self.at_char(b':') {
            return Err(self.unexpected());
        }
        self.advance();
        let value = self.json_value_expr()?;
        Ok(JsonKeyValue { key, value })
    }

    fn json_array(&mut self, location: ParseLoc) -> PgResult<Expr> {
        let mut node = JsonArrayConstructor {
            exprs: Vec::new(),
            output: None,
            absent_on_null: true,
            location,
        };
        if self.at_char(b')') || self.at(Kw::Returning) {
            node.output = self.json_returning()?;
            return Ok(Expr::JsonArrayConstructor(Box::new(node)));
        }
        match self.after_open_paren()? {
            Parenthesized::Select(query) => {
                let format = self.json_format()?;
                let output = self.json_returning()?;
                Ok(Expr::JsonArrayQueryConstructor(Box::new(JsonArrayQueryConstructor {
                    query,
                    output,
                    format,
                    absent_on_null: true,
                    location,
                })))
            }
            Parenthesized::Expr(raw_expr) => {
                let format = self.json_format()?;
                node.exprs.push(JsonValueExpr { raw_expr, format });
                while self.eat_char(b',') {
                    let value = self.json_value_expr()?;
                    node.exprs.push(value);
                }
                node.absent_on_null = self.json_null_clause(true)?;
                node.output = self.json_returning()?;
                Ok(Expr::JsonArrayConstructor(Box::new(node)))
            }
        }
    }

    pub(super) fn json_value_expr(&mut self) -> PgResult<JsonValueExpr> {
        let raw_expr = self.a_expr()?;
        let format = self.json_format()?;
        Ok(JsonValueExpr { raw_expr, format })
    }

    /// `FORMAT JSON [ENCODING name]`, or nothing.
    pub(super) fn json_format(&mut self) -> PgResult<JsonFormat> {
        let location = self.loc();
        if self.tok() != Tok::FormatLa {
            return Ok(JsonFormat::unspecified());
        }
        self.advance();
        self.expect(Kw::Json)?;
        let mut encoding = JsonEncoding::Default;
        if self.eat(Kw::Encoding) {
            let name_loc = self.loc();
            let name = self.name()?;
            encoding = match name.to_ascii_lowercase().as_str() {
                "utf8" => JsonEncoding::Utf8,
                "utf16" => JsonEncoding::Utf16,
                "utf32" => JsonEncoding::Utf32,
                _ => {
                    return Err(err!(
                        INVALID_PARAMETER_VALUE,
                        "unrecognized JSON encoding: {name}"
                    )
                    .at(name_loc));
                }
            };
        }
        Ok(JsonFormat { format_type: JsonFormatType::Json, encoding, location })
    }

    pub(super) fn json_passing(&mut self) -> PgResult<Vec<JsonArgument>> {
        if !self.eat(Kw::Passing) {
            return Ok(Vec::new());
        }
        self.comma_list(|p| {
            let val = p.json_value_expr()?;
            p.expect(Kw::As)?;
            let name = p.col_label()?;
            Ok(JsonArgument { val, name })
        })
    }

    fn json_returning(&mut self) -> PgResult<Option<JsonOutput>> {
        if !self.eat(Kw::Returning) {
            return Ok(None);
        }
        let type_name = self.type_name()?;
        let format = self.json_format()?;
        Ok(Some(JsonOutput { type_name, format }))
    }

    pub(super) fn json_wrapper(&mut self) -> PgResult<JsonWrapper> {
        if self.eat(Kw::Without) {
            self.eat(Kw::Array);
            self.expect(Kw::Wrapper)?;
            return Ok(JsonWrapper::None);
        }
        if !self.eat(Kw::With) {
            return Ok(JsonWrapper::Unspec);
        }
        let conditional = self.eat(Kw::Conditional);
        if !conditional {
            self.eat(Kw::Unconditional);
        }
        self.eat(Kw::Array);
        self.expect(Kw::Wrapper)?;
        Ok(if conditional { JsonWrapper::Conditional } else { JsonWrapper::Unconditional })
    }

    pub(super) fn json_quotes(&mut self) -> PgResult<JsonQuotes> {
        let quotes = match self.tok() {
            Tok::Kw(Kw::Keep) => JsonQuotes::Keep,
            Tok::Kw(Kw::Omit) => JsonQuotes::Omit,
            _ => return Ok(JsonQuotes::Unspec),
        };
        self.advance();
        self.expect(Kw::Quotes)?;
        if self.eat(Kw::On) {
            self.expect_all(&[Kw::Scalar, Kw::String])?;
        }
        Ok(quotes)
    }

    fn opt_json_behavior(&mut self) -> PgResult<Option<JsonBehavior>> {
        let location = self.loc();
        let Tok::Kw(kw) = self.tok() else { return Ok(None) };
        let mut expr = None;
        let btype = match kw {
            Kw::Default => JsonBehaviorType::Default,
            Kw::Error => JsonBehaviorType::Error,
            Kw::Null => JsonBehaviorType::Null,
            Kw::True => JsonBehaviorType::True,
            Kw::False => JsonBehaviorType::False,
            Kw::Unknown => JsonBehaviorType::Unknown,
            Kw::Empty if self.peek_is(1, Kw::Object) => {
                self.advance();
                JsonBehaviorType::EmptyObject
            }
            Kw::Empty => {
                if self.peek_is(1, Kw::Array) {
                    self.advance();
                }
                JsonBehaviorType::EmptyArray
            }
            _ => return Ok(None),
        };
        self.advance();
        if btype == JsonBehaviorType::Default {
            expr = Some(self.a_expr()?);
        }
        Ok(Some(JsonBehavior { btype, expr, location }))
    }

    /// ON EMPTY, then ON ERROR.
    pub(super) fn json_behaviors(
        &mut self,
    ) -> PgResult<(Option<JsonBehavior>, Option<JsonBehavior>)> {
        let Some(first) = self.opt_json_behavior()? else { return Ok((None, None)) };
        self.expect(Kw::On)?;
        if self.eat(Kw::Error) {
            return Ok((None, Some(first)));
        }
        self.expect(Kw::Empty)?;
        let second = self.json_on_error()?;
        Ok((Some(first), second))
    }

    pub(super) fn json_on_error(&mut self) -> PgResult<Option<JsonBehavior>> {
        let Some(behavior) = self.opt_json_behavior()? else { return Ok(None) };
        self.expect_all(&[Kw::On, Kw::Error])?;
        Ok(Some(behavior))
    }

    /// `NULL ON NULL` or `ABSENT ON NULL`: whether NULLs are left out.
    fn json_null_clause(&mut self, default: bool) -> PgResult<bool> {
        let absent = match self.tok() {
            Tok::Kw(Kw::Null) => false,
            Tok::Kw(Kw::Absent) => true,
            _ => return Ok(default),
        };
        self.advance();
        self.expect_all(&[Kw::On, Kw::Null])?;
        Ok(absent)
    }

    /// `WITH UNIQUE [KEYS]` or `WITHOUT UNIQUE [KEYS]`.
    fn json_unique_keys(&mut self) -> PgResult<bool> {
        let unique = match self.tok() {
            Tok::Kw(Kw::With) => true,
            Tok::Kw(Kw::Without) => false,
            _ => return Ok(false),
        };
        self.advance();
        self.expect(Kw::Unique)?;
        self.eat(Kw::Keys);
        Ok(unique)
    }

    /// `JSON …` after IS [NOT].
    pub(super) fn is_json(&mut self, left: Expr) -> PgResult<Expr> {
        let location = left.leftmost_location();
        self.expect(Kw::Json)?;
        let item_type = match self.tok() {
            Tok::Kw(Kw::Value) => Some(JsonValueType::Any),
            Tok::Kw(Kw::Array) => Some(JsonValueType::Array),
            Tok::Kw(Kw::Object) => Some(JsonValueType::Object),
            Tok::Kw(Kw::Scalar) => Some(JsonValueType::Scalar),
            _ => None,
        };
        if item_type.is_some() {
            self.advance();
        }
        let unique_keys = self.json_unique_keys()?;
        Ok(Expr::JsonIsPredicate(Box::new(JsonIsPredicate {
            expr: left,
            format: JsonFormat::unspecified(),
            item_type: item_type.unwrap_or(JsonValueType::Any),
            unique_keys,
            location,
        })))
    }
}

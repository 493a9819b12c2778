//! Functions with a syntax of their own.
use super::Parser;
use super::expr::{simple_a_expr, system_call};
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl Parser<'_> {
    /// Whether `kw`, the current token, begins one of these functions rather than a name.
    pub(super) fn at_common_subexpr(&self, kw: Kw) -> bool {
        match kw {
            Kw::CurrentDate
            | Kw::CurrentTime
            | Kw::CurrentTimestamp
            | Kw::Localtime
            | Kw::Localtimestamp
            | Kw::CurrentRole
            | Kw::CurrentUser
            | Kw::SessionUser
            | Kw::SystemUser
            | Kw::User
            | Kw::CurrentCatalog
            | Kw::Cast => true,
            Kw::CurrentSchema => self.peek(1) != Tok::Char(b'('),
            Kw::Collation => self.peek_is(1, Kw::For),
            Kw::Extract
            | Kw::Normalize
            | Kw::Overlay
            | Kw::Position
            | Kw::Substring
            | Kw::Treat
            | Kw::Trim
            | Kw::Nullif
            | Kw::Coalesce
            | Kw::Greatest
            | Kw::Least
            | Kw::Xmlconcat
            | Kw::Xmlelement
            | Kw::Xmlexists
            | Kw::Xmlforest
            | Kw::Xmlparse
            | Kw::Xmlpi
            | Kw::Xmlroot
            | Kw::Xmlserialize
            | Kw::Json
            | Kw::JsonObject
            | Kw::JsonArray
            | Kw::JsonScalar
            | Kw::JsonSerialize
            | Kw::JsonQuery
            | Kw::JsonExists
            | Kw::JsonValue
            | Kw::JsonObjectagg
            | Kw::JsonArrayagg
            | Kw::MergeAction => self.peek(1) == Tok::Char(b'('),
            _ => false,
        }
    }

    /// One of these functions, with FILTER and OVER where they may stand.
    pub(super) fn func_expr_from_common(&mut self) -> PgResult<Expr> {
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        let mut e = self.common_subexpr(kw)?;
        let constructor = match &mut e {
            Expr::JsonObjectAgg(agg) => &mut agg.constructor,
            Expr::JsonArrayAgg(agg) => &mut agg.constructor,
            _ => return Ok(e),
        };
        constructor.agg_filter = self.filter_clause()?;
        constructor.over = self.over_clause()?;
        Ok(e)
    }

    /// One of these functions; `kw` is the current token.
    pub(super) fn common_subexpr(&mut self, kw: Kw) -> PgResult<Expr> {
        let loc = self.loc();
        match kw {
            Kw::CurrentDate
            | Kw::CurrentTime
            | Kw::CurrentTimestamp
            | Kw::Localtime
            | Kw::Localtimestamp
            | Kw::CurrentRole
            | Kw::CurrentUser
            | Kw::SessionUser
            | Kw::SystemUser
            | Kw::User
            | Kw::CurrentCatalog
            | Kw::CurrentSchema => self.value_function(kw, loc),
            Kw::Xmlconcat
            | Kw::Xmlelement
            | Kw::Xmlexists
            | Kw::Xmlforest
            | Kw::Xmlparse
            | Kw::Xmlpi
            | Kw::Xmlroot
            | Kw::Xmlserialize => self.xml_function(kw, loc),
            Kw::Json
            | Kw::JsonObject
            | Kw::JsonArray
            | Kw::JsonScalar
            | Kw::JsonSerialize
            | Kw::JsonQuery
            | Kw::JsonExists
            | Kw::JsonValue
            | Kw::JsonObjectagg
            | Kw::JsonArrayagg => self.json_function(kw, loc),
            _ => {
                self.advance();
                if kw == Kw::Collation {
                    self.expect(Kw::For)?;
                }
                self.parens(|p| p.special_call(kw, loc))
            }
        }
    }

    /// Inside the parentheses.
    fn special_call(&mut self, kw: Kw, loc: ParseLoc) -> PgResult<Expr> {
        let sql = |name: &str, args| Ok(system_call(name, args, CoercionForm::SqlSyntax, loc));
        match kw {
            Kw::Collation => {
                let arg = self.a_expr()?;
                sql("pg_collation_for", vec![arg])
            }
            Kw::Cast => {
                let arg = self.a_expr()?;
                self.expect(Kw::As)?;
                let type_name = self.type_name()?;
                Ok(Expr::TypeCast(Box::new(TypeCast { arg, type_name, location: loc })))
            }
            Kw::Treat => {
                let arg = self.a_expr()?;
                self.expect(Kw::As)?;
                let mut type_name = self.type_name()?;
                let name = type_name.names.pop().unwrap_or_default();
                Ok(system_call(&name, vec![arg], CoercionForm::ExplicitCall, loc))
            }
            Kw::Extract => {
                let field = self.extract_arg()?;
                self.expect(Kw::From)?;
                let arg = self.a_expr()?;
                sql("extract", vec![field, arg])
            }
            Kw::Normalize => {
                let mut args = vec![self.a_expr()?];
                if self.eat_char(b',') {
                    args.push(self.unicode_normal_form()?);
                }
                sql("normalize", args)
            }
            Kw::Position => {
                let needle = self.b_expr()?;
                self.expect(Kw::In)?;
                let text = self.b_expr()?;
                sql("position", vec![text, needle])
            }
            Kw::Overlay => self.overlay(loc),
            Kw::Substring => self.substring(loc),
            Kw::Trim => self.trim(loc),
            Kw::Nullif => {
                let left = self.a_expr()?;
                self.expect_char(b',')?;
                let right = self.a_expr()?;
                Ok(simple_a_expr(AExprKind::NullIf, "=", Some(left), right, loc))
            }
            Kw::Coalesce => {
                let args = self.expr_list()?;
                Ok(Expr::CoalesceExpr(Box::new(CoalesceExpr { args, location: loc })))
            }
            Kw::Greatest | Kw::Least => {
                let op = if kw == Kw::Greatest { MinMaxOp::Greatest } else { MinMaxOp::Least };
                let args = self.expr_list()?;
                Ok(Expr::MinMaxExpr(Box::new(MinMaxExpr { op, args, location: loc })))
            }
            Kw::MergeAction => Ok(Expr::MergeSupportFunc(MergeSupportFunc { location: loc })),
            _ => Err(self.unexpected()),
        }
    }

    fn value_function(&mut self, kw: Kw, location: ParseLoc) -> PgResult<Expr> {
        use SQLValueFunctionOp as Op;
        self.advance();
        let (plain, precise) = match kw {
            Kw::CurrentDate => (Op::CurrentDate, None),
            Kw::CurrentTime => (Op::CurrentTime, Some(Op::CurrentTimeN)),
            Kw::CurrentTimestamp => (Op::CurrentTimestamp, Some(Op::CurrentTimestampN)),
            Kw::Localtime => (Op::LocalTime, Some(Op::LocalTimeN)),
            Kw::Localtimestamp => (Op::LocalTimestamp, Some(Op::LocalTimestampN)),
            Kw::CurrentRole => (Op::CurrentRole, None),
            Kw::CurrentUser => (Op::CurrentUser, None),
            Kw::SessionUser => (Op::SessionUser, None),
            Kw::User => (Op::User, None),
            Kw::CurrentCatalog => (Op::CurrentCatalog, None),
            Kw::SystemUser => {
                return Ok(system_call(
                    "system_user",
                    Vec::new(),
                    CoercionForm::SqlSyntax,
                    location,
                ));
            }
            _ => (Op::CurrentSchema, None),
        };
        if let Some(op) = precise
            && self.at_char(b'(')
        {
            let typmod = self.parens(Self::iconst)?;
            return Ok(Expr::SQLValueFunction(SQLValueFunction { op, typmod, location }));
        }
        Ok(Expr::SQLValueFunction(SQLValueFunction { op: plain, typmod: -1, location }))
    }

    /// Field of EXTRACT as a string constant.
    fn extract_arg(&mut self) -> PgResult<Expr> {
        let location = self.loc();
        let text = match self.tok() {
            Tok::SConst => self.take_string(),
            Tok::Ident
            | Tok::Kw(Kw::Year | Kw::Month | Kw::Day | Kw::Hour | Kw::Minute | Kw::Second) => {
                self.take_name()
            }
            _ => return Err(self.unexpected()),
        };
        Ok(Expr::AConst(AConst { val: ConstValue::String(text), location }))
    }

    /// Arguments of a call without special syntax; the first is read.
    fn plain_call(&mut self, name: &str, first: Expr, location: ParseLoc) -> PgResult<Expr> {
        let mut args = vec![first];
        if self.eat_char(b',') {
            args.extend(self.func_arg_list()?);
        }
        let call = super::expr::func_call(vec![name.to_owned()], args, location);
        Ok(Expr::FuncCall(Box::new(call)))
    }

    fn empty_call(&self, name: &str, location: ParseLoc) -> Expr {
        let call = super::expr::func_call(vec![name.to_owned()], Vec::new(), location);
        Expr::FuncCall(Box::new(call))
    }

    fn overlay(&mut self, loc: ParseLoc) -> PgResult<Expr> {
        if self.at_char(b')') {
            return Ok(self.empty_call("overlay", loc));
        }
        let first = self.func_arg_expr()?;
        if matches!(first, Expr::NamedArgExpr(_)) || !self.eat(Kw::Placing) {
            return self.plain_call("overlay", first, loc);
        }
        let mut args = vec![first, self.a_expr()?];
        self.expect(Kw::From)?;
        args.push(self.a_expr()?);
        if self.eat(Kw::For) {
            args.push(self.a_expr()?);
        }
        Ok(system_call("overlay", args, CoercionForm::SqlSyntax, loc))
    }

    fn substring(&mut self, loc: ParseLoc) -> PgResult<Expr> {
        if self.at_char(b')') {
            return Ok(self.empty_call("substring", loc));
        }
        let outer = std::mem::replace(&mut self.similar_ends_expr, true);
        let first = self.func_arg_expr();
        self.similar_ends_expr = outer;
        let first = first?;
        let named = matches!(first, Expr::NamedArgExpr(_));
        let args = match self.tok() {
            Tok::Kw(Kw::From) if !named => {
                self.advance();
                let from = self.a_expr()?;
                if self.eat(Kw::For) {
                    vec![first, from, self.a_expr()?]
                } else {
                    vec![first, from]
                }
            }
            Tok::Kw(Kw::For) if !named => {
                self.advance();
                let length = self.a_expr()?;
                if self.eat(Kw::From) {
                    vec![first, self.a_expr()?, length]
                } else {
                    // No function takes a text length alone, so the length is made an integer.
                    let one = Expr::AConst(AConst { val: ConstValue::Integer(1), location: -1 });
                    let type_name = TypeName::system("int4", -1);
                    let length = TypeCast { arg: length, type_name, location: -1 };
                    vec![first, one, Expr::TypeCast(Box::new(length))]
                }
            }
            // SIMILAR is also an operator, which reads `x SIMILAR TO`; here no TO follows.
            Tok::Kw(Kw::Similar) if !named => {
                self.advance();
                let pattern = self.a_expr()?;
                self.expect(Kw::Escape)?;
                vec![first, pattern, self.a_expr()?]
            }
            _ => return self.plain_call("substring", first, loc),
        };
        Ok(system_call("substring", args, CoercionForm::SqlSyntax, loc))
    }

    fn trim(&mut self, loc: ParseLoc) -> PgResult<Expr> {
        let name = match self.tok() {
            Tok::Kw(Kw::Both) => Some("btrim"),
            Tok::Kw(Kw::Leading) => Some("ltrim"),
            Tok::Kw(Kw::Trailing) => Some("rtrim"),
            _ => None,
        };
        if name.is_some() {
            self.advance();
        }
        let mut args = Vec::new();
        if self.eat(Kw::From) {
            args = self.expr_list()?;
        } else {
            let first = self.a_expr()?;
            if self.eat(Kw::From) {
                args = self.expr_list()?;
                args.push(first);
            } else {
                args.push(first);
                while self.eat_char(b',') {
                    args.push(self.a_expr()?);
                }
            }
        }
        Ok(system_call(name.unwrap_or("btrim"), args, CoercionForm::SqlSyntax, loc))
    }
}

//! Primaries: constants, names, parentheses, CASE, ARRAY, ROW, EXISTS.
use super::Parser;
use super::expr::Parenthesized;
use super::type_name::is_const_type_keyword;
use crate::ast::*;
use crate::keyword::{Category, Kw};
use crate::token::Tok;
use error::PgResult;

/// Whether an expression may begin with `tok`.
pub(super) fn starts_expr(tok: Tok) -> bool {
    match tok {
        Tok::Ident
        | Tok::SConst
        | Tok::BConst
        | Tok::XConst
        | Tok::IConst
        | Tok::FConst
        | Tok::Param
        | Tok::Op
        | Tok::NotLa
        | Tok::Char(b'(' | b'+' | b'-') => true,
        Tok::Kw(kw) => match kw.info().category {
            Category::Unreserved | Category::ColName => true,
            // Each can at least be the name of a function.
            Category::TypeFuncName => true,
            Category::Reserved => matches!(
                kw,
                Kw::Not
                    | Kw::Case
                    | Kw::Cast
                    | Kw::Array
                    | Kw::CurrentCatalog
                    | Kw::CurrentDate
                    | Kw::CurrentRole
                    | Kw::CurrentTime
                    | Kw::CurrentTimestamp
                    | Kw::CurrentUser
                    | Kw::Default
                    | Kw::False
                    | Kw::Localtime
                    | Kw::Localtimestamp
                    | Kw::Null
                    | Kw::SessionUser
                    | Kw::SystemUser
                    | Kw::True
                    | Kw::Unique
                    | Kw::User
            ),
        },
        _ => false,
    }
}

fn constant(val: ConstValue, location: ParseLoc) -> Expr {
    Expr::AConst(AConst { val, location })
}

/// `type 'text'`
fn string_cast(text: String, location: ParseLoc, type_name: TypeName) -> Expr {
    let arg = constant(ConstValue::String(text), location);
    Expr::TypeCast(Box::new(TypeCast { arg, type_name, location: -1 }))
}

impl Parser<'_> {
    /// A primary with its indirection.
    pub(super) fn c_expr(&mut self) -> PgResult<Expr> {
        let loc = self.loc();
        match self.tok() {
            Tok::Ident => self.named(),
            Tok::IConst => Ok(constant(ConstValue::Integer(self.iconst()?), loc)),
            Tok::FConst => Ok(constant(ConstValue::Float(self.take_float()), loc)),
            Tok::SConst => Ok(constant(ConstValue::String(self.take_string()), loc)),
            Tok::BConst | Tok::XConst => {
                Ok(constant(ConstValue::BitString(self.take_string()), loc))
            }
            Tok::Param => {
                let number = self.token().val as i32;
                self.advance();
                self.with_indirection(Expr::ParamRef(ParamRef { number, location: loc }))
            }
            Tok::Char(b'(') => self.parenthesized(),
            Tok::Kw(kw) => self.keyword_primary(kw, loc),
            _ => Err(self.unexpected()),
        }
    }

    fn keyword_primary(&mut self, kw: Kw, loc: ParseLoc) -> PgResult<Expr> {
        match kw {
            Kw::True | Kw::False => {
                self.advance();
                Ok(constant(ConstValue::Boolean(kw == Kw::True), loc))
            }
            Kw::Null => {
                self.advance();
                Ok(constant(ConstValue::Null, loc))
            }
            Kw::Case => self.case_expr(),
            Kw::Array => self.array(),
            Kw::Row if self.peek(1) == Tok::Char(b'(') => self.row_expr(),
            Kw::Exists if self.peek(1) == Tok::Char(b'(') => {
                self.advance();
                let subselect = self.select_with_parens()?;
                Ok(sublink(SubLinkType::Exists, subselect, loc))
            }
            Kw::Grouping if self.peek(1) == Tok::Char(b'(') => {
                self.advance();
                let args = self.paren_list(Self::a_expr)?;
                Ok(Expr::GroupingFunc(Box::new(GroupingFunc { args, location: loc })))
            }
            Kw::Interval if matches!(self.peek(1), Tok::SConst | Tok::Char(b'(')) => {
                let (type_name, text, text_loc) = self.interval_literal()?;
                Ok(string_cast(text, text_loc, type_name))
            }
            _ if is_const_type_keyword(kw) && self.at_type_literal(kw) => {
                let type_name = self.const_type_name(kw)?;
                let text_loc = self.loc();
                let text = self.sconst()?;
                Ok(string_cast(text, text_loc, type_name))
            }
            _ if self.at_common_subexpr(kw) => self.func_expr_from_common(),
            _ => self.named(),
        }
    }

    /// Whether a type's keyword begins a typed literal rather than a column's name.
    fn at_type_literal(&self, kw: Kw) -> bool {
        match self.peek(1) {
            Tok::SConst => kw != Kw::Double && kw != Kw::National,
            Tok::Char(b'(') => matches!(
                kw,
                Kw::Float
                    | Kw::Decimal
                    | Kw::Dec
                    | Kw::Numeric
                    | Kw::Bit
                    | Kw::Character
                    | Kw::Char
                    | Kw::Varchar
                    | Kw::Nchar
                    | Kw::Time
                    | Kw::Timestamp
            ),
            Tok::Kw(Kw::Varying) => {
                matches!(kw, Kw::Bit | Kw::Character | Kw::Char | Kw::Nchar)
            }
            Tok::Kw(Kw::Precision) => kw == Kw::Double,
            Tok::Kw(Kw::Character | Kw::Char) => kw == Kw::National,
            Tok::WithLa | Tok::WithoutLa => matches!(kw, Kw::Time | Kw::Timestamp),
            _ => false,
        }
    }

    /// A column, a call, or a literal of a named type.
    fn named(&mut self) -> PgResult<Expr> {
        let loc = self.loc();
        let tok = self.tok();
        let is_function = tok.is_type_function_name();
        let is_column = tok.is_col_id();
        if !is_function && !is_column {
            return Err(self.unexpected());
        }
        let first = self.take_name();
        match self.tok() {
            Tok::Char(b'(') if is_function => return self.func_expr(vec![first], loc),
            Tok::SConst if is_function => {
                return self.named_literal(vec![first], Vec::new(), loc);
            }
            _ if !is_column => return Err(self.unexpected()),
            Tok::Char(b'.' | b'[') => {}
            _ => {
                return Ok(Expr::ColumnRef(ColumnRef {
                    fields: vec![first],
                    star: false,
                    location: loc,
                }));
            }
        }
        let indirection = self.opt_indirection()?;
        if matches!(self.tok(), Tok::Char(b'(') | Tok::SConst) {
            let mut names = vec![first];
            for step in indirection {
                match step {
                    Indirection::Field(name) => names.push(name),
                    _ => return Err(self.unexpected()),
                }
            }
            return match self.tok() {
                Tok::SConst => self.named_literal(names, Vec::new(), loc),
                _ => self.func_expr(names, loc),
            };
        }
        self.column_ref(first, indirection, loc)
    }

    /// `name 'text'` or `name(typmods) 'text'`, at the text.
    pub(super) fn named_literal(
        &mut self,
        names: Vec<String>,
        typmods: Vec<Expr>,
        loc: ParseLoc,
    ) -> PgResult<Expr> {
        let text_loc = self.loc();
        let text = self.sconst()?;
        let type_name = TypeName { typmods, ..TypeName::from_names(names, loc) };
        Ok(string_cast(text, text_loc, type_name))
    }

    /// Leading names become the column reference, the rest indirection on it.
    pub(super) fn column_ref(
        &mut self,
        first: String,
        indirection: Vec<Indirection>,
        location: ParseLoc,
    ) -> PgResult<Expr> {
        let mut column = ColumnRef { fields: vec![first], star: false, location };
        let mut steps = indirection.into_iter().peekable();
        while let Some(step) =
            steps.next_if(|s| matches!(s, Indirection::Field(_) | Indirection::Star))
        {
            match step {
                Indirection::Field(name) => column.fields.push(name),
                _ if steps.peek().is_some() => {
                    return Err(self.error_here("improper use of \"*\""));
                }
                _ => column.star = true,
            }
        }
        let rest: Vec<Indirection> = steps.collect();
        let column = Expr::ColumnRef(column);
        if rest.is_empty() {
            return Ok(column);
        }
        self.check_indirection(&rest)?;
        Ok(Expr::AIndirection(Box::new(AIndirection { arg: column, indirection: rest })))
    }

    /// `*` may only come last.
    pub(super) fn check_indirection(&self, indirection: &[Indirection]) -> PgResult<()> {
        let last = indirection.len().saturating_sub(1);
        if indirection.iter().take(last).any(|s| matches!(s, Indirection::Star)) {
            return Err(self.error_here("improper use of \"*\""));
        }
        Ok(())
    }

    /// `.name`, `.*`, `[i]`, `[l:u]`, any number of times.
    pub(super) fn opt_indirection(&mut self) -> PgResult<Vec<Indirection>> {
        let mut list = Vec::new();
        loop {
            if self.eat_char(b'.') {
                if self.eat_char(b'*') {
                    list.push(Indirection::Star);
                } else {
                    list.push(Indirection::Field(self.col_label()?));
                }
            } else if self.eat_char(b'[') {
                list.push(Indirection::Indices(Box::new(self.subscript()?)));
            } else {
                return Ok(list);
            }
            self.check_chain(list.len())?;
        }
    }

    /// After `[`.
    fn subscript(&mut self) -> PgResult<AIndices> {
        let lower = if self.at_char(b':') { None } else { Some(self.a_expr()?) };
        let is_slice = self.eat_char(b':');
        let upper = if !is_slice || self.at_char(b']') { None } else { Some(self.a_expr()?) };
        self.expect_char(b']')?;
        Ok(match is_slice {
            true => AIndices { is_slice, lidx: lower, uidx: upper },
            false => AIndices { is_slice, lidx: None, uidx: lower },
        })
    }

    fn with_indirection(&mut self, arg: Expr) -> PgResult<Expr> {
        if !matches!(self.tok(), Tok::Char(b'.' | b'[')) {
            return Ok(arg);
        }
        let indirection = self.opt_indirection()?;
        self.check_indirection(&indirection)?;
        Ok(Expr::AIndirection(Box::new(AIndirection { arg, indirection })))
    }

    /// `(expr)`, `(a, b)` or `(SELECT …)`.
    fn parenthesized(&mut self) -> PgResult<Expr> {
        let loc = self.expect_char(b'(')?;
        match self.after_open_paren()? {
            Parenthesized::Select(subselect) => {
                self.expect_char(b')')?;
                self.with_indirection(sublink(SubLinkType::Expr, subselect, loc))
            }
            Parenthesized::Expr(first) if self.at_char(b',') => self.implicit_row(first, loc),
            Parenthesized::Expr(e) => {
                self.expect_char(b')')?;
                self.with_indirection(e)
            }
        }
    }

    /// Rest of `(a, b)` at its first comma.
    fn implicit_row(&mut self, first: Expr, location: ParseLoc) -> PgResult<Expr> {
        let mut args = vec![first];
        while self.eat_char(b',') {
            args.push(self.a_expr()?);
        }
        self.expect_char(b')')?;
        let row_format = CoercionForm::ImplicitCast;
        Ok(Expr::RowExpr(Box::new(RowExpr { args, row_format, location })))
    }

    /// `ROW(…)`, or `(a, b)`.
    pub(super) fn row_expr(&mut self) -> PgResult<Expr> {
        let location = self.loc();
        if !self.eat(Kw::Row) {
            self.expect_char(b'(')?;
            let first = self.a_expr()?;
            if !self.at_char(b',') {
                return Err(self.unexpected());
            }
            return self.implicit_row(first, location);
        }
        self.expect_char(b'(')?;
        let args = if self.at_char(b')') { Vec::new() } else { self.expr_list()? };
        self.expect_char(b')')?;
        let row_format = CoercionForm::ExplicitCall;
        Ok(Expr::RowExpr(Box::new(RowExpr { args, row_format, location })))
    }

    /// What follows an opening parenthesis: a query if it can only be one, else an expression,
    /// which may well begin with a parenthesized query.
    pub(super) fn after_open_paren(&mut self) -> PgResult<Parenthesized> {
        error::check_stack_depth()?;
        match self.tok() {
            Tok::Kw(Kw::Values) if self.peek(1) != Tok::Char(b'(') => {
                Ok(Parenthesized::Expr(self.a_expr()?))
            }
            Tok::Kw(Kw::Select | Kw::Values | Kw::With | Kw::Table) | Tok::WithLa => {
                Ok(Parenthesized::Select(self.select_no_parens()?))
            }
            Tok::Char(b'(') => {
                let loc = self.loc();
                self.advance();
                let inner = match self.after_open_paren()? {
                    Parenthesized::Select(select) => {
                        self.expect_char(b')')?;
                        if self.at_char(b')') || self.at_select_continuation() {
                            let select = self.select_rest(select, None)?;
                            return Ok(Parenthesized::Select(select));
                        }
                        self.with_indirection(sublink(SubLinkType::Expr, select, loc))?
                    }
                    Parenthesized::Expr(first) if self.at_char(b',') => {
                        self.implicit_row(first, loc)?
                    }
                    Parenthesized::Expr(e) => {
                        self.expect_char(b')')?;
                        self.with_indirection(e)?
                    }
                };
                Ok(Parenthesized::Expr(self.a_expr_from(inner)?))
            }
            _ => Ok(Parenthesized::Expr(self.a_expr()?)),
        }
    }

    /// `(SELECT …)` or `(expr)`.
    pub(super) fn paren_select_or_expr(&mut self) -> PgResult<Parenthesized> {
        self.parens(Self::after_open_paren)
    }

    fn case_expr(&mut self) -> PgResult<Expr> {
        let location = self.expect(Kw::Case)?;
        let arg = if self.at(Kw::When) { None } else { Some(self.a_expr()?) };
        let mut args = Vec::new();
        loop {
            let when_loc = self.expect(Kw::When)?;
            let expr = self.a_expr()?;
            self.expect(Kw::Then)?;
            let result = self.a_expr()?;
            args.push(CaseWhen { expr, result, location: when_loc });
            if !self.at(Kw::When) {
                break;
            }
        }
        let defresult = if self.eat(Kw::Else) { Some(self.a_expr()?) } else { None };
        self.expect(Kw::End)?;
        Ok(Expr::CaseExpr(Box::new(CaseExpr { arg, args, defresult, location })))
    }

    fn array(&mut self) -> PgResult<Expr> {
        let location = self.expect(Kw::Array)?;
        if self.at_char(b'(') {
            let subselect = self.select_with_parens()?;
            return Ok(sublink(SubLinkType::Array, subselect, location));
        }
        let mut array = self.array_expr()?;
        array.location = location;
        Ok(Expr::AArrayExpr(Box::new(array)))
    }

    /// `[a, b]`, or nested brackets.
    fn array_expr(&mut self) -> PgResult<AArrayExpr> {
        error::check_stack_depth()?;
        let location = self.expect_char(b'[')?;
        let elements = if self.at_char(b']') {
            Vec::new()
        } else if self.at_char(b'[') {
            self.comma_list(|p| Ok(Expr::AArrayExpr(Box::new(p.array_expr()?))))?
        } else {
            self.expr_list()?
        };
        self.expect_char(b']')?;
        Ok(AArrayExpr { elements, location })
    }

    /// A literal, for SEARCH and CYCLE.
    pub(super) fn aexpr_const(&mut self) -> PgResult<Expr> {
        let literal = match self.tok() {
            Tok::IConst | Tok::FConst | Tok::SConst | Tok::BConst | Tok::XConst => true,
            Tok::Kw(Kw::True | Kw::False | Kw::Null) => true,
            Tok::Kw(kw) if is_const_type_keyword(kw) || kw == Kw::Interval => true,
            tok => tok.is_type_function_name() || tok.is_col_id(),
        };
        if !literal {
            return Err(self.unexpected());
        }
        let e = self.c_expr()?;
        match &e {
            Expr::AConst(_) => Ok(e),
            Expr::TypeCast(cast) if cast.location < 0 => Ok(e),
            _ => Err(self.unexpected()),
        }
    }
}

pub(super) fn sublink(
    sub_link_type: SubLinkType,
    subselect: Box<SelectStmt>,
    location: ParseLoc,
) -> Expr {
    Expr::SubLink(Box::new(SubLink {
        sub_link_type,
        testexpr: None,
        oper_name: Vec::new(),
        subselect,
        location,
    }))
}

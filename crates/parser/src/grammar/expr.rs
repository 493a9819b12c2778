//! Operator expressions by precedence climbing.
//!
//! The levels are those of PostgreSQL's documentation. A prefix operator's operand is read at the
//! operator's own level whatever surrounds it (`a + NOT b = c` is `a + (NOT (b = c))`). After a
//! non-associative operator another one of its level is a syntax error.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

/// Binding strength of operators.
pub(super) mod level {
    pub(crate) const LOWEST: u8 = 0;
    pub(crate) const OR: u8 = 1;
    pub(crate) const AND: u8 = 2;
    pub(crate) const NOT: u8 = 3;
    pub(crate) const IS: u8 = 4;
    pub(crate) const COMPARISON: u8 = 5;
    /// BETWEEN, IN, LIKE and their kind.
    pub(crate) const MATCH: u8 = 6;
    pub(crate) const OP: u8 = 8;
    pub(crate) const SUM: u8 = 9;
    pub(crate) const PRODUCT: u8 = 10;
    pub(crate) const POWER: u8 = 11;
    pub(crate) const AT: u8 = 12;
    pub(crate) const COLLATE: u8 = 13;
    pub(crate) const SIGN: u8 = 14;
    pub(crate) const TYPECAST: u8 = 15;
}

/// The two kinds of expression.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everything.
    A,
    /// Without boolean operators and most keyword operators.
    B,
}

/// `left op right`.
pub(super) fn simple_a_expr(
    kind: AExprKind,
    name: &str,
    lexpr: Option<Expr>,
    rexpr: Expr,
    location: ParseLoc,
) -> Expr {
    Expr::AExpr(Box::new(AExpr {
        kind,
        name: vec![name.to_owned()],
        lexpr,
        rexpr: AExprArg::Expr(rexpr),
        location,
    }))
}

fn not_expr(arg: Expr, location: ParseLoc) -> Expr {
    Expr::BoolExpr(Box::new(BoolExpr { boolop: BoolExprType::Not, args: vec![arg], location }))
}

/// Joins with AND or OR; a chain becomes one node.
fn bool_expr(boolop: BoolExprType, left: Expr, right: Expr, location: ParseLoc) -> Expr {
    match left {
        Expr::BoolExpr(mut b) if b.boolop == boolop => {
            b.args.push(right);
            Expr::BoolExpr(b)
        }
        left => Expr::BoolExpr(Box::new(BoolExpr { boolop, args: vec![left, right], location })),
    }
}

/// Minus before a constant becomes part of it.
pub(super) fn negate(arg: Expr, location: ParseLoc) -> Expr {
    match arg {
        Expr::AConst(AConst { val: ConstValue::Integer(v), .. }) => {
            Expr::AConst(AConst { val: ConstValue::Integer(v.wrapping_neg()), location })
        }
        Expr::AConst(AConst { val: ConstValue::Float(v), .. }) => {
            let v = match v.strip_prefix('-') {
                Some(positive) => positive.to_owned(),
                None => format!("-{v}"),
            };
            Expr::AConst(AConst { val: ConstValue::Float(v), location })
        }
        arg => simple_a_expr(AExprKind::Op, "-", None, arg, location),
    }
}

/// Level of the infix or postfix operator that `tok` begins.
fn infix_level(tok: Tok, mode: Mode) -> Option<u8> {
    Some(match tok {
        Tok::Op | Tok::Kw(Kw::Operator) => level::OP,
        Tok::Char(b'+' | b'-') => level::SUM,
        Tok::Char(b'*' | b'/' | b'%') => level::PRODUCT,
        Tok::Char(b'^') => level::POWER,
        Tok::Char(b'<' | b'>' | b'=') | Tok::LessEquals | Tok::GreaterEquals | Tok::NotEquals => {
            level::COMPARISON
        }
        Tok::TypeCast => level::TYPECAST,
        Tok::Kw(Kw::Is) => level::IS,
        _ if mode == Mode::B => return None,
        Tok::Kw(Kw::And) => level::AND,
        Tok::Kw(Kw::Or) => level::OR,
        Tok::Kw(Kw::Isnull | Kw::Notnull) => level::IS,
        Tok::Kw(Kw::Between | Kw::In | Kw::Like | Kw::Ilike | Kw::Similar) | Tok::NotLa => {
            level::MATCH
        }
        Tok::Kw(Kw::Collate) => level::COLLATE,
        Tok::Kw(Kw::At) => level::AT,
        _ => return None,
    })
}

/// What an operator was: does its text end with an operand (then its level may not follow again)?
enum Ended {
    WithOperand,
    WithToken,
}

impl Parser<'_> {
    /// An expression.
    pub(super) fn a_expr(&mut self) -> PgResult<Expr> {
        self.expr(level::LOWEST, Mode::A)
    }

    /// An expression without boolean operators.
    pub(super) fn b_expr(&mut self) -> PgResult<Expr> {
        self.expr(level::LOWEST, Mode::B)
    }

    pub(super) fn expr_list(&mut self) -> PgResult<Vec<Expr>> {
        self.comma_list(Self::a_expr)
    }

    fn expr(&mut self, min: u8, mode: Mode) -> PgResult<Expr> {
        error::check_stack_depth()?;
        let loc = self.loc();
        let left = match self.tok() {
            Tok::Char(b'-') => {
                self.advance();
                let arg = self.expr(level::SIGN, mode)?;
                negate(arg, loc)
            }
            Tok::Char(b'+') => {
                self.advance();
                let arg = self.expr(level::SIGN, mode)?;
                simple_a_expr(AExprKind::Op, "+", None, arg, loc)
            }
            Tok::Op => {
                let name = vec![self.all_op()?];
                self.prefix_operator(name, loc, mode)?
            }
            Tok::Kw(Kw::Operator) if self.peek(1) == Tok::Char(b'(') => {
                let name = self.operator_call()?;
                self.prefix_operator(name, loc, mode)?
            }
            Tok::Kw(Kw::Not) | Tok::NotLa if mode == Mode::A => {
                self.advance();
                let arg = self.expr(level::NOT, mode)?;
                not_expr(arg, loc)
            }
            Tok::Kw(Kw::Default) if mode == Mode::A => {
                self.advance();
                Expr::SetToDefault(SetToDefault { location: loc })
            }
            Tok::Kw(Kw::Unique) if mode == Mode::A => return Err(self.unique_predicate()),
            _ => {
                // What is nested in a primary is no target itself.
                let outer = std::mem::replace(&mut self.label_ends_expr, false);
                let primary = self.c_expr();
                self.label_ends_expr = outer;
                return self.expr_from(primary?, true, min, mode);
            }
        };
        self.expr_from(left, false, min, mode)
    }

    fn prefix_operator(
        &mut self,
        name: Vec<String>,
        location: ParseLoc,
        mode: Mode,
    ) -> PgResult<Expr> {
        let rexpr = AExprArg::Expr(self.expr(level::OP + 1, mode)?);
        Ok(Expr::AExpr(Box::new(AExpr { kind: AExprKind::Op, name, lexpr: None, rexpr, location })))
    }

    /// Always fails: UNIQUE (SELECT …) is not implemented, once it is read.
    fn unique_predicate(&mut self) -> error::PgError {
        let loc = self.loc();
        self.advance();
        let read = self.opt_unique_null_treatment().and_then(|_| self.select_with_parens());
        match read {
            Err(e) => e,
            Ok(_) => error::err!(FEATURE_NOT_SUPPORTED, "UNIQUE predicate is not yet implemented")
                .at(loc),
        }
    }

    /// An expression whose first primary is already read.
    pub(super) fn a_expr_from(&mut self, primary: Expr) -> PgResult<Expr> {
        self.expr_from(primary, true, level::LOWEST, Mode::A)
    }

    fn expr_from(
        &mut self,
        mut left: Expr,
        is_primary: bool,
        min: u8,
        mode: Mode,
    ) -> PgResult<Expr> {
        let mut left_is_c_expr = is_primary;
        if is_primary && mode == Mode::A && self.at(Kw::Overlaps) {
            left = self.overlaps(left)?;
            left_is_c_expr = false;
        }
        let mut blocked = None;
        let mut links = 0;
        while let Some(op_level) = infix_level(self.tok(), mode) {
            if op_level < min {
                break;
            }
            if self.label_ends_expr && self.at_operator_as_label() {
                break;
            }
            // Elsewhere OPERATOR is a label.
            if self.at(Kw::Operator) && self.peek(1) != Tok::Char(b'(') {
                if !self.label_ends_expr {
                    self.advance();
                    return Err(self.unexpected());
                }
                break;
            }
            if self.at(Kw::Similar) && !self.peek_is(1, Kw::To) {
                if !self.similar_ends_expr {
                    self.advance();
                    return Err(self.unexpected());
                }
                break;
            }
            if blocked == Some(op_level) {
                return Err(self.unexpected());
            }
            links += 1;
            if op_level > level::AND {
                self.check_chain(links)?;
            }
            let ended;
            (left, ended) = self.infix(left, op_level, mode)?;
            blocked = match ended {
                Ended::WithOperand => {
                    matches!(op_level, level::IS | level::COMPARISON | level::MATCH)
                        .then_some(op_level)
                }
                Ended::WithToken => None,
            };
            left_is_c_expr = false;
        }
        self.last_is_c_expr = left_is_c_expr;
        Ok(left)
    }

    /// In a target list, a keyword operator that no operand follows is the target's label.
    fn at_operator_as_label(&self) -> bool {
        let Tok::Kw(kw) = self.tok() else { return false };
        !matches!(kw, Kw::Isnull | Kw::Notnull | Kw::Collate | Kw::At)
            && kw.info().bare_label
            && matches!(
                self.peek(1),
                Tok::Eof
                    | Tok::Char(b',' | b';' | b')')
                    | Tok::Kw(
                        Kw::From
                            | Kw::Into
                            | Kw::Where
                            | Kw::Group
                            | Kw::Having
                            | Kw::Window
                            | Kw::Union
                            | Kw::Intersect
                            | Kw::Except
                            | Kw::Order
                            | Kw::Limit
                            | Kw::Offset
                            | Kw::Fetch
                            | Kw::For
                    )
            )
    }

    fn infix(&mut self, left: Expr, op_level: u8, mode: Mode) -> PgResult<(Expr, Ended)> {
        let loc = self.loc();
        match self.tok() {
            Tok::Kw(Kw::And | Kw::Or) => {
                let boolop = if self.at(Kw::And) { BoolExprType::And } else { BoolExprType::Or };
                self.advance();
                let right = self.expr(op_level + 1, mode)?;
                Ok((bool_expr(boolop, left, right, loc), Ended::WithOperand))
            }
            Tok::TypeCast => {
                self.advance();
                let type_name = self.type_name()?;
                let cast = TypeCast { arg: left, type_name, location: loc };
                Ok((Expr::TypeCast(Box::new(cast)), Ended::WithToken))
            }
            Tok::Kw(Kw::Is) => self.is_operator(left, loc, mode),
            Tok::Kw(Kw::Isnull | Kw::Notnull) => {
                let nulltesttype = if self.at(Kw::Isnull) {
                    NullTestType::IsNull
                } else {
                    NullTestType::IsNotNull
                };
                self.advance();
                Ok((null_test(left, nulltesttype, loc), Ended::WithToken))
            }
            Tok::Kw(Kw::Collate) => {
                self.advance();
                let collname = self.any_name()?;
                let clause = CollateClause { arg: Some(left), collname, location: loc };
                Ok((Expr::CollateClause(Box::new(clause)), Ended::WithToken))
            }
            Tok::Kw(Kw::At) => self.at_operator(left, loc),
            Tok::NotLa | Tok::Kw(Kw::Between | Kw::In | Kw::Like | Kw::Ilike | Kw::Similar) => {
                self.match_operator(left, loc)
            }
            _ => self.binary_operator(left, op_level, loc, mode),
        }
    }

    /// A symbol or `OPERATOR(…)`, perhaps with ANY or ALL.
    fn binary_operator(
        &mut self,
        left: Expr,
        op_level: u8,
        loc: ParseLoc,
        mode: Mode,
    ) -> PgResult<(Expr, Ended)> {
        let name = self.qual_all_op()?;
        if mode == Mode::A && self.at_sub_type() {
            return Ok((self.any_all(left, name, loc)?, Ended::WithToken));
        }
        let right = self.expr(op_level + 1, mode)?;
        let node = AExpr {
            kind: AExprKind::Op,
            name,
            lexpr: Some(left),
            rexpr: AExprArg::Expr(right),
            location: loc,
        };
        Ok((Expr::AExpr(Box::new(node)), Ended::WithOperand))
    }

    fn at_sub_type(&self) -> bool {
        matches!(self.tok(), Tok::Kw(Kw::Any | Kw::Some | Kw::All))
    }

    /// `op ANY (…)`, with a query or an array.
    fn any_all(&mut self, left: Expr, name: Vec<String>, location: ParseLoc) -> PgResult<Expr> {
        let all = self.at(Kw::All);
        self.advance();
        match self.paren_select_or_expr()? {
            Parenthesized::Select(subselect) => {
                let sub_link_type = if all { SubLinkType::All } else { SubLinkType::Any };
                Ok(Expr::SubLink(Box::new(SubLink {
                    sub_link_type,
                    testexpr: Some(left),
                    oper_name: name,
                    subselect,
                    location,
                })))
            }
            Parenthesized::Expr(rexpr) => Ok(Expr::AExpr(Box::new(AExpr {
                kind: if all { AExprKind::OpAll } else { AExprKind::OpAny },
                name,
                lexpr: Some(left),
                rexpr: AExprArg::Expr(rexpr),
                location,
            }))),
        }
    }

    fn at_operator(&mut self, left: Expr, loc: ParseLoc) -> PgResult<(Expr, Ended)> {
        self.expect(Kw::At)?;
        if self.eat(Kw::Local) {
            let call = system_call("timezone", vec![left], CoercionForm::SqlSyntax, -1);
            return Ok((call, Ended::WithToken));
        }
        self.expect_all(&[Kw::Time, Kw::Zone])?;
        let zone = self.expr(level::AT + 1, Mode::A)?;
        let call = system_call("timezone", vec![zone, left], CoercionForm::SqlSyntax, loc);
        Ok((call, Ended::WithOperand))
    }

    /// BETWEEN, IN, LIKE, ILIKE, SIMILAR TO and their negations.
    fn match_operator(&mut self, left: Expr, loc: ParseLoc) -> PgResult<(Expr, Ended)> {
        let negated = self.tok() == Tok::NotLa;
        if negated {
            self.advance();
        }
        let Tok::Kw(kw) = self.tok() else { return Err(self.unexpected()) };
        self.advance();
        match kw {
            Kw::Between => Ok((self.between(left, negated, loc)?, Ended::WithOperand)),
            Kw::In => Ok((self.in_operator(left, negated, loc)?, Ended::WithToken)),
            Kw::Similar => {
                self.expect(Kw::To)?;
                let pattern = self.expr(level::MATCH + 1, Mode::A)?;
                let mut args = vec![pattern];
                if self.eat(Kw::Escape) {
                    args.push(self.expr(level::MATCH + 1, Mode::A)?);
                }
                let escape =
                    system_call("similar_to_escape", args, CoercionForm::ExplicitCall, loc);
                let name = if negated { "!~" } else { "~" };
                let node = simple_a_expr(AExprKind::Similar, name, Some(left), escape, loc);
                Ok((node, Ended::WithOperand))
            }
            Kw::Like | Kw::Ilike => {
                let (kind, name) = match (kw, negated) {
                    (Kw::Like, false) => (AExprKind::Like, "~~"),
                    (Kw::Like, true) => (AExprKind::Like, "!~~"),
                    (_, false) => (AExprKind::ILike, "~~*"),
                    (_, true) => (AExprKind::ILike, "!~~*"),
                };
                if self.at_sub_type() {
                    let node = self.any_all(left, vec![name.to_owned()], loc)?;
                    return Ok((node, Ended::WithToken));
                }
                let mut pattern = self.expr(level::MATCH + 1, Mode::A)?;
                if self.eat(Kw::Escape) {
                    let escape = self.expr(level::MATCH + 1, Mode::A)?;
                    let args = vec![pattern, escape];
                    pattern = system_call("like_escape", args, CoercionForm::ExplicitCall, loc);
                }
                Ok((simple_a_expr(kind, name, Some(left), pattern, loc), Ended::WithOperand))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn between(&mut self, left: Expr, negated: bool, location: ParseLoc) -> PgResult<Expr> {
        let symmetric = self.eat(Kw::Symmetric);
        if !symmetric {
            self.eat(Kw::Asymmetric);
        }
        let (kind, name) = match (negated, symmetric) {
            (false, false) => (AExprKind::Between, "BETWEEN"),
            (true, false) => (AExprKind::NotBetween, "NOT BETWEEN"),
            (false, true) => (AExprKind::BetweenSym, "BETWEEN SYMMETRIC"),
            (true, true) => (AExprKind::NotBetweenSym, "NOT BETWEEN SYMMETRIC"),
        };
        let low = self.b_expr()?;
        self.expect(Kw::And)?;
        let high = self.expr(level::MATCH + 1, Mode::A)?;
        Ok(Expr::AExpr(Box::new(AExpr {
            kind,
            name: vec![name.to_owned()],
            lexpr: Some(left),
            rexpr: AExprArg::List(vec![low, high]),
            location,
        })))
    }

    fn in_operator(&mut self, left: Expr, negated: bool, location: ParseLoc) -> PgResult<Expr> {
        self.expect_char(b'(')?;
        match self.after_open_paren()? {
            Parenthesized::Select(subselect) => {
                let link = Expr::SubLink(Box::new(SubLink {
                    sub_link_type: SubLinkType::Any,
                    testexpr: Some(left),
                    oper_name: Vec::new(),
                    subselect,
                    location,
                }));
                self.expect_char(b')')?;
                Ok(if negated { not_expr(link, location) } else { link })
            }
            Parenthesized::Expr(first) => {
                let mut list = vec![first];
                while self.eat_char(b',') {
                    list.push(self.a_expr()?);
                }
                self.expect_char(b')')?;
                Ok(Expr::AExpr(Box::new(AExpr {
                    kind: AExprKind::In,
                    name: vec![if negated { "<>" } else { "=" }.to_owned()],
                    lexpr: Some(left),
                    rexpr: AExprArg::List(list),
                    location,
                })))
            }
        }
    }

    /// IS and what follows it.
    fn is_operator(&mut self, left: Expr, loc: ParseLoc, mode: Mode) -> PgResult<(Expr, Ended)> {
        self.expect(Kw::Is)?;
        let not = self.eat(Kw::Not);
        if self.eat(Kw::Distinct) {
            self.expect(Kw::From)?;
            let right = self.expr(level::IS + 1, mode)?;
            let kind = if not { AExprKind::NotDistinct } else { AExprKind::Distinct };
            return Ok((simple_a_expr(kind, "=", Some(left), right, loc), Ended::WithOperand));
        }
        if self.eat(Kw::Document) {
            let test = Expr::XmlExpr(Box::new(XmlExpr {
                op: XmlExprOp::IsDocument,
                name: None,
                named_args: Vec::new(),
                args: vec![left],
                xmloption: XmlOptionType::Document,
                location: loc,
            }));
            return Ok((if not { not_expr(test, loc) } else { test }, Ended::WithToken));
        }
        if mode == Mode::B {
            return Err(self.unexpected());
        }
        let tok = self.tok();
        let Tok::Kw(kw) = tok else { return Err(self.unexpected()) };
        let boolean = |left, booltesttype| {
            Expr::BooleanTest(Box::new(BooleanTest { arg: left, booltesttype, location: loc }))
        };
        let test = match (kw, not) {
            (Kw::Null, false) => null_test(left, NullTestType::IsNull, loc),
            (Kw::Null, true) => null_test(left, NullTestType::IsNotNull, loc),
            (Kw::True, false) => boolean(left, BoolTestType::IsTrue),
            (Kw::True, true) => boolean(left, BoolTestType::IsNotTrue),
            (Kw::False, false) => boolean(left, BoolTestType::IsFalse),
            (Kw::False, true) => boolean(left, BoolTestType::IsNotFalse),
            (Kw::Unknown, false) => boolean(left, BoolTestType::IsUnknown),
            (Kw::Unknown, true) => boolean(left, BoolTestType::IsNotUnknown),
            (Kw::Json, _) => {
                let test = self.is_json(left)?;
                return Ok((if not { not_expr(test, loc) } else { test }, Ended::WithToken));
            }
            (Kw::Normalized | Kw::Nfc | Kw::Nfd | Kw::Nfkc | Kw::Nfkd, _) => {
                let test = self.is_normalized(left, loc)?;
                return Ok((if not { not_expr(test, loc) } else { test }, Ended::WithToken));
            }
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok((test, Ended::WithToken))
    }

    fn is_normalized(&mut self, left: Expr, loc: ParseLoc) -> PgResult<Expr> {
        let mut args = vec![left];
        if !self.at(Kw::Normalized) {
            args.push(self.unicode_normal_form()?);
        }
        self.expect(Kw::Normalized)?;
        Ok(system_call("is_normalized", args, CoercionForm::SqlSyntax, loc))
    }

    /// NFC and the like, as a string constant.
    pub(super) fn unicode_normal_form(&mut self) -> PgResult<Expr> {
        let location = self.loc();
        let text = match self.tok() {
            Tok::Kw(Kw::Nfc) => "NFC",
            Tok::Kw(Kw::Nfd) => "NFD",
            Tok::Kw(Kw::Nfkc) => "NFKC",
            Tok::Kw(Kw::Nfkd) => "NFKD",
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(Expr::AConst(AConst { val: ConstValue::String(text.to_owned()), location }))
    }

    /// `(a, b) OVERLAPS (c, d)` after the left row.
    fn overlaps(&mut self, left: Expr) -> PgResult<Expr> {
        let Expr::RowExpr(left) = left else { return Err(self.unexpected()) };
        let loc = self.expect(Kw::Overlaps)?;
        let right_loc = self.loc();
        if !self.at(Kw::Row) && !self.at_char(b'(') {
            return Err(self.unexpected());
        }
        let Expr::RowExpr(right) = self.row_expr()? else { return Err(self.unexpected()) };
        for (row, side, at) in [(&left, "left", left.location), (&right, "right", right_loc)] {
            if row.args.len() != 2 {
                return Err(error::err!(
                    SYNTAX_ERROR,
                    "wrong number of parameters on {side} side of OVERLAPS expression"
                )
                .at(at));
            }
        }
        let mut args = left.args;
        args.extend(right.args);
        Ok(system_call("overlaps", args, CoercionForm::SqlSyntax, loc))
    }
}

fn null_test(arg: Expr, nulltesttype: NullTestType, location: ParseLoc) -> Expr {
    Expr::NullTest(Box::new(NullTest { arg, nulltesttype, location }))
}

/// Contents of parentheses that may hold either.
pub(super) enum Parenthesized {
    Select(Box<SelectStmt>),
    Expr(Expr),
}

/// A call of a function in `pg_catalog`.
pub(super) fn system_call(
    name: &str,
    args: Vec<Expr>,
    funcformat: CoercionForm,
    location: ParseLoc,
) -> Expr {
    let funcname = vec!["pg_catalog".to_owned(), name.to_owned()];
    Expr::FuncCall(Box::new(FuncCall { funcformat, ..func_call(funcname, args, location) }))
}

/// A plain call.
pub(super) fn func_call(funcname: Vec<String>, args: Vec<Expr>, location: ParseLoc) -> FuncCall {
    FuncCall {
        funcname,
        args,
        agg_order: Vec::new(),
        agg_filter: None,
        over: None,
        agg_within_group: false,
        agg_star: false,
        agg_distinct: false,
        func_variadic: false,
        funcformat: CoercionForm::ExplicitCall,
        location,
    }
}

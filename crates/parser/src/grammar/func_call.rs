//! Calls of functions and aggregates.
use super::Parser;
use super::expr::func_call;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

/// A call as read, with what matters for what may follow it.
struct Application {
    call: FuncCall,
    /// Its arguments could be the modifiers of a type: `name(…) 'text'`.
    maybe_type: bool,
    /// Location of an ORDER BY within the arguments.
    order_loc: ParseLoc,
}

impl Parser<'_> {
    /// A call with its decorations, at the opening parenthesis; or a literal of a type with
    /// modifiers.
    pub(super) fn func_expr(&mut self, names: Vec<String>, loc: ParseLoc) -> PgResult<Expr> {
        let Application { mut call, maybe_type, order_loc } = self.func_application(names, loc)?;
        if self.tok() == Tok::SConst && maybe_type {
            return self.typed_literal_of(call, order_loc);
        }
        self.within_group_clause(&mut call)?;
        call.agg_filter = self.filter_clause()?;
        call.over = self.over_clause()?;
        Ok(Expr::FuncCall(Box::new(call)))
    }

    fn typed_literal_of(&mut self, call: FuncCall, order_loc: ParseLoc) -> PgResult<Expr> {
        let named = call.args.iter().find_map(|a| match a {
            Expr::NamedArgExpr(n) => Some(n.location),
            _ => None,
        });
        if let Some(location) = named {
            return Err(err!(SYNTAX_ERROR, "type modifier cannot have parameter name").at(location));
        }
        if !call.agg_order.is_empty() {
            return Err(err!(SYNTAX_ERROR, "type modifier cannot have ORDER BY").at(order_loc));
        }
        self.named_literal(call.funcname, call.args, call.location)
    }

    /// A call without decorations, where windows are not allowed.
    pub(super) fn func_expr_windowless(&mut self) -> PgResult<Expr> {
        let loc = self.loc();
        if let Tok::Kw(kw) = self.tok()
            && self.at_common_subexpr(kw)
        {
            return self.common_subexpr(kw);
        }
        let names = self.func_name()?;
        if !self.at_char(b'(') {
            return Err(self.unexpected());
        }
        Ok(Expr::FuncCall(Box::new(self.func_application(names, loc)?.call)))
    }

    /// A call for CALL.
    pub(super) fn plain_func_application(&mut self) -> PgResult<Expr> {
        let loc = self.loc();
        let names = self.func_name()?;
        if !self.at_char(b'(') {
            return Err(self.unexpected());
        }
        Ok(Expr::FuncCall(Box::new(self.func_application(names, loc)?.call)))
    }

    fn func_application(&mut self, names: Vec<String>, loc: ParseLoc) -> PgResult<Application> {
        self.expect_char(b'(')?;
        let mut call = func_call(names, Vec::new(), loc);
        let mut maybe_type = false;
        let mut order_loc = -1;
        match self.tok() {
            Tok::Char(b')') => {}
            Tok::Char(b'*') => {
                self.advance();
                call.agg_star = true;
            }
            tok => {
                maybe_type = true;
                if matches!(tok, Tok::Kw(Kw::All | Kw::Distinct)) {
                    maybe_type = false;
                    call.agg_distinct = tok == Tok::Kw(Kw::Distinct);
                    self.advance();
                }
                let variadic_allowed = maybe_type;
                loop {
                    if variadic_allowed && self.eat(Kw::Variadic) {
                        call.func_variadic = true;
                        maybe_type = false;
                        call.args.push(self.func_arg_expr()?);
                        break;
                    }
                    call.args.push(self.func_arg_expr()?);
                    if !self.eat_char(b',') {
                        break;
                    }
                }
                order_loc = self.loc();
                call.agg_order = self.opt_sort_clause()?;
            }
        }
        self.expect_char(b')')?;
        Ok(Application { call, maybe_type, order_loc })
    }

    /// An argument, perhaps `name => value`.
    pub(super) fn func_arg_expr(&mut self) -> PgResult<Expr> {
        let named = matches!(self.peek(1), Tok::ColonEquals | Tok::EqualsGreater);
        if named && self.tok().is_type_function_name() {
            let location = self.loc();
            let name = self.take_name();
            self.advance();
            let arg = self.a_expr()?;
            return Ok(Expr::NamedArgExpr(Box::new(NamedArgExpr { arg, name, location })));
        }
        self.a_expr()
    }

    pub(super) fn func_arg_list(&mut self) -> PgResult<Vec<Expr>> {
        self.comma_list(Self::func_arg_expr)
    }

    fn within_group_clause(&mut self, call: &mut FuncCall) -> PgResult<()> {
        let loc = self.loc();
        if !self.at(Kw::Within) {
            return Ok(());
        }
        self.expect_all(&[Kw::Within, Kw::Group])?;
        let order = self.parens(Self::sort_clause)?;
        let fault = if !call.agg_order.is_empty() {
            "cannot use multiple ORDER BY clauses with WITHIN GROUP"
        } else if call.agg_distinct {
            "cannot use DISTINCT with WITHIN GROUP"
        } else if call.func_variadic {
            "cannot use VARIADIC with WITHIN GROUP"
        } else {
            call.agg_order = order;
            call.agg_within_group = true;
            return Ok(());
        };
        Err(err!(SYNTAX_ERROR, "{fault}").at(loc))
    }

    pub(super) fn filter_clause(&mut self) -> PgResult<Option<Expr>> {
        if !self.at(Kw::Filter) {
            return Ok(None);
        }
        self.advance();
        self.parens(|p| {
            p.expect(Kw::Where)?;
            Ok(Some(p.a_expr()?))
        })
    }
}

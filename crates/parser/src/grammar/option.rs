//! Option lists: definitions, reloptions, utility options, generic options.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

impl From<ConstValue> for DefArg {
    /// Numbers; other constants do not occur in options.
    fn from(value: ConstValue) -> DefArg {
        match value {
            ConstValue::Integer(i) => DefArg::Integer(i),
            ConstValue::Float(f) => DefArg::Float(f),
            ConstValue::Boolean(b) => DefArg::Boolean(b),
            ConstValue::String(s) | ConstValue::BitString(s) => DefArg::String(s),
            ConstValue::Null => DefArg::String(String::new()),
        }
    }
}

impl Parser<'_> {
    /// `( name [= value], … )`
    pub(super) fn definition(&mut self) -> PgResult<Vec<DefElem>> {
        self.paren_list(|p| {
            let loc = p.loc();
            let name = p.col_label()?;
            let arg = if p.eat_char(b'=') { Some(p.def_arg()?) } else { None };
            Ok(DefElem::new(name, arg, loc))
        })
    }

    /// `WITH definition`
    pub(super) fn opt_definition(&mut self) -> PgResult<Vec<DefElem>> {
        if self.eat(Kw::With) { self.definition() } else { Ok(Vec::new()) }
    }

    /// Value of an option. A bare word reads as a type.
    pub(super) fn def_arg(&mut self) -> PgResult<DefArg> {
        let tok = self.tok();
        if self.at_numeric_only() && !self.sign_is_operator() {
            return Ok(self.numeric_only()?.into());
        }
        Ok(match tok {
            Tok::SConst => DefArg::String(self.take_string()),
            Tok::Kw(Kw::None) => DefArg::String(self.take_name()),
            Tok::Kw(Kw::Operator) if self.peek(1) == Tok::Char(b'(') => {
                DefArg::Names(self.operator_call()?)
            }
            _ if self.at_all_op() => DefArg::Names(vec![self.all_op()?]),
            _ if tok.is_reserved() => DefArg::String(self.take_name()),
            _ => DefArg::TypeName(Box::new(self.func_type()?)),
        })
    }

    /// `+` or `-` that no number follows.
    fn sign_is_operator(&self) -> bool {
        matches!(self.tok(), Tok::Char(b'+' | b'-'))
            && !matches!(self.peek(1), Tok::IConst | Tok::FConst)
    }

    /// `( [namespace.]name [= value], … )`
    pub(super) fn reloptions(&mut self) -> PgResult<Vec<DefElem>> {
        self.paren_list(|p| {
            let loc = p.loc();
            let mut name = p.col_label()?;
            let mut namespace = None;
            if p.eat_char(b'.') {
                namespace = Some(std::mem::replace(&mut name, p.col_label()?));
            }
            let arg = if p.eat_char(b'=') { Some(p.def_arg()?) } else { None };
            Ok(DefElem { defnamespace: namespace, ..DefElem::new(name, arg, loc) })
        })
    }

    /// `WITH reloptions`
    pub(super) fn opt_reloptions(&mut self) -> PgResult<Vec<DefElem>> {
        if self.eat(Kw::With) { self.reloptions() } else { Ok(Vec::new()) }
    }

    /// `( option [value], … )` of EXPLAIN, VACUUM, REINDEX, CLUSTER.
    pub(super) fn utility_options(&mut self) -> PgResult<Vec<DefElem>> {
        self.paren_list(|p| {
            let loc = p.loc();
            let name = match p.tok() {
                Tok::Kw(Kw::Analyze | Kw::Analyse) => {
                    p.advance();
                    "analyze".to_owned()
                }
                Tok::FormatLa => {
                    p.advance();
                    "format".to_owned()
                }
                _ => p.non_reserved_word()?,
            };
            let arg = if p.at_numeric_only() {
                Some(p.numeric_only()?.into())
            } else if p.at_boolean_or_string() {
                Some(DefArg::String(p.boolean_or_string()?))
            } else {
                None
            };
            Ok(DefElem::new(name, arg, loc))
        })
    }

    /// `OPTIONS ( name 'value', … )`, or nothing.
    pub(super) fn create_generic_options(&mut self) -> PgResult<Vec<DefElem>> {
        if !self.eat(Kw::Options) {
            return Ok(Vec::new());
        }
        self.paren_list(|p| p.generic_option(DefElemAction::Unspec))
    }

    fn generic_option(&mut self, defaction: DefElemAction) -> PgResult<DefElem> {
        let loc = self.loc();
        let name = self.col_label()?;
        let value = self.sconst()?;
        Ok(DefElem { defaction, ..DefElem::new(name, Some(DefArg::String(value)), loc) })
    }

    /// `OPTIONS ( [SET | ADD | DROP] name ['value'], … )`
    pub(super) fn alter_generic_options(&mut self) -> PgResult<Vec<DefElem>> {
        self.expect(Kw::Options)?;
        self.paren_list(|p| {
            // These words may also be an option's name, with its value next.
            let acts = p.peek(1).is_col_label();
            let loc = p.loc();
            match p.tok() {
                Tok::Kw(Kw::Set) if acts => {
                    p.advance();
                    p.generic_option(DefElemAction::Set)
                }
                Tok::Kw(Kw::Add) if acts => {
                    p.advance();
                    p.generic_option(DefElemAction::Add)
                }
                Tok::Kw(Kw::Drop) if acts => {
                    p.advance();
                    let name = p.col_label()?;
                    let defaction = DefElemAction::Drop;
                    Ok(DefElem { defaction, ..DefElem::new(name, None, loc) })
                }
                _ => p.generic_option(DefElemAction::Unspec),
            }
        })
    }

    /// `( name = value | NONE, … )` of ALTER OPERATOR and ALTER TYPE.
    pub(super) fn operator_def_list(&mut self) -> PgResult<Vec<DefElem>> {
        self.paren_list(|p| {
            let loc = p.loc();
            let name = p.col_label()?;
            let arg = if !p.eat_char(b'=') || p.eat(Kw::None) { None } else { Some(p.def_arg()?) };
            Ok(DefElem::new(name, arg, loc))
        })
    }
}

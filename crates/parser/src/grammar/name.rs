//! Names, literals used as names, and qualified names.
use super::Parser;
use crate::ast::*;
use crate::keyword::{Category, Kw};
use crate::lexer::{float_text, truncate_identifier};
use crate::token::{NO_VALUE, Tok};
use error::{PgResult, err};

impl Parser<'_> {
    /// Takes the current token as a name, whatever it is.
    pub(super) fn take_name(&mut self) -> String {
        let t = self.token();
        self.advance();
        match t.tok {
            Tok::Kw(kw) => kw.word().to_owned(),
            _ if t.val != NO_VALUE => {
                let name = std::mem::take(&mut self.values[t.val as usize]);
                let short = truncate_identifier(&name);
                if short.len() == name.len() { name } else { short.to_owned() }
            }
            _ => {
                let text = &self.source[t.start as usize..t.end as usize];
                truncate_identifier(text).to_ascii_lowercase()
            }
        }
    }

    /// Column, table, … name.
    pub(super) fn col_id(&mut self) -> PgResult<String> {
        if self.tok().is_col_id() { Ok(self.take_name()) } else { Err(self.unexpected()) }
    }

    /// Any other name (same words as [`Self::col_id`]).
    pub(super) fn name(&mut self) -> PgResult<String> {
        self.col_id()
    }

    pub(super) fn type_function_name(&mut self) -> PgResult<String> {
        if self.tok().is_type_function_name() {
            Ok(self.take_name())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn non_reserved_word(&mut self) -> PgResult<String> {
        if self.tok().is_non_reserved_word() {
            Ok(self.take_name())
        } else {
            Err(self.unexpected())
        }
    }

    /// Any word at all.
    pub(super) fn col_label(&mut self) -> PgResult<String> {
        if self.tok().is_col_label() { Ok(self.take_name()) } else { Err(self.unexpected()) }
    }

    pub(super) fn name_list(&mut self) -> PgResult<Vec<String>> {
        self.comma_list(Self::name)
    }

    /// `( name, … )`
    pub(super) fn paren_name_list(&mut self) -> PgResult<Vec<String>> {
        self.paren_list(Self::name)
    }

    /// `( name, … )` or nothing.
    pub(super) fn opt_name_list(&mut self) -> PgResult<Vec<String>> {
        if self.at_char(b'(') { self.paren_name_list() } else { Ok(Vec::new()) }
    }

    /// Name with any number of `.label`.
    pub(super) fn any_name(&mut self) -> PgResult<Vec<String>> {
        let mut names = vec![self.col_id()?];
        self.attrs(&mut names)?;
        Ok(names)
    }

    /// `.label …`
    pub(super) fn attrs(&mut self, names: &mut Vec<String>) -> PgResult<()> {
        while self.eat_char(b'.') {
            names.push(self.col_label()?);
        }
        Ok(())
    }

    pub(super) fn any_name_list(&mut self) -> PgResult<Vec<Vec<String>>> {
        self.comma_list(Self::any_name)
    }

    /// `name attrs`, as a handler function.
    pub(super) fn handler_name(&mut self) -> PgResult<Vec<String>> {
        self.any_name()
    }

    /// A relation's name.
    pub(super) fn qualified_name(&mut self) -> PgResult<RangeVar> {
        let loc = self.loc();
        let first = self.col_id()?;
        let rest = self.names_of_indirection()?;
        range_var_of(first, rest, loc)
    }

    pub(super) fn qualified_name_list(&mut self) -> PgResult<Vec<RangeVar>> {
        self.comma_list(Self::qualified_name)
    }

    /// Indirection where only names make sense: `*` and subscripts are errors after the fact.
    pub(super) fn names_of_indirection(&mut self) -> PgResult<Vec<String>> {
        let mut names = Vec::new();
        for step in self.opt_indirection()? {
            match step {
                Indirection::Field(name) => names.push(name),
                _ => return Err(self.unexpected()),
            }
        }
        Ok(names)
    }

    /// A function's name.
    pub(super) fn func_name(&mut self) -> PgResult<Vec<String>> {
        let tok = self.tok();
        let dotted = matches!(self.peek(1), Tok::Char(b'.' | b'['));
        if tok.is_type_function_name() && !(dotted && tok.is_col_id()) {
            return Ok(vec![self.take_name()]);
        }
        if !tok.is_col_id() {
            return Err(self.unexpected());
        }
        let mut names = vec![self.take_name()];
        if !dotted {
            return Err(self.unexpected());
        }
        names.extend(self.names_of_indirection()?);
        Ok(names)
    }

    /// Text of a string literal.
    pub(super) fn sconst(&mut self) -> PgResult<String> {
        if self.tok() != Tok::SConst {
            return Err(self.unexpected());
        }
        Ok(self.take_string())
    }

    /// Takes the current string, bit string or hexadecimal literal.
    pub(super) fn take_string(&mut self) -> String {
        let t = self.token();
        self.advance();
        if t.val != NO_VALUE {
            return std::mem::take(&mut self.values[t.val as usize]);
        }
        self.source[t.start as usize + 1..t.end as usize - 1].to_owned()
    }

    /// A number that is no i32, as text.
    pub(super) fn take_float(&mut self) -> String {
        let t = self.token();
        self.advance();
        float_text(&self.source[t.start as usize..t.end as usize])
    }

    pub(super) fn iconst(&mut self) -> PgResult<i32> {
        if self.tok() != Tok::IConst {
            return Err(self.unexpected());
        }
        let value = self.token().val as i32;
        self.advance();
        Ok(value)
    }

    /// Integer with an optional sign.
    pub(super) fn signed_iconst(&mut self) -> PgResult<i32> {
        if self.eat_char(b'-') {
            return Ok(-self.iconst()?);
        }
        self.eat_char(b'+');
        self.iconst()
    }

    /// Any number with an optional sign.
    pub(super) fn numeric_only(&mut self) -> PgResult<ConstValue> {
        let negative = self.eat_char(b'-');
        if !negative {
            self.eat_char(b'+');
        }
        match self.tok() {
            Tok::FConst => {
                let text = self.take_float();
                Ok(ConstValue::Float(if negative { format!("-{text}") } else { text }))
            }
            _ => {
                let value = self.iconst()?;
                Ok(ConstValue::Integer(if negative { -value } else { value }))
            }
        }
    }

    pub(super) fn at_numeric_only(&self) -> bool {
        matches!(self.tok(), Tok::IConst | Tok::FConst | Tok::Char(b'+' | b'-'))
    }

    /// A word, or a string.
    pub(super) fn non_reserved_word_or_sconst(&mut self) -> PgResult<String> {
        if self.tok() == Tok::SConst { Ok(self.take_string()) } else { self.non_reserved_word() }
    }

    /// TRUE, FALSE, ON, a word or a string.
    pub(super) fn boolean_or_string(&mut self) -> PgResult<String> {
        match self.tok() {
            Tok::Kw(Kw::True | Kw::False | Kw::On) => Ok(self.take_name()),
            _ => self.non_reserved_word_or_sconst(),
        }
    }

    pub(super) fn at_boolean_or_string(&self) -> bool {
        matches!(self.tok(), Tok::SConst | Tok::Kw(Kw::True | Kw::False | Kw::On))
            || self.tok().is_non_reserved_word()
    }

    /// A role where PUBLIC and the like make sense.
    pub(super) fn role_spec(&mut self) -> PgResult<RoleSpec> {
        let location = self.loc();
        let roletype = match self.tok() {
            Tok::Kw(Kw::CurrentRole) => RoleSpecType::CurrentRole,
            Tok::Kw(Kw::CurrentUser) => RoleSpecType::CurrentUser,
            Tok::Kw(Kw::SessionUser) => RoleSpecType::SessionUser,
            tok if tok.is_non_reserved_word() => {
                let name = self.take_name();
                return match name.as_str() {
                    "public" => {
                        Ok(RoleSpec { roletype: RoleSpecType::Public, rolename: None, location })
                    }
                    "none" => {
                        Err(err!(RESERVED_NAME, "role name \"none\" is reserved").at(location))
                    }
                    _ => Ok(RoleSpec {
                        roletype: RoleSpecType::CString,
                        rolename: Some(name),
                        location,
                    }),
                };
            }
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(RoleSpec { roletype, rolename: None, location })
    }

    pub(super) fn role_list(&mut self) -> PgResult<Vec<RoleSpec>> {
        self.comma_list(Self::role_spec)
    }

    /// The name of a role to be created or renamed.
    pub(super) fn role_id(&mut self) -> PgResult<String> {
        let spec = self.role_spec()?;
        let reserved = match (spec.roletype, spec.rolename) {
            (RoleSpecType::CString, Some(name)) => return Ok(name),
            (RoleSpecType::Public, _) => {
                return Err(
                    err!(RESERVED_NAME, "role name \"public\" is reserved").at(spec.location)
                );
            }
            (RoleSpecType::CurrentRole, _) => "CURRENT_ROLE",
            (RoleSpecType::CurrentUser, _) => "CURRENT_USER",
            _ => "SESSION_USER",
        };
        Err(err!(RESERVED_NAME, "{reserved} cannot be used as a role name here").at(spec.location))
    }

    /// Dotted name of a setting.
    pub(super) fn var_name(&mut self) -> PgResult<String> {
        let mut name = self.col_id()?;
        while self.eat_char(b'.') {
            name.push('.');
            name.push_str(&self.col_id()?);
        }
        Ok(name)
    }

    /// Whether the current token is a keyword that is a type or function name but no column's.
    pub(super) fn at_type_func_keyword(&self) -> bool {
        matches!(self.tok(), Tok::Kw(k) if k.info().category == Category::TypeFuncName)
    }
}

/// A relation's name from its parts.
pub(super) fn range_var_of(
    first: String,
    mut rest: Vec<String>,
    location: ParseLoc,
) -> PgResult<RangeVar> {
    match (rest.pop(), rest.pop(), rest.pop()) {
        (None, ..) => Ok(RangeVar::new(None, first, location)),
        (Some(relname), None, _) => Ok(RangeVar::new(Some(first), relname, location)),
        (Some(relname), Some(schema), None) => {
            let mut var = RangeVar::new(Some(schema), relname, location);
            var.catalogname = Some(first);
            Ok(var)
        }
        (Some(last), Some(third), Some(second)) => {
            let mut names = vec![first];
            names.append(&mut rest);
            names.extend([second, third, last]);
            Err(err!(
                SYNTAX_ERROR,
                "improper qualified name (too many dotted names): {}",
                names.join(".")
            )
            .at(location))
        }
    }
}

/// A relation's name from a dotted list.
pub(super) fn range_var_of_names(names: Vec<String>, location: ParseLoc) -> PgResult<RangeVar> {
    let mut names = names.into_iter();
    let first = names.next().unwrap_or_default();
    range_var_of(first, names.collect(), location)
}

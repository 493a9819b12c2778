//! RAISE.
use super::Parser;
use crate::{
    ast::{Raise, RaiseLevel, RaiseOption, StmtKind},
    condition,
    token::Kind,
};
use error::{PgResult, SqlState, bail};

impl Parser<'_> {
    pub(crate) fn raise(&mut self) -> PgResult<StmtKind> {
        self.next();
        let mut raise = Raise {
            level: RaiseLevel::Exception,
            condition: None,
            message: None,
            params: Vec::new(),
            options: Vec::new(),
        };
        if self.eat_punct(";") {
            return Ok(StmtKind::Raise(raise));
        }
        if self.tok().kind == Kind::Eof {
            return Err(self.fault("unexpected end of function definition"));
        }
        let level = match self.tok().text.as_str() {
            _ if self.tok().kind != Kind::Word => None,
            "exception" => Some(RaiseLevel::Exception),
            "warning" => Some(RaiseLevel::Warning),
            "notice" => Some(RaiseLevel::Notice),
            "info" => Some(RaiseLevel::Info),
            "log" => Some(RaiseLevel::Log),
            "debug" => Some(RaiseLevel::Debug),
            _ => None,
        };
        if let Some(level) = level {
            raise.level = level;
            self.next();
        }
        if self.tok().kind == Kind::Str {
            raise.message = Some(self.next().text);
            self.raise_parameters(&mut raise)?;
        } else if !self.at_word("using") && (level.is_none() || !self.at_punct(";")) {
            self.raise_condition(&mut raise)?;
        }
        if self.at_word("using") {
            self.next();
            self.raise_options(&mut raise)?;
        }
        if !self.at_punct(";") {
            return Err(self.syntax());
        }
        self.next();
        check_parameters(&raise)?;
        Ok(StmtKind::Raise(raise))
    }

    fn raise_parameters(&mut self, raise: &mut Raise) -> PgResult<()> {
        if !(self.at_punct(",") || self.at_punct(";") || self.at_word("using")) {
            return Err(self.syntax());
        }
        while self.eat_punct(",") {
            raise.params.push(self.expr_until(&[",", ";", "using"], ", or ; or USING")?);
        }
        Ok(())
    }

    fn raise_condition(&mut self, raise: &mut Raise) -> PgResult<()> {
        if self.eat_word("sqlstate") {
            if self.tok().kind != Kind::Str {
                return Err(self.syntax());
            }
            let code = self.tok().text.clone();
            if code.len() != 5 || SqlState::from_code(&code).is_none() {
                return Err(self.fault("invalid SQLSTATE code"));
            }
            self.next();
            raise.condition = Some(code);
            return Ok(());
        }
        let name = self.any_identifier()?;
        condition::by_name(&name)?;
        raise.condition = Some(name);
        Ok(())
    }

    fn raise_options(&mut self, raise: &mut Raise) -> PgResult<()> {
        loop {
            let option = match self.tok().text.as_str() {
                _ if self.tok().kind != Kind::Word => None,
                "errcode" => Some(RaiseOption::Errcode),
                "message" => Some(RaiseOption::Message),
                "detail" => Some(RaiseOption::Detail),
                "hint" => Some(RaiseOption::Hint),
                "column" => Some(RaiseOption::Column),
                "constraint" => Some(RaiseOption::Constraint),
                "datatype" => Some(RaiseOption::Datatype),
                "table" => Some(RaiseOption::Table),
                "schema" => Some(RaiseOption::Schema),
                _ => None,
            };
            let Some(option) = option else {
                return Err(self.fault("unrecognized RAISE statement option"));
            };
            self.next();
            if !(self.eat_punct("=") || self.eat_punct(":=")) {
                return Err(self.fault("syntax error, expected \"=\""));
            }
            raise.options.push((option, self.expr_until(&[",", ";"], ", or ;")?));
            if !self.eat_punct(",") {
                return Ok(());
            }
        }
    }
}

/// The format must have as many places as there are parameters.
fn check_parameters(raise: &Raise) -> PgResult<()> {
    let Some(message) = &raise.message else { return Ok(()) };
    let mut places = 0;
    let mut chars = message.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '%' {
            match chars.peek() {
                Some('%') => {
                    chars.next();
                }
                _ => places += 1,
            }
        }
    }
    if places < raise.params.len() {
        bail!(SYNTAX_ERROR, "too many parameters specified for RAISE");
    }
    if places > raise.params.len() {
        bail!(SYNTAX_ERROR, "too few parameters specified for RAISE");
    }
    Ok(())
}

//! RAISE and ASSERT.
use super::Run;
use crate::{
    ast::{Expr, Raise, RaiseLevel, RaiseOption},
    condition,
};
use error::{PgError, PgResult, Severity, SqlState, bail, err};

impl<'r> Run<'r> {
    pub(crate) fn raise(&mut self, raise: &'r Raise) -> PgResult<()> {
        let bare = raise.condition.is_none() && raise.message.is_none() && raise.options.is_empty();
        if bare {
            return Err(self.rethrow());
        }
        let mut state = None;
        let mut condition_name = None;
        if let Some(condition) = &raise.condition {
            state = Some(condition::by_name_or_code(condition)?);
            condition_name = Some(condition.clone());
        }
        let mut message = match &raise.message {
            Some(format) => Some(self.format_message(format, &raise.params)?),
            None => None,
        };
        let mut e = PgError::new(SqlState::RAISE_EXCEPTION, "");
        for (option, expr) in &raise.options {
            let Some(text) = self.eval_text(expr)? else {
                bail!(NULL_VALUE_NOT_ALLOWED, "RAISE statement option cannot be null");
            };
            let place = match option {
                RaiseOption::Errcode => {
                    if state.is_some() {
                        return Err(given_twice("ERRCODE"));
                    }
                    state = Some(condition::by_name_or_code(&text)?);
                    condition_name = Some(text);
                    continue;
                }
                RaiseOption::Message => (&mut message, "MESSAGE"),
                RaiseOption::Detail => (&mut e.0.detail, "DETAIL"),
                RaiseOption::Hint => (&mut e.0.hint, "HINT"),
                RaiseOption::Column => (&mut e.0.column, "COLUMN"),
                RaiseOption::Constraint => (&mut e.0.constraint, "CONSTRAINT"),
                RaiseOption::Datatype => (&mut e.0.datatype, "DATATYPE"),
                RaiseOption::Table => (&mut e.0.table, "TABLE"),
                RaiseOption::Schema => (&mut e.0.schema, "SCHEMA"),
            };
            if place.0.is_some() {
                return Err(given_twice(place.1));
            }
            *place.0 = Some(text);
        }
        let is_error = raise.level == RaiseLevel::Exception;
        let default = match (is_error, raise.level) {
            (true, _) => SqlState::RAISE_EXCEPTION,
            (_, RaiseLevel::Warning) => SqlState::WARNING,
            _ => SqlState::SUCCESSFUL_COMPLETION,
        };
        e.0.sqlstate = state.unwrap_or(default);
        e.0.message = match (message, condition_name) {
            (Some(message), _) => message,
            (None, Some(name)) => name,
            (None, None) => e.0.sqlstate.as_str().to_owned(),
        };
        if is_error {
            return Err(e);
        }
        e.0.severity = match raise.level {
            RaiseLevel::Debug => Severity::Debug,
            RaiseLevel::Log => Severity::Log,
            RaiseLevel::Info => Severity::Info,
            RaiseLevel::Warning => Severity::Warning,
            _ => Severity::Notice,
        };
        self.host.notice(e);
        Ok(())
    }

    /// RAISE alone: the error that the handler is about, with the context it had.
    fn rethrow(&mut self) -> PgError {
        let Some(caught) = self.errors.last() else {
            return err!(
                STACKED_DIAGNOSTICS_ACCESSED_WITHOUT_ACTIVE_HANDLER,
                "RAISE without parameters cannot be used outside an exception handler"
            );
        };
        let mut e = caught.error.clone();
        e.0.context.truncate(caught.own_lines);
        self.has_context = true;
        e
    }

    fn format_message(&mut self, format: &str, params: &'r [Expr]) -> PgResult<String> {
        let mut out = String::with_capacity(format.len() + 16);
        let mut params = params.iter();
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            if chars.peek() == Some(&'%') {
                chars.next();
                out.push('%');
                continue;
            }
            let Some(expr) = params.next() else {
                return Err(PgError::internal("unexpected RAISE parameter list length"));
            };
            match self.eval_text(expr)? {
                Some(text) => out.push_str(&text),
                None => out.push_str("<NULL>"),
            }
        }
        Ok(out)
    }

    pub(crate) fn assert(&mut self, cond: &'r Expr, message: Option<&'r Expr>) -> PgResult<()> {
        if self.host.setting("plpgsql.check_asserts").is_some_and(|v| v == "off") {
            return Ok(());
        }
        if self.eval_bool(cond)? == Some(true) {
            return Ok(());
        }
        let text = match message {
            Some(expr) => self.eval_text(expr)?,
            None => None,
        };
        Err(match text {
            Some(text) => PgError::new(SqlState::ASSERT_FAILURE, text),
            None => err!(ASSERT_FAILURE, "assertion failed"),
        })
    }
}

#[cold]
fn given_twice(option: &str) -> PgError {
    err!(SYNTAX_ERROR, "RAISE option already specified: {option}")
}

//! OPEN, FETCH, MOVE and the arguments of cursors.
use super::Parser;
use crate::{
    ast::{DatumDef, Expr, FetchSpec, QuerySource, StmtKind},
    token::Kind,
};
use error::{PgResult, err};
use parser::ast::{FETCH_ALL, FetchDirection, cursor_options};
use types::type_oid;

impl Parser<'_> {
    /// A variable that holds a cursor.
    pub(crate) fn cursor_variable(&mut self) -> PgResult<usize> {
        let location = self.tok().start as i32;
        let Some(found) = self.variable_here() else { return Err(self.unknown_variable()) };
        let DatumDef::Var(v) = &self.f.datums[found.dno] else {
            return Err(
                err!(DATATYPE_MISMATCH, "cursor variable must be a simple variable").at(location)
            );
        };
        if v.typ.oid != type_oid::REFCURSOR {
            return Err(err!(
                DATATYPE_MISMATCH,
                "variable \"{}\" must be of type cursor or refcursor",
                v.name
            )
            .at(location));
        }
        self.skip(found.tokens);
        Ok(found.dno)
    }

    fn is_bound(&self, cursor: usize) -> bool {
        matches!(&self.f.datums[cursor], DatumDef::Var(v) if v.cursor.is_some())
    }

    pub(crate) fn open(&mut self) -> PgResult<StmtKind> {
        self.next();
        let cursor = self.cursor_variable()?;
        let mut options = cursor_options::FAST_PLAN;
        if self.is_bound(cursor) {
            let args = self.cursor_args(cursor, ";")?;
            self.expect_punct(";")?;
            return Ok(StmtKind::Open { cursor, args, query: None, options });
        }
        if self.eat_word("no") {
            self.expect_word("scroll")?;
            options |= cursor_options::NO_SCROLL;
        } else if self.eat_word("scroll") {
            options |= cursor_options::SCROLL;
        }
        if !self.at_word("for") {
            return Err(self.fault("syntax error, expected \"FOR\""));
        }
        self.next();
        let query = match self.eat_word("execute") {
            true => {
                let query = self.expr_until(&["using", ";"], "USING or ;")?;
                let params = self.using_list(";")?;
                self.expect_punct(";")?;
                QuerySource::Dynamic { query, params }
            }
            false => QuerySource::Static(self.sql_to_semicolon()?),
        };
        Ok(StmtKind::Open { cursor, args: None, query: Some(query), options })
    }

    /// The arguments of a bound cursor as one SELECT list, up to a terminator that is left.
    pub(crate) fn cursor_args(&mut self, cursor: usize, until: &str) -> PgResult<Option<Expr>> {
        let DatumDef::Var(v) = &self.f.datums[cursor] else { return Ok(None) };
        let name = v.name.clone();
        let row = v.cursor.as_ref().and_then(|c| c.args);
        let location = self.tok().start as i32;
        let ends = |p: &Self| p.at_word(until) || p.at_punct(until);
        let Some(row) = row else {
            if self.at_punct("(") {
                return Err(err!(SYNTAX_ERROR, "cursor \"{name}\" has no arguments").at(location));
            }
            return if ends(self) { Ok(None) } else { Err(self.syntax()) };
        };
        if !self.eat_punct("(") {
            return Err(err!(SYNTAX_ERROR, "cursor \"{name}\" has arguments").at(location));
        }
        let fields: Vec<String> = match &self.f.datums[row] {
            DatumDef::Row(r) => r.fields.iter().map(|f| f.0.clone()).collect(),
            _ => Vec::new(),
        };
        let mut values: Vec<Option<String>> = vec![None; fields.len()];
        let mut any_named = false;
        for n in 0..fields.len() {
            let start = self.tok().start as i32;
            let sign = self.peek(1);
            let named =
                self.tok().kind == Kind::Word && (sign.is_punct(":=") || sign.is_punct("=>"));
            let mut at = n;
            if named {
                let arg = self.tok().text.clone();
                match fields.iter().position(|f| *f == arg) {
                    Some(found) => at = found,
                    None => {
                        return Err(err!(
                            SYNTAX_ERROR,
                            "cursor \"{name}\" has no argument named \"{arg}\""
                        )
                        .at(start));
                    }
                }
                self.skip(2);
                any_named = true;
            }
            if values[at].is_some() {
                return Err(err!(
                    SYNTAX_ERROR,
                    "value for parameter \"{}\" of cursor \"{name}\" specified more than once",
                    fields[at]
                )
                .at(start));
            }
            let item = self.expr_until(&[",", ")"], ",\" or \")")?;
            values[at] = Some(item.query.to_string());
            let here = self.tok().start as i32;
            let last = n + 1 == fields.len();
            if self.at_punct(")") && !last {
                return Err(
                    err!(SYNTAX_ERROR, "not enough arguments for cursor \"{name}\"").at(here)
                );
            }
            if self.at_punct(",") && last {
                return Err(err!(SYNTAX_ERROR, "too many arguments for cursor \"{name}\"").at(here));
            }
            self.next();
        }
        if !ends(self) {
            return Err(self.syntax());
        }
        let list: Vec<String> = values
            .into_iter()
            .zip(&fields)
            .map(|(value, field)| {
                let value = value.unwrap_or_default();
                match any_named {
                    true => format!("{value} AS {}", parser::quote_identifier(field)),
                    false => value,
                }
            })
            .collect();
        Ok(Some(self.select_of(&list.join(", "))))
    }

    pub(crate) fn fetch(&mut self, is_move: bool) -> PgResult<StmtKind> {
        self.next();
        let spec = self.fetch_direction()?;
        let cursor = self.cursor_variable()?;
        if is_move {
            self.expect_punct(";")?;
            return Ok(StmtKind::Fetch { cursor, target: None, spec });
        }
        self.expect_word("into")?;
        let target = self.target_of_into()?;
        self.expect_punct(";")?;
        if spec.many {
            return Err(err!(FEATURE_NOT_SUPPORTED, "FETCH statement cannot return multiple rows"));
        }
        Ok(StmtKind::Fetch { cursor, target: Some(target), spec })
    }

    fn fetch_direction(&mut self) -> PgResult<FetchSpec> {
        use FetchDirection as D;
        let mut spec = FetchSpec { direction: D::Forward, how_many: 1, expr: None, many: false };
        let t = self.tok().clone();
        let mut wants_from = true;
        if t.kind == Kind::Eof {
            return Err(self.fault("unexpected end of function definition"));
        }
        match t.text.as_str() {
            "next" => {}
            "prior" => spec.direction = D::Backward,
            "first" => spec.direction = D::Absolute,
            "last" => (spec.direction, spec.how_many) = (D::Absolute, -1),
            "absolute" | "relative" => {
                self.next();
                spec.direction = if t.text == "absolute" { D::Absolute } else { D::Relative };
                spec.expr = Some(self.expr_until(&["from", "in"], "FROM or IN")?);
                self.next();
                return Ok(spec);
            }
            "all" => (spec.how_many, spec.many) = (FETCH_ALL, true),
            "forward" | "backward" => {
                self.next();
                if t.text == "backward" {
                    spec.direction = D::Backward;
                }
                return self.fetch_count(spec);
            }
            "from" | "in" => {
                self.next();
                return Ok(spec);
            }
            _ if self.variable_here().is_some() && !self.follows_count() => {
                wants_from = false;
            }
            _ => {
                spec.expr = Some(self.expr_until(&["from", "in"], "FROM or IN")?);
                spec.many = true;
                self.next();
                return Ok(spec);
            }
        }
        if !wants_from {
            return Ok(spec);
        }
        self.next();
        if !(self.eat_word("from") || self.eat_word("in")) {
            return Err(self.fault("expected FROM or IN"));
        }
        Ok(spec)
    }

    /// Whether the variable at the present token is a count, not the cursor.
    fn follows_count(&mut self) -> bool {
        let n = self.variable_here().map_or(1, |f| f.tokens);
        self.peek(n).is("from") || self.peek(n).is("in")
    }

    fn fetch_count(&mut self, mut spec: FetchSpec) -> PgResult<FetchSpec> {
        if self.eat_word("from") || self.eat_word("in") {
            return Ok(spec);
        }
        if self.eat_word("all") {
            (spec.how_many, spec.many) = (FETCH_ALL, true);
            if !(self.eat_word("from") || self.eat_word("in")) {
                return Err(self.fault("expected FROM or IN"));
            }
            return Ok(spec);
        }
        if self.variable_here().is_some() && !self.follows_count() {
            return Ok(spec);
        }
        spec.expr = Some(self.expr_until(&["from", "in"], "FROM or IN")?);
        spec.many = true;
        self.next();
        Ok(spec)
    }
}

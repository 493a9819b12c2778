//! JSON_TABLE.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

impl Parser<'_> {
    /// `JSON_TABLE ( … )` without its alias.
    pub(super) fn json_table(&mut self, lateral: bool) -> PgResult<JsonTable> {
        let location = self.expect(Kw::JsonTable)?;
        self.expect_char(b'(')?;
        let context_item = self.json_value_expr()?;
        self.expect_char(b',')?;
        let path_loc = self.loc();
        let path = self.a_expr()?;
        let (mut name, mut name_location) = (None, -1);
        if self.eat(Kw::As) {
            name_location = self.loc();
            name = Some(self.name()?);
        }
        let passing = self.json_passing()?;
        self.expect(Kw::Columns)?;
        let columns = self.paren_list(Self::json_table_column)?;
        let on_error = self.json_on_error()?;
        self.expect_char(b')')?;
        let Expr::AConst(AConst { val: ConstValue::String(string), .. }) = path else {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "only string constants are supported in JSON_TABLE path specification"
            )
            .at(path_loc));
        };
        let pathspec = JsonTablePathSpec { string, name, name_location, location: path_loc };
        Ok(JsonTable {
            context_item,
            pathspec,
            passing,
            columns,
            on_error,
            alias: None,
            lateral,
            location,
        })
    }

    fn json_table_column(&mut self) -> PgResult<JsonTableColumn> {
        error::check_stack_depth()?;
        let location = self.loc();
        let mut column = JsonTableColumn {
            coltype: JsonTableColumnType::Regular,
            name: None,
            type_name: None,
            pathspec: None,
            format: JsonFormat::unspecified(),
            wrapper: JsonWrapper::Unspec,
            quotes: JsonQuotes::Unspec,
            columns: Vec::new(),
            on_empty: None,
            on_error: None,
            location,
        };
        let nested = self.at(Kw::Nested)
            && (self.peek(1) == Tok::SConst
                || (self.peek_is(1, Kw::Path) && self.peek(2) == Tok::SConst));
        if nested {
            self.advance();
            self.eat(Kw::Path);
            column.coltype = JsonTableColumnType::Nested;
            let path_loc = self.loc();
            let string = self.sconst()?;
            let (mut name, mut name_location) = (None, -1);
            if self.eat(Kw::As) {
                name_location = self.loc();
                name = Some(self.name()?);
            }
            column.pathspec =
                Some(JsonTablePathSpec { string, name, name_location, location: path_loc });
            self.expect(Kw::Columns)?;
            column.columns = self.paren_list(Self::json_table_column)?;
            return Ok(column);
        }
        column.name = Some(self.col_id()?);
        if self.eat_all(&[Kw::For, Kw::Ordinality])? {
            column.coltype = JsonTableColumnType::ForOrdinality;
            return Ok(column);
        }
        column.type_name = Some(self.type_name()?);
        if self.eat(Kw::Exists) {
            column.coltype = JsonTableColumnType::Exists;
            column.wrapper = JsonWrapper::None;
            column.pathspec = self.json_table_path()?;
            column.on_error = self.json_on_error()?;
            return Ok(column);
        }
        if self.tok() == Tok::FormatLa {
            column.coltype = JsonTableColumnType::Formatted;
            column.format = self.json_format()?;
        }
        column.pathspec = self.json_table_path()?;
        column.wrapper = self.json_wrapper()?;
        column.quotes = self.json_quotes()?;
        (column.on_empty, column.on_error) = self.json_behaviors()?;
        Ok(column)
    }

    fn json_table_path(&mut self) -> PgResult<Option<JsonTablePathSpec>> {
        if !self.eat(Kw::Path) {
            return Ok(None);
        }
        let location = self.loc();
        let string = self.sconst()?;
        Ok(Some(JsonTablePathSpec { string, name: None, name_location: -1, location }))
    }
}

//! FROM: tables, functions, sub-selects, joins, aliases.
use super::Parser;
use super::name::range_var_of;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::PgResult;

/// What parentheses in FROM turned out to hold.
enum Parenthesized {
    Select(Box<SelectStmt>),
    Joined(TableRef),
}

impl Parser<'_> {
    pub(super) fn opt_from_clause(&mut self) -> PgResult<Vec<TableRef>> {
        if self.eat(Kw::From) { self.table_ref_list() } else { Ok(Vec::new()) }
    }

    pub(super) fn table_ref_list(&mut self) -> PgResult<Vec<TableRef>> {
        self.comma_list(Self::table_ref)
    }

    /// An item with the joins that follow it.
    pub(super) fn table_ref(&mut self) -> PgResult<TableRef> {
        error::check_stack_depth()?;
        let left = self.table_primary()?;
        self.joins(left)
    }

    fn at_join(&self) -> bool {
        matches!(
            self.tok(),
            Tok::Kw(
                Kw::Cross | Kw::Join | Kw::Full | Kw::Left | Kw::Right | Kw::Inner | Kw::Natural
            )
        )
    }

    fn joins(&mut self, mut left: TableRef) -> PgResult<TableRef> {
        let mut links = 0;
        while self.at_join() {
            links += 1;
            self.check_chain(links)?;
            left = self.join(left)?;
        }
        Ok(left)
    }

    fn join(&mut self, larg: TableRef) -> PgResult<TableRef> {
        let mut join = JoinExpr {
            jointype: JoinType::Inner,
            is_natural: false,
            rarg: TableRef::RangeVar(Box::new(RangeVar::new(None, "", -1))),
            larg,
            using_clause: Vec::new(),
            join_using_alias: None,
            quals: None,
            alias: None,
        };
        if self.eat(Kw::Cross) {
            self.expect(Kw::Join)?;
            join.rarg = self.table_primary()?;
            return Ok(TableRef::JoinExpr(Box::new(join)));
        }
        join.is_natural = self.eat(Kw::Natural);
        join.jointype = self.opt_join_type();
        self.expect(Kw::Join)?;
        if join.is_natural {
            join.rarg = self.table_primary()?;
            return Ok(TableRef::JoinExpr(Box::new(join)));
        }
        // Joins on the right come first, up to this one's own condition.
        join.rarg = self.table_ref()?;
        if self.eat(Kw::Using) {
            join.using_clause = self.paren_name_list()?;
            if self.eat(Kw::As) {
                let aliasname = self.col_id()?;
                join.join_using_alias = Some(Alias { aliasname, colnames: Vec::new() });
            }
        } else {
            self.expect(Kw::On)?;
            join.quals = Some(self.a_expr()?);
        }
        Ok(TableRef::JoinExpr(Box::new(join)))
    }

    fn opt_join_type(&mut self) -> JoinType {
        let jointype = match self.tok() {
            Tok::Kw(Kw::Full) => JoinType::Full,
            Tok::Kw(Kw::Left) => JoinType::Left,
            Tok::Kw(Kw::Right) => JoinType::Right,
            Tok::Kw(Kw::Inner) => {
                self.advance();
                return JoinType::Inner;
            }
            _ => return JoinType::Inner,
        };
        self.advance();
        self.eat(Kw::Outer);
        jointype
    }

    fn table_primary(&mut self) -> PgResult<TableRef> {
        match self.tok() {
            Tok::Kw(Kw::Lateral) => {
                self.advance();
                if self.at_char(b'(') {
                    let subquery = self.select_with_parens()?;
                    return self.subselect(subquery, true);
                }
                match self.opt_table_function(true)? {
                    Some(table) => Ok(table),
                    // Only a function can follow; reading one finds the fault.
                    None => {
                        self.func_expr_windowless()?;
                        Err(self.unexpected())
                    }
                }
            }
            Tok::Char(b'(') => match self.parenthesized_table()? {
                Parenthesized::Select(subquery) => self.subselect(subquery, false),
                Parenthesized::Joined(mut table) => {
                    if let Some(alias) = self.opt_alias_clause()?
                        && let TableRef::JoinExpr(join) = &mut table
                    {
                        join.alias = Some(alias);
                    }
                    Ok(table)
                }
            },
            _ => match self.opt_table_function(false)? {
                Some(table) => Ok(table),
                None => self.table(),
            },
        }
    }

    fn subselect(&mut self, subquery: Box<SelectStmt>, lateral: bool) -> PgResult<TableRef> {
        let alias = self.opt_alias_clause()?;
        Ok(TableRef::RangeSubselect(Box::new(RangeSubselect { lateral, subquery, alias })))
    }

    /// `( query )` or `( joined table )`.
    fn parenthesized_table(&mut self) -> PgResult<Parenthesized> {
        error::check_stack_depth()?;
        self.expect_char(b'(')?;
        let found = match self.tok() {
            Tok::Kw(kw @ (Kw::Select | Kw::Values | Kw::With | Kw::Table))
                if kw != Kw::Values || self.peek(1) == Tok::Char(b'(') =>
            {
                Parenthesized::Select(self.select_no_parens()?)
            }
            Tok::WithLa => Parenthesized::Select(self.select_no_parens()?),
            Tok::Char(b'(') => match self.parenthesized_table()? {
                Parenthesized::Select(select)
                    if self.at_char(b')') || self.at_select_continuation() =>
                {
                    Parenthesized::Select(self.select_rest(select, None)?)
                }
                Parenthesized::Select(select) => {
                    let left = self.subselect(select, false)?;
                    Parenthesized::Joined(self.required_joins(left)?)
                }
                Parenthesized::Joined(mut table) => {
                    let alias = self.opt_alias_clause()?;
                    let aliased = alias.is_some();
                    if let TableRef::JoinExpr(join) = &mut table
                        && aliased
                    {
                        join.alias = alias;
                    }
                    // An aliased join is an item, which alone is no joined table.
                    if aliased {
                        Parenthesized::Joined(self.required_joins(table)?)
                    } else {
                        Parenthesized::Joined(self.joins(table)?)
                    }
                }
            },
            _ => {
                let left = self.table_primary()?;
                Parenthesized::Joined(self.required_joins(left)?)
            }
        };
        self.expect_char(b')')?;
        Ok(found)
    }

    fn required_joins(&mut self, left: TableRef) -> PgResult<TableRef> {
        if !self.at_join() {
            return Err(self.unexpected());
        }
        self.joins(left)
    }

    /// A function, ROWS FROM, XMLTABLE or JSON_TABLE, if one begins here.
    fn opt_table_function(&mut self, lateral: bool) -> PgResult<Option<TableRef>> {
        let called = self.peek(1) == Tok::Char(b'(');
        let Tok::Kw(kw) = self.tok() else { return self.opt_function_table(lateral) };
        match kw {
            Kw::Xmltable if called => {
                let mut table = self.xmltable(lateral)?;
                table.alias = self.opt_alias_clause()?;
                Ok(Some(TableRef::RangeTableFunc(Box::new(table))))
            }
            Kw::JsonTable if called => {
                let mut table = self.json_table(lateral)?;
                table.alias = self.opt_alias_clause()?;
                Ok(Some(TableRef::JsonTable(Box::new(table))))
            }
            Kw::Rows if self.peek_is(1, Kw::From) => {
                self.advance();
                self.advance();
                let functions = self.paren_list(Self::rowsfrom_item)?;
                self.range_function(functions, true, lateral).map(Some)
            }
            _ => self.opt_function_table(lateral),
        }
    }

    fn opt_function_table(&mut self, lateral: bool) -> PgResult<Option<TableRef>> {
        if !self.at_function() {
            return Ok(None);
        }
        let func = self.func_expr_windowless()?;
        let item = RangeFunctionItem { func, coldeflist: Vec::new() };
        self.range_function(vec![item], false, lateral).map(Some)
    }

    /// Whether a call begins here rather than a table's name.
    fn at_function(&self) -> bool {
        let tok = self.tok();
        if let Tok::Kw(kw) = tok
            && self.at_common_subexpr(kw)
        {
            return true;
        }
        if self.at_type_func_keyword() {
            return true;
        }
        if !tok.is_col_id() {
            return false;
        }
        let mut at = 1;
        while self.peek(at) == Tok::Char(b'.') && self.peek(at + 1).is_col_label() {
            at += 2;
        }
        self.peek(at) == Tok::Char(b'(') && (at > 1 || tok.is_type_function_name())
    }

    fn rowsfrom_item(&mut self) -> PgResult<RangeFunctionItem> {
        let func = self.func_expr_windowless()?;
        let coldeflist =
            if self.eat(Kw::As) { self.paren_list(Self::table_func_element)? } else { Vec::new() };
        Ok(RangeFunctionItem { func, coldeflist })
    }

    fn range_function(
        &mut self,
        functions: Vec<RangeFunctionItem>,
        is_rowsfrom: bool,
        lateral: bool,
    ) -> PgResult<TableRef> {
        let ordinality = self.tok() == Tok::WithLa;
        if ordinality {
            self.advance();
            self.expect(Kw::Ordinality)?;
        }
        let (alias, coldeflist) = self.func_alias_clause()?;
        Ok(TableRef::RangeFunction(Box::new(RangeFunction {
            lateral,
            ordinality,
            is_rowsfrom,
            functions,
            alias,
            coldeflist,
        })))
    }

    /// `AS name (columns or column definitions)`, most of it optional.
    fn func_alias_clause(&mut self) -> PgResult<(Option<Alias>, Vec<ColumnDef>)> {
        let named = self.eat(Kw::As);
        if named && self.at_char(b'(') {
            return Ok((None, self.paren_list(Self::table_func_element)?));
        }
        if !named && !self.tok().is_col_id() {
            return Ok((None, Vec::new()));
        }
        let mut alias = Alias { aliasname: self.col_id()?, colnames: Vec::new() };
        let mut coldeflist = Vec::new();
        if self.at_char(b'(') {
            if matches!(self.peek(2), Tok::Char(b',' | b')')) {
                alias.colnames = self.paren_name_list()?;
            } else {
                coldeflist = self.paren_list(Self::table_func_element)?;
            }
        }
        Ok((Some(alias), coldeflist))
    }

    /// `name type [COLLATE c]`
    pub(super) fn table_func_element(&mut self) -> PgResult<ColumnDef> {
        let location = self.loc();
        let colname = self.col_id()?;
        let type_name = Some(self.type_name()?);
        let coll_clause = self.opt_collate_clause()?;
        Ok(ColumnDef {
            colname,
            type_name,
            compression: None,
            storage_name: None,
            coll_clause,
            constraints: Vec::new(),
            fdwoptions: Vec::new(),
            raw_default: None,
            location,
        })
    }

    pub(super) fn opt_collate_clause(&mut self) -> PgResult<Option<CollateClause>> {
        let location = self.loc();
        if !self.eat(Kw::Collate) {
            return Ok(None);
        }
        let collname = self.any_name()?;
        Ok(Some(CollateClause { arg: None, collname, location }))
    }

    fn opt_alias_clause(&mut self) -> PgResult<Option<Alias>> {
        if !self.eat(Kw::As) && !self.tok().is_col_id() {
            return Ok(None);
        }
        let aliasname = self.col_id()?;
        let colnames = self.opt_name_list()?;
        Ok(Some(Alias { aliasname, colnames }))
    }

    /// A table with alias and TABLESAMPLE.
    fn table(&mut self) -> PgResult<TableRef> {
        let mut relation = self.relation_expr()?;
        relation.alias = self.opt_alias_clause()?.map(Box::new);
        if !self.eat(Kw::Tablesample) {
            return Ok(TableRef::RangeVar(Box::new(relation)));
        }
        let location = self.loc();
        let method = self.func_name()?;
        let args = self.paren_list(Self::a_expr)?;
        let repeatable =
            if self.eat(Kw::Repeatable) { Some(self.parens(Self::a_expr)?) } else { None };
        Ok(TableRef::RangeTableSample(Box::new(RangeTableSample {
            relation,
            method,
            args,
            repeatable,
            location,
        })))
    }

    /// `name`, `name *`, `ONLY name`, `ONLY (name)`.
    pub(super) fn relation_expr(&mut self) -> PgResult<RangeVar> {
        if self.eat(Kw::Only) {
            let mut relation = if self.at_char(b'(') {
                self.parens(Self::qualified_name)?
            } else {
                self.qualified_name()?
            };
            relation.inh = false;
            return Ok(relation);
        }
        let location = self.loc();
        let first = self.col_id()?;
        let rest = self.names_of_indirection()?;
        let relation = range_var_of(first, rest, location)?;
        self.eat_char(b'*');
        Ok(relation)
    }

    pub(super) fn relation_expr_list(&mut self) -> PgResult<Vec<RangeVar>> {
        self.comma_list(Self::relation_expr)
    }

    /// The target of UPDATE, DELETE, MERGE; SET is no alias.
    pub(super) fn relation_expr_opt_alias(&mut self) -> PgResult<RangeVar> {
        let mut relation = self.relation_expr()?;
        let named = self.eat(Kw::As);
        if named || (self.tok().is_col_id() && !self.at(Kw::Set)) {
            let aliasname = self.col_id()?;
            relation.alias = Some(Box::new(Alias { aliasname, colnames: Vec::new() }));
        }
        Ok(relation)
    }
}

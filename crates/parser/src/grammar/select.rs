//! SELECT, VALUES, TABLE, set operations, WITH and the clauses after them.
use super::Parser;
use super::expr::negate;
use super::expr::simple_a_expr;
use super::primary::starts_expr;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

/// LIMIT, OFFSET and FETCH as read.
#[derive(Default)]
struct SelectLimit {
    offset: Option<(Expr, ParseLoc)>,
    count: Option<(Expr, ParseLoc)>,
    with_ties: Option<ParseLoc>,
}

impl Parser<'_> {
    /// A query, in parentheses or not.
    pub(super) fn select_stmt(&mut self) -> PgResult<Box<SelectStmt>> {
        self.select_no_parens()
    }

    /// A query with all its clauses.
    pub(super) fn select_no_parens(&mut self) -> PgResult<Box<SelectStmt>> {
        error::check_stack_depth()?;
        let with = if self.at_with() { Some(self.with_clause()?) } else { None };
        let left = self.select_primary()?;
        self.select_rest(left, with)
    }

    /// A query after its WITH clause, for statements that share their beginning with others.
    pub(super) fn select_after_with(
        &mut self,
        with: Option<WithClause>,
    ) -> PgResult<Box<SelectStmt>> {
        let left = self.select_primary()?;
        self.select_rest(left, with)
    }

    /// Whether the current token continues a query whose first part is complete.
    pub(super) fn at_select_continuation(&self) -> bool {
        matches!(
            self.tok(),
            Tok::Kw(
                Kw::Union
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

    /// Set operations and trailing clauses after `left`.
    pub(super) fn select_rest(
        &mut self,
        left: Box<SelectStmt>,
        with: Option<WithClause>,
    ) -> PgResult<Box<SelectStmt>> {
        let mut stmt = self.set_operations(left, 0)?;
        let sort_loc = self.loc();
        let sort_clause = self.opt_sort_clause()?;
        let mut locking = Vec::new();
        let mut limit = SelectLimit::default();
        if self.at_locking_clause() {
            locking = self.for_locking_clause()?;
            limit = self.select_limit()?;
        } else if self.at_limit_clause() {
            limit = self.select_limit()?;
            if self.at_locking_clause() {
                locking = self.for_locking_clause()?;
            }
        }
        insert_select_options(&mut stmt, sort_clause, sort_loc, locking, limit, with)?;
        Ok(stmt)
    }

    fn set_operations(&mut self, mut left: Box<SelectStmt>, min: u8) -> PgResult<Box<SelectStmt>> {
        let mut links = 0;
        loop {
            let (op, level) = match self.tok() {
                Tok::Kw(Kw::Union) => (SetOperation::Union, 1),
                Tok::Kw(Kw::Except) => (SetOperation::Except, 1),
                Tok::Kw(Kw::Intersect) => (SetOperation::Intersect, 2),
                _ => return Ok(left),
            };
            if level < min {
                return Ok(left);
            }
            links += 1;
            self.check_chain(links)?;
            self.advance();
            let all = self.set_quantifier() == Some(Kw::All);
            let right = self.select_primary()?;
            let right = self.set_operations(right, level + 1)?;
            let mut stmt = SelectStmt::empty(left.location);
            stmt.op = op;
            stmt.all = all;
            stmt.larg = Some(left);
            stmt.rarg = Some(right);
            left = Box::new(stmt);
        }
    }

    /// ALL or DISTINCT.
    fn set_quantifier(&mut self) -> Option<Kw> {
        match self.tok() {
            Tok::Kw(kw @ (Kw::All | Kw::Distinct)) => {
                self.advance();
                Some(kw)
            }
            _ => None,
        }
    }

    fn select_primary(&mut self) -> PgResult<Box<SelectStmt>> {
        match self.tok() {
            Tok::Kw(Kw::Select) => self.simple_select(),
            Tok::Kw(Kw::Values) => self.values_clause(),
            Tok::Kw(Kw::Table) => self.table_command(),
            Tok::Char(b'(') => {
                error::check_stack_depth()?;
                self.advance();
                let stmt = self.select_no_parens()?;
                self.expect_char(b')')?;
                Ok(stmt)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn simple_select(&mut self) -> PgResult<Box<SelectStmt>> {
        let location = self.expect(Kw::Select)?;
        let mut stmt = Box::new(SelectStmt::empty(location));
        self.select_body(&mut stmt)?;
        Ok(stmt)
    }

    /// Everything between SELECT and the set operations.
    pub(super) fn select_body(&mut self, stmt: &mut SelectStmt) -> PgResult<()> {
        if self.eat(Kw::Distinct) {
            stmt.distinct_clause = if self.eat(Kw::On) {
                DistinctClause::On(self.paren_list(Self::a_expr)?)
            } else {
                DistinctClause::All
            };
            stmt.target_list = self.target_list()?;
        } else {
            self.eat(Kw::All);
            if starts_expr(self.tok()) || self.at_char(b'*') {
                stmt.target_list = self.target_list()?;
            }
        }
        if self.eat(Kw::Into) {
            stmt.into_clause = Some(Box::new(self.select_into_target()?));
        }
        self.select_body_from(stmt)
    }

    /// FROM to WINDOW.
    pub(super) fn select_body_from(&mut self, stmt: &mut SelectStmt) -> PgResult<()> {
        stmt.from_clause = self.opt_from_clause()?;
        stmt.where_clause = self.where_clause()?;
        if self.eat_all(&[Kw::Group, Kw::By])? {
            stmt.group_distinct = self.set_quantifier() == Some(Kw::Distinct);
            stmt.group_clause = self.comma_list(Self::group_by_item)?;
        }
        if self.eat(Kw::Having) {
            stmt.having_clause = Some(self.a_expr()?);
        }
        stmt.window_clause = self.window_clause()?;
        Ok(())
    }

    fn values_clause(&mut self) -> PgResult<Box<SelectStmt>> {
        let location = self.expect(Kw::Values)?;
        let mut stmt = SelectStmt::empty(location);
        stmt.values_lists = self.comma_list(|p| p.paren_list(Self::a_expr))?;
        Ok(Box::new(stmt))
    }

    /// `TABLE name` is `SELECT * FROM name`.
    fn table_command(&mut self) -> PgResult<Box<SelectStmt>> {
        let location = self.expect(Kw::Table)?;
        let relation = self.relation_expr()?;
        let mut stmt = SelectStmt::empty(location);
        let all = Expr::ColumnRef(ColumnRef { fields: Vec::new(), star: true, location: -1 });
        stmt.target_list =
            vec![ResTarget { name: None, indirection: Vec::new(), val: Some(all), location: -1 }];
        stmt.from_clause = vec![TableRef::RangeVar(Box::new(relation))];
        Ok(Box::new(stmt))
    }

    pub(super) fn target_list(&mut self) -> PgResult<Vec<ResTarget>> {
        self.comma_list(Self::target_el)
    }

    fn target_el(&mut self) -> PgResult<ResTarget> {
        let location = self.loc();
        let target =
            |name, val| Ok(ResTarget { name, indirection: Vec::new(), val: Some(val), location });
        if self.eat_char(b'*') {
            let all = ColumnRef { fields: Vec::new(), star: true, location };
            return target(None, Expr::ColumnRef(all));
        }
        let outer = std::mem::replace(&mut self.label_ends_expr, true);
        let val = self.a_expr();
        self.label_ends_expr = outer;
        let val = val?;
        let name = if self.eat(Kw::As) {
            Some(self.col_label()?)
        } else if self.tok().is_bare_col_label() {
            Some(self.take_name())
        } else {
            None
        };
        target(name, val)
    }

    /// Target of SELECT INTO, after INTO.
    fn select_into_target(&mut self) -> PgResult<IntoClause> {
        let relpersistence = match self.tok() {
            Tok::Kw(Kw::Temporary | Kw::Temp) => {
                self.advance();
                self.eat(Kw::Table);
                RelPersistence::Temp
            }
            Tok::Kw(Kw::Local | Kw::Global)
                if matches!(self.peek(1), Tok::Kw(Kw::Temporary | Kw::Temp)) =>
            {
                self.warn_global();
                self.advance();
                self.advance();
                self.eat(Kw::Table);
                RelPersistence::Temp
            }
            Tok::Kw(Kw::Unlogged) => {
                self.advance();
                self.eat(Kw::Table);
                RelPersistence::Unlogged
            }
            _ => {
                self.eat(Kw::Table);
                RelPersistence::Permanent
            }
        };
        let mut rel = self.qualified_name()?;
        rel.relpersistence = relpersistence;
        Ok(IntoClause {
            rel,
            col_names: Vec::new(),
            access_method: None,
            options: Vec::new(),
            on_commit: OnCommitAction::Noop,
            table_space_name: None,
            skip_data: false,
        })
    }

    /// GLOBAL is deprecated before TEMP.
    pub(super) fn warn_global(&mut self) {
        if self.at(Kw::Global) {
            self.notices.push(
                error::PgError::warning(
                    error::SqlState::WARNING,
                    "GLOBAL is deprecated in temporary table creation",
                )
                .at(self.loc()),
            );
        }
    }

    pub(super) fn where_clause(&mut self) -> PgResult<Option<Expr>> {
        if self.eat(Kw::Where) { Ok(Some(self.a_expr()?)) } else { Ok(None) }
    }

    fn group_by_item(&mut self) -> PgResult<Expr> {
        error::check_stack_depth()?;
        let location = self.loc();
        let call = self.peek(1) == Tok::Char(b'(');
        let (kind, content) = match self.tok() {
            Tok::Char(b'(') if self.peek(1) == Tok::Char(b')') => {
                self.advance();
                self.advance();
                (GroupingSetKind::Empty, Vec::new())
            }
            Tok::Kw(Kw::Rollup) if call => {
                self.advance();
                (GroupingSetKind::Rollup, self.paren_list(Self::a_expr)?)
            }
            Tok::Kw(Kw::Cube) if call => {
                self.advance();
                (GroupingSetKind::Cube, self.paren_list(Self::a_expr)?)
            }
            Tok::Kw(Kw::Grouping) if self.peek_is(1, Kw::Sets) => {
                self.advance();
                self.advance();
                (GroupingSetKind::Sets, self.paren_list(Self::group_by_item)?)
            }
            _ => return self.a_expr(),
        };
        Ok(Expr::GroupingSet(Box::new(GroupingSet { kind, content, location })))
    }

    pub(super) fn opt_sort_clause(&mut self) -> PgResult<Vec<SortBy>> {
        if self.at(Kw::Order) { self.sort_clause() } else { Ok(Vec::new()) }
    }

    pub(super) fn sort_clause(&mut self) -> PgResult<Vec<SortBy>> {
        self.expect_all(&[Kw::Order, Kw::By])?;
        self.comma_list(Self::sort_by)
    }

    fn sort_by(&mut self) -> PgResult<SortBy> {
        let node = self.a_expr()?;
        let (mut use_op, mut location) = (Vec::new(), -1);
        let sortby_dir = if self.eat(Kw::Using) {
            location = self.loc();
            use_op = self.qual_all_op()?;
            SortByDir::Using
        } else {
            self.opt_asc_desc()
        };
        let sortby_nulls = self.opt_nulls_order()?;
        Ok(SortBy { node, sortby_dir, sortby_nulls, use_op, location })
    }

    pub(super) fn opt_asc_desc(&mut self) -> SortByDir {
        if self.eat(Kw::Asc) {
            SortByDir::Asc
        } else if self.eat(Kw::Desc) {
            SortByDir::Desc
        } else {
            SortByDir::Default
        }
    }

    pub(super) fn opt_nulls_order(&mut self) -> PgResult<SortByNulls> {
        if self.tok() != Tok::NullsLa {
            return Ok(SortByNulls::Default);
        }
        self.advance();
        if self.eat(Kw::First) {
            return Ok(SortByNulls::First);
        }
        self.expect(Kw::Last)?;
        Ok(SortByNulls::Last)
    }

    fn at_limit_clause(&self) -> bool {
        matches!(self.tok(), Tok::Kw(Kw::Limit | Kw::Offset | Kw::Fetch))
    }

    fn select_limit(&mut self) -> PgResult<SelectLimit> {
        let mut limit = SelectLimit::default();
        loop {
            match self.tok() {
                Tok::Kw(Kw::Limit) if limit.count.is_none() => self.limit_clause(&mut limit)?,
                Tok::Kw(Kw::Fetch) if limit.count.is_none() => self.fetch_clause(&mut limit)?,
                Tok::Kw(Kw::Offset) if limit.offset.is_none() => {
                    let loc = self.loc();
                    self.advance();
                    let value = self.offset_value()?;
                    limit.offset = Some((value, loc));
                }
                _ => return Ok(limit),
            }
        }
    }

    fn limit_clause(&mut self, limit: &mut SelectLimit) -> PgResult<()> {
        let loc = self.expect(Kw::Limit)?;
        let value_loc = self.loc();
        let count = if self.eat(Kw::All) {
            Expr::AConst(AConst { val: ConstValue::Null, location: value_loc })
        } else {
            self.a_expr()?
        };
        if self.eat_char(b',') {
            self.a_expr()?;
            return Err(err!(SYNTAX_ERROR, "LIMIT #,# syntax is not supported")
                .hint("Use separate LIMIT and OFFSET clauses.")
                .at(loc));
        }
        limit.count = Some((count, loc));
        Ok(())
    }

    /// `n [ROWS]`
    fn offset_value(&mut self) -> PgResult<Expr> {
        let signed = matches!(self.tok(), Tok::Char(b'+' | b'-'))
            && matches!(self.peek(1), Tok::IConst | Tok::FConst)
            && matches!(self.peek(2), Tok::Kw(Kw::Row | Kw::Rows));
        let value = if signed { self.signed_const()? } else { self.a_expr()? };
        if matches!(self.tok(), Tok::Kw(Kw::Row | Kw::Rows)) && (signed || self.last_is_c_expr) {
            self.advance();
        }
        Ok(value)
    }

    fn signed_const(&mut self) -> PgResult<Expr> {
        let loc = self.loc();
        let minus = self.at_char(b'-');
        self.advance();
        let value_loc = self.loc();
        let val = match self.tok() {
            Tok::FConst => ConstValue::Float(self.take_float()),
            _ => ConstValue::Integer(self.iconst()?),
        };
        let value = Expr::AConst(AConst { val, location: value_loc });
        Ok(if minus {
            negate(value, loc)
        } else {
            simple_a_expr(AExprKind::Op, "+", None, value, loc)
        })
    }

    /// `FETCH FIRST n ROWS ONLY`
    fn fetch_clause(&mut self, limit: &mut SelectLimit) -> PgResult<()> {
        let loc = self.expect(Kw::Fetch)?;
        if !self.eat(Kw::First) {
            self.expect(Kw::Next)?;
        }
        let omitted = matches!(self.tok(), Tok::Kw(Kw::Row | Kw::Rows))
            && matches!(self.peek(1), Tok::Kw(Kw::Only | Kw::With));
        let count = if omitted {
            Expr::AConst(AConst { val: ConstValue::Integer(1), location: -1 })
        } else if matches!(self.tok(), Tok::Char(b'+' | b'-')) {
            self.signed_const()?
        } else {
            self.c_expr()?
        };
        if !self.eat(Kw::Row) {
            self.expect(Kw::Rows)?;
        }
        let ties_loc = self.loc();
        if self.eat(Kw::With) {
            self.expect(Kw::Ties)?;
            limit.with_ties = Some(ties_loc);
        } else {
            self.expect(Kw::Only)?;
        }
        limit.count = Some((count, loc));
        Ok(())
    }

    fn at_locking_clause(&self) -> bool {
        self.at(Kw::For)
    }

    fn for_locking_clause(&mut self) -> PgResult<Vec<LockingClause>> {
        if self.at(Kw::For) && self.peek_is(1, Kw::Read) {
            self.expect_all(&[Kw::For, Kw::Read, Kw::Only])?;
            return Ok(Vec::new());
        }
        let mut list = Vec::new();
        while self.at(Kw::For) {
            list.push(self.for_locking_item()?);
        }
        Ok(list)
    }

    fn for_locking_item(&mut self) -> PgResult<LockingClause> {
        self.expect(Kw::For)?;
        let strength = if self.eat(Kw::Update) {
            LockClauseStrength::ForUpdate
        } else if self.eat(Kw::Share) {
            LockClauseStrength::ForShare
        } else if self.eat(Kw::No) {
            self.expect_all(&[Kw::Key, Kw::Update])?;
            LockClauseStrength::ForNoKeyUpdate
        } else {
            self.expect_all(&[Kw::Key, Kw::Share])?;
            LockClauseStrength::ForKeyShare
        };
        let locked_rels = if self.eat(Kw::Of) { self.qualified_name_list()? } else { Vec::new() };
        let wait_policy = if self.eat(Kw::Nowait) {
            LockWaitPolicy::Error
        } else if self.eat_all(&[Kw::Skip, Kw::Locked])? {
            LockWaitPolicy::Skip
        } else {
            LockWaitPolicy::Block
        };
        Ok(LockingClause { locked_rels, strength, wait_policy })
    }

    /// WITH and its queries.
    pub(super) fn with_clause(&mut self) -> PgResult<WithClause> {
        let location = self.loc();
        let plain = self.at(Kw::With);
        self.advance();
        // Otherwise it is the name of a query.
        let recursive = plain && self.at(Kw::Recursive) && self.peek(1).is_col_id();
        if recursive {
            self.advance();
        }
        let ctes = self.comma_list(Self::common_table_expr)?;
        Ok(WithClause { ctes, recursive, location })
    }

    fn common_table_expr(&mut self) -> PgResult<CommonTableExpr> {
        let location = self.loc();
        let ctename = self.name()?;
        let aliascolnames = self.opt_name_list()?;
        self.expect(Kw::As)?;
        let ctematerialized = if self.eat(Kw::Materialized) {
            CteMaterialize::Always
        } else if self.eat_all(&[Kw::Not, Kw::Materialized])? {
            CteMaterialize::Never
        } else {
            CteMaterialize::Default
        };
        let ctequery = Box::new(self.parens(Self::preparable_stmt)?);
        let search_clause = self.opt_search_clause()?;
        let cycle_clause = self.opt_cycle_clause()?;
        Ok(CommonTableExpr {
            ctename,
            aliascolnames,
            ctematerialized,
            ctequery,
            search_clause,
            cycle_clause,
            location,
        })
    }

    fn opt_search_clause(&mut self) -> PgResult<Option<CteSearchClause>> {
        let location = self.loc();
        if !self.eat(Kw::Search) {
            return Ok(None);
        }
        let search_breadth_first = self.eat(Kw::Breadth);
        if !search_breadth_first {
            self.expect(Kw::Depth)?;
        }
        self.expect_all(&[Kw::First, Kw::By])?;
        let search_col_list = self.name_list()?;
        self.expect(Kw::Set)?;
        let search_seq_column = self.col_id()?;
        Ok(Some(CteSearchClause {
            search_col_list,
            search_breadth_first,
            search_seq_column,
            location,
        }))
    }

    fn opt_cycle_clause(&mut self) -> PgResult<Option<CteCycleClause>> {
        let location = self.loc();
        if !self.eat(Kw::Cycle) {
            return Ok(None);
        }
        let cycle_col_list = self.name_list()?;
        self.expect(Kw::Set)?;
        let cycle_mark_column = self.col_id()?;
        let boolean = |b| Expr::AConst(AConst { val: ConstValue::Boolean(b), location: -1 });
        let (mut cycle_mark_value, mut cycle_mark_default) = (boolean(true), boolean(false));
        if self.eat(Kw::To) {
            cycle_mark_value = self.aexpr_const()?;
            self.expect(Kw::Default)?;
            cycle_mark_default = self.aexpr_const()?;
        }
        self.expect(Kw::Using)?;
        let cycle_path_column = self.col_id()?;
        Ok(Some(CteCycleClause {
            cycle_col_list,
            cycle_mark_column,
            cycle_mark_value,
            cycle_mark_default,
            cycle_path_column,
            location,
        }))
    }

    /// The trailing clauses of a PL/pgSQL expression.
    pub(super) fn select_options(&mut self, stmt: &mut SelectStmt) -> PgResult<()> {
        let sort_loc = self.loc();
        let sort_clause = self.opt_sort_clause()?;
        let limit = self.select_limit()?;
        let locking =
            if self.at_locking_clause() { self.for_locking_clause()? } else { Vec::new() };
        insert_select_options(stmt, sort_clause, sort_loc, locking, limit, None)
    }
}

/// Adds trailing clauses to a query that may have come with its own, in parentheses.
fn insert_select_options(
    stmt: &mut SelectStmt,
    sort_clause: Vec<SortBy>,
    sort_loc: ParseLoc,
    locking: Vec<LockingClause>,
    limit: SelectLimit,
    with: Option<WithClause>,
) -> PgResult<()> {
    let multiple =
        |what: &str, loc| Err(err!(SYNTAX_ERROR, "multiple {what} clauses not allowed").at(loc));
    if !sort_clause.is_empty() {
        if !stmt.sort_clause.is_empty() {
            let blamed = sort_clause[0].node.leftmost_location();
            return multiple("ORDER BY", if blamed >= 0 { blamed } else { sort_loc });
        }
        stmt.sort_clause = sort_clause;
    }
    stmt.locking_clause.extend(locking);
    let limited = limit.offset.is_some() || limit.count.is_some();
    if let Some((offset, loc)) = limit.offset {
        if stmt.limit_offset.is_some() {
            return multiple("OFFSET", loc);
        }
        stmt.limit_offset = Some(offset);
    }
    if let Some((count, loc)) = limit.count {
        if stmt.limit_count.is_some() {
            return multiple("LIMIT", loc);
        }
        stmt.limit_count = Some(count);
    }
    if let Some(loc) = limit.with_ties {
        if stmt.sort_clause.is_empty() {
            return Err(err!(
                SYNTAX_ERROR,
                "WITH TIES cannot be specified without ORDER BY clause"
            )
            .at(loc));
        }
        if stmt.locking_clause.iter().any(|l| l.wait_policy == LockWaitPolicy::Skip) {
            return Err(err!(
                SYNTAX_ERROR,
                "SKIP LOCKED and WITH TIES options cannot be used together"
            )
            .at(loc));
        }
        stmt.limit_option = LimitOption::WithTies;
    } else if limited {
        stmt.limit_option = LimitOption::Count;
    }
    if let Some(with) = with {
        if stmt.with_clause.is_some() {
            return multiple("WITH", with.location);
        }
        stmt.with_clause = Some(with);
    }
    Ok(())
}

//! Views and materialized views.
use super::Parser;
use crate::ast::*;
use crate::keyword::Kw;
use error::{PgResult, err};

impl Parser<'_> {
    /// CREATE [RECURSIVE] VIEW, at RECURSIVE or VIEW.
    pub(super) fn create_view(
        &mut self,
        persistence: RelPersistence,
        replace: bool,
    ) -> PgResult<Stmt> {
        let recursive = self.eat(Kw::Recursive);
        self.expect(Kw::View)?;
        let mut view = self.qualified_name()?;
        view.relpersistence = persistence;
        let aliases = if recursive { self.paren_name_list()? } else { self.opt_name_list()? };
        let options = self.opt_reloptions()?;
        self.expect(Kw::As)?;
        let mut query = self.select_stmt()?;
        let check_loc = self.loc();
        let with_check_option = self.opt_check_option()?;
        if recursive {
            if with_check_option != ViewCheckOption::None {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "WITH CHECK OPTION not supported on recursive views"
                )
                .at(check_loc));
            }
            query = recursive_view_select(&view.relname, &aliases, query);
        }
        let query = Box::new(Stmt::SelectStmt(query));
        Ok(ViewStmt { view, aliases, query, replace, options, with_check_option }.into())
    }

    fn opt_check_option(&mut self) -> PgResult<ViewCheckOption> {
        if !self.eat(Kw::With) {
            return Ok(ViewCheckOption::None);
        }
        let local = self.eat(Kw::Local);
        if !local {
            self.eat(Kw::Cascaded);
        }
        self.expect_all(&[Kw::Check, Kw::Option])?;
        Ok(if local { ViewCheckOption::Local } else { ViewCheckOption::Cascaded })
    }

    /// CREATE MATERIALIZED VIEW, at MATERIALIZED.
    pub(super) fn create_materialized_view(
        &mut self,
        persistence: RelPersistence,
    ) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Materialized, Kw::View])?;
        let if_not_exists = self.opt_if_not_exists()?;
        let mut rel = self.qualified_name()?;
        rel.relpersistence = persistence;
        let col_names = self.opt_name_list()?;
        let access_method = if self.eat(Kw::Using) { Some(self.name()?) } else { None };
        let options = self.opt_reloptions()?;
        let table_space_name = self.opt_tablespace()?;
        self.expect(Kw::As)?;
        let query = Box::new(Stmt::SelectStmt(self.select_stmt()?));
        let skip_data = !self.opt_with_data()?;
        let into = IntoClause {
            rel,
            col_names,
            access_method,
            options,
            on_commit: OnCommitAction::Noop,
            table_space_name,
            skip_data,
        };
        Ok(CreateTableAsStmt {
            query,
            into,
            objtype: ObjectType::MatView,
            is_select_into: false,
            if_not_exists,
        }
        .into())
    }

    pub(super) fn refresh_stmt(&mut self) -> PgResult<Stmt> {
        self.expect_all(&[Kw::Refresh, Kw::Materialized, Kw::View])?;
        let concurrent = self.eat(Kw::Concurrently);
        let relation = self.qualified_name()?;
        let skip_data = !self.opt_with_data()?;
        Ok(RefreshMatViewStmt { concurrent, skip_data, relation }.into())
    }
}

/// `WITH RECURSIVE name (columns) AS (query) SELECT columns FROM name`
fn recursive_view_select(
    name: &str,
    aliases: &[String],
    query: Box<SelectStmt>,
) -> Box<SelectStmt> {
    let cte = CommonTableExpr {
        ctename: name.to_owned(),
        aliascolnames: aliases.to_vec(),
        ctematerialized: CteMaterialize::Default,
        ctequery: Box::new(Stmt::SelectStmt(query)),
        search_clause: None,
        cycle_clause: None,
        location: -1,
    };
    let target = |alias: &String| ResTarget {
        name: None,
        indirection: Vec::new(),
        val: Some(Expr::ColumnRef(ColumnRef {
            fields: vec![alias.clone()],
            star: false,
            location: -1,
        })),
        location: -1,
    };
    let mut select = SelectStmt::empty(-1);
    select.with_clause = Some(WithClause { ctes: vec![cte], recursive: true, location: -1 });
    select.target_list = aliases.iter().map(target).collect();
    select.from_clause = vec![TableRef::RangeVar(Box::new(RangeVar::new(None, name, -1)))];
    Box::new(select)
}

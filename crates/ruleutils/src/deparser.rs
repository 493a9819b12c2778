//! The state of one deparsing: output, indentation, names in scope.
use crate::namespace::Namespace;
use catalog::CatalogRead;
use error::PgResult;
use fmgr::FnContext;
use nodes::{Expr, Param, Query, RangeTblEntry, SubPlan, TargetEntry, Var, WindowClause};
use std::rc::Rc;
use types::Oid;

/// Layout of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pretty {
    /// Leave out parentheses that precedence makes superfluous.
    pub paren: bool,
    /// Break lines and indent.
    pub indent: bool,
    /// Qualify names only where the search path needs it (otherwise too: names in view bodies).
    pub schema: bool,
    /// Column at which lists wrap; -1 never, 0 after each item.
    pub wrap_column: i32,
}

impl Pretty {
    /// What `pg_get_viewdef(oid)` uses.
    pub const INDENT: Pretty = Pretty { paren: false, indent: true, schema: false, wrap_column: 0 };
    /// What `pg_get_viewdef(oid, true)` uses.
    pub const FULL: Pretty = Pretty { paren: true, indent: true, schema: true, wrap_column: 0 };
    /// One line, all parentheses.
    pub const NONE: Pretty = Pretty { paren: false, indent: false, schema: false, wrap_column: -1 };
}

/// What a plan node's Var or parameter stands for.
pub enum PlanExpr {
    /// A column: the alias to qualify it with (if several are in scope), and its name.
    Column { refname: Option<String>, attname: String },
    /// Another expression, to be printed in its place.
    Expr(Expr),
    /// Finished text.
    Text(String),
}

/// Names for what plan nodes refer to.
pub trait VarResolver {
    /// A Var with varno OUTER_VAR, INNER_VAR, INDEX_VAR or of the plan's range table.
    fn resolve_var(&self, var: &Var) -> PgResult<Option<PlanExpr>>;
    /// A parameter set by a subplan or nested loop.
    fn resolve_param(&self, param: &Param) -> PgResult<Option<PlanExpr>>;
    /// Calls `f` with what a Var of a plan node is computed by in the plan below, followed through
    /// Vars, and the names there; false if it is not known.
    fn with_source(
        &self,
        _var: &Var,
        _f: &mut dyn FnMut(&Expr, &dyn VarResolver) -> PgResult<()>,
    ) -> PgResult<bool> {
        Ok(false)
    }
    /// Name of the window that a plan node computes.
    fn window_name(&self, _winref: u32) -> Option<String> {
        None
    }
    /// How a subplan is called: `SubPlan 1`.
    fn subplan_name(&self, plan: &SubPlan) -> String {
        plan.plan_name.clone()
    }
}

/// Where an expression is printed.
#[derive(Default)]
pub struct DeparseContext<'a> {
    /// Range table of the innermost query.
    pub rtable: &'a [RangeTblEntry],
    /// A single relation that Vars with varno 1 refer to, for expressions in catalogs.
    pub relation: Option<Oid>,
    /// Always qualify columns.
    pub force_prefix: bool,
    /// Print implicit casts too.
    pub show_implicit: bool,
    /// Layout.
    pub pretty: Pretty,
    /// Names of plan references.
    pub resolver: Option<&'a dyn VarResolver>,
}

/// Prints an expression.
pub fn deparse_expr(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    expr: &Expr,
    cx: &DeparseContext<'_>,
) -> PgResult<String> {
    let mut d = Deparser::new(catalog, session, cx.pretty);
    d.resolver = cx.resolver;
    d.var_prefix = cx.force_prefix;
    if let Some(relid) = cx.relation {
        d.namespaces.push(Rc::new(Namespace::for_relation(catalog, relid)?));
    } else if !cx.rtable.is_empty() {
        d.namespaces.push(Rc::new(Namespace::for_rtable(catalog, cx.rtable, &[])?));
    }
    d.rule_expr(expr, cx.show_implicit)?;
    Ok(d.buf)
}

/// Prints a query. `column_names` replaces the names of its result columns.
pub fn query_def(
    catalog: &dyn CatalogRead,
    session: &dyn FnContext,
    query: &Query,
    column_names: Option<&[String]>,
    pretty: Pretty,
) -> PgResult<String> {
    let mut d = Deparser::new(catalog, session, pretty);
    d.query(query, column_names, true, 0)?;
    Ok(d.buf)
}

/// Indentation steps.
pub(crate) const STD: i32 = 8;
pub(crate) const JOIN: i32 = 4;
pub(crate) const VAR: i32 = 4;
const INDENT_LIMIT: i32 = 40;

/// State of one deparsing.
pub(crate) struct Deparser<'c> {
    pub catalog: &'c dyn CatalogRead,
    pub session: &'c dyn FnContext,
    pub buf: String,
    /// Innermost last.
    pub namespaces: Vec<Rc<Namespace>>,
    pub resolver: Option<&'c dyn VarResolver>,
    pub pretty: Pretty,
    pub indent_level: i32,
    pub var_prefix: bool,
    pub window_clause: Vec<WindowClause>,
    pub window_targets: Vec<TargetEntry>,
    pub in_group_by: bool,
    pub vars_in_order_by: bool,
}

impl<'c> Deparser<'c> {
    pub(crate) fn new(
        catalog: &'c dyn CatalogRead,
        session: &'c dyn FnContext,
        pretty: Pretty,
    ) -> Self {
        Deparser {
            catalog,
            session,
            buf: String::new(),
            namespaces: Vec::new(),
            resolver: None,
            pretty,
            indent_level: 0,
            var_prefix: false,
            window_clause: Vec::new(),
            window_targets: Vec::new(),
            in_group_by: false,
            vars_in_order_by: false,
        }
    }

    pub(crate) fn put(&mut self, text: &str) {
        self.buf.push_str(text);
    }

    /// A keyword that starts a new line when indenting.
    pub(crate) fn keyword(&mut self, text: &str, before: i32, after: i32, plus: i32) {
        if !self.pretty.indent {
            self.put(text);
            return;
        }
        self.indent_level += before;
        let trimmed = self.buf.trim_end_matches(' ').len();
        self.buf.truncate(trimmed);
        self.buf.push('\n');
        let amount = if self.indent_level < INDENT_LIMIT {
            self.indent_level.max(0) + plus
        } else {
            // Deep nesting would push everything to the right; ease off.
            let deep = INDENT_LIMIT + (self.indent_level - INDENT_LIMIT) / (STD / 2);
            deep % INDENT_LIMIT + plus
        };
        for _ in 0..amount.max(0) {
            self.buf.push(' ');
        }
        self.put(text);
        self.indent_level = (self.indent_level + after).max(0);
    }

    /// Output of `f` into a buffer of its own.
    pub(crate) fn capture(
        &mut self,
        f: impl FnOnce(&mut Self) -> PgResult<()>,
    ) -> PgResult<String> {
        let saved = std::mem::take(&mut self.buf);
        let result = f(self);
        let captured = std::mem::replace(&mut self.buf, saved);
        result.map(|()| captured)
    }

    /// Length of the current line so far.
    fn line_length(&self) -> usize {
        self.buf.rsplit('\n').next().map_or(0, str::len)
    }

    /// Appends a list item, on a new line if it does not fit.
    pub(crate) fn wrapped_item(&mut self, item: &str, first: bool, last_multiline: bool) {
        if self.pretty.indent && self.pretty.wrap_column >= 0 {
            let leading_newline = item.starts_with('\n');
            if leading_newline {
                let trimmed = self.buf.trim_end_matches(' ').len();
                self.buf.truncate(trimmed);
            } else if !first
                && (self.line_length() + item.len() > self.pretty.wrap_column as usize
                    || last_multiline)
            {
                self.keyword("", -STD, STD, VAR);
            }
        }
        self.put(item);
    }
}

//! WITH RECURSIVE: which items depend on which, and whether recursive ones are well formed.
//!
//! Raw trees are walked in their serialized form, where every node is a map: that reaches each kind of
//! node without a walker that names them all. Recursive queries are rare enough for its cost.
use crate::parse_state::Analyzer;
use error::{PgError, PgResult, err};
use parser::ast::{self, Stmt};
use serde_json::{Map, Value};

/// A WITH item's place in the original list, in an order in which each comes after what it uses.
pub(crate) struct OrderedCte {
    pub index: usize,
    pub recursive: bool,
}

type Node = Map<String, Value>;

/// What a reference to a table by bare name means to a walk.
trait TableVisitor {
    fn table(&mut self, name: &str, location: i32) -> PgResult<()>;
    /// Entering (Some) or leaving (None) the nullable side of an outer join, a sublink, a set operation.
    fn context(&mut self, _context: Option<Context>) -> Option<Context> {
        None
    }
    fn restore(&mut self, _saved: Option<Context>) {}
}

/// Where a recursive reference stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Ok,
    NonRecursiveTerm,
    Sublink,
    OuterJoin,
    Intersect,
    Except,
}

impl Context {
    fn place(self) -> &'static str {
        match self {
            Context::Ok => "its recursive term",
            Context::NonRecursiveTerm => "its non-recursive term",
            Context::Sublink => "a subquery",
            Context::OuterJoin => "an outer join",
            Context::Intersect => "INTERSECT",
            Context::Except => "EXCEPT",
        }
    }
}

/// The walk itself: keeps track of names that inner WITH clauses hide.
struct Walk<'v> {
    visitor: &'v mut dyn TableVisitor,
    hidden: Vec<Vec<String>>,
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Value::as_str)
}

fn location(node: &Node) -> i32 {
    node.get("location").and_then(Value::as_i64).map_or(-1, |l| l as i32)
}

impl Walk<'_> {
    fn value(&mut self, value: &Value) -> PgResult<()> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item)),
            Value::Object(node) => self.node(node),
            _ => Ok(()),
        }
    }

    fn child(&mut self, node: &Node, key: &str) -> PgResult<()> {
        node.get(key).map_or(Ok(()), |value| self.value(value))
    }

    fn node(&mut self, node: &Node) -> PgResult<()> {
        error::check_stack_depth()?;
        if let (Some(name), true) = (text(node, "relname"), node.contains_key("relpersistence")) {
            if text(node, "schemaname").is_none() && !self.is_hidden(name) {
                self.visitor.table(name, location(node))?;
            }
            return Ok(());
        }
        if let Some(Value::Object(with)) = node.get("with_clause") {
            return self.with_statement(node, with);
        }
        self.plain_node(node)
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.hidden.iter().flatten().any(|n| n == name)
    }

    fn with_statement(&mut self, node: &Node, with: &Node) -> PgResult<()> {
        let ctes: Vec<&Node> = with
            .get("ctes")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_object).collect())
            .unwrap_or_default();
        let names = |list: &[&Node]| {
            list.iter().filter_map(|c| text(c, "ctename")).map(str::to_owned).collect::<Vec<_>>()
        };
        let recursive = with.get("recursive").and_then(Value::as_bool).unwrap_or(false);
        self.hidden.push(if recursive { names(&ctes) } else { Vec::new() });
        let mut result = Ok(());
        for cte in &ctes {
            result = self.child(cte, "ctequery");
            if result.is_err() {
                break;
            }
            // Without RECURSIVE a name is in scope from the next item on.
            if !recursive {
                if let (Some(name), Some(top)) = (text(cte, "ctename"), self.hidden.last_mut()) {
                    top.push(name.to_owned());
                }
            }
        }
        if result.is_ok() {
            result = self.plain_node(node);
        }
        self.hidden.pop();
        result
    }

    fn plain_node(&mut self, node: &Node) -> PgResult<()> {
        if node.contains_key("using_clause") && node.contains_key("jointype") {
            return self.join(node);
        }
        if node.contains_key("sub_link_type") && node.contains_key("subselect") {
            let saved = self.visitor.context(Some(Context::Sublink));
            let result = self.child(node, "subselect");
            self.visitor.restore(saved);
            result?;
            return self.child(node, "testexpr");
        }
        if node.contains_key("values_lists") && node.contains_key("larg") {
            return self.select(node);
        }
        for (key, value) in node {
            if key != "with_clause" {
                self.value(value)?;
            }
        }
        Ok(())
    }

    fn join(&mut self, node: &Node) -> PgResult<()> {
        let jointype = text(node, "jointype").unwrap_or("Inner");
        let left_nullable = matches!(jointype, "Right" | "Full");
        let right_nullable = matches!(jointype, "Left" | "Full");
        for (key, nullable) in [("larg", left_nullable), ("rarg", right_nullable)] {
            let saved =
                if nullable { self.visitor.context(Some(Context::OuterJoin)) } else { None };
            let result = self.child(node, key);
            if nullable {
                self.visitor.restore(saved);
            }
            result?;
        }
        self.child(node, "quals")
    }

    fn select(&mut self, node: &Node) -> PgResult<()> {
        let op = text(node, "op").unwrap_or("None");
        let all = node.get("all").and_then(Value::as_bool).unwrap_or(false);
        let (left, right) = match op {
            "Intersect" if all => (Some(Context::Intersect), Some(Context::Intersect)),
            "Except" => (all.then_some(Context::Except), Some(Context::Except)),
            _ => (None, None),
        };
        for (key, context) in [("larg", left), ("rarg", right)] {
            let saved = context.and_then(|c| self.visitor.context(Some(c)));
            let result = self.child(node, key);
            if context.is_some() {
                self.visitor.restore(saved);
            }
            result?;
        }
        for (key, value) in node {
            if !matches!(key.as_str(), "with_clause" | "larg" | "rarg") {
                self.value(value)?;
            }
        }
        Ok(())
    }
}

/// Collects which of the WITH items a query uses.
struct Dependencies<'n> {
    names: &'n [String],
    used: Vec<bool>,
}

impl TableVisitor for Dependencies<'_> {
    fn table(&mut self, name: &str, _location: i32) -> PgResult<()> {
        if let Some(i) = self.names.iter().position(|n| n == name) {
            self.used[i] = true;
        }
        Ok(())
    }
}

/// Checks references of a recursive item to itself.
struct WellFormed<'n> {
    name: &'n str,
    context: Context,
    references: u32,
}

impl TableVisitor for WellFormed<'_> {
    fn table(&mut self, name: &str, location: i32) -> PgResult<()> {
        if name != self.name {
            return Ok(());
        }
        if self.context != Context::Ok {
            return Err(err!(
                INVALID_RECURSION,
                "recursive reference to query \"{name}\" must not appear within {}",
                self.context.place()
            )
            .at(location));
        }
        self.references += 1;
        if self.references > 1 {
            return Err(err!(
                INVALID_RECURSION,
                "recursive reference to query \"{name}\" must not appear more than once"
            )
            .at(location));
        }
        Ok(())
    }

    fn context(&mut self, context: Option<Context>) -> Option<Context> {
        let saved = self.context;
        if let Some(context) = context {
            // Sublinks are worse than anything else; other contexts count only where all is well.
            if saved == Context::Ok || context == Context::Sublink {
                self.context = context;
            }
        }
        Some(saved)
    }

    fn restore(&mut self, saved: Option<Context>) {
        if let Some(saved) = saved {
            self.context = saved;
        }
    }
}

fn serialize<T: serde::Serialize>(tree: &T) -> PgResult<Value> {
    serde_json::to_value(tree).map_err(|e| PgError::internal(e.to_string()))
}

impl Analyzer<'_> {
    /// Orders the items of WITH RECURSIVE so that each comes after those it uses.
    pub(crate) fn order_recursive_ctes(&self, with: &ast::WithClause) -> PgResult<Vec<OrderedCte>> {
        let names: Vec<String> = with.ctes.iter().map(|c| c.ctename.clone()).collect();
        let mut depends: Vec<Vec<bool>> = Vec::with_capacity(names.len());
        for cte in &with.ctes {
            let mut visitor = Dependencies { names: &names, used: vec![false; names.len()] };
            let tree = serialize(&cte.ctequery)?;
            Walk { visitor: &mut visitor, hidden: Vec::new() }.value(&tree)?;
            depends.push(visitor.used);
        }
        let recursive: Vec<bool> = (0..names.len()).map(|i| depends[i][i]).collect();
        let mut order: Vec<OrderedCte> = Vec::with_capacity(names.len());
        let mut done = vec![false; names.len()];
        while order.len() < names.len() {
            let next = (0..names.len()).find(|i| {
                !done[*i] && (0..names.len()).all(|j| j == *i || done[j] || !depends[*i][j])
            });
            let Some(next) = next else {
                let first = done.iter().position(|d| !d).unwrap_or(0);
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "mutual recursion between WITH items is not implemented"
                )
                .at(with.ctes[first].location));
            };
            done[next] = true;
            order.push(OrderedCte { index: next, recursive: recursive[next] });
        }
        for item in &order {
            if item.recursive {
                check_well_formed(&with.ctes[item.index])?;
            }
        }
        Ok(order)
    }
}

fn check_well_formed(cte: &ast::CommonTableExpr) -> PgResult<()> {
    let Stmt::SelectStmt(select) = &*cte.ctequery else {
        return Err(err!(
            INVALID_RECURSION,
            "recursive query \"{}\" must not contain data-modifying statements",
            cte.ctename
        )
        .at(cte.location));
    };
    let (ast::SetOperation::Union, Some(larg), Some(rarg)) =
        (select.op, &select.larg, &select.rarg)
    else {
        return Err(err!(
            INVALID_RECURSION,
            "recursive query \"{}\" does not have the form non-recursive-term UNION [ALL] \
             recursive-term",
            cte.ctename
        )
        .at(cte.location));
    };
    let check = |tree: &Value, context: Context| -> PgResult<()> {
        let mut visitor = WellFormed { name: &cte.ctename, context, references: 0 };
        Walk { visitor: &mut visitor, hidden: Vec::new() }.value(tree)
    };
    if let Some(with) = &select.with_clause {
        check(&serialize(&with.ctes)?, Context::Sublink)?;
    }
    let not_implemented = |what: &str, at: i32| {
        Err(err!(FEATURE_NOT_SUPPORTED, "{what} in a recursive query is not implemented").at(at))
    };
    if let Some(sort) = select.sort_clause.first() {
        return not_implemented("ORDER BY", sort.node.leftmost_location());
    }
    if let Some(offset) = &select.limit_offset {
        return not_implemented("OFFSET", offset.leftmost_location());
    }
    if let Some(limit) = &select.limit_count {
        return not_implemented("LIMIT", limit.leftmost_location());
    }
    if !select.locking_clause.is_empty() {
        return not_implemented("FOR UPDATE/SHARE", -1);
    }
    check(&serialize(larg)?, Context::NonRecursiveTerm)?;
    check(&serialize(rarg)?, Context::Ok)
}

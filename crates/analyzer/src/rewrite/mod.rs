//! Views, rules and defaults: what a query becomes before it is planned.
//!
//! [`rewrite`] turns one analysed query into the queries to run: INSERT and UPDATE get defaults,
//! identity and generated columns filled in, rules add or replace statements, views become subqueries
//! or, as targets, their base tables.

mod default_values;
mod rules;
mod search_cycle;
mod target_list;
mod target_view;
mod tree;
mod view_expansion;

use crate::context::AnalyzeContext;
use crate::parse_state::Analyzer;
use error::{PgResult, bail, err};
use nodes::{CmdType, Query, QuerySource, RteKind};
use types::Oid;

pub use target_view::{base_column, not_updatable_reason};
pub use tree::{
    NoMatch, VarReplacement, change_var_nodes, increment_levels, offset_var_nodes, query_uses,
    replace_vars,
};

/// A rule event in progress, to detect rules that trigger themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
struct RewriteEvent {
    relation: Oid,
    event: CmdType,
}

/// Rewrites an analysed query; the first or last one sets the command tag.
pub fn rewrite(cx: &mut AnalyzeContext<'_>, query: Query) -> PgResult<Vec<Query>> {
    if query.command_type == CmdType::Utility {
        return Ok(vec![query]);
    }
    let mut analyzer = Analyzer::new(cx);
    let result = analyzer.rewrite_top(query);
    cx.param_types = std::mem::take(&mut analyzer.params);
    result
}

impl Analyzer<'_> {
    fn rewrite_top(&mut self, query: Query) -> PgResult<Vec<Query>> {
        let original = query.command_type;
        let mut queries = self.rewrite_query(query, &mut Vec::new())?;
        for query in &mut queries {
            self.expand_views(query, &mut Vec::new())?;
        }
        // The command tag is the original query's, or else the last INSTEAD query's of its kind.
        let mut last_instead = None;
        let mut found_original = false;
        for (i, query) in queries.iter_mut().enumerate() {
            if query.query_source == QuerySource::Original {
                found_original = true;
            } else {
                query.can_set_tag = false;
                if query.command_type == original
                    && matches!(
                        query.query_source,
                        QuerySource::InsteadRule | QuerySource::QualInsteadRule
                    )
                {
                    last_instead = Some(i);
                }
            }
        }
        if let (false, Some(i)) = (found_original, last_instead) {
            queries[i].can_set_tag = true;
        }
        Ok(queries)
    }

    /// Applies defaults, rules and updatable views to a data-modifying query.
    fn rewrite_query(
        &mut self,
        mut query: Query,
        events: &mut Vec<RewriteEvent>,
    ) -> PgResult<Vec<Query>> {
        error::check_stack_depth()?;
        for cte in &mut query.cte_list {
            if cte.ctequery.command_type == CmdType::Select {
                continue;
            }
            let inner = std::mem::take(&mut *cte.ctequery);
            let mut products = self.rewrite_query(inner, events)?;
            match products.len() {
                1 => {
                    let product = products.remove(0);
                    if !matches!(
                        product.command_type,
                        CmdType::Select
                            | CmdType::Insert
                            | CmdType::Update
                            | CmdType::Delete
                            | CmdType::Merge
                    ) {
                        bail!(
                            FEATURE_NOT_SUPPORTED,
                            "DO INSTEAD NOTIFY rules are not supported for data-modifying \
                             statements in WITH"
                        );
                    }
                    if product.query_source == QuerySource::QualInsteadRule {
                        bail!(
                            FEATURE_NOT_SUPPORTED,
                            "conditional DO INSTEAD rules are not supported for data-modifying \
                             statements in WITH"
                        );
                    }
                    *cte.ctequery = product;
                    cte.ctequery.can_set_tag = false;
                }
                0 => bail!(
                    FEATURE_NOT_SUPPORTED,
                    "DO INSTEAD NOTHING rules are not supported for data-modifying statements in \
                     WITH"
                ),
                _ => {
                    let also = products.iter().any(|q| {
                        matches!(
                            q.query_source,
                            QuerySource::Original | QuerySource::NonInsteadRule
                        )
                    });
                    let conditional =
                        products.iter().any(|q| q.query_source == QuerySource::QualInsteadRule);
                    bail!(
                        FEATURE_NOT_SUPPORTED,
                        "{} rules are not supported for data-modifying statements in WITH",
                        if conditional {
                            "conditional DO INSTEAD"
                        } else if also {
                            "DO ALSO"
                        } else {
                            "multi-statement DO INSTEAD"
                        }
                    );
                }
            }
        }
        let event = query.command_type;
        if !matches!(event, CmdType::Insert | CmdType::Update | CmdType::Delete | CmdType::Merge) {
            return Ok(vec![query]);
        }
        let RteKind::Relation { relid, .. } = query.rte(query.result_relation).kind else {
            return Err(Self::missing("target relation"));
        };
        let relation = self.catalog.get_relation(relid)?;
        self.rewrite_targets(&mut query, &relation)?;
        let fired = self.fire_rules(&query, &relation, event)?;
        let (instead, returning) = (fired.instead, fired.returning);
        if !instead && relation.relkind == 'v' && !self.view_has_instead_trigger(&relation, &query)
        {
            if fired.qual_product.is_some() {
                return Err(view_with_conditional_rule(event, &relation.name));
            }
            query = self.rewrite_target_view(query, &relation)?;
            // The base relation may have rules or be a view itself.
            let newstuff = {
                let this = RewriteEvent { relation: relid, event };
                if events.contains(&this) {
                    return Err(infinite_recursion(&relation.name));
                }
                events.push(this);
                let result = self.rewrite_query(query.clone(), events);
                events.pop();
                result?
            };
            // The rewritten query itself is first for INSERT and MERGE, last otherwise.
            let mut products = fired.products;
            let products =
                self.rewrite_products(&mut products, relid, event, &relation.name, events)?;
            let mut all = newstuff;
            if event == CmdType::Insert {
                all.extend(products);
            } else {
                let mut first = products;
                first.extend(all);
                all = first;
            }
            return Ok(all);
        }
        let mut products = fired.products;
        let mut rewritten =
            self.rewrite_products(&mut products, relid, event, &relation.name, events)?;
        let had_returning = !query.returning_list.is_empty();
        if (instead || fired.qual_product.is_some()) && had_returning && !returning {
            return Err(cannot_return(event, &relation.name));
        }
        if query.on_conflict.is_some() && (!rewritten.is_empty() || instead || fired.has_rules) {
            bail!(
                FEATURE_NOT_SUPPORTED,
                "INSERT with ON CONFLICT clause cannot be used with table that has INSERT or \
                 UPDATE rules"
            );
        }
        if !instead {
            let own = fired.qual_product.unwrap_or(query);
            if event == CmdType::Insert {
                rewritten.insert(0, own);
            } else {
                rewritten.push(own);
            }
        }
        Ok(rewritten)
    }

    fn rewrite_products(
        &mut self,
        products: &mut Vec<Query>,
        relid: Oid,
        event: CmdType,
        name: &str,
        events: &mut Vec<RewriteEvent>,
    ) -> PgResult<Vec<Query>> {
        if products.is_empty() {
            return Ok(Vec::new());
        }
        let this = RewriteEvent { relation: relid, event };
        if events.contains(&this) {
            return Err(infinite_recursion(name));
        }
        events.push(this);
        let mut out = Vec::new();
        for product in products.drain(..) {
            out.extend(self.rewrite_query(product, events)?);
        }
        events.pop();
        Ok(out)
    }
}

fn infinite_recursion(name: &str) -> error::PgError {
    err!(INVALID_OBJECT_DEFINITION, "infinite recursion detected in rules for relation \"{name}\"")
}

fn verb(event: CmdType) -> &'static str {
    match event {
        CmdType::Insert => "INSERT",
        CmdType::Update => "UPDATE",
        CmdType::Delete => "DELETE",
        _ => "MERGE",
    }
}

fn cannot_return(event: CmdType, name: &str) -> error::PgError {
    let verb = verb(event);
    err!(FEATURE_NOT_SUPPORTED, "cannot perform {verb} RETURNING on relation \"{name}\"").hint(
        format!("You need an unconditional ON {verb} DO INSTEAD rule with a RETURNING clause."),
    )
}

fn view_with_conditional_rule(event: CmdType, name: &str) -> error::PgError {
    target_view::view_not_updatable(
        event,
        name,
        "Views with conditional DO INSTEAD rules are not automatically updatable.",
    )
}

//! What Vars and Params are called in the text.
use crate::ExprPrinter;
use catalog::{CatalogRead, quote_identifier};
use error::{PgError, PgResult};
use nodes::{Param, ParamKind, Query, RangeTblEntry, RteKind, SubPlan, Var, sysattr};
use std::collections::HashSet;
use types::Oid;

/// Names for the Vars of an expression.
pub trait VarNames {
    /// The text of a Var. `printer` prints what the Var stands for where it has no name of its own.
    fn var(&self, printer: &ExprPrinter<'_>, var: &Var) -> PgResult<String>;
    /// The text of a Param; `$n` for a client's.
    fn param(&self, _printer: &ExprPrinter<'_>, param: &Param) -> PgResult<String> {
        Ok(match param.kind {
            ParamKind::Extern => format!("${}", param.paramid),
            _ => format!("${}", param.paramid),
        })
    }
    /// The text of a planned sublink (EXPLAIN only).
    fn sub_plan(&self, _printer: &ExprPrinter<'_>, plan: &SubPlan) -> PgResult<String> {
        Ok(format!("({})", plan.plan_name))
    }
    /// The query level that sublinks and Vars of outer levels are printed in.
    fn query_names(&self) -> Option<&QueryNames<'_>> {
        None
    }
}

/// Name of a system column.
pub(crate) fn system_column(num: i16) -> &'static str {
    match num {
        sysattr::CTID => "ctid",
        sysattr::XMIN => "xmin",
        sysattr::CMIN => "cmin",
        sysattr::XMAX => "xmax",
        sysattr::CMAX => "cmax",
        _ => "tableoid",
    }
}

/// Bare column names of one relation (defaults, checks, index expressions).
pub struct RelationNames<'a> {
    catalog: &'a dyn CatalogRead,
    relid: Oid,
}

impl<'a> RelationNames<'a> {
    /// Names of a relation's columns; INVALID for expressions without Vars.
    pub fn new(catalog: &'a dyn CatalogRead, relid: Oid) -> Self {
        RelationNames { catalog, relid }
    }
}

impl VarNames for RelationNames<'_> {
    fn var(&self, _printer: &ExprPrinter<'_>, var: &Var) -> PgResult<String> {
        if !self.relid.is_valid() {
            return Err(PgError::internal("bogus varno in an expression without relation"));
        }
        let relation = self.catalog.get_relation(self.relid)?;
        match var.varattno {
            0 => Ok(format!("{}.*", quote_identifier(&relation.name))),
            num if num < 0 => Ok(system_column(num).to_string()),
            num => match relation.attr(num) {
                Some(attribute) => Ok(quote_identifier(&attribute.name)),
                None => Err(PgError::internal(format!("attribute {num} does not exist"))),
            },
        }
    }
}

/// Names of the range table entries of one query level and of the levels around it.
pub struct QueryNames<'a> {
    pub(crate) query: &'a Query,
    pub(crate) parent: Option<&'a QueryNames<'a>>,
    /// A name for each entry that differs from all others it could be taken for.
    pub(crate) aliases: Vec<String>,
    /// Column names of each entry as they are called in this query.
    pub(crate) columns: Vec<Vec<String>>,
    /// Columns are written with their relation.
    pub(crate) prefix: bool,
}

impl<'a> QueryNames<'a> {
    /// Chooses names for a query's entries.
    pub fn new(
        catalog: &dyn CatalogRead,
        query: &'a Query,
        parent: Option<&'a QueryNames<'a>>,
    ) -> PgResult<Self> {
        let mut taken: HashSet<String> = HashSet::new();
        let mut outer = parent;
        while let Some(names) = outer {
            taken.extend(names.aliases.iter().cloned());
            outer = names.parent;
        }
        let mut aliases = Vec::with_capacity(query.rtable.len());
        let mut columns = Vec::with_capacity(query.rtable.len());
        for rte in &query.rtable {
            let wanted = entry_name(catalog, rte)?;
            aliases.push(unused_name(&mut taken, wanted));
            columns.push(column_names(catalog, rte)?);
        }
        let prefix = parent.is_some() || query.rtable.len() > 1;
        Ok(QueryNames { query, parent, aliases, columns, prefix })
    }

    /// The level `up` levels out.
    pub(crate) fn level(&self, up: u32) -> PgResult<&QueryNames<'a>> {
        let mut names = self;
        for _ in 0..up {
            names = names.parent.ok_or_else(|| PgError::internal("bogus varlevelsup"))?;
        }
        Ok(names)
    }

    fn column(&self, varno: i32, attno: i16) -> PgResult<&str> {
        let index = usize::try_from(varno - 1).unwrap_or(usize::MAX);
        let column = usize::try_from(attno - 1).unwrap_or(usize::MAX);
        self.columns
            .get(index)
            .and_then(|c| c.get(column))
            .map(String::as_str)
            .ok_or_else(|| PgError::internal(format!("invalid attnum {attno} for range table entry")))
    }
}

/// The alias given, or the current name of the relation.
fn entry_name(catalog: &dyn CatalogRead, rte: &RangeTblEntry) -> PgResult<Option<String>> {
    if let Some(alias) = &rte.alias {
        return Ok(Some(alias.aliasname.clone()));
    }
    Ok(match &rte.kind {
        RteKind::Relation { relid, .. } => {
            Some(catalog.relation(*relid)?.map_or_else(|| rte.eref.aliasname.clone(), |r| r.name.clone()))
        }
        RteKind::Subquery { view: Some((relid, _)), .. } => {
            Some(catalog.relation(*relid)?.map_or_else(|| rte.eref.aliasname.clone(), |r| r.name.clone()))
        }
        RteKind::Join { .. } => None,
        _ => Some(rte.eref.aliasname.clone()),
    })
}

/// The name, with `_1`, `_2`… if it is taken.
fn unused_name(taken: &mut HashSet<String>, wanted: Option<String>) -> String {
    let Some(wanted) = wanted else { return String::new() };
    let mut name = wanted.clone();
    let mut number = 0;
    while !taken.insert(name.clone()) {
        number += 1;
        let suffix = format!("_{number}");
        let mut keep = wanted.len().min(63 - suffix.len());
        while !wanted.is_char_boundary(keep) {
            keep -= 1;
        }
        name = format!("{}{suffix}", &wanted[..keep]);
    }
    name
}

/// Column names: the relation's own as they are now, others as analysis named them.
fn column_names(catalog: &dyn CatalogRead, rte: &RangeTblEntry) -> PgResult<Vec<String>> {
    if let RteKind::Relation { relid, .. } = &rte.kind
        && let Some(relation) = catalog.relation(*relid)?
    {
        let given = rte.alias.as_ref().map_or(&[][..], |a| a.colnames.as_slice());
        let mut visible = 0;
        return Ok(relation
            .attrs
            .iter()
            .map(|attribute| {
                if attribute.dropped {
                    return String::new();
                }
                visible += 1;
                given.get(visible - 1).cloned().unwrap_or_else(|| attribute.name.clone())
            })
            .collect());
    }
    Ok(rte.eref.colnames.clone())
}

impl VarNames for QueryNames<'_> {
    fn var(&self, printer: &ExprPrinter<'_>, var: &Var) -> PgResult<String> {
        let names = self.level(var.varlevelsup)?;
        let (varno, attno) = match var.varnosyn {
            0 => (var.varno, var.varattno),
            syn => (syn, var.varattnosyn),
        };
        let index = usize::try_from(varno - 1).unwrap_or(usize::MAX);
        let Some(rte) = names.query.rtable.get(index) else {
            return Err(PgError::internal(format!("bogus varno: {varno}")));
        };
        if let RteKind::Group { groupexprs } = &rte.kind {
            let column = usize::try_from(attno - 1).unwrap_or(usize::MAX);
            let Some(expr) = groupexprs.get(column) else {
                return Err(PgError::internal("bogus column of a grouping entry"));
            };
            return printer.print_within(names, expr);
        }
        // An unnamed join has no name: its columns are those of its inputs.
        if let RteKind::Join { joinaliasvars, .. } = &rte.kind
            && rte.alias.is_none()
        {
            let column = usize::try_from(attno - 1).unwrap_or(usize::MAX);
            return match joinaliasvars.get(column) {
                Some(nodes::Expr::Var(_)) if attno > 0 => {
                    printer.print_within(names, &joinaliasvars[column])
                }
                // A merged column is known by its bare name.
                Some(_) if attno > 0 => Ok(quote_identifier(names.column(varno, attno)?)),
                _ => Err(PgError::internal("whole-row reference to an unnamed join")),
            };
        }
        let prefix = match var.varreturningtype {
            nodes::VarReturningType::Old => {
                Some(names.query.returning_old_alias.clone().unwrap_or_else(|| "old".into()))
            }
            nodes::VarReturningType::New => {
                Some(names.query.returning_new_alias.clone().unwrap_or_else(|| "new".into()))
            }
            nodes::VarReturningType::Default => {
                (names.prefix || attno == 0).then(|| names.aliases[index].clone())
            }
        };
        let prefix = prefix.map_or_else(String::new, |p| format!("{}.", quote_identifier(&p)));
        Ok(match attno {
            0 => format!("{prefix}*"),
            attno if attno < 0 => format!("{prefix}{}", system_column(attno)),
            attno => format!("{prefix}{}", quote_identifier(names.column(varno, attno)?)),
        })
    }

    fn query_names(&self) -> Option<&QueryNames<'_>> {
        Some(self)
    }
}

//! Names of range table entries and their columns within one query level.
use catalog::CatalogRead;
use error::PgResult;
use nodes::{Alias, Query, RangeTblEntry, RteKind};
use types::Oid;

/// One query level's names.
pub(crate) struct Namespace {
    pub rtable: Vec<RangeTblEntry>,
    /// Alias of each entry, unique in scope; `None` for unnamed joins.
    pub names: Vec<Option<String>>,
    /// Column names of each entry; empty string for dropped ones.
    pub columns: Vec<Vec<String>>,
    pub ctes: Vec<String>,
    /// Names of OLD and NEW in RETURNING.
    pub returning_old: Option<String>,
    pub returning_new: Option<String>,
}

impl Namespace {
    /// The names of a query's own level; names of outer levels are not reused.
    pub(crate) fn for_query(
        catalog: &dyn CatalogRead,
        query: &Query,
        outer: &[std::rc::Rc<Namespace>],
    ) -> PgResult<Self> {
        let taken: Vec<String> =
            outer.iter().flat_map(|ns| ns.names.iter().flatten().cloned()).collect();
        let mut ns = Self::for_rtable(catalog, &query.rtable, &taken)?;
        ns.ctes = query.cte_list.iter().map(|c| c.ctename.clone()).collect();
        ns.returning_old = query.returning_old_alias.clone();
        ns.returning_new = query.returning_new_alias.clone();
        Ok(ns)
    }

    pub(crate) fn for_rtable(
        catalog: &dyn CatalogRead,
        rtable: &[RangeTblEntry],
        taken: &[String],
    ) -> PgResult<Self> {
        let names = unique_names(catalog, rtable, taken)?;
        let mut columns = Vec::with_capacity(rtable.len());
        for rte in rtable {
            columns.push(column_names(catalog, rte)?);
        }
        Ok(Namespace {
            rtable: rtable.to_vec(),
            names,
            columns,
            ctes: Vec::new(),
            returning_old: None,
            returning_new: None,
        })
    }

    /// One relation as entry 1, for expressions stored with it.
    pub(crate) fn for_relation(catalog: &dyn CatalogRead, relid: Oid) -> PgResult<Self> {
        let relation = catalog.get_relation(relid)?;
        let rte = RangeTblEntry {
            kind: RteKind::Relation {
                relid,
                relkind: relation.relkind,
                rellockmode: 1,
                perminfoindex: 0,
                tablesample: None,
            },
            alias: None,
            eref: Alias {
                aliasname: relation.name.clone(),
                colnames: relation
                    .attrs
                    .iter()
                    .map(|a| if a.dropped { String::new() } else { a.name.clone() })
                    .collect(),
            },
            lateral: false,
            inh: false,
            in_from_cl: true,
            security_quals: Vec::new(),
        };
        Self::for_rtable(catalog, &[rte], &[])
    }
}

/// Unique alias names for a plan's range table, as EXPLAIN shows them (entries not used may be `None`).
pub fn select_rtable_names(
    catalog: &dyn CatalogRead,
    rtable: &[RangeTblEntry],
    used: &dyn Fn(i32) -> bool,
) -> PgResult<Vec<Option<String>>> {
    let mut taken: Vec<String> = Vec::new();
    let mut names = Vec::with_capacity(rtable.len());
    for (i, rte) in rtable.iter().enumerate() {
        if !used(i as i32 + 1) {
            names.push(None);
            continue;
        }
        let base = base_name(catalog, rte)?;
        names.push(base.map(|base| make_unique(&base, &mut taken)));
    }
    Ok(names)
}

fn base_name(catalog: &dyn CatalogRead, rte: &RangeTblEntry) -> PgResult<Option<String>> {
    if let Some(alias) = &rte.alias {
        return Ok(Some(alias.aliasname.clone()));
    }
    Ok(match &rte.kind {
        RteKind::Relation { relid, .. } => Some(match catalog.relation(*relid)? {
            Some(relation) => relation.name.clone(),
            None => rte.eref.aliasname.clone(),
        }),
        RteKind::Subquery { view: Some((relid, _)), .. } => {
            Some(match catalog.relation(*relid)? {
                Some(relation) => relation.name.clone(),
                None => rte.eref.aliasname.clone(),
            })
        }
        RteKind::Join { .. } | RteKind::Group { .. } => None,
        _ => Some(rte.eref.aliasname.clone()),
    })
}

fn make_unique(base: &str, taken: &mut Vec<String>) -> String {
    let mut name = base.to_owned();
    let mut i = 0;
    while taken.contains(&name) {
        i += 1;
        let suffix = format!("_{i}");
        // Names are cut so that the suffix fits.
        let mut cut = base.len().min(63 - suffix.len());
        while !base.is_char_boundary(cut) {
            cut -= 1;
        }
        name = format!("{}{suffix}", &base[..cut]);
    }
    taken.push(name.clone());
    name
}

fn unique_names(
    catalog: &dyn CatalogRead,
    rtable: &[RangeTblEntry],
    taken: &[String],
) -> PgResult<Vec<Option<String>>> {
    let mut taken = taken.to_vec();
    let mut names = Vec::with_capacity(rtable.len());
    for rte in rtable {
        let base = base_name(catalog, rte)?;
        names.push(base.map(|base| make_unique(&base, &mut taken)));
    }
    Ok(names)
}

/// Current column names: a table's own ones where no alias replaces them.
fn column_names(catalog: &dyn CatalogRead, rte: &RangeTblEntry) -> PgResult<Vec<String>> {
    let given: &[String] = rte.alias.as_ref().map_or(&[], |a| &a.colnames);
    if let RteKind::Relation { relid, .. } = &rte.kind {
        if let Some(relation) = catalog.relation(*relid)? {
            let mut aliases = given.iter();
            let mut names: Vec<String> = Vec::with_capacity(relation.attrs.len());
            for attr in relation.attrs.iter() {
                if attr.dropped {
                    names.push(String::new());
                    continue;
                }
                let name = aliases.next().filter(|n| !n.is_empty()).unwrap_or(&attr.name);
                names.push(name.clone());
            }
            return Ok(names);
        }
    }
    let mut taken: Vec<String> = Vec::new();
    let is_join = matches!(rte.kind, RteKind::Join { .. });
    Ok(rte
        .eref
        .colnames
        .iter()
        .map(
            |name| {
                if name.is_empty() || is_join {
                    name.clone()
                } else {
                    make_unique(name, &mut taken)
                }
            },
        )
        .collect())
}

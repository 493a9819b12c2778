//! Adding range table entries, with the names that aliases give their columns.
use crate::parse_state::{Analyzer, NsColumn, NsItem};
use catalog::rows::{Attribute, RelationDesc};
use error::{PgResult, bail, err};
use nodes::{Alias, Expr, JoinType, Query, RangeTblEntry, RteKind, VarReturningType, acl};
use parser::ast;
use std::rc::Rc;
use types::{Oid, type_oid as t};

/// Columns of a result: types, typmods, collations.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnLists {
    pub types: Vec<Oid>,
    pub typmods: Vec<i32>,
    pub collations: Vec<Oid>,
}

impl ColumnLists {
    pub(crate) fn push(&mut self, typ: Oid, typmod: i32, collation: Oid) {
        self.types.push(typ);
        self.typmods.push(typmod);
        self.collations.push(collation);
    }
}

pub(crate) fn node_alias(alias: &ast::Alias) -> Alias {
    Alias { aliasname: alias.aliasname.clone(), colnames: alias.colnames.clone() }
}

fn new_rte(kind: RteKind, alias: Option<Alias>, eref: Alias) -> RangeTblEntry {
    RangeTblEntry {
        kind,
        alias,
        eref,
        lateral: false,
        inh: false,
        in_from_cl: true,
        security_quals: Vec::new(),
    }
}

/// Column names in force: aliases for live columns in order, own names after those.
pub(crate) fn build_relation_aliases(
    names: &[(&str, bool)],
    alias: Option<&Alias>,
    eref: &mut Alias,
) -> PgResult<()> {
    let given: &[String] = alias.map_or(&[], |a| &a.colnames);
    let mut next = given.iter();
    for (name, dropped) in names {
        eref.colnames.push(if *dropped {
            String::new()
        } else {
            next.next().cloned().unwrap_or_else(|| (*name).to_owned())
        });
    }
    if next.next().is_some() {
        let live = names.iter().filter(|(_, dropped)| !dropped).count();
        bail!(
            INVALID_COLUMN_REFERENCE,
            "table \"{}\" has {live} columns available but {} columns specified",
            eref.aliasname,
            given.len()
        );
    }
    Ok(())
}

impl Analyzer<'_> {
    /// Appends an entry and returns its 1-based index.
    pub(crate) fn push_rte(&mut self, rte: RangeTblEntry) -> i32 {
        let ps = self.ps_mut();
        ps.rtable.push(rte);
        ps.rtable.len() as i32
    }

    fn nsitem(&self, rtindex: i32, perminfo: u32, columns: Vec<NsColumn>) -> NsItem {
        let eref = self.ps().rtable[(rtindex - 1) as usize].eref.clone();
        NsItem {
            names: Rc::new(eref),
            rtindex,
            perminfo,
            columns: Rc::new(columns),
            rel_visible: true,
            cols_visible: true,
            lateral_only: false,
            lateral_ok: true,
            returning_type: VarReturningType::Default,
        }
    }

    pub(crate) fn nsitem_from_lists(&self, rtindex: i32, lists: &ColumnLists) -> NsItem {
        let columns = (0..lists.types.len())
            .map(|i| NsColumn {
                varno: rtindex,
                varattno: i as i16 + 1,
                vartype: lists.types[i],
                vartypmod: lists.typmods[i],
                varcollid: lists.collations[i],
                varnosyn: rtindex,
                varattnosyn: i as i16 + 1,
                dontexpand: false,
            })
            .collect();
        self.nsitem(rtindex, 0, columns)
    }

    fn nsitem_from_attrs(&self, rtindex: i32, perminfo: u32, attrs: &[Attribute]) -> NsItem {
        let columns = attrs
            .iter()
            .enumerate()
            .map(|(i, a)| {
                if a.dropped {
                    return NsColumn::default();
                }
                NsColumn {
                    varno: rtindex,
                    varattno: i as i16 + 1,
                    vartype: a.typ,
                    vartypmod: a.typmod,
                    varcollid: a.collation,
                    varnosyn: rtindex,
                    varattnosyn: i as i16 + 1,
                    dontexpand: false,
                }
            })
            .collect();
        self.nsitem(rtindex, perminfo, columns)
    }

    /// A table that is open and locked already.
    pub(crate) fn add_rte_for_relation(
        &mut self,
        relation: &RelationDesc,
        lockmode: i32,
        alias: Option<Alias>,
        inh: bool,
        in_from_cl: bool,
    ) -> PgResult<NsItem> {
        let refname = alias.as_ref().map_or(&relation.name, |a| &a.aliasname).clone();
        let mut eref = Alias { aliasname: refname, colnames: Vec::new() };
        let names: Vec<(&str, bool)> =
            relation.attrs.iter().map(|a| (a.name.as_str(), a.dropped)).collect();
        build_relation_aliases(&names, alias.as_ref(), &mut eref)?;
        let perminfoindex = self.add_perminfo(relation.oid, inh, acl::SELECT);
        let mut rte = new_rte(
            RteKind::Relation {
                relid: relation.oid,
                relkind: relation.relkind,
                rellockmode: lockmode,
                perminfoindex,
                tablesample: None,
            },
            alias,
            eref,
        );
        rte.inh = inh;
        rte.in_from_cl = in_from_cl;
        let rtindex = self.push_rte(rte);
        Ok(self.nsitem_from_attrs(rtindex, perminfoindex, &relation.attrs))
    }

    /// A table by name: opened, locked, added.
    pub(crate) fn add_rte_for_rangevar(
        &mut self,
        rv: &ast::RangeVar,
        alias: Option<Alias>,
        inh: bool,
        in_from_cl: bool,
    ) -> PgResult<NsItem> {
        let refname = alias.as_ref().map_or(rv.relname.as_str(), |a| &a.aliasname);
        // FOR UPDATE and the like need a stronger lock from the start.
        let lockmode = if self.is_locked_refname(Some(refname)) { 2 } else { 1 };
        let relation = self.parser_open_table(rv, lockmode)?;
        self.add_rte_for_relation(&relation, lockmode, alias, inh, in_from_cl)
    }

    pub(crate) fn add_rte_for_subquery(
        &mut self,
        subquery: Query,
        alias: Option<Alias>,
        lateral: bool,
        in_from_cl: bool,
    ) -> PgResult<NsItem> {
        let mut eref = alias.clone().unwrap_or_else(|| Alias {
            aliasname: "unnamed_subquery".to_owned(),
            colnames: Vec::new(),
        });
        let given = eref.colnames.len();
        let mut lists = ColumnLists::default();
        for target in subquery.target_list.iter().filter(|te| !te.resjunk) {
            if lists.types.len() >= given {
                eref.colnames.push(target.resname.clone().unwrap_or_default());
            }
            lists.push(target.expr.typ(), target.expr.typmod(), target.expr.collation());
        }
        if lists.types.len() < given {
            bail!(
                INVALID_COLUMN_REFERENCE,
                "table \"{}\" has {} columns available but {given} columns specified",
                eref.aliasname,
                lists.types.len()
            );
        }
        let unnamed = alias.is_none();
        let mut rte = new_rte(
            RteKind::Subquery { subquery: Box::new(subquery), security_barrier: false, view: None },
            alias,
            eref,
        );
        rte.lateral = lateral;
        rte.in_from_cl = in_from_cl;
        let rtindex = self.push_rte(rte);
        let mut item = self.nsitem_from_lists(rtindex, &lists);
        // An unaliased subquery's columns are visible, its made-up name is not.
        item.rel_visible = !unnamed;
        Ok(item)
    }

    pub(crate) fn add_rte_for_values(
        &mut self,
        values_lists: Vec<Vec<Expr>>,
        lists: ColumnLists,
        alias: Option<Alias>,
        lateral: bool,
        in_from_cl: bool,
    ) -> PgResult<NsItem> {
        let mut eref = alias
            .clone()
            .unwrap_or_else(|| Alias { aliasname: "*VALUES*".to_owned(), colnames: Vec::new() });
        let given = eref.colnames.len();
        let available = lists.types.len();
        for i in given..available {
            eref.colnames.push(format!("column{}", i + 1));
        }
        if given > available {
            bail!(
                INVALID_COLUMN_REFERENCE,
                "VALUES lists \"{}\" have {available} columns available but {given} columns \
                 specified",
                eref.aliasname
            );
        }
        let mut rte = new_rte(
            RteKind::Values {
                values_lists,
                coltypes: lists.types.clone(),
                coltypmods: lists.typmods.clone(),
                colcollations: lists.collations.clone(),
            },
            alias,
            eref,
        );
        rte.lateral = lateral;
        rte.in_from_cl = in_from_cl;
        let rtindex = self.push_rte(rte);
        Ok(self.nsitem_from_lists(rtindex, &lists))
    }

    pub(crate) fn add_rte_for_join(
        &mut self,
        colnames: Vec<String>,
        columns: Vec<NsColumn>,
        kind: RteKind,
        alias: Option<Alias>,
    ) -> PgResult<NsItem> {
        if colnames.len() > 1600 * 20 {
            bail!(PROGRAM_LIMIT_EXCEEDED, "joins can have at most 32767 columns");
        }
        let mut eref = alias.clone().unwrap_or_else(|| Alias {
            aliasname: "unnamed_join".to_owned(),
            colnames: Vec::new(),
        });
        let given = eref.colnames.len();
        if given > colnames.len() {
            bail!(
                INVALID_COLUMN_REFERENCE,
                "join expression \"{}\" has {} columns available but {given} columns specified",
                eref.aliasname,
                colnames.len()
            );
        }
        eref.colnames.extend_from_slice(&colnames[given..]);
        let rtindex = self.push_rte(new_rte(kind, alias, eref));
        Ok(self.nsitem(rtindex, 0, columns))
    }

    /// A WITH item `levels_up` levels above, at `index` there.
    pub(crate) fn add_rte_for_cte(
        &mut self,
        levels_up: u32,
        index: usize,
        rv: &ast::RangeVar,
    ) -> PgResult<NsItem> {
        let item = &mut self.level_mut(levels_up).ctenamespace[index];
        let self_reference = !item.analyzed;
        if !self_reference {
            item.cte.cterefcount += 1;
            if !item.is_select {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "WITH query \"{}\" does not have a RETURNING clause",
                    item.cte.ctename
                )
                .at(rv.location));
            }
        }
        let cte = item.cte.clone_header();
        let alias = rv.alias.as_deref().map(node_alias);
        let refname = alias.as_ref().map_or(&cte.ctename, |a| &a.aliasname).clone();
        let mut eref = alias
            .clone()
            .unwrap_or_else(|| Alias { aliasname: refname.clone(), colnames: Vec::new() });
        let given = eref.colnames.len();
        if cte.ctecolnames.len() < given {
            bail!(
                INVALID_COLUMN_REFERENCE,
                "table \"{refname}\" has {} columns available but {given} columns specified",
                cte.ctecolnames.len()
            );
        }
        eref.colnames.extend_from_slice(&cte.ctecolnames[given..]);
        let mut lists = ColumnLists {
            types: cte.ctecoltypes,
            typmods: cte.ctecoltypmods,
            collations: cte.ctecolcollations,
        };
        let mut hidden = 0;
        if let Some(search) = &cte.search_clause {
            eref.colnames.push(search.search_seq_column.clone());
            let typ = if search.search_breadth_first { t::RECORD } else { t::RECORD_ARRAY };
            lists.push(typ, -1, Oid::INVALID);
            hidden += 1;
        }
        if let Some(cycle) = &cte.cycle_clause {
            eref.colnames.push(cycle.cycle_mark_column.clone());
            lists.push(cycle.cycle_mark_type, cycle.cycle_mark_typmod, cycle.cycle_mark_collation);
            eref.colnames.push(cycle.cycle_path_column.clone());
            lists.push(t::RECORD_ARRAY, -1, Oid::INVALID);
            hidden += 2;
        }
        let rte = new_rte(
            RteKind::Cte {
                ctename: cte.ctename,
                ctelevelsup: levels_up,
                self_reference,
                coltypes: lists.types.clone(),
                coltypmods: lists.typmods.clone(),
                colcollations: lists.collations.clone(),
            },
            alias,
            eref,
        );
        let rtindex = self.push_rte(rte);
        let mut item = self.nsitem_from_lists(rtindex, &lists);
        if levels_up > 0 && hidden > 0 {
            let columns = Rc::make_mut(&mut item.columns);
            let len = columns.len();
            for column in &mut columns[len - hidden..] {
                column.dontexpand = true;
            }
        }
        Ok(item)
    }

    /// A transition table.
    pub(crate) fn add_rte_for_ephemeral(
        &mut self,
        name: &str,
        relid: Oid,
        rv: &ast::RangeVar,
    ) -> PgResult<NsItem> {
        let relation = self.catalog.get_relation(relid)?;
        let alias = rv.alias.as_deref().map(node_alias);
        let refname = alias.as_ref().map_or(name, |a| &a.aliasname).to_owned();
        let mut eref = Alias { aliasname: refname, colnames: Vec::new() };
        let names: Vec<(&str, bool)> =
            relation.attrs.iter().map(|a| (a.name.as_str(), a.dropped)).collect();
        build_relation_aliases(&names, alias.as_ref(), &mut eref)?;
        let rte = new_rte(
            RteKind::NamedTuplestore {
                enrname: name.to_owned(),
                relid,
                coltypes: relation.attrs.iter().map(|a| a.typ).collect(),
                coltypmods: relation.attrs.iter().map(|a| a.typmod).collect(),
                colcollations: relation.attrs.iter().map(|a| a.collation).collect(),
            },
            alias,
            eref,
        );
        let rtindex = self.push_rte(rte);
        Ok(self.nsitem_from_attrs(rtindex, 0, &relation.attrs))
    }

    /// Column names and Vars of a range table entry that need not be in scope (whole-row expansion).
    pub(crate) fn join_kind(
        jointype: JoinType,
        merged: usize,
        aliasvars: Vec<Expr>,
        leftcols: Vec<i32>,
        rightcols: Vec<i32>,
        join_using_alias: Option<Alias>,
    ) -> RteKind {
        RteKind::Join {
            jointype,
            joinmergedcols: merged as i32,
            joinaliasvars: aliasvars,
            joinleftcols: leftcols,
            joinrightcols: rightcols,
            join_using_alias,
        }
    }
}

/// Copies a CTE without its query.
trait CloneHeader {
    fn clone_header(&self) -> nodes::CommonTableExpr;
}

impl CloneHeader for nodes::CommonTableExpr {
    fn clone_header(&self) -> nodes::CommonTableExpr {
        nodes::CommonTableExpr {
            ctename: self.ctename.clone(),
            aliascolnames: Vec::new(),
            ctematerialized: self.ctematerialized,
            ctequery: Box::default(),
            search_clause: self.search_clause.clone(),
            cycle_clause: self.cycle_clause.clone(),
            location: self.location,
            cterecursive: self.cterecursive,
            cterefcount: self.cterefcount,
            ctecolnames: self.ctecolnames.clone(),
            ctecoltypes: self.ctecoltypes.clone(),
            ctecoltypmods: self.ctecoltypmods.clone(),
            ctecolcollations: self.ctecolcollations.clone(),
        }
    }
}

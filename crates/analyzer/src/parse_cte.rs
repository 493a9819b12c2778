//! WITH.
use crate::parse_state::{Analyzer, CteItem, ExprKind, ParseState};
use error::{PgError, PgResult, bail, err};
use nodes::{CmdType, CommonTableExpr, CteCycleClause, CteMaterialize, CteSearchClause, Query};
use parser::ast::{self, Stmt};
use types::{Oid, type_oid as t};

impl Analyzer<'_> {
    /// Analyses a WITH clause; its items come into scope at the current level.
    pub(crate) fn transform_with_clause(&mut self, with: &ast::WithClause) -> PgResult<()> {
        for (i, cte) in with.ctes.iter().enumerate() {
            if let Some(later) =
                with.ctes[i + 1..].iter().find(|other| other.ctename == cte.ctename)
            {
                return Err(err!(
                    DUPLICATE_ALIAS,
                    "WITH query name \"{}\" specified more than once",
                    later.ctename
                )
                .at(later.location));
            }
            if !matches!(*cte.ctequery, Stmt::SelectStmt(_)) {
                self.ps_mut().has_modifying_cte = true;
            }
        }
        if with.recursive {
            let order = self.order_recursive_ctes(with)?;
            for index in &order {
                let raw = &with.ctes[index.index];
                let mut item = new_cte_item(raw);
                item.cte.cterecursive = index.recursive;
                self.ps_mut().ctenamespace.push(item);
            }
            for (position, index) in order.iter().enumerate() {
                self.analyze_cte(&with.ctes[index.index], position)?;
            }
            // The list keeps the order of dependence, as PostgreSQL does.
            return Ok(());
        }
        let names: Vec<String> = with.ctes.iter().map(|c| c.ctename.clone()).collect();
        for (i, raw) in with.ctes.iter().enumerate() {
            self.ps_mut().future_ctes = names[i..].to_vec();
            let item = new_cte_item(raw);
            let (query, item) = {
                let query = self.analyze_cte_query(raw, None)?;
                (query, item)
            };
            self.ps_mut().future_ctes.clear();
            let ps = self.ps_mut();
            ps.ctenamespace.push(item);
            let position = ps.ctenamespace.len() - 1;
            self.finish_cte(raw, position, query)?;
        }
        Ok(())
    }

    fn analyze_cte(&mut self, raw: &ast::CommonTableExpr, position: usize) -> PgResult<()> {
        let recursive = self.ps().ctenamespace[position].cte.cterecursive;
        if (raw.search_clause.is_some() || raw.cycle_clause.is_some()) && !recursive {
            let at = raw
                .cycle_clause
                .as_ref()
                .map(|c| c.location)
                .or(raw.search_clause.as_ref().map(|s| s.location));
            return Err(err!(SYNTAX_ERROR, "WITH query is not recursive").at(at.unwrap_or(-1)));
        }
        if recursive {
            self.transform_search_and_cycle(raw, position)?;
        }
        let query = self.analyze_cte_query(raw, Some(position))?;
        self.finish_cte(raw, position, query)
    }

    fn analyze_cte_query(
        &mut self,
        raw: &ast::CommonTableExpr,
        position: Option<usize>,
    ) -> PgResult<Query> {
        if !raw.ctequery.is_optimizable() {
            return Err(PgError::internal("unexpected utility statement in WITH"));
        }
        let is_select = matches!(*raw.ctequery, Stmt::SelectStmt(_));
        if !is_select && self.levels.len() > 1 {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "WITH clause containing a data-modifying statement must be at the top level"
            )
            .at(raw.location));
        }
        let level = ParseState { parent_cte: position, ..ParseState::new() };
        let mut query = self.in_new_level(level, |a| a.transform_stmt(&raw.ctequery))?;
        query.can_set_tag = false;
        Ok(query)
    }

    fn finish_cte(
        &mut self,
        raw: &ast::CommonTableExpr,
        position: usize,
        query: Query,
    ) -> PgResult<()> {
        let list = if query.command_type == CmdType::Select {
            &query.target_list
        } else {
            &query.returning_list
        };
        let columns: Vec<(String, Oid, i32, Oid)> = list
            .iter()
            .filter(|te| !te.resjunk)
            .map(|te| {
                (
                    te.resname.clone().unwrap_or_default(),
                    te.expr.typ(),
                    te.expr.typmod(),
                    te.expr.collation(),
                )
            })
            .collect();
        let is_select = query.command_type == CmdType::Select || !query.returning_list.is_empty();
        let locations: Vec<i32> =
            list.iter().filter(|te| !te.resjunk).map(|te| te.expr.location()).collect();
        if self.ps().ctenamespace[position].cte.cterecursive {
            self.check_recursive_columns(raw, position, &columns, &locations)?;
        } else {
            self.set_cte_columns(0, position, &columns)?;
        }
        let item = &mut self.ps_mut().ctenamespace[position];
        *item.cte.ctequery = query;
        item.analyzed = true;
        item.is_select = is_select;
        self.check_cycle_types(raw, position)
    }

    /// The whole recursive query must have the non-recursive term's column types.
    fn check_recursive_columns(
        &self,
        raw: &ast::CommonTableExpr,
        position: usize,
        columns: &[(String, Oid, i32, Oid)],
        locations: &[i32],
    ) -> PgResult<()> {
        let cte = &self.ps().ctenamespace[position].cte;
        for (i, (_, typ, typmod, collation)) in columns.iter().enumerate() {
            let (known, known_typmod) = (cte.ctecoltypes[i], cte.ctecoltypmods[i]);
            if *typ != known || *typmod != known_typmod {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "recursive query \"{}\" column {} has type {} in non-recursive term but type \
                     {} overall",
                    raw.ctename,
                    i + 1,
                    self.catalog.format_type(known, Some(known_typmod))?,
                    self.catalog.format_type(*typ, Some(*typmod))?
                )
                .hint("Cast the output of the non-recursive term to the correct type.")
                .at(locations[i]));
            }
            let known_collation = cte.ctecolcollations[i];
            if *collation != known_collation {
                let name = |oid: Oid| -> PgResult<String> {
                    Ok(self
                        .catalog
                        .lookup_collation(oid)?
                        .map_or_else(String::new, |c| c.name.clone()))
                };
                return Err(err!(
                    COLLATION_MISMATCH,
                    "recursive query \"{}\" column {} has collation \"{}\" in non-recursive term \
                     but collation \"{}\" overall",
                    raw.ctename,
                    i + 1,
                    name(known_collation)?,
                    name(*collation)?
                )
                .hint("Use the COLLATE clause to set the collation of the non-recursive term.")
                .at(locations[i]));
            }
        }
        Ok(())
    }

    /// Gives a WITH item its columns, aliases applied.
    pub(crate) fn set_cte_columns(
        &mut self,
        levels_up: u32,
        index: usize,
        columns: &[(String, Oid, i32, Oid)],
    ) -> PgResult<()> {
        let item = &mut self.level_mut(levels_up).ctenamespace[index];
        let cte = &mut item.cte;
        let given = cte.aliascolnames.len();
        if given > columns.len() {
            return Err(err!(
                INVALID_COLUMN_REFERENCE,
                "WITH query \"{}\" has {} columns available but {given} columns specified",
                cte.ctename,
                columns.len()
            )
            .at(cte.location));
        }
        cte.ctecolnames = cte.aliascolnames.clone();
        cte.ctecoltypes.clear();
        cte.ctecoltypmods.clear();
        cte.ctecolcollations.clear();
        for (i, (name, typ, typmod, collation)) in columns.iter().enumerate() {
            if i >= given {
                cte.ctecolnames.push(name.clone());
            }
            // An untyped literal in the non-recursive term is text for everybody.
            let (typ, typmod, collation) = if *typ == t::UNKNOWN {
                (t::TEXT, -1, Oid(100))
            } else {
                (*typ, *typmod, *collation)
            };
            cte.ctecoltypes.push(typ);
            cte.ctecoltypmods.push(typmod);
            cte.ctecolcollations.push(collation);
        }
        item.columns_known = true;
        Ok(())
    }

    fn transform_search_and_cycle(
        &mut self,
        raw: &ast::CommonTableExpr,
        position: usize,
    ) -> PgResult<()> {
        if let Some(search) = &raw.search_clause {
            self.ps_mut().ctenamespace[position].cte.search_clause = Some(CteSearchClause {
                search_col_list: search.search_col_list.clone(),
                search_breadth_first: search.search_breadth_first,
                search_seq_column: search.search_seq_column.clone(),
                location: search.location,
            });
        }
        let Some(cycle) = &raw.cycle_clause else { return Ok(()) };
        let value = self.transform_expr(&cycle.cycle_mark_value, ExprKind::CycleMark)?;
        let default = self.transform_expr(&cycle.cycle_mark_default, ExprKind::CycleMark)?;
        let (typ, _) = self.select_common_type([&value, &default], Some("CYCLE"))?;
        let mut value = self.coerce_to_common_type(value, typ, "CYCLE/SET/TO")?;
        let mut default = self.coerce_to_common_type(default, typ, "CYCLE/SET/DEFAULT")?;
        let typmod = self.select_common_typmod([&value, &default], typ);
        let mut pair = [value, default];
        let collation = self.select_common_collation(&mut pair, true)?;
        [value, default] = pair;
        let ops = self.lookup_sort_group_operators(typ)?;
        if !ops.eq.is_valid() {
            bail!(
                UNDEFINED_FUNCTION,
                "could not identify an equality operator for type {}",
                self.format_type(typ)?
            );
        }
        let neop = self.catalog.get_operator(ops.eq)?.negator;
        if !neop.is_valid() {
            bail!(
                UNDEFINED_FUNCTION,
                "could not identify an inequality operator for type {}",
                self.format_type(typ)?
            );
        }
        self.ps_mut().ctenamespace[position].cte.cycle_clause = Some(CteCycleClause {
            cycle_col_list: cycle.cycle_col_list.clone(),
            cycle_mark_column: cycle.cycle_mark_column.clone(),
            cycle_mark_value: value,
            cycle_mark_default: default,
            cycle_path_column: cycle.cycle_path_column.clone(),
            cycle_mark_type: typ,
            cycle_mark_typmod: typmod,
            cycle_mark_collation: collation,
            cycle_mark_neop: neop,
            location: cycle.location,
        });
        Ok(())
    }

    /// Checks names of SEARCH and CYCLE against the WITH item's columns.
    fn check_cycle_types(&self, raw: &ast::CommonTableExpr, position: usize) -> PgResult<()> {
        let cte = &self.ps().ctenamespace[position].cte;
        if cte.search_clause.is_none() && cte.cycle_clause.is_none() {
            return Ok(());
        }
        check_members_are_selects(&raw.ctequery)?;
        let check_list = |list: &[String], what: &str, location: i32| -> PgResult<()> {
            for (i, name) in list.iter().enumerate() {
                if !cte.ctecolnames.contains(name) {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "{what} column \"{name}\" not in WITH query column list"
                    )
                    .at(location));
                }
                if list[..i].contains(name) {
                    return Err(err!(
                        DUPLICATE_COLUMN,
                        "{what} column \"{name}\" specified more than once"
                    )
                    .at(location));
                }
            }
            Ok(())
        };
        let check_new = |name: &str, what: &str, location: i32| -> PgResult<()> {
            if cte.ctecolnames.iter().any(|n| n == name) {
                return Err(err!(
                    SYNTAX_ERROR,
                    "{what} column name \"{name}\" already used in WITH query column list"
                )
                .at(location));
            }
            Ok(())
        };
        if let Some(search) = &cte.search_clause {
            check_list(&search.search_col_list, "search", search.location)?;
            check_new(&search.search_seq_column, "search sequence", search.location)?;
        }
        if let Some(cycle) = &cte.cycle_clause {
            check_list(&cycle.cycle_col_list, "cycle", cycle.location)?;
            check_new(&cycle.cycle_mark_column, "cycle mark", cycle.location)?;
            check_new(&cycle.cycle_path_column, "cycle path", cycle.location)?;
            if cycle.cycle_mark_column == cycle.cycle_path_column {
                return Err(err!(
                    SYNTAX_ERROR,
                    "cycle mark column name and cycle path column name are the same"
                )
                .at(cycle.location));
            }
            if let Some(search) = &cte.search_clause {
                for (name, what) in
                    [(&cycle.cycle_mark_column, "mark"), (&cycle.cycle_path_column, "path")]
                {
                    if search.search_seq_column == *name {
                        return Err(err!(
                            SYNTAX_ERROR,
                            "search sequence column name and cycle {what} column name are the same"
                        )
                        .at(search.location));
                    }
                }
            }
        }
        Ok(())
    }
}

fn check_members_are_selects(stmt: &Stmt) -> PgResult<()> {
    let Stmt::SelectStmt(select) = stmt else { return Ok(()) };
    let plain = |s: &Option<Box<ast::SelectStmt>>| {
        s.as_ref().is_some_and(|s| s.op == ast::SetOperation::None)
    };
    if !plain(&select.larg) {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT"
        );
    }
    if !plain(&select.rarg) {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT"
        );
    }
    Ok(())
}

fn new_cte_item(raw: &ast::CommonTableExpr) -> CteItem {
    CteItem {
        cte: CommonTableExpr {
            ctename: raw.ctename.clone(),
            aliascolnames: raw.aliascolnames.clone(),
            ctematerialized: match raw.ctematerialized {
                ast::CteMaterialize::Default => CteMaterialize::Default,
                ast::CteMaterialize::Always => CteMaterialize::Always,
                ast::CteMaterialize::Never => CteMaterialize::Never,
            },
            ctequery: Box::default(),
            search_clause: None,
            cycle_clause: None,
            location: raw.location,
            cterecursive: false,
            cterefcount: 0,
            ctecolnames: Vec::new(),
            ctecoltypes: Vec::new(),
            ctecoltypmods: Vec::new(),
            ctecolcollations: Vec::new(),
        },
        analyzed: false,
        is_select: matches!(*raw.ctequery, Stmt::SelectStmt(_)),
        columns_known: false,
    }
}

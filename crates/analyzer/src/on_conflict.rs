//! ON CONFLICT.
use crate::parse_relation::add_column;
use crate::parse_state::{Analyzer, ExprKind};
use crate::set_operation::plain_var;
use error::{PgResult, bail, err};
use nodes::{Alias, Expr, InferenceElem, OnConflictExpr, RteKind, TargetEntry, acl};
use parser::ast::{self, SortByDir, SortByNulls};
use types::{Oid, type_oid as t};

const BTREE_AM: Oid = Oid(403);
const PG_CATALOG: Oid = Oid(11);

impl Analyzer<'_> {
    pub(crate) fn transform_on_conflict(
        &mut self,
        clause: &ast::OnConflictClause,
    ) -> PgResult<OnConflictExpr> {
        let update = clause.action == ast::OnConflictAction::Update;
        let mut result = OnConflictExpr {
            update,
            arbiter_elems: Vec::new(),
            arbiter_where: None,
            constraint: Oid::INVALID,
            on_conflict_set: Vec::new(),
            on_conflict_where: None,
            excl_rel_index: 0,
            excl_rel_tlist: Vec::new(),
        };
        let relation =
            self.ps().target_relation.clone().ok_or_else(|| Self::missing("target relation"))?;
        let mut excluded = None;
        if update {
            self.ps_mut().is_insert = false;
            let alias = Alias { aliasname: "excluded".to_owned(), colnames: Vec::new() };
            let item = self.add_rte_for_relation(&relation, 3, Some(alias), false, false)?;
            let ps = self.ps_mut();
            if let RteKind::Relation { relkind, perminfoindex, .. } =
                &mut ps.rtable[(item.rtindex - 1) as usize].kind
            {
                // It is a row, not a table: nothing is checked or scanned for it.
                *relkind = 'c';
                *perminfoindex = 0;
            }
            ps.rteperminfos.pop();
            let mut item = item;
            item.perminfo = 0;
            result.excl_rel_index = item.rtindex;
            result.excl_rel_tlist = excluded_targets(&relation, item.rtindex);
            excluded = Some(item);
        }
        self.transform_arbiter(clause, &mut result)?;
        if let Some(item) = excluded {
            self.add_nsitem_to_query(&item, false, true, true)?;
            result.on_conflict_set = self.transform_update_target_list(&clause.target_list)?;
            result.on_conflict_where = match &clause.where_clause {
                Some(raw) => Some(self.transform_where(raw, ExprKind::Where, "WHERE")?),
                None => None,
            };
            // RETURNING does not see EXCLUDED.
            self.ps_mut().namespace.pop();
        }
        Ok(result)
    }

    fn transform_arbiter(
        &mut self,
        clause: &ast::OnConflictClause,
        out: &mut OnConflictExpr,
    ) -> PgResult<()> {
        if out.update && clause.infer.is_none() {
            return Err(err!(
                SYNTAX_ERROR,
                "ON CONFLICT DO UPDATE requires inference specification or constraint name"
            )
            .hint("For example, ON CONFLICT (column_name).")
            .at(clause.location));
        }
        let relation =
            self.ps().target_relation.clone().ok_or_else(|| Self::missing("target relation"))?;
        if relation.oid < Oid::FIRST_NORMAL && relation.namespace == PG_CATALOG {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "ON CONFLICT is not supported with system catalog tables"
            )
            .at(clause.location));
        }
        let Some(infer) = &clause.infer else { return Ok(()) };
        if !infer.index_elems.is_empty() {
            out.arbiter_elems = self.transform_inference_elems(infer)?;
        }
        if let Some(raw) = &infer.where_clause {
            out.arbiter_where = Some(self.transform_expr(raw, ExprKind::IndexPredicate)?);
        }
        if let Some(name) = &infer.conname {
            let Some(constraint) = relation.constraints.iter().find(|c| c.name == *name) else {
                bail!(
                    UNDEFINED_OBJECT,
                    "constraint \"{name}\" for table \"{}\" does not exist",
                    relation.name
                );
            };
            out.constraint = constraint.oid;
            // Looking for the conflicting row reads the constraint's columns.
            let perminfo = self.ps().target_nsitem.as_ref().map_or(0, |i| i.perminfo);
            if perminfo > 0 {
                let info = &mut self.ps_mut().rteperminfos[(perminfo - 1) as usize];
                info.required_perms |= acl::SELECT;
                for column in &constraint.key {
                    add_column(&mut info.selected_cols, *column);
                }
            }
        }
        Ok(())
    }

    fn transform_inference_elems(
        &mut self,
        infer: &ast::InferClause,
    ) -> PgResult<Vec<InferenceElem>> {
        let mut elems = Vec::with_capacity(infer.index_elems.len());
        for elem in &infer.index_elems {
            if elem.ordering != SortByDir::Default {
                return Err(err!(
                    INVALID_COLUMN_REFERENCE,
                    "ASC/DESC is not allowed in ON CONFLICT clause"
                )
                .at(infer.location));
            }
            if elem.nulls_ordering != SortByNulls::Default {
                return Err(err!(
                    INVALID_COLUMN_REFERENCE,
                    "NULLS FIRST/LAST is not allowed in ON CONFLICT clause"
                )
                .at(infer.location));
            }
            let expr = match (&elem.name, &elem.expr) {
                (Some(name), _) => {
                    let column = ast::Expr::ColumnRef(ast::ColumnRef {
                        fields: vec![name.clone()],
                        star: false,
                        location: infer.location,
                    });
                    self.transform_expr(&column, ExprKind::IndexExpression)?
                }
                (None, Some(raw)) => self.transform_expr(raw, ExprKind::IndexExpression)?,
                (None, None) => return Err(Self::missing("inference expression")),
            };
            let infercollid = if elem.collation.is_empty() {
                Oid::INVALID
            } else {
                self.lookup_collation(&elem.collation, expr.location())?
            };
            let inferopclass = if elem.opclass.is_empty() {
                Oid::INVALID
            } else {
                self.opclass_by_name(BTREE_AM, &elem.opclass, "btree")?
            };
            elems.push(InferenceElem { expr, infercollid, inferopclass });
        }
        Ok(elems)
    }

    /// An operator class of an access method by its possibly qualified name.
    pub fn opclass_by_name(&self, am: Oid, names: &[String], am_name: &str) -> PgResult<Oid> {
        let (schema, name) = self.deconstruct_qualified_name(names)?;
        let all = self.catalog.opclasses_of_am(am)?;
        let found = match schema {
            Some(schema) => {
                let namespace = self.explicit_namespace(schema)?;
                all.iter().find(|o| o.name == name && o.namespace == namespace).map(|o| o.oid)
            }
            None => self
                .catalog
                .search_path()
                .iter()
                .find_map(|ns| all.iter().find(|o| o.name == name && o.namespace == *ns))
                .map(|o| o.oid),
        };
        found.ok_or_else(|| {
            err!(
                UNDEFINED_OBJECT,
                "operator class \"{}\" does not exist for access method \"{am_name}\"",
                names.join(".")
            )
        })
    }
}

/// The columns of EXCLUDED as a target list; dropped ones are NULL, the whole row comes last.
fn excluded_targets(relation: &catalog::rows::RelationDesc, rti: i32) -> Vec<TargetEntry> {
    let mut tlist = Vec::with_capacity(relation.attrs.len() + 1);
    let target = |expr: Expr, resno: i16, resname: Option<String>| TargetEntry {
        expr,
        resno,
        resname,
        ressortgroupref: 0,
        resorigtbl: Oid::INVALID,
        resorigcol: 0,
        resjunk: false,
    };
    for attr in relation.attrs.iter() {
        if attr.dropped {
            let null = Expr::Const(nodes::Const {
                consttype: t::INT4,
                consttypmod: -1,
                constcollid: Oid::INVALID,
                value: types::Datum::Null,
                phys: types::PhysType::Int4,
                location: -1,
            });
            tlist.push(target(null, attr.num, None));
            continue;
        }
        let var = plain_var(rti, attr.num, attr.typ, attr.typmod, attr.collation);
        tlist.push(target(Expr::Var(var), attr.num, Some(attr.name.clone())));
    }
    let mut whole =
        target(Expr::Var(plain_var(rti, 0, relation.reltype, -1, Oid::INVALID)), 0, None);
    whole.resjunk = true;
    tlist.push(whole);
    tlist
}

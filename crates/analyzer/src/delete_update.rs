//! UPDATE and DELETE.
use crate::parse_relation::system_attr;
use crate::parse_state::{Analyzer, ExprKind};
use error::{PgResult, err};
use nodes::{CmdType, Query, TargetEntry, acl};
use parser::ast::{DeleteStmt, ResTarget, TableRef, UpdateStmt};

impl Analyzer<'_> {
    pub(crate) fn transform_delete(&mut self, s: &DeleteStmt) -> PgResult<Query> {
        let mut qry = Query { command_type: CmdType::Delete, ..Query::default() };
        if let Some(with) = &s.with_clause {
            qry.has_recursive = with.recursive;
            self.transform_with_clause(with)?;
        }
        qry.result_relation =
            self.set_target_table(&s.relation, s.relation.inh, true, acl::DELETE)?;
        self.transform_source_tables(&s.using_clause)?;
        let quals = match &s.where_clause {
            Some(clause) => Some(self.transform_where(clause, ExprKind::Where, "WHERE")?),
            None => None,
        };
        self.transform_returning(&mut qry, s.returning_clause.as_ref(), ExprKind::Returning)?;
        self.finish_query(&mut qry, quals);
        self.assign_query_collations(&mut qry)?;
        if qry.has_aggs {
            self.check_aggregates(&mut qry)?;
        }
        Ok(qry)
    }

    pub(crate) fn transform_update(&mut self, s: &UpdateStmt) -> PgResult<Query> {
        let mut qry = Query { command_type: CmdType::Update, ..Query::default() };
        self.ps_mut().is_insert = false;
        if let Some(with) = &s.with_clause {
            qry.has_recursive = with.recursive;
            self.transform_with_clause(with)?;
        }
        qry.result_relation =
            self.set_target_table(&s.relation, s.relation.inh, true, acl::UPDATE)?;
        self.transform_source_tables(&s.from_clause)?;
        let quals = match &s.where_clause {
            Some(clause) => Some(self.transform_where(clause, ExprKind::Where, "WHERE")?),
            None => None,
        };
        self.transform_returning(&mut qry, s.returning_clause.as_ref(), ExprKind::Returning)?;
        qry.target_list = self.transform_update_target_list(&s.target_list)?;
        self.finish_query(&mut qry, quals);
        self.assign_query_collations(&mut qry)?;
        if qry.has_aggs {
            self.check_aggregates(&mut qry)?;
        }
        Ok(qry)
    }

    /// FROM or USING, in which the target table cannot be referred to laterally.
    fn transform_source_tables(&mut self, from: &[TableRef]) -> PgResult<()> {
        let target = self.ps().target_nsitem.as_ref().map_or(0, |item| item.rtindex);
        let set = |a: &mut Self, lateral_only: bool, lateral_ok: bool| {
            for item in a.ps_mut().namespace.iter_mut().filter(|i| i.rtindex == target) {
                item.lateral_only = lateral_only;
                item.lateral_ok = lateral_ok;
            }
        };
        set(self, true, false);
        self.transform_from_clause(from)?;
        set(self, false, true);
        Ok(())
    }

    /// SET.
    pub(crate) fn transform_update_target_list(
        &mut self,
        targets: &[ResTarget],
    ) -> PgResult<Vec<TargetEntry>> {
        let mut tlist = self.transform_target_list(targets, ExprKind::UpdateSource)?;
        let relation =
            self.ps().target_relation.clone().ok_or_else(|| Self::missing("target relation"))?;
        // Junk entries are numbered after the table's columns.
        let mut next_junk = relation.attrs.len() as i16 + 1;
        let mut originals = targets.iter();
        for entry in &mut tlist {
            if entry.resjunk {
                entry.resno = next_junk;
                next_junk += 1;
                entry.resname = None;
                continue;
            }
            let Some(target) = originals.next() else {
                return Err(Self::missing("SET target"));
            };
            let name = target.name.as_deref().unwrap_or_default();
            let attno = match relation.attr_by_name(name) {
                Some(attr) => attr.num,
                None => match system_attr(name) {
                    Some((num, _)) => num,
                    None => {
                        let e = err!(
                            UNDEFINED_COLUMN,
                            "column \"{name}\" of relation \"{}\" does not exist",
                            relation.name
                        )
                        .at(target.location);
                        let qualified = !target.indirection.is_empty()
                            && self
                                .ps()
                                .target_nsitem
                                .as_ref()
                                .is_some_and(|item| item.names.aliasname == name);
                        return Err(if qualified {
                            e.hint("SET target columns cannot be qualified with the relation name.")
                        } else {
                            e
                        });
                    }
                },
            };
            self.update_target_entry(entry, name, attno, &target.indirection, target.location)?;
            self.mark_updated(attno);
        }
        Ok(tlist)
    }
}

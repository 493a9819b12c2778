//! Subselects in expressions, and the sources of multiple assignments.
use crate::parse_state::{Analyzer, ExprKind, ParseState};
use error::{PgError, PgResult, err};
use nodes::{Expr, Param, ParamKind, Query, SubLink, SubLinkType, TargetEntry};
use parser::ast;
use types::Oid;

fn visible_columns(query: &Query) -> impl Iterator<Item = &TargetEntry> {
    query.target_list.iter().filter(|te| !te.resjunk)
}

impl Analyzer<'_> {
    fn check_subquery_allowed(&self, location: i32) -> PgResult<()> {
        use ExprKind as K;
        let place = match self.ps().expr_kind {
            K::CheckConstraint | K::DomainCheck => "check constraint",
            K::ColumnDefault | K::FunctionDefault => "DEFAULT expression",
            K::IndexExpression => "index expression",
            K::IndexPredicate => "index predicate",
            K::StatsExpression => "statistics expression",
            K::AlterColTransform => "transform expression",
            K::ExecuteParameter => "EXECUTE parameter",
            K::TriggerWhen => "trigger WHEN condition",
            K::PartitionBound => "partition bound",
            K::PartitionExpression => "partition key expression",
            K::CallArgument => "CALL argument",
            K::CopyWhere => "COPY FROM WHERE condition",
            K::GeneratedColumn => "column generation expression",
            _ => return Ok(()),
        };
        Err(err!(FEATURE_NOT_SUPPORTED, "cannot use subquery in {place}").at(location))
    }

    pub(crate) fn transform_sublink(&mut self, s: &ast::SubLink) -> PgResult<Expr> {
        self.check_subquery_allowed(s.location)?;
        self.ps_mut().has_sub_links = true;
        let level = ParseState::new();
        let query = self.sub_analyze_select(&s.subselect, level)?;
        let mut link = SubLink {
            sub_link_type: match s.sub_link_type {
                ast::SubLinkType::Exists => SubLinkType::Exists,
                ast::SubLinkType::All => SubLinkType::All,
                ast::SubLinkType::Any => SubLinkType::Any,
                ast::SubLinkType::RowCompare => SubLinkType::RowCompare,
                ast::SubLinkType::Expr => SubLinkType::Expr,
                ast::SubLinkType::MultiExpr => SubLinkType::MultiExpr,
                ast::SubLinkType::Array => SubLinkType::Array,
            },
            sub_link_id: 0,
            testexpr: None,
            oper_name: Vec::new(),
            subselect: Box::new(query),
            array_type: Oid::INVALID,
            location: s.location,
        };
        match link.sub_link_type {
            SubLinkType::Exists | SubLinkType::MultiExpr => {}
            SubLinkType::Expr | SubLinkType::Array => {
                let mut columns = visible_columns(&link.subselect);
                let (first, second) = (columns.next(), columns.next());
                let (Some(column), None) = (first, second) else {
                    return Err(
                        err!(SYNTAX_ERROR, "subquery must return only one column").at(s.location)
                    );
                };
                if link.sub_link_type == SubLinkType::Array {
                    let typ = column.expr.typ();
                    let array = self.promoted_array_type(typ)?;
                    if !array.is_valid() {
                        return Err(err!(
                            UNDEFINED_OBJECT,
                            "could not find array type for data type {}",
                            self.format_type(typ)?
                        ));
                    }
                    link.array_type = array;
                }
            }
            _ => self.transform_sublink_test(&mut link, s)?,
        }
        Ok(Expr::SubLink(Box::new(link)))
    }

    /// The comparison of ANY, ALL and row subselects.
    fn transform_sublink_test(&mut self, link: &mut SubLink, s: &ast::SubLink) -> PgResult<()> {
        // IN leaves the name empty, which also tells how to print it.
        let names = if s.oper_name.is_empty() { vec!["=".to_owned()] } else { s.oper_name.clone() };
        let Some(test) = &s.testexpr else {
            return Err(PgError::internal("sublink without test expression"));
        };
        let left = match self.transform_expr_recurse(test)? {
            Expr::RowExpr(row) => row.args,
            other => vec![other],
        };
        let right: Vec<Expr> = visible_columns(&link.subselect)
            .map(|te| {
                Expr::Param(Param {
                    kind: ParamKind::Sublink,
                    paramid: i32::from(te.resno),
                    paramtype: te.expr.typ(),
                    paramtypmod: te.expr.typmod(),
                    paramcollid: te.expr.collation(),
                    location: -1,
                })
            })
            .collect();
        if left.len() < right.len() {
            return Err(err!(SYNTAX_ERROR, "subquery has too many columns").at(s.location));
        }
        if left.len() > right.len() {
            return Err(err!(SYNTAX_ERROR, "subquery has too few columns").at(s.location));
        }
        link.testexpr = Some(self.make_row_comparison_op(&names, left, right, s.location)?);
        link.oper_name = s.oper_name.clone();
        Ok(())
    }

    /// One column of `(a, b) = source`.
    pub(crate) fn transform_multi_assign_ref(&mut self, m: &ast::MultiAssignRef) -> PgResult<Expr> {
        let index = match m.colno {
            1 => self.add_multi_assign_source(m)?,
            _ => self
                .ps()
                .multiassign_exprs
                .len()
                .checked_sub(1)
                .ok_or_else(|| PgError::internal("multi-assignment without source"))?,
        };
        let colno = (m.colno - 1) as usize;
        let entry = &self.ps().multiassign_exprs[index];
        match &entry.expr {
            Expr::SubLink(link) => {
                let column = &link.subselect.target_list[colno];
                Ok(Expr::Param(Param {
                    kind: ParamKind::MultiExpr,
                    paramid: (link.sub_link_id << 16) | m.colno,
                    paramtype: column.expr.typ(),
                    paramtypmod: column.expr.typmod(),
                    paramcollid: column.expr.collation(),
                    location: column.expr.location(),
                }))
            }
            Expr::RowExpr(row) => {
                let result = row.args[colno].clone();
                if m.colno == m.ncolumns {
                    // A row needs no evaluation of its own.
                    self.ps_mut().multiassign_exprs.pop();
                }
                Ok(result)
            }
            _ => Err(PgError::internal("unexpected expression in multi-assignment")),
        }
    }

    fn add_multi_assign_source(&mut self, m: &ast::MultiAssignRef) -> PgResult<usize> {
        let mismatch = |location| {
            err!(SYNTAX_ERROR, "number of columns does not match number of values").at(location)
        };
        let expr = match &*m.source {
            ast::Expr::SubLink(s) if s.sub_link_type == ast::SubLinkType::Expr => {
                let mut multi = (**s).clone();
                multi.sub_link_type = ast::SubLinkType::MultiExpr;
                let Expr::SubLink(mut link) = self.transform_sublink(&multi)? else {
                    return Err(PgError::internal("sublink became something else"));
                };
                if visible_columns(&link.subselect).count() != m.ncolumns as usize {
                    return Err(mismatch(s.location));
                }
                link.sub_link_id = self.ps().multiassign_exprs.len() as i32 + 1;
                Expr::SubLink(link)
            }
            ast::Expr::RowExpr(r) => {
                let row = self.transform_row_expr(r, true)?;
                if let Expr::RowExpr(row) = &row {
                    if row.args.len() != m.ncolumns as usize {
                        return Err(mismatch(r.location));
                    }
                }
                row
            }
            other => {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() \
                     expression"
                )
                .at(other.leftmost_location()));
            }
        };
        let ps = self.ps_mut();
        ps.multiassign_exprs.push(TargetEntry {
            expr,
            resno: 0,
            resname: None,
            ressortgroupref: 0,
            resorigtbl: Oid::INVALID,
            resorigcol: 0,
            resjunk: true,
        });
        Ok(ps.multiassign_exprs.len() - 1)
    }
}

//! SEARCH and CYCLE of WITH RECURSIVE: the recursive query computes their columns itself.
use super::tree::increment_query_levels;
use crate::parse_state::Analyzer;
use crate::set_operation::plain_var;
use error::{PgError, PgResult, bail};
use nodes::{
    Alias, ArrayExpr, CaseExpr, CaseWhen, CmdType, CoercionForm, CommonTableExpr, Const, Expr,
    FieldSelect, FromExpr, FuncExpr, JoinTreeNode, OpExpr, Query, RangeTblEntry, RowExpr, RteKind,
    ScalarArrayOpExpr, SetOpNode, SetOperationKind, TargetEntry,
};
use types::{Datum, Oid, PhysType, type_oid as t};

const ARRAY_CAT: Oid = Oid(383);
const INT8INC: Oid = Oid(1219);
const RECORD_EQ: Oid = Oid(2981);
const RECORD_EQ_OP: Oid = Oid(2988);

/// A column that the clauses add: name, type, typmod, collation.
type Added = (String, Oid, i32, Oid);

/// Where the added columns are.
struct Positions {
    seq: i16,
    mark: i16,
    path: i16,
}

impl Analyzer<'_> {
    /// Rewrites a WITH item with SEARCH or CYCLE into one without.
    pub(super) fn rewrite_search_and_cycle(&mut self, cte: &mut CommonTableExpr) -> PgResult<()> {
        let added = added_columns(cte);
        let ncols = cte.ctecolnames.len() as i16;
        let searches = i16::from(cte.search_clause.is_some());
        let at =
            Positions { seq: ncols + 1, mark: ncols + searches + 1, path: ncols + searches + 2 };
        let Some(op) = &cte.ctequery.set_operations else {
            return Err(PgError::internal("recursive query without UNION"));
        };
        let (SetOpNode::RangeTblRef(left), SetOpNode::RangeTblRef(right)) = (&op.larg, &op.rarg)
        else {
            return Err(PgError::internal("recursive query of an unexpected form"));
        };
        let (left, right) = (*left, *right);
        let is_union_all = op.op == SetOperationKind::Union && op.all;
        let mut first = take_subquery(&mut cte.ctequery, left)?;
        increment_query_levels(&mut first, 1, 1);
        let new_first = self.left_query(cte, first)?;
        let mut second = take_subquery(&mut cte.ctequery, right)?;
        add_self_columns(cte, &mut second, &added)?;
        increment_query_levels(&mut second, 1, 1);
        let new_second = self.right_query(cte, second, &at, &added)?;
        for (rti, query) in [(left, new_first), (right, new_second)] {
            let rte = cte.ctequery.rte_mut(rti);
            rte.eref.colnames.extend(added.iter().map(|(name, ..)| name.clone()));
            if let RteKind::Subquery { subquery, .. } = &mut rte.kind {
                **subquery = query;
            }
        }
        for (i, (name, typ, typmod, collation)) in added.iter().enumerate() {
            let attno = ncols + 1 + i as i16;
            let var = Expr::Var(plain_var(left, attno, *typ, *typmod, *collation));
            cte.ctequery.target_list.push(target(var, attno, name));
            let clause =
                if is_union_all { None } else { Some(self.set_op_group_clause(*typ, true)?) };
            if let Some(op) = &mut cte.ctequery.set_operations {
                op.col_types.push(*typ);
                op.col_typmods.push(*typmod);
                op.col_collations.push(*collation);
                op.group_clauses.extend(clause);
            }
            cte.ctecolnames.push(name.clone());
            cte.ctecoltypes.push(*typ);
            cte.ctecoltypmods.push(*typmod);
            cte.ctecolcollations.push(*collation);
        }
        cte.search_clause = None;
        cte.cycle_clause = None;
        Ok(())
    }

    /// The non-recursive term with the columns' first values.
    fn left_query(&self, cte: &CommonTableExpr, inner: Query) -> PgResult<Query> {
        let mut targets = column_targets(cte);
        if let Some(search) = &cte.search_clause {
            let row = row_of(cte, &search.search_col_list);
            let value = if search.search_breadth_first {
                with_depth(row, int8(0))
            } else {
                path_of(Expr::RowExpr(Box::new(row)))
            };
            let resno = targets.len() as i16 + 1;
            targets.push(target(value, resno, &search.search_seq_column));
        }
        if let Some(cycle) = &cte.cycle_clause {
            let resno = targets.len() as i16 + 1;
            let default = cycle.cycle_mark_default.clone();
            targets.push(target(default, resno, &cycle.cycle_mark_column));
            let row = Expr::RowExpr(Box::new(row_of(cte, &cycle.cycle_col_list)));
            targets.push(target(path_of(row), resno + 1, &cycle.cycle_path_column));
        }
        Ok(wrapper("*TLOCRN*", cte, &[], inner, targets, None))
    }

    /// The recursive term with the values that follow from the row before.
    fn right_query(
        &self,
        cte: &CommonTableExpr,
        inner: Query,
        at: &Positions,
        added: &[Added],
    ) -> PgResult<Query> {
        let mut targets = column_targets(cte);
        if let Some(search) = &cte.search_clause {
            let row = row_of(cte, &search.search_col_list);
            let value = if search.search_breadth_first {
                let depth = Expr::FieldSelect(Box::new(FieldSelect {
                    arg: Expr::Var(plain_var(1, at.seq, t::RECORD, -1, Oid::INVALID)),
                    fieldnum: 1,
                    resulttype: t::INT8,
                    resulttypmod: -1,
                    resultcollid: Oid::INVALID,
                }));
                with_depth(row, call(INT8INC, t::INT8, vec![depth]))
            } else {
                longer_path(at.seq, Expr::RowExpr(Box::new(row)))
            };
            let resno = targets.len() as i16 + 1;
            targets.push(target(value, resno, &search.search_seq_column));
        }
        let mut quals = None;
        if let Some(cycle) = &cte.cycle_clause {
            let row = Expr::RowExpr(Box::new(row_of(cte, &cycle.cycle_col_list)));
            let path = Expr::Var(plain_var(1, at.path, t::RECORD_ARRAY, -1, Oid::INVALID));
            let seen = Expr::ScalarArrayOpExpr(Box::new(ScalarArrayOpExpr {
                opno: RECORD_EQ_OP,
                opfuncid: RECORD_EQ,
                use_or: true,
                inputcollid: Oid::INVALID,
                args: [row.clone(), path],
                location: -1,
            }));
            let mark = Expr::CaseExpr(Box::new(CaseExpr {
                casetype: cycle.cycle_mark_type,
                casecollid: cycle.cycle_mark_collation,
                arg: None,
                args: vec![CaseWhen {
                    expr: seen,
                    result: cycle.cycle_mark_value.clone(),
                    location: -1,
                }],
                defresult: Some(cycle.cycle_mark_default.clone()),
                location: -1,
            }));
            let resno = targets.len() as i16 + 1;
            targets.push(target(mark, resno, &cycle.cycle_mark_column));
            targets.push(target(longer_path(at.path, row), resno + 1, &cycle.cycle_path_column));
            // A row that closes a cycle is not followed.
            let previous = Expr::Var(plain_var(
                1,
                at.mark,
                cycle.cycle_mark_type,
                cycle.cycle_mark_typmod,
                cycle.cycle_mark_collation,
            ));
            quals = Some(Expr::OpExpr(Box::new(OpExpr {
                opno: cycle.cycle_mark_neop,
                opfuncid: self.catalog.get_operator(cycle.cycle_mark_neop)?.code,
                opresulttype: t::BOOL,
                opretset: false,
                opcollid: Oid::INVALID,
                inputcollid: cycle.cycle_mark_collation,
                args: vec![previous, cycle.cycle_mark_value.clone()],
                location: -1,
            })));
        }
        Ok(wrapper("*TROCRN*", cte, added, inner, targets, quals))
    }
}

fn added_columns(cte: &CommonTableExpr) -> Vec<Added> {
    let mut added = Vec::new();
    if let Some(search) = &cte.search_clause {
        let typ = if search.search_breadth_first { t::RECORD } else { t::RECORD_ARRAY };
        added.push((search.search_seq_column.clone(), typ, -1, Oid::INVALID));
    }
    if let Some(cycle) = &cte.cycle_clause {
        added.push((
            cycle.cycle_mark_column.clone(),
            cycle.cycle_mark_type,
            cycle.cycle_mark_typmod,
            cycle.cycle_mark_collation,
        ));
        added.push((cycle.cycle_path_column.clone(), t::RECORD_ARRAY, -1, Oid::INVALID));
    }
    added
}

fn take_subquery(query: &mut Query, rti: i32) -> PgResult<Query> {
    match &mut query.rte_mut(rti).kind {
        RteKind::Subquery { subquery, .. } => Ok(std::mem::take(&mut **subquery)),
        _ => Err(PgError::internal("set operation member is no subquery")),
    }
}

/// The recursive term hands on the added columns of the row it starts from.
fn add_self_columns(cte: &CommonTableExpr, query: &mut Query, added: &[Added]) -> PgResult<()> {
    let own = query.rtable.iter().position(|rte| {
        matches!(&rte.kind, RteKind::Cte { ctename, self_reference: true, .. }
            if *ctename == cte.ctename)
    });
    let Some(own) = own else {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "with a SEARCH or CYCLE clause, the recursive reference to WITH query \"{}\" must be \
             at the top level of its right-hand SELECT",
            cte.ctename
        );
    };
    let ncols = cte.ctecolnames.len() as i16;
    for (i, (name, typ, typmod, collation)) in added.iter().enumerate() {
        let attno = ncols + 1 + i as i16;
        let var = Expr::Var(plain_var(own as i32 + 1, attno, *typ, *typmod, *collation));
        query.target_list.push(target(var, attno, name));
    }
    Ok(())
}

fn target(expr: Expr, resno: i16, name: &str) -> TargetEntry {
    TargetEntry {
        expr,
        resno,
        resname: Some(name.to_owned()),
        ressortgroupref: 0,
        resorigtbl: Oid::INVALID,
        resorigcol: 0,
        resjunk: false,
    }
}

fn column(cte: &CommonTableExpr, i: usize) -> Expr {
    Expr::Var(plain_var(
        1,
        i as i16 + 1,
        cte.ctecoltypes[i],
        cte.ctecoltypmods[i],
        cte.ctecolcollations[i],
    ))
}

fn column_targets(cte: &CommonTableExpr) -> Vec<TargetEntry> {
    cte.ctecolnames
        .iter()
        .enumerate()
        .map(|(i, name)| target(column(cte, i), i as i16 + 1, name))
        .collect()
}

fn row_of(cte: &CommonTableExpr, names: &[String]) -> RowExpr {
    RowExpr {
        args: names
            .iter()
            .filter_map(|name| cte.ctecolnames.iter().position(|n| n == name))
            .map(|i| column(cte, i))
            .collect(),
        row_typeid: t::RECORD,
        row_format: CoercionForm::ImplicitCast,
        colnames: names.to_vec(),
        location: -1,
    }
}

fn with_depth(mut row: RowExpr, depth: Expr) -> Expr {
    row.args.insert(0, depth);
    row.colnames.insert(0, "*DEPTH*".to_owned());
    Expr::RowExpr(Box::new(row))
}

fn int8(value: i64) -> Expr {
    Expr::Const(Const {
        consttype: t::INT8,
        consttypmod: -1,
        constcollid: Oid::INVALID,
        value: Datum::Int8(value),
        phys: PhysType::Int8,
        location: -1,
    })
}

fn path_of(row: Expr) -> Expr {
    Expr::ArrayExpr(Box::new(ArrayExpr {
        array_typeid: t::RECORD_ARRAY,
        array_collid: Oid::INVALID,
        element_typeid: t::RECORD,
        elements: vec![row],
        multidims: false,
        location: -1,
    }))
}

fn longer_path(path: i16, row: Expr) -> Expr {
    let before = Expr::Var(plain_var(1, path, t::RECORD_ARRAY, -1, Oid::INVALID));
    call(ARRAY_CAT, t::RECORD_ARRAY, vec![before, path_of(row)])
}

fn call(funcid: Oid, result: Oid, args: Vec<Expr>) -> Expr {
    Expr::FuncExpr(Box::new(FuncExpr {
        funcid,
        funcresulttype: result,
        funcretset: false,
        funcvariadic: false,
        funcformat: CoercionForm::ExplicitCall,
        funccollid: Oid::INVALID,
        inputcollid: Oid::INVALID,
        args,
        location: -1,
    }))
}

/// A query over the original member as its only table.
fn wrapper(
    name: &str,
    cte: &CommonTableExpr,
    added: &[Added],
    inner: Query,
    targets: Vec<TargetEntry>,
    quals: Option<Expr>,
) -> Query {
    let mut colnames = cte.ctecolnames.clone();
    colnames.extend(added.iter().map(|(name, ..)| name.clone()));
    let alias = Alias { aliasname: name.to_owned(), colnames };
    Query {
        command_type: CmdType::Select,
        can_set_tag: true,
        rtable: vec![RangeTblEntry {
            kind: RteKind::Subquery {
                subquery: Box::new(inner),
                security_barrier: false,
                view: None,
            },
            alias: Some(alias.clone()),
            eref: alias,
            lateral: false,
            inh: false,
            in_from_cl: true,
            security_quals: Vec::new(),
        }],
        jointree: FromExpr { fromlist: vec![JoinTreeNode::RangeTblRef(1)], quals },
        target_list: targets,
        ..Query::default()
    }
}

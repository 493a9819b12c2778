//! Which partitions of a table the conditions on it leave.
//!
//! A partition's bound says what its rows are like; the conditions that contradict it make it not worth
//! looking at. Hash partitions are found by computing the hash of the values the key must have.
use crate::{
    clauses::*, context::PlanContext, lsyscache::bt, predicate, prep::const_fold, root::*,
};
use catalog::{PartitionBound, PartitionKey, RangeBoundValue, RelationDesc};
use error::PgResult;
use nodes::*;
use std::sync::Arc;
use types::{Datum, Oid, type_oid};

/// PostgreSQL's seed of hash partitioning.
const HASH_SEED: i64 = 0x7A5B_2236_7996_DCFD;
/// More combinations of values than this are not tried.
const MAX_KEYS: usize = 256;

/// A column of a partition key, over the planned relation.
struct KeyColumn {
    expr: Expr,
    typ: Oid,
    typmod: i32,
    collation: Oid,
    family: Oid,
    opcintype: Oid,
}

/// Partitions of a relation that its restrictions may find rows in, in catalog order.
pub fn live_partitions(
    root: &PlannerInfo<'_>,
    rel: RelId,
    parent: &RelationDesc,
) -> PgResult<Vec<Arc<RelationDesc>>> {
    let cx = root.cx();
    let mut children = Vec::new();
    for child in cx.catalog.inheritance_children(parent.oid)?.iter() {
        children.push(cx.catalog.get_relation(*child)?);
    }
    let r = &root.rels[rel];
    let clauses: Vec<Expr> = r
        .baserestrictinfo
        .iter()
        .filter(|c| !c.pseudoconstant && !cx.contain_mutable(&c.clause))
        .map(|c| c.clause.clone())
        .collect();
    let Some(key) = &parent.partition_key else { return Ok(children) };
    if !cx.settings.enable_partition_pruning || clauses.is_empty() {
        return Ok(children);
    }
    let columns = key_columns(parent, key, r.relid);
    if key.strategy == 'h' {
        let Some(hashes) = possible_hashes(cx, &columns, &clauses)? else { return Ok(children) };
        children.retain(|c| match c.partition_bound.as_deref() {
            Some(PartitionBound::Hash { modulus, remainder }) => hashes.iter().any(|h| {
                h % u64::from(modulus.unsigned_abs()) == u64::from(remainder.unsigned_abs())
            }),
            _ => true,
        });
        return Ok(children);
    }
    let constraints: Vec<Option<Expr>> = children
        .iter()
        .map(|c| c.partition_bound.as_deref().and_then(|b| constraint(cx, key, &columns, b)))
        .collect();
    let mut keep = Vec::with_capacity(children.len());
    for (child, own) in children.iter().zip(&constraints) {
        let excluded = match (child.partition_bound.as_deref(), own) {
            (Some(PartitionBound::Default), _) => {
                default_is_excluded(cx, key, &columns, &constraints, &clauses)
            }
            (_, Some(own)) => {
                predicate::predicate_refuted_by(cx, std::slice::from_ref(own), &clauses)
            }
            _ => false,
        };
        if !excluded {
            keep.push(child.clone());
        }
    }
    Ok(keep)
}

fn key_columns(parent: &RelationDesc, key: &PartitionKey, rti: i32) -> Vec<KeyColumn> {
    let mut exprs = key.exprs.iter();
    key.attrs
        .iter()
        .enumerate()
        .map(|(n, attnum)| {
            let expr = match parent.attr(*attnum) {
                Some(a) if *attnum > 0 => {
                    Expr::Var(make_var(rti, a.num, a.typ, a.typmod, a.collation, 0))
                }
                _ => {
                    let mut e = exprs.next().cloned().unwrap_or(crate::lsyscache::bool_const(None));
                    offset_varnos(&mut e, rti - 1, 0);
                    e
                }
            };
            KeyColumn {
                typ: expr.typ(),
                typmod: expr.typmod(),
                collation: key.collation[n],
                family: key.opfamily[n],
                opcintype: key.opcintype[n],
                expr,
            }
        })
        .collect()
}

impl KeyColumn {
    fn constant(&self, cx: &PlanContext<'_>, value: &Datum) -> Expr {
        Expr::Const(Const {
            consttype: self.typ,
            consttypmod: self.typmod,
            constcollid: self.collation,
            value: value.clone(),
            phys: cx.type_phys(self.typ),
            location: -1,
        })
    }

    /// `column op value`, by the strategy's operator of the key's family.
    fn compare(&self, cx: &PlanContext<'_>, strategy: i16, value: &Datum) -> Option<Expr> {
        let op = cx.opfamily_member(self.family, self.opcintype, self.opcintype, strategy);
        if !op.is_valid() {
            return None;
        }
        let pseudo =
            cx.catalog.lookup_type(self.opcintype).ok().flatten().is_some_and(|t| t.typtype == 'p');
        let left = if pseudo || self.opcintype == self.typ {
            self.expr.clone()
        } else {
            const_fold::apply_relabel(Box::new(RelabelType {
                arg: self.expr.clone(),
                resulttype: self.opcintype,
                resulttypmod: -1,
                resultcollid: self.collation,
                relabelformat: CoercionForm::ImplicitCast,
                location: -1,
            }))
        };
        Some(make_opclause(cx, op, left, self.constant(cx, value), Oid::INVALID, self.collation))
    }

    fn null_test(&self, is_null: bool) -> Expr {
        Expr::NullTest(Box::new(NullTest {
            arg: self.expr.clone(),
            is_null,
            argisrow: false,
            location: -1,
        }))
    }
}

/// What is true of all rows of a partition.
fn constraint(
    cx: &PlanContext<'_>,
    key: &PartitionKey,
    columns: &[KeyColumn],
    bound: &PartitionBound,
) -> Option<Expr> {
    match bound {
        PartitionBound::List(values) if key.strategy == 'l' => {
            let column = columns.first()?;
            let mut arms = Vec::new();
            let mut with_null = false;
            for v in values {
                if v.is_null() {
                    with_null = true;
                } else {
                    arms.push(column.compare(cx, bt::EQUAL, v)?);
                }
            }
            let one_of = match arms.len() {
                0 => return Some(column.null_test(true)),
                1 => arms.remove(0),
                _ => make_bool(BoolExprType::Or, arms),
            };
            Some(if with_null {
                make_bool(BoolExprType::Or, vec![column.null_test(true), one_of])
            } else {
                make_bool(BoolExprType::And, vec![column.null_test(false), one_of])
            })
        }
        PartitionBound::Range { from, to } if key.strategy == 'r' => {
            let mut all: Vec<Expr> = columns.iter().map(|c| c.null_test(false)).collect();
            all.extend(side(cx, columns, from, true)?);
            all.extend(side(cx, columns, to, false)?);
            Some(make_ands_explicit(all))
        }
        _ => None,
    }
}

/// One side of a range: `(a, b) >= (x, y)` or `(a, b) < (x, y)`; nothing for an open one.
fn side(
    cx: &PlanContext<'_>,
    columns: &[KeyColumn],
    bound: &[RangeBoundValue],
    lower: bool,
) -> Option<Vec<Expr>> {
    let mut arms: Vec<Expr> = Vec::new();
    let mut equal: Vec<Expr> = Vec::new();
    for (n, (column, value)) in columns.iter().zip(bound).enumerate() {
        let value = match value {
            RangeBoundValue::Value(v) => v,
            // Rows with equal columns before this one are all in, or all out.
            RangeBoundValue::MinValue | RangeBoundValue::MaxValue => {
                let all_in = matches!(value, RangeBoundValue::MinValue) == lower;
                if all_in {
                    if equal.is_empty() {
                        return Some(Vec::new());
                    }
                    arms.push(make_ands_explicit(equal));
                } else if equal.is_empty() {
                    return Some(vec![crate::lsyscache::bool_const(Some(false))]);
                }
                return Some(vec![or_of(arms)]);
            }
        };
        let last = n + 1 == columns.len();
        let strategy = match (lower, last) {
            (true, true) => bt::GREATER_EQUAL,
            (true, false) => bt::GREATER,
            (false, _) => bt::LESS,
        };
        let mut arm = equal.clone();
        arm.push(column.compare(cx, strategy, value)?);
        arms.push(make_ands_explicit(arm));
        equal.push(column.compare(cx, bt::EQUAL, value)?);
    }
    let mut list = vec![or_of(arms)];
    // What follows for the first column alone is easier to contradict.
    if columns.len() > 1 {
        if let (Some(c), Some(RangeBoundValue::Value(v))) = (columns.first(), bound.first()) {
            let strategy = if lower { bt::GREATER_EQUAL } else { bt::LESS_EQUAL };
            list.push(c.compare(cx, strategy, v)?);
        }
    }
    Some(list)
}

fn or_of(mut arms: Vec<Expr>) -> Expr {
    match arms.len() {
        0 => crate::lsyscache::bool_const(Some(false)),
        1 => arms.remove(0),
        _ => make_bool(BoolExprType::Or, arms),
    }
}

/// Whether every row that the conditions let pass belongs to a partition other than the default one.
fn default_is_excluded(
    cx: &PlanContext<'_>,
    key: &PartitionKey,
    columns: &[KeyColumn],
    constraints: &[Option<Expr>],
    clauses: &[Expr],
) -> bool {
    let others: Vec<Expr> = constraints.iter().flatten().cloned().collect();
    if others.is_empty() {
        return false;
    }
    if others
        .iter()
        .any(|o| predicate::predicate_implied_by(cx, std::slice::from_ref(o), clauses, false))
    {
        return true;
    }
    let any = or_of(others);
    if predicate::predicate_implied_by(cx, std::slice::from_ref(&any), clauses, false) {
        return true;
    }
    // Contradictory conditions leave nothing anywhere.
    let _ = (key, columns);
    predicate::predicate_refuted_by(cx, clauses, clauses)
}

/// Hashes of all keys the conditions allow; `None` if they do not fix every column.
fn possible_hashes(
    cx: &PlanContext<'_>,
    columns: &[KeyColumn],
    clauses: &[Expr],
) -> PgResult<Option<Vec<u64>>> {
    let mut keys: Vec<u64> = vec![0];
    for column in columns {
        let Some(values) = possible_values(cx, column, clauses) else { return Ok(None) };
        if keys.len() * values.len() > MAX_KEYS {
            return Ok(None);
        }
        let mut hashes = Vec::with_capacity(values.len());
        for v in &values {
            match hash_of(cx, column, v)? {
                Some(h) => hashes.push(h),
                None => return Ok(None),
            }
        }
        keys = keys
            .iter()
            .flat_map(|k| hashes.iter().map(move |h| h.map_or(*k, |h| combine(*k, h))))
            .collect();
    }
    Ok(Some(keys))
}

fn combine(row_hash: u64, hash: u64) -> u64 {
    row_hash
        ^ hash
            .wrapping_add(0x49a0_f4dd_15e5_a8e3)
            .wrapping_add(row_hash << 54)
            .wrapping_add(row_hash >> 7)
}

/// The values a column must have one of.
fn possible_values(
    cx: &PlanContext<'_>,
    column: &KeyColumn,
    clauses: &[Expr],
) -> Option<Vec<Datum>> {
    let is_key = |e: &Expr| strip_relabel(e).equals(strip_relabel(&column.expr));
    let is_equality = |op: Oid, right: Oid| {
        cx.op_strategy(op, column.family).is_some_and(|(s, _, _)| s == 1)
            && (right == column.opcintype || right == column.typ)
    };
    clauses.iter().find_map(|c| match c {
        Expr::OpExpr(o) if o.args.len() == 2 => {
            let (value, op) = if is_key(&o.args[0]) {
                (&o.args[1], o.opno)
            } else if is_key(&o.args[1]) {
                (&o.args[0], cx.commutator(o.opno))
            } else {
                return None;
            };
            match value {
                Expr::Const(k) if is_equality(op, k.consttype) && !k.value.is_null() => {
                    Some(vec![k.value.clone()])
                }
                _ => None,
            }
        }
        Expr::ScalarArrayOpExpr(s) if s.use_or && is_key(&s.args[0]) => match &s.args[1] {
            Expr::Const(Const { value: Datum::Array(a), .. })
                if is_equality(s.opno, a.elem_type) =>
            {
                Some(a.elems.iter().filter(|v| !v.is_null()).cloned().collect())
            }
            _ => None,
        },
        Expr::NullTest(n) if n.is_null && !n.argisrow && is_key(&n.arg) => Some(vec![Datum::Null]),
        _ => None,
    })
}

/// A value's hash; inside: `None` for NULL, which does not count.
fn hash_of(
    cx: &PlanContext<'_>,
    column: &KeyColumn,
    value: &Datum,
) -> PgResult<Option<Option<u64>>> {
    if value.is_null() {
        return Ok(Some(None));
    }
    let function =
        cx.catalog.opfamily_proc(column.family, column.opcintype, column.opcintype, 2)?;
    if !function.is_valid() {
        return Ok(None);
    }
    let call = Expr::FuncExpr(Box::new(FuncExpr {
        funcid: function,
        funcresulttype: type_oid::INT8,
        funcretset: false,
        funcvariadic: false,
        funcformat: CoercionForm::ExplicitCall,
        funccollid: Oid::INVALID,
        inputcollid: column.collation,
        args: vec![column.constant(cx, value), crate::lsyscache::int8_const(HASH_SEED)],
        location: -1,
    }));
    Ok(match const_fold::eval_const_expressions(cx, call)? {
        Expr::Const(Const { value: Datum::Int8(h), .. }) => Some(Some(h as u64)),
        _ => None,
    })
}

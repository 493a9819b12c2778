//! Which partition a row belongs to.
use super::{Target, describe_row, foreign_key::late_target};
use crate::{
    Cx,
    batch::{RowView, Rows},
    expr::{CExpr, ExprCompiler, FnCall, ScanColumns, Scope},
    store::Comparer,
};
use catalog::{PartitionBound, RangeBoundValue, RelationDesc};
use error::{PgError, PgResult, err, not_supported};
use std::{cmp::Ordering, sync::Arc};
use types::{Datum, Oid, type_oid};

/// PostgreSQL's seed of hash partitioning.
const HASH_SEED: i64 = 0x7A5B_2236_7996_DCFD;

/// The compiled partition key of a partitioned table.
pub(crate) struct PartitionSpec {
    rel: Arc<RelationDesc>,
    columns: Box<[KeyColumn]>,
    /// Partitions with their bounds; the default one last.
    partitions: Box<[(Oid, Arc<PartitionBound>)]>,
    default: Option<Oid>,
    is_hash: bool,
}

struct KeyColumn {
    value: CExpr,
    comparer: Option<Comparer>,
    hash: Option<FnCall>,
}

impl PartitionSpec {
    fn compile(cx: &mut Cx<'_>, rel: &Arc<RelationDesc>) -> PgResult<Self> {
        let key = rel
            .partition_key
            .clone()
            .ok_or_else(|| PgError::internal(format!("\"{}\" is not partitioned", rel.name)))?;
        let mut c = ExprCompiler::resume(
            cx.session,
            cx.catalog,
            cx.es.fn_caches.len() as u32,
            cx.es.case_values.len() as u32,
        );
        let scope = Scope::scan(ScanColumns::relation(1, rel));
        let is_hash = key.strategy == 'h';
        let mut exprs = key.exprs.iter();
        let mut columns = Vec::with_capacity(key.attrs.len());
        for (n, attnum) in key.attrs.iter().enumerate() {
            let value = if *attnum > 0 {
                CExpr::Scan(*attnum as u16 - 1)
            } else {
                let expr = exprs
                    .next()
                    .ok_or_else(|| PgError::internal("partition key lacks an expression"))?;
                c.compile(expr, &scope)?
            };
            let (family, typ, collation) = (key.opfamily[n], key.opcintype[n], key.collation[n]);
            let number = if is_hash { 2 } else { 1 };
            let function = c.catalog.opfamily_proc(family, typ, typ, number)?;
            if !function.is_valid() {
                return Err(PgError::internal(format!(
                    "missing support function {number}({typ},{typ}) in opfamily {family}"
                )));
            }
            columns.push(match is_hash {
                true => {
                    let types = [typ, type_oid::INT8];
                    let hash = c.function(function, &types, type_oid::INT8, collation)?;
                    KeyColumn { value, comparer: None, hash: Some(hash) }
                }
                false => {
                    let comparer = Comparer::of_function(&mut c, function, typ, typ, collation)?;
                    KeyColumn { value, comparer: Some(comparer), hash: None }
                }
            });
        }
        let counts = c.counts();
        cx.es.reserve_slots(counts);
        let mut partitions = Vec::new();
        let mut default = None;
        for child in cx.catalog.inheritance_children(rel.oid)?.iter() {
            let child = cx.catalog.get_relation(*child)?;
            match &child.partition_bound {
                Some(bound) if matches!(**bound, PartitionBound::Default) => {
                    default = Some(child.oid);
                }
                Some(bound) => partitions.push((child.oid, bound.clone())),
                None => {}
            }
        }
        Ok(PartitionSpec {
            rel: rel.clone(),
            columns: columns.into(),
            partitions: partitions.into(),
            default,
            is_hash,
        })
    }

    fn key(&self, cx: &mut Cx<'_>, row: &[Datum]) -> PgResult<Vec<Datum>> {
        let rows = Rows::scan(RowView::Slice(row));
        self.columns.iter().map(|c| c.value.eval(&rows, cx)).collect()
    }

    /// The partition for a key.
    fn find(&self, cx: &mut Cx<'_>, key: &[Datum]) -> PgResult<Option<Oid>> {
        let hash = if self.is_hash { self.hash(cx, key)? } else { 0 };
        for (oid, bound) in &self.partitions {
            let fits = match &**bound {
                PartitionBound::Default => false,
                PartitionBound::Hash { modulus, remainder } => {
                    hash % u64::from(modulus.unsigned_abs()) == u64::from(remainder.unsigned_abs())
                }
                PartitionBound::List(values) => self.in_list(cx, values, &key[0])?,
                PartitionBound::Range { from, to } => {
                    !key.iter().any(Datum::is_null)
                        && self.compare_bound(cx, key, from)?.is_ge()
                        && self.compare_bound(cx, key, to)?.is_lt()
                }
            };
            if fits {
                return Ok(Some(*oid));
            }
        }
        Ok(self.default)
    }

    fn compare(&self, cx: &mut Cx<'_>, n: usize, a: &Datum, b: &Datum) -> PgResult<Ordering> {
        match &self.columns[n].comparer {
            Some(comparer) => comparer.compare(cx, a, b),
            None => Err(PgError::internal("hash partition key has no order")),
        }
    }

    fn in_list(&self, cx: &mut Cx<'_>, values: &[Datum], key: &Datum) -> PgResult<bool> {
        for value in values {
            let same = match (value.is_null(), key.is_null()) {
                (false, false) => self.compare(cx, 0, value, key)?.is_eq(),
                (a, b) => a && b,
            };
            if same {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn compare_bound(
        &self,
        cx: &mut Cx<'_>,
        key: &[Datum],
        bound: &[RangeBoundValue],
    ) -> PgResult<Ordering> {
        for (n, (value, bound)) in key.iter().zip(bound).enumerate() {
            let order = match bound {
                RangeBoundValue::MinValue => Ordering::Greater,
                RangeBoundValue::MaxValue => Ordering::Less,
                RangeBoundValue::Value(bound) => self.compare(cx, n, value, bound)?,
            };
            if order.is_ne() {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    }

    fn hash(&self, cx: &mut Cx<'_>, key: &[Datum]) -> PgResult<u64> {
        let mut row_hash = 0u64;
        for (column, value) in self.columns.iter().zip(key) {
            let (Some(hash), false) = (&column.hash, value.is_null()) else { continue };
            if let Datum::Int8(h) = hash.call(cx, &mut [value.clone(), Datum::Int8(HASH_SEED)])? {
                row_hash ^= (h as u64)
                    .wrapping_add(0x49a0_f4dd_15e5_a8e3)
                    .wrapping_add(row_hash << 54)
                    .wrapping_add(row_hash >> 7);
            }
        }
        Ok(row_hash)
    }
}

fn spec_of(cx: &mut Cx<'_>, rel: &Arc<RelationDesc>) -> PgResult<Arc<PartitionSpec>> {
    if let Some(spec) = cx.es.after.partitions.get(&rel.oid) {
        return Ok(spec.clone());
    }
    let spec = Arc::new(PartitionSpec::compile(cx, rel)?);
    cx.es.after.partitions.insert(rel.oid, spec.clone());
    Ok(spec)
}

/// A row of one relation as a row of another with the same column names.
pub(crate) fn convert_row(from: &RelationDesc, to: &RelationDesc, row: Vec<Datum>) -> Vec<Datum> {
    let same = from.attrs.len() == to.attrs.len()
        && from
            .attrs
            .iter()
            .zip(to.attrs.iter())
            .all(|(a, b)| a.dropped == b.dropped && (a.dropped || a.name == b.name));
    if same {
        return row;
    }
    to.attrs
        .iter()
        .map(|attr| {
            let at = from.attrs.iter().position(|a| !a.dropped && a.name == attr.name);
            match at {
                Some(at) if !attr.dropped => row[at].clone(),
                _ => Datum::Null,
            }
        })
        .collect()
}

/// The leaf partition that a row of a partitioned table belongs to, and the row in its layout.
pub(crate) fn route(
    cx: &mut Cx<'_>,
    root: &Arc<RelationDesc>,
    row: Vec<Datum>,
) -> PgResult<(Arc<Target>, Vec<Datum>)> {
    let mut rel = root.clone();
    let mut row = row;
    loop {
        let spec = spec_of(cx, &rel)?;
        let key = spec.key(cx, &row)?;
        let Some(child) = spec.find(cx, &key)? else {
            return Err(no_partition(cx, &spec, &key)?);
        };
        let child = cx.catalog.get_relation(child)?;
        row = convert_row(&rel, &child, row);
        if child.relkind == 'p' {
            rel = child;
            continue;
        }
        if child.relkind != 'r' {
            return Err(not_supported!("foreign tables as partitions"));
        }
        return Ok((late_target(cx, &child)?, row));
    }
}

#[cold]
fn no_partition(cx: &Cx<'_>, spec: &PartitionSpec, key: &[Datum]) -> PgResult<PgError> {
    let schema = cx.catalog.namespace_name(spec.rel.namespace)?.unwrap_or_default();
    let mut error =
        err!(CHECK_VIOLATION, "no partition of relation \"{}\" found for row", spec.rel.name)
            .table(schema, spec.rel.name.clone());
    let attrs = spec.rel.partition_key.as_ref().map(|k| k.attrs.clone()).unwrap_or_default();
    if attrs.iter().all(|a| *a > 0) {
        if let Some(pair) = super::describe::describe_columns(cx, &spec.rel, &attrs, key)? {
            let pair = pair.replacen(")=(", ") = (", 1);
            error = error.detail(format!("Partition key of the failing row contains {pair}."));
        }
    }
    Ok(error)
}

/// Whether a row satisfies the bounds of the partition it is in, at every level.
pub(crate) fn fits_partition(
    cx: &mut Cx<'_>,
    rel: &Arc<RelationDesc>,
    row: &[Datum],
) -> PgResult<bool> {
    let mut rel = rel.clone();
    let mut row = row.to_vec();
    while rel.is_partition {
        let Some(parent) = cx.catalog.inheritance_parents(rel.oid)?.first().copied() else {
            break;
        };
        let parent = cx.catalog.get_relation(parent)?;
        row.truncate(rel.attrs.len());
        row = convert_row(&rel, &parent, row);
        let spec = spec_of(cx, &parent)?;
        let key = spec.key(cx, &row)?;
        if spec.find(cx, &key)? != Some(rel.oid) {
            return Ok(false);
        }
        rel = parent;
    }
    Ok(true)
}

impl Target {
    /// Raises if a row does not belong into this partition.
    pub(crate) fn check_partition(&self, cx: &mut Cx<'_>, row: &[Datum]) -> PgResult<()> {
        if !self.rel.is_partition || fits_partition(cx, &self.rel, row)? {
            return Ok(());
        }
        let mut error = err!(
            CHECK_VIOLATION,
            "new row for relation \"{}\" violates partition constraint",
            self.rel.name
        )
        .table(self.schema(cx), self.rel.name.clone());
        if let Some(detail) = describe_row(cx, &self.rel, row)? {
            error = error.detail(detail);
        }
        Err(error)
    }
}

//! FOR VALUES: bounds of partitions, how they compare, and which rows they take.
use crate::{UtilityContext, rewrite};
use analyzer::ExprKind;
use catalog::{CatalogRead, PartitionBound, PartitionKey, RangeBoundValue, RelationDesc};
use error::{PgError, PgResult, bail, err};
use executor::StandaloneExprs;
use fmgr::{CallContext, CallSite, FnInfo};
use nodes::{CoercionContext, CoercionForm, Expr};
use parser::ast::{self, PartitionBoundSpec, PartitionStrategy};
use std::{any::Any, cmp::Ordering, sync::Arc};
use types::{Datum, Oid, type_oid};

/// PostgreSQL's seed of hash partitioning.
const HASH_SEED: i64 = 0x7A5B_2236_7996_DCFD;

/// The support function of one key column.
struct Support {
    function: Arc<FnInfo>,
    site: CallSite,
    cache: Option<Box<dyn Any + Send>>,
}

/// What a partitioned table's key says about bounds and rows.
pub(crate) struct PartitionRules<'a> {
    cx: &'a UtilityContext<'a>,
    parent: Arc<RelationDesc>,
    key: Arc<PartitionKey>,
    support: Vec<Support>,
}

/// A key column's name and type.
struct KeyColumn {
    name: String,
    typ: Oid,
    typmod: i32,
}

impl<'a> PartitionRules<'a> {
    pub(crate) fn new(cx: &'a UtilityContext<'a>, parent: &Arc<RelationDesc>) -> PgResult<Self> {
        let key = parent
            .partition_key
            .clone()
            .ok_or_else(|| PgError::internal(format!("\"{}\" is not partitioned", parent.name)))?;
        let number = if key.strategy == 'h' { 2 } else { 1 };
        let mut support = Vec::with_capacity(key.attrs.len());
        for n in 0..key.attrs.len() {
            let (family, typ) = (key.opfamily[n], key.opcintype[n]);
            let function = cx.catalog.opfamily_proc(family, typ, typ, number)?;
            if !function.is_valid() {
                return Err(PgError::internal(format!(
                    "missing support function {number}({typ},{typ}) in opfamily {family}"
                )));
            }
            let (second, result) = match number {
                2 => (type_oid::INT8, type_oid::INT8),
                _ => (typ, type_oid::INT4),
            };
            let site = CallSite {
                collation: key.collation[n],
                arg_types: vec![typ, second],
                ret_type: result,
                ret_typmod: -1,
                ..CallSite::default()
            };
            let function = cx.session.resolve_function(function)?;
            support.push(Support { function, site, cache: None });
        }
        Ok(PartitionRules { cx, parent: parent.clone(), key, support })
    }

    fn columns(&self) -> PgResult<Vec<KeyColumn>> {
        let mut exprs = self.key.exprs.iter();
        let mut columns = Vec::new();
        for attnum in &self.key.attrs {
            columns.push(match self.parent.attr(*attnum) {
                Some(a) => KeyColumn { name: a.name.clone(), typ: a.typ, typmod: a.typmod },
                None => {
                    let expr = exprs
                        .next()
                        .ok_or_else(|| PgError::internal("partition key lacks an expression"))?;
                    let at = ruleutils::DeparseContext {
                        relation: self.parent.oid.valid(),
                        ..Default::default()
                    };
                    let (catalog, session) = (self.cx.catalog, self.cx.session);
                    let name = ruleutils::deparse_expr(catalog, session, expr, &at)?;
                    KeyColumn { name, typ: expr.typ(), typmod: expr.typmod() }
                }
            });
        }
        Ok(columns)
    }

    /// A bound as written, with its values converted to the key's types.
    pub(crate) fn read(&self, spec: &PartitionBoundSpec) -> PgResult<PartitionBound> {
        let wrong = |what: &str| {
            err!(INVALID_TABLE_DEFINITION, "invalid bound specification for a {what} partition")
                .at(spec.location)
        };
        if spec.is_default {
            if self.key.strategy == 'h' {
                bail!(
                    INVALID_TABLE_DEFINITION,
                    "a hash-partitioned table may not have a default partition"
                );
            }
            return Ok(PartitionBound::Default);
        }
        let columns = self.columns()?;
        match (self.key.strategy, spec.strategy) {
            ('h', Some(PartitionStrategy::Hash)) => read_hash(spec),
            ('h', _) => Err(wrong("hash")),
            ('l', Some(PartitionStrategy::List)) => {
                let mut values: Vec<Datum> = Vec::new();
                for raw in &spec.listdatums {
                    let value = self.value(raw, &columns[0])?;
                    let known = values.iter().any(|v| match (v.is_null(), value.is_null()) {
                        (false, false) => matches!(self.compare(0, v, &value), Ok(o) if o.is_eq()),
                        (a, b) => a && b,
                    });
                    if !known {
                        values.push(value);
                    }
                }
                Ok(PartitionBound::List(values))
            }
            ('l', _) => Err(wrong("list")),
            ('r', Some(PartitionStrategy::Range)) => {
                for (list, word) in [(&spec.lowerdatums, "FROM"), (&spec.upperdatums, "TO")] {
                    if list.len() != columns.len() {
                        bail!(
                            INVALID_TABLE_DEFINITION,
                            "{word} must specify exactly one value per partitioning column"
                        );
                    }
                }
                Ok(PartitionBound::Range {
                    from: self.range_values(&spec.lowerdatums, &columns)?,
                    to: self.range_values(&spec.upperdatums, &columns)?,
                })
            }
            _ => Err(wrong("range")),
        }
    }

    fn range_values(
        &self,
        raws: &[ast::Expr],
        columns: &[KeyColumn],
    ) -> PgResult<Vec<RangeBoundValue>> {
        let mut values: Vec<RangeBoundValue> = Vec::new();
        for (raw, column) in raws.iter().zip(columns) {
            let value = match infinite(raw) {
                Some(value) => value,
                None => match self.value(raw, column)? {
                    Datum::Null => {
                        bail!(INVALID_TABLE_DEFINITION, "cannot specify NULL in range bound")
                    }
                    value => RangeBoundValue::Value(value),
                },
            };
            let word = match (values.last(), &value) {
                (Some(RangeBoundValue::MinValue), v) if !matches!(v, RangeBoundValue::MinValue) => {
                    Some("MINVALUE")
                }
                (Some(RangeBoundValue::MaxValue), v) if !matches!(v, RangeBoundValue::MaxValue) => {
                    Some("MAXVALUE")
                }
                _ => None,
            };
            if let Some(word) = word {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "every bound following {word} must also be {word}"
                )
                .at(raw.location()));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// One value of a bound.
    fn value(&self, raw: &ast::Expr, column: &KeyColumn) -> PgResult<Datum> {
        let cx = self.cx;
        let mut acx = cx.analyze_context();
        let mut a = analyzer::Analyzer::new(&mut acx);
        let expr = a.transform_expr(raw, ExprKind::PartitionBound)?;
        let given = expr.typ();
        let coerced = a.coerce_to_target_type(
            expr,
            given,
            column.typ,
            column.typmod,
            CoercionContext::Assignment,
            CoercionForm::ImplicitCast,
            -1,
        )?;
        let Some(mut expr) = coerced else {
            return Err(err!(
                DATATYPE_MISMATCH,
                "specified value cannot be cast to type {} for column \"{}\"",
                cx.catalog.format_type(column.typ, None)?,
                column.name
            )
            .at(raw.location()));
        };
        a.assign_expr_collations(&mut expr)?;
        match expr {
            Expr::Const(c) => Ok(c.value),
            expr => rewrite::evaluate(cx, &expr),
        }
    }

    fn compare(&self, n: usize, a: &Datum, b: &Datum) -> PgResult<Ordering> {
        let support = &self.support[n];
        let mut cache = None;
        let mut call = CallContext {
            session: self.cx.session,
            site: &support.site,
            cache: &mut cache,
            in_aggregate: false,
        };
        let result = support.function.call(&mut call, &mut [a.clone(), b.clone()])?;
        Ok(result.as_i32().cmp(&0))
    }

    /// Compares two range bounds: the order, and the column (from 0) that decides it.
    fn compare_bounds(
        &self,
        (a, a_lower): (&[RangeBoundValue], bool),
        (b, b_lower): (&[RangeBoundValue], bool),
    ) -> PgResult<(Ordering, usize)> {
        use RangeBoundValue as V;
        let rank = |v: &V| match v {
            V::MinValue => 0,
            V::Value(_) => 1,
            V::MaxValue => 2,
        };
        let mut last = 0;
        for (n, (x, y)) in a.iter().zip(b).enumerate() {
            last = n;
            let order = match (x, y) {
                (V::Value(x), V::Value(y)) => self.compare(n, x, y)?,
                _ => rank(x).cmp(&rank(y)),
            };
            if order.is_ne() {
                return Ok((order, n));
            }
            if !matches!(x, V::Value(_)) {
                break;
            }
        }
        // An upper bound is exclusive: it lies below the same lower bound.
        Ok((a_lower.cmp(&b_lower), last))
    }

    /// Partitions of the table with their bounds.
    fn partitions(&self) -> PgResult<Vec<(Arc<RelationDesc>, Arc<PartitionBound>)>> {
        let mut found = Vec::new();
        for child in self.cx.catalog.inheritance_children(self.parent.oid)?.iter() {
            let child = self.cx.catalog.get_relation(*child)?;
            if let Some(bound) = child.partition_bound.clone() {
                found.push((child, bound));
            }
        }
        Ok(found)
    }

    /// Raises if a new partition's bound overlaps one that is there.
    pub(crate) fn check_new(
        &self,
        name: &str,
        bound: &PartitionBound,
        spec: &PartitionBoundSpec,
    ) -> PgResult<()> {
        let partitions = self.partitions()?;
        match bound {
            PartitionBound::Default => {
                let other = partitions.iter().find(|(_, b)| matches!(**b, PartitionBound::Default));
                match other {
                    None => Ok(()),
                    Some((other, _)) => Err(err!(
                        INVALID_OBJECT_DEFINITION,
                        "partition \"{name}\" conflicts with existing default partition \"{}\"",
                        other.name
                    )
                    .at(spec.location)),
                }
            }
            PartitionBound::Hash { modulus, remainder } => {
                check_hash(name, (*modulus, *remainder), &partitions, spec.location)
            }
            PartitionBound::List(values) => self.check_list(name, values, &partitions, spec),
            PartitionBound::Range { from, to } => {
                self.check_range(name, (from, to), &partitions, spec)
            }
        }
    }

    fn check_list(
        &self,
        name: &str,
        values: &[Datum],
        partitions: &[(Arc<RelationDesc>, Arc<PartitionBound>)],
        spec: &PartitionBoundSpec,
    ) -> PgResult<()> {
        for (n, value) in values.iter().enumerate() {
            for (other, bound) in partitions {
                if let PartitionBound::List(_) = &**bound
                    && self.fits_list(bound, value)?
                {
                    let location = spec.listdatums.get(n).map_or(-1, ast::Expr::location);
                    return Err(overlap(name, other, location));
                }
            }
        }
        Ok(())
    }

    fn fits_list(&self, bound: &PartitionBound, value: &Datum) -> PgResult<bool> {
        let PartitionBound::List(values) = bound else { return Ok(false) };
        for v in values {
            let same = match (v.is_null(), value.is_null()) {
                (false, false) => self.compare(0, v, value)?.is_eq(),
                (a, b) => a && b,
            };
            if same {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn check_range(
        &self,
        name: &str,
        (from, to): (&[RangeBoundValue], &[RangeBoundValue]),
        partitions: &[(Arc<RelationDesc>, Arc<PartitionBound>)],
        spec: &PartitionBoundSpec,
    ) -> PgResult<()> {
        let at = |list: &[ast::Expr], n: usize| list.get(n).map_or(-1, ast::Expr::location);
        let (order, column) = self.compare_bounds((from, true), (to, false))?;
        if order.is_ge() {
            return Err(err!(
                INVALID_OBJECT_DEFINITION,
                "empty range bound specified for partition \"{name}\""
            )
            .detail(format!(
                "Specified lower bound {} is greater than or equal to upper bound {}.",
                self.show(from)?,
                self.show(to)?
            ))
            .at(at(&spec.lowerdatums, column)));
        }
        // The lowest of the partitions that begin after the new one.
        let mut next: Option<(&Arc<RelationDesc>, &[RangeBoundValue])> = None;
        for (other, bound) in partitions {
            let PartitionBound::Range { from: low, to: high } = &**bound else { continue };
            let (below, column) = self.compare_bounds((low, true), (from, true))?;
            if below.is_le() {
                if self.compare_bounds((from, true), (high, false))?.0.is_lt() {
                    let column = if below.is_eq() { 0 } else { column };
                    return Err(overlap(name, other, at(&spec.lowerdatums, column)));
                }
                continue;
            }
            let lower = match next {
                Some((_, known)) => self.compare_bounds((low, true), (known, true))?.0.is_lt(),
                None => true,
            };
            if lower {
                next = Some((other, low));
            }
        }
        if let Some((other, low)) = next {
            let (order, column) = self.compare_bounds((low, true), (to, false))?;
            if order.is_lt() {
                return Err(overlap(name, other, at(&spec.upperdatums, column)));
            }
        }
        Ok(())
    }

    /// A range bound as messages show it.
    fn show(&self, values: &[RangeBoundValue]) -> PgResult<String> {
        let columns = self.columns()?;
        let mut parts = Vec::new();
        for (value, column) in values.iter().zip(&columns) {
            parts.push(match value {
                RangeBoundValue::MinValue => "MINVALUE".to_owned(),
                RangeBoundValue::MaxValue => "MAXVALUE".to_owned(),
                RangeBoundValue::Value(value) => {
                    let mut text = Vec::new();
                    self.cx.session.type_output(column.typ, value, &mut text)?;
                    let text = String::from_utf8_lossy(&text).into_owned();
                    match column.typ {
                        type_oid::INT2
                        | type_oid::INT4
                        | type_oid::INT8
                        | type_oid::NUMERIC
                        | type_oid::FLOAT4
                        | type_oid::FLOAT8 => {
                            if column.typ != type_oid::INT4 || text.starts_with('-') {
                                catalog::quote_literal(&text)
                            } else {
                                text
                            }
                        }
                        type_oid::BOOL if text == "t" => "true".to_owned(),
                        type_oid::BOOL => "false".to_owned(),
                        _ => catalog::quote_literal(&text),
                    }
                }
            });
        }
        Ok(format!("({})", parts.join(", ")))
    }

    /// Whether a bound takes a key; the default bound takes what no other of the partitions does.
    fn fits(&mut self, bound: &PartitionBound, key: &[Datum]) -> PgResult<bool> {
        match bound {
            PartitionBound::Default => Ok(false),
            PartitionBound::List(_) => self.fits_list(bound, &key[0]),
            PartitionBound::Hash { modulus, remainder } => Ok(self.hash(key)?
                % u64::from(modulus.unsigned_abs())
                == u64::from(remainder.unsigned_abs())),
            PartitionBound::Range { from, to } => {
                if key.iter().any(Datum::is_null) {
                    return Ok(false);
                }
                let key: Vec<RangeBoundValue> =
                    key.iter().map(|v| RangeBoundValue::Value(v.clone())).collect();
                Ok(self.compare_bounds((&key, true), (from, true))?.0.is_ge()
                    && self.compare_bounds((&key, true), (to, false))?.0.is_lt())
            }
        }
    }

    fn hash(&mut self, key: &[Datum]) -> PgResult<u64> {
        let mut row_hash = 0u64;
        for (support, value) in self.support.iter_mut().zip(key) {
            if value.is_null() {
                continue;
            }
            let mut call = CallContext {
                session: self.cx.session,
                site: &support.site,
                cache: &mut support.cache,
                in_aggregate: false,
            };
            let seed = Datum::Int8(HASH_SEED);
            if let Datum::Int8(h) = support.function.call(&mut call, &mut [value.clone(), seed])? {
                row_hash ^= (h as u64)
                    .wrapping_add(0x49a0_f4dd_15e5_a8e3)
                    .wrapping_add(row_hash << 54)
                    .wrapping_add(row_hash >> 7);
            }
        }
        Ok(row_hash)
    }

    /// Goes through the rows below `table`, which is or becomes a partition, and raises `fault` for the
    /// relation with a row for which `bad` holds of whether it fits the bound.
    fn check_rows(
        &mut self,
        table: Oid,
        bound: &PartitionBound,
        siblings: &[Arc<PartitionBound>],
        must_fit: bool,
        fault: &dyn Fn(&RelationDesc) -> PgError,
    ) -> PgResult<()> {
        let (cx, parent) = (self.cx, self.parent.clone());
        let key_exprs = self.key_exprs();
        let mut exprs = StandaloneExprs::compile(&key_exprs, cx.session, cx.catalog)?;
        for leaf in super::leaves(cx, table, super::ACCESS_EXCLUSIVE)? {
            let mut key = Vec::new();
            crate::scan::for_each_row(cx, &leaf, &mut |_, values| {
                let row = super::row_for_parent(&parent, &leaf, values);
                key.clear();
                exprs.eval_all(cx.session, cx.catalog, &row, &mut key)?;
                let mut fits = match bound {
                    PartitionBound::Default => true,
                    bound => self.fits(bound, &key)?,
                };
                for other in siblings {
                    fits = fits && !self.fits(other, &key)?;
                }
                if fits == must_fit { Ok(()) } else { Err(fault(&leaf)) }
            })?;
        }
        Ok(())
    }

    fn key_exprs(&self) -> Vec<Expr> {
        let mut exprs = self.key.exprs.iter();
        self.key
            .attrs
            .iter()
            .filter_map(|n| match self.parent.attr(*n) {
                Some(a) => Some(crate::scan::query::var(a.num, a.typ, a.typmod, a.collation)),
                None => exprs.next().cloned(),
            })
            .collect()
    }

    /// The default partition may hold no row that a new partition would take.
    pub(crate) fn check_default(&mut self, bound: &PartitionBound) -> PgResult<()> {
        let default = self.key.default;
        if !default.is_valid() || matches!(bound, PartitionBound::Default) {
            return Ok(());
        }
        self.cx.lock(default, super::ACCESS_EXCLUSIVE)?;
        self.check_rows(default, bound, &[], false, &|leaf| {
            err!(
                CHECK_VIOLATION,
                "updated partition constraint for default partition \"{}\" would be violated by \
                 some row",
                leaf.name
            )
        })
    }

    /// All rows of a table that becomes a partition must fit its bound.
    pub(crate) fn check_attached(&mut self, table: Oid, bound: &PartitionBound) -> PgResult<()> {
        let siblings: Vec<Arc<PartitionBound>> = match bound {
            PartitionBound::Default => self
                .partitions()?
                .into_iter()
                .filter(|(r, b)| r.oid != table && !matches!(**b, PartitionBound::Default))
                .map(|(_, b)| b)
                .collect(),
            _ => Vec::new(),
        };
        self.check_rows(table, bound, &siblings, true, &|leaf| {
            err!(
                CHECK_VIOLATION,
                "partition constraint of relation \"{}\" is violated by some row",
                leaf.name
            )
        })
    }
}

fn overlap(name: &str, other: &RelationDesc, location: i32) -> PgError {
    err!(
        INVALID_OBJECT_DEFINITION,
        "partition \"{name}\" would overlap partition \"{}\"",
        other.name
    )
    .at(location)
}

/// MINVALUE and MAXVALUE, which parse as columns.
fn infinite(raw: &ast::Expr) -> Option<RangeBoundValue> {
    let ast::Expr::ColumnRef(c) = raw else { return None };
    match c.fields.as_slice() {
        [word] if word == "minvalue" => Some(RangeBoundValue::MinValue),
        [word] if word == "maxvalue" => Some(RangeBoundValue::MaxValue),
        _ => None,
    }
}

fn read_hash(spec: &PartitionBoundSpec) -> PgResult<PartitionBound> {
    if spec.modulus <= 0 {
        bail!(
            INVALID_TABLE_DEFINITION,
            "modulus for hash partition must be an integer value greater than zero"
        );
    }
    if spec.remainder < 0 {
        bail!(
            INVALID_TABLE_DEFINITION,
            "remainder for hash partition must be an integer value greater than or equal to zero"
        );
    }
    if spec.remainder >= spec.modulus {
        bail!(INVALID_TABLE_DEFINITION, "remainder for hash partition must be less than modulus");
    }
    Ok(PartitionBound::Hash { modulus: spec.modulus, remainder: spec.remainder })
}

/// Each modulus must divide the next larger one, and no remainder may be taken twice.
fn check_hash(
    name: &str,
    (modulus, remainder): (i32, i32),
    partitions: &[(Arc<RelationDesc>, Arc<PartitionBound>)],
    location: i32,
) -> PgResult<()> {
    let mut known: Vec<(i32, i32, &Arc<RelationDesc>)> = partitions
        .iter()
        .filter_map(|(r, b)| match &**b {
            PartitionBound::Hash { modulus, remainder } => Some((*modulus, *remainder, r)),
            _ => None,
        })
        .collect();
    known.sort_by_key(|(m, r, _)| (*m, *r));
    let fault = |detail: String| {
        err!(
            INVALID_OBJECT_DEFINITION,
            "every hash partition modulus must be a factor of the next larger modulus"
        )
        .detail(detail)
    };
    // The largest one not above the new partition, and the one after it.
    let split = known.iter().take_while(|(m, r, _)| (*m, *r) <= (modulus, remainder)).count();
    if split == 0
        && let Some((next, _, other)) = known.first()
        && next % modulus != 0
    {
        return Err(fault(format!(
            "The new modulus {modulus} is not a factor of {next}, the modulus of existing \
             partition \"{}\".",
            other.name
        )));
    }
    if split > 0 {
        let (previous, _, other) = &known[split - 1];
        if modulus % previous != 0 {
            return Err(fault(format!(
                "The new modulus {modulus} is not divisible by {previous}, the modulus of existing \
                 partition \"{}\".",
                other.name
            )));
        }
        if let Some((next, _, other)) = known.get(split)
            && next % modulus != 0
        {
            return Err(fault(format!(
                "The new modulus {modulus} is not a factor of {next}, the modulus of existing \
                 partition \"{}\".",
                other.name
            )));
        }
    }
    for (m, r, other) in &known {
        let smaller = (*m).min(modulus);
        if r % smaller == remainder % smaller {
            return Err(overlap(name, other, location));
        }
    }
    Ok(())
}

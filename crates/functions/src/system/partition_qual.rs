//! A partition's bound as a condition on its rows, and the condition of hash partitions.
use super::catalog;
use catalog::{
    Catalog, CatalogRead, PartitionBound, PartitionKey, RangeBoundValue as Bound, RelationDesc,
};
use error::{PgError, PgResult, bail};
use fmgr::{CallContext, CallSite, FnContext, Registry};
use nodes::{
    ArrayExpr, BoolExpr, BoolExprType, CoercionForm, Const, Expr, FuncExpr, NullTest, OpExpr,
    RelabelType, ScalarArrayOpExpr, Var, VarReturningType,
};
use ruleutils::{DeparseContext, Pretty, deparse_expr};
use std::{cmp::Ordering, sync::Arc};
use types::{Datum, Oid, type_oid};

/// PostgreSQL's seed of hash partitioning.
const HASH_SEED: i64 = 0x7A5B_2236_7996_DCFD;

/// satisfies_hash_partition in pg_proc.
const SATISFIES_HASH_PARTITION: Oid = Oid(5028);

/// Strategies of btree operators.
const LESS: i16 = 1;
const LESS_EQUAL: i16 = 2;
const EQUAL: i16 = 3;
const GREATER_EQUAL: i16 = 4;
const GREATER: i16 = 5;

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_get_partition_constraintdef", |cx, a| {
        let Some(relation) = catalog(cx)?.relation(a[0].as_oid())? else { return Ok(Datum::Null) };
        let quals = partition_qual(cx, &relation)?;
        let Some(expr) = conjunction(quals) else { return Ok(Datum::Null) };
        let at = DeparseContext {
            relation: relation.oid.valid(),
            pretty: Pretty { indent: true, ..Pretty::NONE },
            ..DeparseContext::default()
        };
        deparse_expr(catalog(cx)?, cx.session, &expr, &at).map(|t| Datum::text(&t))
    });
    r.scalar("satisfies_hash_partition", satisfies_hash);
}

fn bool_expr(op: BoolExprType, args: Vec<Expr>) -> Expr {
    Expr::BoolExpr(Box::new(BoolExpr { boolop: op, args, location: -1 }))
}

/// One expression of several: nothing, the one, or all joined.
fn joined(op: BoolExprType, mut args: Vec<Expr>) -> Option<Expr> {
    match args.len() {
        0 | 1 => args.pop(),
        _ => Some(bool_expr(op, args)),
    }
}

fn conjunction(args: Vec<Expr>) -> Option<Expr> {
    joined(BoolExprType::And, args)
}

/// Conditions on the rows of a partition: those of its ancestors, then its own, over its columns.
fn partition_qual(cx: &CallContext<'_>, relation: &RelationDesc) -> PgResult<Vec<Expr>> {
    let catalog = catalog(cx)?;
    let Some(bound) = relation.partition_bound.as_ref().filter(|_| relation.is_partition) else {
        return Ok(Vec::new());
    };
    let Some(parent) = catalog.inheritance_parents(relation.oid)?.first().copied() else {
        return Ok(Vec::new());
    };
    let parent = catalog.get_relation(parent)?;
    let mut quals = partition_qual(cx, &parent)?;
    quals.extend(KeyQual::new(cx, catalog, &parent)?.of_bound(bound)?);
    for expr in &mut quals {
        nodes::walk::rewrite_expr_deep(expr, 0, &mut |e, level| {
            if let Expr::Var(v) = e
                && v.varlevelsup == level
                && v.varattno > 0
            {
                let name = parent.attr(v.varattno).map_or("", |a| a.name.as_str());
                v.varattno = relation.attr_by_name(name).map_or(0, |a| a.num);
                v.varattnosyn = v.varattno;
            }
        });
    }
    Ok(quals)
}

/// A column of a partition key.
struct KeyColumn {
    expr: Expr,
    typ: Oid,
    typmod: i32,
    /// The type's collation or the column's.
    collation: Oid,
}

/// Builds conditions from the bounds of a partitioned table.
struct KeyQual<'a> {
    session: &'a dyn FnContext,
    catalog: &'a Catalog,
    parent: &'a RelationDesc,
    key: Arc<PartitionKey>,
    columns: Vec<KeyColumn>,
}

impl<'a> KeyQual<'a> {
    fn new(
        cx: &CallContext<'a>,
        catalog: &'a Catalog,
        parent: &'a RelationDesc,
    ) -> PgResult<KeyQual<'a>> {
        let key = parent
            .partition_key
            .clone()
            .ok_or_else(|| PgError::internal("a partition's parent is not partitioned"))?;
        let mut exprs = key.exprs.iter();
        let mut columns = Vec::new();
        for attnum in &key.attrs {
            let expr = match parent.attr(*attnum) {
                Some(a) => Expr::Var(Var {
                    varno: 1,
                    varattno: a.num,
                    vartype: a.typ,
                    vartypmod: a.typmod,
                    varcollid: a.collation,
                    varnullingrels: Vec::new(),
                    varlevelsup: 0,
                    varreturningtype: VarReturningType::default(),
                    varnosyn: 1,
                    varattnosyn: a.num,
                    location: -1,
                }),
                None => exprs
                    .next()
                    .cloned()
                    .ok_or_else(|| PgError::internal("partition key lacks an expression"))?,
            };
            let (typ, typmod, collation) = (expr.typ(), expr.typmod(), expr.collation());
            columns.push(KeyColumn { expr, typ, typmod, collation });
        }
        Ok(KeyQual { session: cx.session, catalog, parent, key, columns })
    }

    fn of_bound(&self, bound: &PartitionBound) -> PgResult<Vec<Expr>> {
        match bound {
            PartitionBound::Hash { modulus, remainder } => {
                Ok(vec![self.hash(*modulus, *remainder)?])
            }
            PartitionBound::List(values) => self.list(values),
            PartitionBound::Range { from, to } => {
                let mut quals = self.not_null_tests();
                quals.extend(self.range(from, to)?);
                Ok(quals)
            }
            PartitionBound::Default => self.default(),
        }
    }

    fn null_test(&self, n: usize, is_null: bool) -> Expr {
        Expr::NullTest(Box::new(NullTest {
            arg: self.columns[n].expr.clone(),
            is_null,
            argisrow: false,
            location: -1,
        }))
    }

    fn not_null_tests(&self) -> Vec<Expr> {
        (0..self.columns.len()).map(|n| self.null_test(n, false)).collect()
    }

    fn constant(&self, n: usize, value: &Datum) -> PgResult<Expr> {
        let column = &self.columns[n];
        Ok(Expr::Const(Const {
            consttype: column.typ,
            consttypmod: column.typmod,
            constcollid: column.collation,
            value: value.clone(),
            phys: self.catalog.get_type(column.typ)?.phys,
            location: -1,
        }))
    }

    /// The operator of a strategy, and the key column as it takes it.
    fn operand(&self, n: usize, strategy: i16) -> PgResult<(Oid, Oid, Expr)> {
        let column = &self.columns[n];
        let (family, typ) = (self.key.opfamily[n], self.key.opcintype[n]);
        let opno = self.catalog.opfamily_member(family, typ, typ, strategy)?;
        if !opno.is_valid() {
            return Err(PgError::internal(format!(
                "missing operator {strategy}({typ},{typ}) in partition opfamily {family}"
            )));
        }
        let polymorphic = self.catalog.get_type(typ)?.typtype == 'p';
        let relabel = column.typ != typ && !polymorphic;
        let mut expr = column.expr.clone();
        if relabel || self.key.collation[n] != column.collation {
            expr = Expr::RelabelType(Box::new(RelabelType {
                arg: expr,
                resulttype: if polymorphic { column.typ } else { typ },
                resulttypmod: -1,
                resultcollid: self.key.collation[n],
                relabelformat: CoercionForm::ExplicitCast,
                location: -1,
            }));
        }
        Ok((opno, self.catalog.get_operator(opno)?.code, expr))
    }

    fn comparison(&self, n: usize, strategy: i16, value: &Datum) -> PgResult<Expr> {
        let (opno, opfuncid, expr) = self.operand(n, strategy)?;
        Ok(Expr::OpExpr(Box::new(OpExpr {
            opno,
            opfuncid,
            opresulttype: type_oid::BOOL,
            opretset: false,
            opcollid: Oid::INVALID,
            inputcollid: self.key.collation[n],
            args: vec![expr, self.constant(n, value)?],
            location: -1,
        })))
    }

    fn compare(&self, n: usize, a: &Datum, b: &Datum) -> PgResult<Ordering> {
        let (family, typ) = (self.key.opfamily[n], self.key.opcintype[n]);
        let function = self.catalog.opfamily_proc(family, typ, typ, 1)?;
        let site = CallSite {
            collation: self.key.collation[n],
            arg_types: vec![typ, typ],
            ret_type: type_oid::INT4,
            ret_typmod: -1,
            ..CallSite::default()
        };
        let mut cache = None;
        let mut call = CallContext {
            session: self.session,
            site: &site,
            cache: &mut cache,
            in_aggregate: false,
        };
        let function = self.session.resolve_function(function)?;
        Ok(function.call(&mut call, &mut [a.clone(), b.clone()])?.as_i32().cmp(&0))
    }

    fn list(&self, values: &[Datum]) -> PgResult<Vec<Expr>> {
        let has_null = values.iter().any(Datum::is_null);
        let values: Vec<&Datum> = values.iter().filter(|v| !v.is_null()).collect();
        let among = self.any_of(&values)?;
        Ok(match (has_null, among) {
            (true, None) => vec![self.null_test(0, true)],
            (true, Some(among)) => {
                vec![bool_expr(BoolExprType::Or, vec![self.null_test(0, true), among])]
            }
            (false, among) => {
                [Some(self.null_test(0, false)), among].into_iter().flatten().collect()
            }
        })
    }

    /// `key = value` or `key = ANY (ARRAY[…])`.
    fn any_of(&self, values: &[&Datum]) -> PgResult<Option<Expr>> {
        let (first, rest) = match values {
            [] => return Ok(None),
            [first, rest @ ..] => (first, rest),
        };
        if rest.is_empty() {
            return self.comparison(0, EQUAL, first).map(Some);
        }
        let typ = self.catalog.get_type(self.columns[0].typ)?;
        if typ.is_array() {
            let each =
                values.iter().map(|v| self.comparison(0, EQUAL, v)).collect::<PgResult<_>>()?;
            return Ok(joined(BoolExprType::Or, each));
        }
        let elements = values.iter().map(|v| self.constant(0, v)).collect::<PgResult<_>>()?;
        let (opno, opfuncid, expr) = self.operand(0, EQUAL)?;
        let array = Expr::ArrayExpr(Box::new(ArrayExpr {
            array_typeid: typ.array,
            array_collid: self.columns[0].collation,
            element_typeid: typ.oid,
            elements,
            multidims: false,
            location: -1,
        }));
        Ok(Some(Expr::ScalarArrayOpExpr(Box::new(ScalarArrayOpExpr {
            opno,
            opfuncid,
            use_or: true,
            inputcollid: self.key.collation[0],
            args: [expr, array],
            location: -1,
        }))))
    }

    /// Range conditions without the tests for NULL; none if the bound has no limits.
    fn range(&self, from: &[Bound], to: &[Bound]) -> PgResult<Vec<Expr>> {
        let width = self.columns.len();
        let mut quals = Vec::new();
        let mut first = 0;
        while let (Some(Bound::Value(low)), Some(Bound::Value(high))) =
            (from.get(first), to.get(first))
        {
            if first + 1 >= width || self.compare(first, low, high)?.is_ne() {
                break;
            }
            quals.push(self.comparison(first, EQUAL, low)?);
            first += 1;
        }
        quals.extend(self.arms(from, first, (GREATER, GREATER_EQUAL), true)?);
        quals.extend(self.arms(to, first, (LESS, LESS_EQUAL), false)?);
        Ok(quals)
    }

    /// `a > 1 OR a = 1 AND b >= 2`: each arm fixes one column more than the one before.
    fn arms(
        &self,
        bound: &[Bound],
        first: usize,
        (strict, loose): (i16, i16),
        lower: bool,
    ) -> PgResult<Option<Expr>> {
        let mut arms = Vec::new();
        for last in first..bound.len() {
            let mut args = Vec::new();
            for (n, part) in bound.iter().enumerate().take(last + 1).skip(first) {
                let Bound::Value(value) = part else { continue };
                let next = bound.get(n + 1);
                let strategy = if n < last {
                    EQUAL
                } else if lower && (next.is_none() || matches!(next, Some(Bound::MinValue)))
                    || !lower && matches!(next, Some(Bound::MaxValue))
                {
                    loose
                } else {
                    strict
                };
                args.push(self.comparison(n, strategy, value)?);
            }
            arms.extend(conjunction(args));
            let goes_on = matches!(bound[last], Bound::Value(_))
                && matches!(bound.get(last + 1), Some(Bound::Value(_)));
            if !goes_on {
                break;
            }
        }
        Ok(joined(BoolExprType::Or, arms))
    }

    /// What no other partition takes.
    fn default(&self) -> PgResult<Vec<Expr>> {
        let mut others = Vec::new();
        for child in self.catalog.inheritance_children(self.parent.oid)?.iter() {
            let child = self.catalog.get_relation(*child)?;
            others.extend(child.partition_bound.clone());
        }
        let taken = if self.key.strategy == 'l' {
            let mut values: Vec<Datum> = Vec::new();
            for other in &others {
                if let PartitionBound::List(list) = &**other {
                    values.extend(list.iter().cloned());
                }
            }
            let mut failed = None;
            values.sort_by(|a, b| match (a.is_null(), b.is_null()) {
                (false, false) => self.compare(0, a, b).unwrap_or_else(|e| {
                    failed = Some(e);
                    Ordering::Equal
                }),
                (a, b) => a.cmp(&b),
            });
            if let Some(e) = failed {
                return Err(e);
            }
            if values.is_empty() { None } else { conjunction(self.list(&values)?) }
        } else {
            let mut ranges: Vec<(&[Bound], &[Bound])> = Vec::new();
            for other in &others {
                if let PartitionBound::Range { from, to } = &**other {
                    ranges.push((from, to));
                }
            }
            let mut failed = None;
            ranges.sort_by(|a, b| {
                self.compare_lower(a.0, b.0).unwrap_or_else(|e| {
                    failed = Some(e);
                    Ordering::Equal
                })
            });
            if let Some(e) = failed {
                return Err(e);
            }
            let mut arms = Vec::new();
            for (from, to) in ranges {
                arms.extend(conjunction(self.range(from, to)?));
            }
            joined(BoolExprType::Or, arms).map(|any| {
                let mut all = self.not_null_tests();
                all.push(any);
                bool_expr(BoolExprType::And, all)
            })
        };
        Ok(taken.map(|taken| bool_expr(BoolExprType::Not, vec![taken])).into_iter().collect())
    }

    fn compare_lower(&self, a: &[Bound], b: &[Bound]) -> PgResult<Ordering> {
        let rank = |v: &Bound| match v {
            Bound::MinValue => 0,
            Bound::Value(_) => 1,
            Bound::MaxValue => 2,
        };
        for (n, (x, y)) in a.iter().zip(b).enumerate() {
            let order = match (x, y) {
                (Bound::Value(x), Bound::Value(y)) => self.compare(n, x, y)?,
                _ => rank(x).cmp(&rank(y)),
            };
            if order.is_ne() {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    }

    fn hash(&self, modulus: i32, remainder: i32) -> PgResult<Expr> {
        let int = |typ: Oid, value: Datum| -> PgResult<Expr> {
            Ok(Expr::Const(Const {
                consttype: typ,
                consttypmod: -1,
                constcollid: Oid::INVALID,
                value,
                phys: self.catalog.get_type(typ)?.phys,
                location: -1,
            }))
        };
        let mut args = vec![
            int(type_oid::OID, Datum::Oid(self.parent.oid))?,
            int(type_oid::INT4, Datum::Int4(modulus))?,
            int(type_oid::INT4, Datum::Int4(remainder))?,
        ];
        args.extend(self.columns.iter().map(|c| c.expr.clone()));
        Ok(Expr::FuncExpr(Box::new(FuncExpr {
            funcid: SATISFIES_HASH_PARTITION,
            funcresulttype: type_oid::BOOL,
            funcretset: false,
            funcvariadic: false,
            funcformat: CoercionForm::ExplicitCall,
            funccollid: Oid::INVALID,
            inputcollid: Oid::INVALID,
            args,
            location: -1,
        })))
    }
}

/// satisfies_hash_partition(table, modulus, remainder, VARIADIC key).
fn satisfies_hash(cx: &mut CallContext<'_>, args: &mut [Datum]) -> PgResult<Datum> {
    if args[..3].iter().any(Datum::is_null) {
        return Ok(Datum::Bool(false));
    }
    let (parent, modulus, remainder) = (args[0].as_oid(), args[1].as_i32(), args[2].as_i32());
    let catalog = catalog(cx)?;
    let Some(parent) = catalog.relation(parent)? else {
        bail!(INVALID_PARAMETER_VALUE, "could not open relation with OID {}", args[0].as_oid());
    };
    let key = match &parent.partition_key {
        Some(key) if key.strategy == 'h' => key.clone(),
        _ => bail!(INVALID_PARAMETER_VALUE, "\"{}\" is not a hash partitioned table", parent.name),
    };
    if modulus <= 0 {
        bail!(
            INVALID_PARAMETER_VALUE,
            "modulus for hash partition must be an integer value greater than zero"
        );
    }
    if remainder < 0 {
        bail!(
            INVALID_PARAMETER_VALUE,
            "remainder for hash partition must be an integer value greater than or equal to zero"
        );
    }
    if remainder >= modulus {
        bail!(INVALID_PARAMETER_VALUE, "remainder for hash partition must be less than modulus");
    }
    let elements;
    let (values, types): (&[Datum], Vec<Oid>) = match (&args[3..], cx.site.variadic) {
        ([Datum::Array(array)], true) => {
            elements = array.elems.clone();
            (&elements[..], vec![array.elem_type; array.elems.len()])
        }
        (rest, _) => (rest, (3..args.len()).map(|i| cx.arg_type(i)).collect()),
    };
    if values.len() != key.attrs.len() {
        bail!(
            INVALID_PARAMETER_VALUE,
            "number of partitioning columns ({}) does not match number of partition keys provided \
             ({})",
            key.attrs.len(),
            values.len()
        );
    }
    let mut row_hash = 0u64;
    for (n, value) in values.iter().enumerate() {
        check_key_type(catalog, &parent, &key, n, types.get(n).copied(), cx.site.variadic)?;
        if value.is_null() {
            continue;
        }
        let (family, typ) = (key.opfamily[n], key.opcintype[n]);
        let function = catalog.opfamily_proc(family, typ, typ, 2)?;
        let site = CallSite {
            collation: key.collation[n],
            arg_types: vec![typ, type_oid::INT8],
            ret_type: type_oid::INT8,
            ret_typmod: -1,
            ..CallSite::default()
        };
        let mut cache = None;
        let mut call = CallContext {
            session: cx.session,
            site: &site,
            cache: &mut cache,
            in_aggregate: false,
        };
        let function = cx.session.resolve_function(function)?;
        let seed = Datum::Int8(HASH_SEED);
        if let Datum::Int8(h) = function.call(&mut call, &mut [value.clone(), seed])? {
            row_hash ^= (h as u64)
                .wrapping_add(0x49a0_f4dd_15e5_a8e3)
                .wrapping_add(row_hash << 54)
                .wrapping_add(row_hash >> 7);
        }
    }
    let modulus = u64::from(modulus.unsigned_abs());
    Ok(Datum::Bool(row_hash % modulus == u64::from(remainder.unsigned_abs())))
}

fn check_key_type(
    catalog: &Catalog,
    parent: &RelationDesc,
    key: &PartitionKey,
    n: usize,
    given: Option<Oid>,
    variadic: bool,
) -> PgResult<()> {
    let Some(given) = given.filter(|g| g.is_valid()) else { return Ok(()) };
    let exprs_before = key.attrs[..n].iter().filter(|a| **a == 0).count();
    let wanted = match parent.attr(key.attrs[n]) {
        Some(a) => a.typ,
        None => key.exprs.get(exprs_before).map_or(given, Expr::typ),
    };
    if given == wanted || catalog.binary_coercible(given, wanted)? {
        return Ok(());
    }
    let name = |typ| catalog.format_type(typ, None);
    match variadic {
        true => bail!(
            INVALID_PARAMETER_VALUE,
            "column {} of the partition key has type \"{}\", but supplied value is of type \"{}\"",
            n + 1,
            name(wanted)?,
            name(given)?
        ),
        false => bail!(
            INVALID_PARAMETER_VALUE,
            "column {} of the partition key has type {}, but supplied value is of type {}",
            n + 1,
            name(wanted)?,
            name(given)?
        ),
    }
}

//! PARTITION BY: the partition key of a table that is being made.
use crate::{UtilityContext, column, expression, index};
use analyzer::ExprKind;
use catalog::{CatalogRead, PartitionKey, RelationDesc};
use error::{PgError, PgResult, bail, err};
use nodes::Expr;
use parser::ast::{PartitionElem, PartitionSpec, PartitionStrategy};
use std::sync::Arc;
use types::Oid;

/// The access methods that order and hash keys.
const BTREE: Oid = Oid(403);
const HASH: Oid = Oid(405);

/// Most columns of a key.
const MAX_COLUMNS: usize = 32;

/// Reads the key of a partitioned table whose columns are there, and stores it.
pub(crate) fn define(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    spec: &PartitionSpec,
) -> PgResult<()> {
    if spec.strategy == PartitionStrategy::List && spec.part_params.len() != 1 {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "cannot use \"list\" partition strategy with more than one column"
        );
    }
    if spec.part_params.len() > MAX_COLUMNS {
        bail!(TOO_MANY_COLUMNS, "cannot partition using more than {MAX_COLUMNS} columns");
    }
    let strategy = match spec.strategy {
        PartitionStrategy::List => 'l',
        PartitionStrategy::Range => 'r',
        PartitionStrategy::Hash => 'h',
    };
    let mut key = PartitionKey {
        strategy,
        default: Oid::INVALID,
        attrs: Vec::new(),
        opclass: Vec::new(),
        opfamily: Vec::new(),
        opcintype: Vec::new(),
        collation: Vec::new(),
        exprs: Arc::default(),
    };
    let mut exprs = Vec::new();
    for (i, elem) in spec.part_params.iter().enumerate() {
        add(cx, table, elem, i, &mut key, &mut exprs)?;
    }
    key.exprs = Arc::new(exprs);
    cx.catalog.store_partition_key(table.oid, &key)
}

fn add(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    elem: &PartitionElem,
    position: usize,
    key: &mut PartitionKey,
    exprs: &mut Vec<Expr>,
) -> PgResult<()> {
    let (attnum, typ, mut collation) = match &elem.name {
        Some(name) => key_column(table, name, elem.location)?,
        None => {
            let expr = key_expression(cx, table, elem, position)?;
            match &expr {
                Expr::Var(v) if v.varattno > 0 => (v.varattno, v.vartype, v.varcollid),
                _ => {
                    let (typ, collation) = (expr.typ(), expr.collation());
                    exprs.push(expr);
                    (0, typ, collation)
                }
            }
        }
    };
    let collatable = cx.catalog.get_type(typ)?.collation.is_valid();
    if !elem.collation.is_empty() {
        let mut acx = cx.analyze_context();
        collation = analyzer::Analyzer::new(&mut acx).lookup_collation(&elem.collation, -1)?;
    }
    if collatable && !collation.is_valid() {
        return Err(err!(
            INDETERMINATE_COLLATION,
            "could not determine which collation to use for partition expression"
        )
        .hint("Use the COLLATE clause to set the collation explicitly."));
    }
    if !collatable && !elem.collation.is_empty() {
        bail!(
            DATATYPE_MISMATCH,
            "collations are not supported by type {}",
            cx.catalog.format_type(typ, None)?
        );
    }
    let (am, am_name) = if key.strategy == 'h' { (HASH, "hash") } else { (BTREE, "btree") };
    if elem.opclass.is_empty() && cx.catalog.default_opclass(typ, am)?.is_none() {
        return Err(err!(
            UNDEFINED_OBJECT,
            "data type {} has no default operator class for access method \"{am_name}\"",
            cx.catalog.format_type(typ, None)?
        )
        .hint(format!(
            "You must specify a {am_name} operator class or define a default {am_name} operator \
             class for the data type."
        )));
    }
    let opclass = index::opclass(cx, typ, am, &elem.opclass)?;
    let class = cx
        .catalog
        .lookup_opclass(opclass)?
        .ok_or_else(|| PgError::internal("operator class is gone"))?;
    key.attrs.push(attnum);
    key.opclass.push(opclass);
    key.opfamily.push(class.family);
    key.opcintype.push(class.intype);
    key.collation.push(collation);
    Ok(())
}

fn key_column(table: &RelationDesc, name: &str, location: i32) -> PgResult<(i16, Oid, Oid)> {
    let Some(a) = table.attr_by_name(name) else {
        if column::check_name(name).is_err() {
            return Err(err!(
                INVALID_OBJECT_DEFINITION,
                "cannot use system column \"{name}\" in partition key"
            )
            .at(location));
        }
        return Err(err!(
            UNDEFINED_COLUMN,
            "column \"{name}\" named in partition key does not exist"
        )
        .at(location));
    };
    if a.generated != '\0' {
        return Err(generated(name, location));
    }
    Ok((a.num, a.typ, a.collation))
}

fn generated(name: &str, location: i32) -> PgError {
    err!(INVALID_OBJECT_DEFINITION, "cannot use generated column in partition key")
        .detail(format!("Column \"{name}\" is a generated column."))
        .at(location)
}

fn key_expression(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    elem: &PartitionElem,
    position: usize,
) -> PgResult<Expr> {
    let Some(raw) = &elem.expr else {
        return Err(PgError::internal("partition key column without a name"));
    };
    let expr = expression::relation_expr(cx, table, raw, ExprKind::PartitionExpression)?;
    let row = cx.catalog.get_type(expr.typ())?;
    if row.typtype == 'p' {
        let what = match expr.typ() == types::type_oid::UNKNOWN {
            true => "unknown".to_owned(),
            false => cx.catalog.format_type(expr.typ(), None)?,
        };
        bail!(
            INVALID_TABLE_DEFINITION,
            "partition key column {} has pseudo-type {what}",
            position + 1
        );
    }
    let mut system = false;
    let mut columns = Vec::new();
    nodes::walk::visit_expr_deep(&expr, 0, &mut |e, level| {
        if let Expr::Var(v) = e
            && v.varlevelsup == level
        {
            system |= v.varattno < 0;
            columns.push(v.varattno);
        }
    });
    if system {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "partition key expressions cannot contain system column references"
        );
    }
    for a in columns.iter().filter_map(|n| table.attr(*n)) {
        if a.generated != '\0' {
            return Err(generated(&a.name, elem.location));
        }
    }
    if expression::contains_mutable(cx, &expr)? {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "functions in partition key expression must be marked IMMUTABLE"
        );
    }
    if columns.is_empty() {
        bail!(INVALID_OBJECT_DEFINITION, "cannot use constant expression as partition key");
    }
    Ok(expr)
}

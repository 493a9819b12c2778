//! New storage for a table whose rows change: new types of columns, volatile defaults.
use crate::{UtilityContext, column, expression, scan, table_as};
use catalog::{
    CatalogRead, RelationDesc,
    schema::{pg_attribute, pg_type},
};
use error::{PgResult, err};
use nodes::{Const, Expr};
use parser::ast::ColumnDef;
use std::sync::Arc;
use types::{Datum, Oid};

/// The value of an expression without columns.
pub(crate) fn evaluate(cx: &UtilityContext<'_>, expr: &Expr) -> PgResult<Datum> {
    let target = nodes::TargetEntry {
        expr: expr.clone(),
        resno: 1,
        resname: Some("value".to_owned()),
        ressortgroupref: 0,
        resorigtbl: Oid::INVALID,
        resorigcol: 0,
        resjunk: false,
    };
    let query = nodes::Query {
        command_type: nodes::CmdType::Select,
        can_set_tag: true,
        target_list: vec![target],
        ..nodes::Query::default()
    };
    let mut value = Datum::Null;
    cx.services.run_query(&query, &mut |mut row| {
        value = row.pop().unwrap_or_default();
        Ok(())
    })?;
    Ok(value)
}

fn null_of(cx: &UtilityContext<'_>, typ: Oid) -> PgResult<Expr> {
    let row = cx.catalog.get_type(typ)?;
    Ok(Expr::Const(Const {
        consttype: typ,
        consttypmod: -1,
        constcollid: row.collation,
        value: Datum::Null,
        phys: row.phys,
        location: -1,
    }))
}

/// Every column of the old rows, `attnum` replaced by an expression over them.
fn targets(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    attnum: i16,
    expr: &Expr,
) -> PgResult<Vec<Expr>> {
    let mut list = Vec::with_capacity(table.attrs.len());
    for a in table.attrs.iter() {
        list.push(if a.num == attnum {
            expr.clone()
        } else if a.dropped {
            null_of(cx, types::type_oid::INT4)?
        } else {
            scan::query::var(a.num, a.typ, a.typmod, a.collation)
        });
    }
    Ok(list)
}

/// Computes a new column for all rows.
pub(crate) fn fill_column(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    attnum: i16,
    expr: Expr,
) -> PgResult<()> {
    let targets = targets(cx, table, attnum, &expr)?;
    let rows = rows_of(cx, table, targets)?;
    replace_rows(cx, table.oid, rows)
}

/// The new rows. They are held until the old storage can be given up, in the order of the heap.
fn rows_of(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    targets: Vec<Expr>,
) -> PgResult<Vec<Vec<Datum>>> {
    let query = scan::query::select_from(table, targets, Vec::new());
    let mut rows = Vec::new();
    cx.services.run_query(&query, &mut |row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// Puts rows into new storage of the table, and builds its indexes anew.
fn replace_rows(cx: &UtilityContext<'_>, table: Oid, rows: Vec<Vec<Datum>>) -> PgResult<()> {
    cx.catalog.new_storage(table)?;
    let old = cx.catalog.get_relation(table)?;
    for index in old.indexes.iter() {
        cx.catalog.new_storage(index.oid)?;
    }
    cx.catalog.invalidate_relation(table)?;
    cx.services.command_counter_increment()?;
    table_as::insert_rows(cx, table, rows)?;
    let table = cx.catalog.get_relation(table)?;
    for index in table.indexes.iter() {
        scan::build_index(cx, table.oid, index.oid)?;
    }
    Ok(())
}

/// What ALTER COLUMN … TYPE is to do with one table.
pub(crate) struct TypeChange {
    attnum: i16,
    typ: Oid,
    typmod: i32,
    collation: Oid,
    ndims: i16,
    default: Option<Expr>,
    /// The rows with the new values, of a table that has any.
    rows: Option<Vec<Vec<Datum>>>,
}

/// Finds out how a column's type changes, and the rows that the table will have.
pub(crate) fn plan_column_type(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    def: &ColumnDef,
) -> PgResult<Option<TypeChange>> {
    let Some(type_name) = &def.type_name else { return Ok(None) };
    let Some(a) = table.attr_by_name(&def.colname) else { return Ok(None) };
    if a.generated != '\0' && def.raw_default.is_some() {
        return Err(err!(
            INVALID_COLUMN_DEFINITION,
            "cannot specify USING when altering type of generated column"
        )
        .detail(format!("Column \"{}\" is a generated column.", a.name)));
    }
    let (typ, typmod, collation) = column::column_type(cx, def, type_name)?;
    let using = def.raw_default.as_ref();
    let expr = expression::alter_type_transform(cx, table, &a.name, using, (typ, typmod))?;
    let default = converted_default(cx, a, typ, typmod)?;
    let rows = match table.physical.is_some() {
        true => Some(rows_of(cx, table, targets(cx, table, a.num, &expr)?)?),
        false => None,
    };
    let ndims = type_name.array_bounds.len() as i16;
    Ok(Some(TypeChange { attnum: a.num, typ, typmod, collation, ndims, default, rows }))
}

/// Gives a column its new type; nothing that depends on it is left.
pub(crate) fn alter_column_type(
    cx: &UtilityContext<'_>,
    table: Oid,
    change: Option<TypeChange>,
) -> PgResult<()> {
    let Some(change) = change else { return Ok(()) };
    let row = cx.catalog.get_type(change.typ)?;
    let letter = |c: char| Datum::Char(c as u32 as u8);
    use pg_attribute as pa;
    let columns = [
        (pa::ATTTYPID, Datum::Oid(change.typ)),
        (pa::ATTTYPMOD, Datum::Int4(change.typmod)),
        (pa::ATTLEN, Datum::Int2(row.len)),
        (pa::ATTBYVAL, Datum::Bool(row.byval)),
        (pa::ATTALIGN, letter(row.align)),
        (pa::ATTSTORAGE, letter(row.storage)),
        (pa::ATTCOLLATION, Datum::Oid(change.collation)),
        (pa::ATTNDIMS, Datum::Int2(change.ndims)),
        (pa::ATTHASMISSING, Datum::Bool(false)),
        (pa::ATTMISSINGVAL, Datum::Null),
    ];
    cx.catalog.set_attribute(table, change.attnum, &columns)?;
    change_type_dependency(cx, table, change.attnum, change.typ)?;
    cx.catalog.delete_statistics(table, Some(change.attnum))?;
    cx.catalog.invalidate_relation(table)?;
    cx.services.command_counter_increment()?;
    if let Some(default) = &change.default {
        cx.catalog.set_default(table, change.attnum, default)?;
        cx.services.command_counter_increment()?;
    }
    match change.rows {
        Some(rows) => replace_rows(cx, table, rows),
        None => Ok(()),
    }
}

/// The default as a value of the new type.
fn converted_default(
    cx: &UtilityContext<'_>,
    a: &catalog::Attribute,
    typ: Oid,
    typmod: i32,
) -> PgResult<Option<Expr>> {
    let Some(default) = &a.default else { return Ok(None) };
    let mut acx = cx.analyze_context();
    let mut analyzer = analyzer::Analyzer::new(&mut acx);
    // The cast to the old type goes away first, so that the literal itself is converted.
    let bare = strip_implicit((**default).clone());
    let given = bare.typ();
    let coerced = analyzer.coerce_to_target_type(
        bare,
        given,
        typ,
        typmod,
        nodes::CoercionContext::Assignment,
        nodes::CoercionForm::ImplicitCast,
        -1,
    )?;
    match coerced {
        Some(mut expr) => {
            analyzer.assign_expr_collations(&mut expr)?;
            Ok(Some(expr))
        }
        None => Err(err!(
            DATATYPE_MISMATCH,
            "default for column \"{}\" cannot be cast automatically to type {}",
            a.name,
            cx.catalog.format_type(typ, None)?
        )),
    }
}

fn strip_implicit(expr: Expr) -> Expr {
    match expr {
        Expr::RelabelType(r) if r.relabelformat == nodes::CoercionForm::ImplicitCast => {
            strip_implicit(r.arg)
        }
        Expr::FuncExpr(f)
            if f.funcformat == nodes::CoercionForm::ImplicitCast && !f.args.is_empty() =>
        {
            let mut args = f.args;
            strip_implicit(args.swap_remove(0))
        }
        other => other,
    }
}

fn change_type_dependency(
    cx: &UtilityContext<'_>,
    table: Oid,
    attnum: i16,
    new: Oid,
) -> PgResult<()> {
    let this = catalog::ObjectAddress::column(table, attnum);
    cx.catalog.delete_dependencies_of(this, Some(pg_type::RELID))?;
    let on = catalog::ObjectAddress::typ(new);
    cx.catalog.record_dependency(this, on, catalog::DependencyKind::Normal)
}

//! Constraints of tables: checks, NOT NULL, keys, foreign keys.
use crate::{UtilityContext, expression, index, object_name, partition, relation_name, scan};
use analyzer::ExprKind;
use catalog::{
    CatalogRead, Constraint as CatalogConstraint, RelationDesc, acl, acl::ObjectKind,
    schema::pg_attribute,
};
use error::{PgResult, bail, err, not_supported};
use nodes::{Expr, acl as bit};
use parser::ast::{ConstrType, Constraint, IndexElem, SortByDir, SortByNulls};
use std::sync::Arc;
use types::{Datum, Oid};

/// Adds a constraint to a table; a check's name. `has_rows`: the table may have rows that must satisfy
/// it.
pub(crate) fn add(
    cx: &UtilityContext<'_>,
    table: Oid,
    c: &Constraint,
    has_rows: bool,
) -> PgResult<Option<String>> {
    let table = cx.catalog.get_relation(table)?;
    match c.contype {
        ConstrType::Check => return add_check(cx, &table, c, has_rows),
        ConstrType::NotNull => {
            let Some(column) = c.keys.first() else { return Ok(None) };
            let attnum = column_number(&table, column)?;
            add_not_null(cx, &table, attnum, c.conname.as_deref(), c.is_no_inherit, has_rows)?;
        }
        ConstrType::Primary | ConstrType::Unique => add_key(cx, &table, c, has_rows)?,
        ConstrType::Foreign => add_foreign_key(cx, &table, c, has_rows)?,
        ConstrType::Exclusion => return Err(not_supported!("exclusion constraints")),
        _ => {}
    }
    Ok(None)
}

fn column_number(table: &RelationDesc, column: &str) -> PgResult<i16> {
    match table.attr_by_name(column) {
        Some(a) => Ok(a.num),
        None => Err(err!(
            UNDEFINED_COLUMN,
            "column \"{column}\" of relation \"{}\" does not exist",
            table.name
        )),
    }
}

/// 42710 if the table has a constraint of that name.
fn check_name_free(cx: &UtilityContext<'_>, table: &RelationDesc, name: &str) -> PgResult<()> {
    if cx.catalog.constraint_exists(table.oid, Oid::INVALID, name)?.is_some() {
        bail!(
            DUPLICATE_OBJECT,
            "constraint \"{name}\" for relation \"{}\" already exists",
            table.name
        );
    }
    Ok(())
}

fn choose(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    columns: Option<&str>,
    label: &str,
) -> PgResult<String> {
    object_name::choose_constraint_name(
        cx.catalog,
        &table.name,
        columns,
        label,
        table.namespace,
        &[],
    )
}

/// What a table's constraints say must be read anew.
pub(crate) fn touch(cx: &UtilityContext<'_>, table: Oid) -> PgResult<()> {
    cx.catalog.invalidate_relation(table)?;
    cx.services.command_counter_increment()
}

/// Columns of the relation that an expression names, ascending.
fn columns_of(expr: &Expr) -> Vec<i16> {
    let mut columns = Vec::new();
    nodes::walk::visit_expr_deep(expr, 0, &mut |e, level| {
        if let Expr::Var(v) = e
            && v.varlevelsup == level
            && v.varattno > 0
        {
            columns.push(v.varattno);
        }
    });
    columns.sort_unstable();
    columns.dedup();
    columns
}

fn add_check(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    c: &Constraint,
    has_rows: bool,
) -> PgResult<Option<String>> {
    let Some(raw) = &c.raw_expr else { return Ok(None) };
    let kind = ExprKind::CheckConstraint;
    let expr = expression::relation_condition(cx, table, raw, kind, "CHECK")?;
    let columns = columns_of(&expr);
    let name = match &c.conname {
        Some(name) => {
            check_name_free(cx, table, name)?;
            name.clone()
        }
        None => {
            let only = match columns.as_slice() {
                [one] => table.attr(*one).map(|a| a.name.as_str()),
                _ => None,
            };
            choose(cx, table, only, "check")?
        }
    };
    store_check(cx, table, &name, expr.clone(), columns, c)?;
    if has_rows && c.is_enforced && !c.skip_validation {
        scan::check_condition(cx, table, &expr, || {
            err!(
                CHECK_VIOLATION,
                "check constraint \"{name}\" of relation \"{}\" is violated by some row",
                table.name
            )
            .constraint(name.clone())
        })?;
    }
    Ok(Some(name))
}

/// Writes a check whose expression is analysed.
pub(crate) fn store_check(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    name: &str,
    expr: Expr,
    columns: Vec<i16>,
    c: &Constraint,
) -> PgResult<()> {
    let mut new = CatalogConstraint::blank(name, table.namespace, 'c', table.oid);
    new.key = columns;
    new.expr = Some(Arc::new(expr));
    new.noinherit = c.is_no_inherit;
    new.enforced = c.is_enforced;
    new.validated = c.initially_valid && !c.skip_validation;
    cx.catalog.create_constraint(&new)?;
    cx.services.command_counter_increment()
}

/// Writes a check that a parent has; `local`: the table declares it as well.
pub(crate) fn store_inherited_check(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    name: &str,
    expr: Expr,
    local: bool,
) -> PgResult<()> {
    let mut new = CatalogConstraint::blank(name, table.namespace, 'c', table.oid);
    new.key = columns_of(&expr);
    new.expr = Some(Arc::new(expr));
    new.is_local = local;
    new.inhcount = 1;
    cx.catalog.create_constraint(&new)?;
    cx.catalog.invalidate_relation(table.oid)?;
    cx.services.command_counter_increment()
}

/// A check of the table's own must be the one it would inherit under that name.
pub(crate) fn check_same(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    c: &Constraint,
    inherited: &Expr,
    name: &str,
) -> PgResult<()> {
    let Some(raw) = &c.raw_expr else { return Ok(()) };
    let kind = ExprKind::CheckConstraint;
    let expr = expression::relation_condition(cx, table, raw, kind, "CHECK")?;
    if !expr.equals(inherited) {
        bail!(
            DUPLICATE_OBJECT,
            "constraint \"{name}\" for relation \"{}\" already exists",
            table.name
        );
    }
    if c.is_no_inherit {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "constraint \"{name}\" conflicts with inherited constraint on relation \"{}\"",
            table.name
        );
    }
    Ok(())
}

/// Makes a column NOT NULL, with its constraint.
pub(crate) fn add_not_null(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    attnum: i16,
    name: Option<&str>,
    no_inherit: bool,
    has_rows: bool,
) -> PgResult<()> {
    let exists = table.constraints.iter().any(|c| c.contype == 'n' && c.key == [attnum]);
    let Some(column) = table.attr(attnum) else { return Ok(()) };
    if !exists {
        let name = match name {
            Some(name) => {
                check_name_free(cx, table, name)?;
                name.to_owned()
            }
            None => choose(cx, table, Some(&column.name), "not_null")?,
        };
        let mut new = CatalogConstraint::blank(&name, table.namespace, 'n', table.oid);
        new.key = vec![attnum];
        new.noinherit = no_inherit;
        new.is_local = column.is_local;
        new.inhcount = column.inhcount;
        cx.catalog.create_constraint(&new)?;
    }
    if !column.not_null {
        if has_rows {
            check_no_nulls(cx, table, attnum)?;
        }
        let columns = [(pg_attribute::ATTNOTNULL, Datum::Bool(true))];
        cx.catalog.set_attribute(table.oid, attnum, &columns)?;
        cx.catalog.invalidate_relation(table.oid)?;
    }
    cx.services.command_counter_increment()
}

fn check_no_nulls(cx: &UtilityContext<'_>, table: &RelationDesc, attnum: i16) -> PgResult<()> {
    let Some(column) = table.attr(attnum) else { return Ok(()) };
    scan::for_each_row(cx, table, &mut |_, values| {
        if matches!(values.get(attnum as usize - 1), Some(Datum::Null)) {
            return Err(err!(
                NOT_NULL_VIOLATION,
                "column \"{}\" of relation \"{}\" contains null values",
                column.name,
                table.name
            )
            .column(column.name.clone()));
        }
        Ok(())
    })
}

/// PRIMARY KEY and UNIQUE.
fn add_key(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    c: &Constraint,
    has_rows: bool,
) -> PgResult<()> {
    let primary = c.contype == ConstrType::Primary;
    if c.indexname.is_some() {
        return Err(not_supported!("a constraint USING INDEX"));
    }
    if c.without_overlaps {
        return Err(not_supported!("WITHOUT OVERLAPS"));
    }
    if primary && table.constraints.iter().any(|c| c.contype == 'p') {
        return Err(err!(
            INVALID_TABLE_DEFINITION,
            "multiple primary keys for table \"{}\" are not allowed",
            table.name
        )
        .at(c.location));
    }
    for (i, key) in c.keys.iter().enumerate() {
        if table.attr_by_name(key).is_none() {
            return Err(err!(UNDEFINED_COLUMN, "column \"{key}\" named in key does not exist")
                .at(c.location));
        }
        if c.keys[..i].contains(key) {
            let kind = if primary { "primary key" } else { "unique" };
            return Err(err!(
                DUPLICATE_COLUMN,
                "column \"{key}\" appears twice in {kind} constraint"
            )
            .at(c.location));
        }
    }
    crate::creation::check_tablespace(c.indexspace.as_deref())?;
    if primary {
        for key in &c.keys {
            // Read anew: each NOT NULL changes the table.
            let table = cx.catalog.get_relation(table.oid)?;
            let attnum = column_number(&table, key)?;
            if table.relkind == 'p' {
                let reach = crate::alter_inherit::Reach { inherit: true, recursing: false };
                if !table.attr(attnum).is_some_and(|a| a.not_null) {
                    let set = crate::alter_inherit::set_not_null;
                    set(cx, &table, attnum, None, false, reach)?;
                }
                continue;
            }
            add_not_null(cx, &table, attnum, None, false, has_rows)?;
        }
    }
    if let Some(name) = &c.conname {
        check_name_free(cx, table, name)?;
    }
    let elem = |name: &String| IndexElem {
        name: Some(name.clone()),
        expr: None,
        collation: Vec::new(),
        opclass: Vec::new(),
        opclassopts: Vec::new(),
        ordering: SortByDir::Default,
        nulls_ordering: SortByNulls::Default,
        location: -1,
    };
    let definition = index::Definition {
        name: c.conname.clone(),
        access_method: "btree".to_owned(),
        columns: c.keys.iter().map(elem).collect(),
        including: c.including.clone(),
        options: c.options.clone(),
        unique: true,
        nulls_not_distinct: c.nulls_not_distinct,
        primary,
        deferrable: c.deferrable,
        for_constraint: true,
        ..index::Definition::default()
    };
    let table = cx.catalog.get_relation(table.oid)?;
    let (index, name) = index::define(cx, &table, &definition, has_rows && table.relkind != 'p')?;
    let kind = if primary { 'p' } else { 'u' };
    let mut new = CatalogConstraint::blank(&name, table.namespace, kind, table.oid);
    for key in &c.keys {
        new.key.push(column_number(&table, key)?);
    }
    new.indid = index;
    new.deferrable = c.deferrable;
    new.deferred = c.initdeferred;
    new.noinherit = true;
    let oid = cx.catalog.create_constraint(&new)?;
    index::link_constraint(cx, index, oid)?;
    touch(cx, table.oid)?;
    index::propagate(cx, table.oid, index)
}

/// The key of the referenced table that a foreign key refers to: its index and columns.
struct ReferencedKey {
    index: Oid,
    columns: Vec<i16>,
}

fn add_foreign_key(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    c: &Constraint,
    has_rows: bool,
) -> PgResult<()> {
    const SHARE_ROW_EXCLUSIVE: i32 = 6;
    if c.fk_with_period || c.pk_with_period {
        return Err(not_supported!("PERIOD of a foreign key"));
    }
    let Some(target) = &c.pktable else { return Ok(()) };
    let same = target.schemaname.is_none() && target.relname == table.name;
    let referenced = match same
        && relation_name::lookup_relation(cx.catalog, &relation_name::parts_of(target))?
            == Some(table.oid)
    {
        true => table.clone(),
        false => relation_name::open_range_var(cx, target, SHARE_ROW_EXCLUSIVE)?,
    };
    check_referenced(cx, table, &referenced)?;
    let mut key = Vec::with_capacity(c.fk_attrs.len());
    for name in &c.fk_attrs {
        let Some(a) = table.attr_by_name(name) else {
            return Err(missing_key_column(name));
        };
        key.push(a.num);
    }
    let target_key = referenced_key(&referenced, c)?;
    if key.len() != target_key.columns.len() {
        bail!(
            INVALID_FOREIGN_KEY,
            "number of referencing and referenced columns for foreign key disagree"
        );
    }
    let name = match &c.conname {
        Some(name) => {
            check_name_free(cx, table, name)?;
            name.clone()
        }
        None => {
            let columns = object_name::join_columns(c.fk_attrs.iter().map(String::as_str));
            choose(cx, table, Some(&columns), "fkey")?
        }
    };
    let mut new = CatalogConstraint::blank(&name, table.namespace, 'f', table.oid);
    new.frelid = referenced.oid;
    new.indid = target_key.index;
    for (fk, pk) in key.iter().zip(&target_key.columns) {
        let operators = equality(cx, (table, *fk), (&referenced, *pk), target_key.index, &name)?;
        new.pfeqop.push(operators.pf);
        new.ppeqop.push(operators.pp);
        new.ffeqop.push(operators.ff);
    }
    new.key = key;
    new.fkey = target_key.columns;
    new.fupdtype = c.fk_upd_action.as_char();
    new.fdeltype = c.fk_del_action.as_char();
    new.fmatchtype = c.fk_matchtype.as_char();
    for column in &c.fk_del_set_cols {
        let attnum = match table.attr_by_name(column) {
            Some(a) => a.num,
            None => return Err(missing_key_column(column)),
        };
        if new.fdelsetcols.contains(&attnum) {
            continue;
        }
        if !new.key.contains(&attnum) {
            bail!(
                INVALID_COLUMN_REFERENCE,
                "column \"{column}\" referenced in ON DELETE SET action must be part of foreign key"
            );
        }
        new.fdelsetcols.push(attnum);
    }
    new.deferrable = c.deferrable;
    new.deferred = c.initdeferred;
    new.enforced = c.is_enforced;
    new.validated = !c.skip_validation;
    new.noinherit = table.relkind != 'p';
    let oid = cx.catalog.create_constraint(&new)?;
    // Foreign keys are enforced as if by triggers, and clients look for them where triggers are.
    let has_triggers = catalog::schema::pg_class::RELHASTRIGGERS;
    cx.catalog.set_class_flag(table.oid, has_triggers, true)?;
    cx.catalog.set_class_flag(referenced.oid, has_triggers, true)?;
    cx.catalog.invalidate_relation(table.oid)?;
    cx.catalog.invalidate_relation(referenced.oid)?;
    cx.services.command_counter_increment()?;
    partition::propagate_foreign_key(cx, table.oid, oid)?;
    if has_rows && new.validated && new.enforced {
        check_foreign_key(cx, table, &referenced, &new)?;
    }
    Ok(())
}

/// Rows of a new partition must satisfy the foreign keys that it has from its parent.
pub(crate) fn validate_copied_foreign_keys(cx: &UtilityContext<'_>, table: Oid) -> PgResult<()> {
    let table = cx.catalog.get_relation(table)?;
    let copied = |c: &&CatalogConstraint| {
        c.contype == 'f'
            && c.parentid.is_valid()
            && c.validated
            && c.enforced
            && !table.constraints.iter().any(|p| p.oid == c.parentid)
    };
    for c in table.constraints.iter().filter(copied) {
        let referenced = cx.catalog.get_relation(c.frelid)?;
        check_foreign_key(cx, &table, &referenced, c)?;
    }
    Ok(())
}

/// A partition may not leave while rows of other tables refer to its rows.
pub(crate) fn check_not_referenced(
    cx: &UtilityContext<'_>,
    partition: &RelationDesc,
) -> PgResult<()> {
    for c in partition.referencing.iter().filter(|c| c.parentid.is_valid()) {
        let table = cx.catalog.get_relation(c.relid)?;
        cx.lock(c.relid, 5)?;
        let quoted = |r: &RelationDesc, num: &i16| {
            r.attr(*num).map(|a| catalog::quote_identifier(&a.name)).unwrap_or_default()
        };
        let pairs: Vec<String> = c
            .key
            .iter()
            .zip(&c.fkey)
            .map(|(f, p)| format!("pk.{} = fk.{}", quoted(partition, p), quoted(&table, f)))
            .collect();
        let columns: Vec<String> =
            c.key.iter().map(|n| format!("fk.{}", quoted(&table, n))).collect();
        let sql = format!(
            "SELECT {} FROM {} fk JOIN {} pk ON ({})",
            columns.join(", "),
            scan::quoted_name(cx, &table)?,
            scan::quoted_name(cx, partition)?,
            pairs.join(" AND ")
        );
        scan::run_sql(cx, &sql, &mut |values| {
            let (names, texts) = key_texts(cx, &table, c, &values)?;
            Err(err!(
                FOREIGN_KEY_VIOLATION,
                "removing partition \"{}\" violates foreign key constraint \"{}\"",
                partition.name,
                c.name
            )
            .detail(format!(
                "Key ({names})=({texts}) is still referenced from table \"{}\".",
                table.name
            ))
            .constraint(c.name.clone()))
        })?;
    }
    Ok(())
}

/// Names and values of a foreign key's columns as messages show them.
fn key_texts(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    c: &CatalogConstraint,
    values: &[Datum],
) -> PgResult<(String, String)> {
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    for (num, value) in c.key.iter().zip(values) {
        let Some(a) = table.attr(*num) else { continue };
        names.push(a.name.clone());
        let mut text = Vec::new();
        match value {
            Datum::Null => text.extend_from_slice(b"null"),
            value => cx.session.type_output(a.typ, value, &mut text)?,
        }
        texts.push(String::from_utf8_lossy(&text).into_owned());
    }
    Ok((names.join(", "), texts.join(", ")))
}

fn check_referenced(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    referenced: &RelationDesc,
) -> PgResult<()> {
    if !matches!(referenced.relkind, 'r' | 'p') {
        return Err(err!(
            WRONG_OBJECT_TYPE,
            "referenced relation \"{}\" is not a table",
            referenced.name
        ));
    }
    if referenced.oid < Oid::FIRST_NORMAL {
        bail!(
            INSUFFICIENT_PRIVILEGE,
            "permission denied: \"{}\" is a system catalog",
            referenced.name
        );
    }
    let fault = match (table.persistence, referenced.persistence) {
        ('p', other) if other != 'p' => {
            "constraints on permanent tables may reference only permanent tables"
        }
        ('u', 't') => {
            "constraints on unlogged tables may reference only permanent or unlogged tables"
        }
        ('t', other) if other != 't' => {
            "constraints on temporary tables may reference only temporary tables"
        }
        _ => "",
    };
    if !fault.is_empty() {
        bail!(INVALID_TABLE_DEFINITION, "{fault}");
    }
    acl::check(
        cx.catalog,
        ObjectKind::Table,
        &referenced.name,
        referenced.acl.as_deref(),
        referenced.owner,
        cx.user(),
        bit::REFERENCES,
    )
}

/// The error of a foreign key's column that is not there, or is the system's.
#[cold]
fn missing_key_column(name: &str) -> error::PgError {
    if crate::column::check_name(name).is_err() {
        return err!(FEATURE_NOT_SUPPORTED, "system columns cannot be used in foreign keys");
    }
    err!(UNDEFINED_COLUMN, "column \"{name}\" referenced in foreign key constraint does not exist")
}

fn referenced_key(referenced: &RelationDesc, c: &Constraint) -> PgResult<ReferencedKey> {
    let usable = |i: &&Arc<catalog::IndexDesc>| {
        i.unique && i.valid && i.predicate.is_empty() && i.exprs.is_empty()
    };
    if c.pk_attrs.is_empty() {
        let primary = referenced.indexes.iter().filter(usable).find(|i| i.primary);
        let Some(index) = primary else {
            bail!(
                UNDEFINED_OBJECT,
                "there is no primary key for referenced table \"{}\"",
                referenced.name
            );
        };
        if !index.immediate {
            bail!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "cannot use a deferrable primary key for referenced table \"{}\"",
                referenced.name
            );
        }
        let columns = index.columns[..index.n_key].iter().map(|c| c.attnum).collect();
        return Ok(ReferencedKey { index: index.oid, columns });
    }
    let mut columns = Vec::with_capacity(c.pk_attrs.len());
    for (i, name) in c.pk_attrs.iter().enumerate() {
        let Some(a) = referenced.attr_by_name(name) else {
            return Err(missing_key_column(name));
        };
        if c.pk_attrs[..i].contains(name) {
            bail!(
                INVALID_FOREIGN_KEY,
                "foreign key referenced-columns list must not contain duplicates"
            );
        }
        columns.push(a.num);
    }
    let mut wanted = columns.clone();
    wanted.sort_unstable();
    let mut deferrable = false;
    for index in referenced.indexes.iter().filter(usable) {
        let mut keys: Vec<i16> = index.columns[..index.n_key].iter().map(|c| c.attnum).collect();
        keys.sort_unstable();
        if keys == wanted {
            if index.immediate {
                return Ok(ReferencedKey { index: index.oid, columns });
            }
            deferrable = true;
        }
    }
    if deferrable {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot use a deferrable unique constraint for referenced table \"{}\"",
            referenced.name
        );
    }
    Err(err!(
        INVALID_FOREIGN_KEY,
        "there is no unique constraint matching given keys for referenced table \"{}\"",
        referenced.name
    ))
}

/// Equality operators of a foreign key column: referenced = referencing, and each with itself.
struct KeyOperators {
    pf: Oid,
    pp: Oid,
    ff: Oid,
}

fn equality(
    cx: &UtilityContext<'_>,
    (table, fk): (&RelationDesc, i16),
    (referenced, pk): (&RelationDesc, i16),
    index: Oid,
    name: &str,
) -> PgResult<KeyOperators> {
    let (Some(fk), Some(pk)) = (table.attr(fk), referenced.attr(pk)) else {
        return Err(error::PgError::internal("foreign key column is gone"));
    };
    let key = referenced
        .indexes
        .iter()
        .find(|i| i.oid == index)
        .and_then(|i| i.columns.iter().find(|c| c.attnum == pk.num).cloned());
    let Some(key) = key else {
        return Err(error::PgError::internal("foreign key index is gone"));
    };
    let base = |typ: Oid| -> PgResult<Oid> {
        let row = cx.catalog.get_type(typ)?;
        Ok(if row.typtype == 'd' { row.basetype } else { row.oid })
    };
    let (fk_type, pk_type) = (base(fk.typ)?, base(pk.typ)?);
    let family = key.opfamily;
    let member = |l, r| cx.catalog.opfamily_member(family, l, r, 3);
    let pp = member(key.opcintype, key.opcintype)?;
    let mut pf = member(key.opcintype, fk_type)?;
    let mut ff = member(fk_type, fk_type)?;
    if !(pf.is_valid() && ff.is_valid()) {
        // The referencing type may convert to the one that is indexed.
        let mut acx = cx.analyze_context();
        let a = analyzer::Analyzer::new(&mut acx);
        let same = fk_type == pk_type
            || a.can_coerce(fk_type, key.opcintype, nodes::CoercionContext::Implicit)?;
        if !same {
            return Err(err!(
                DATATYPE_MISMATCH,
                "foreign key constraint \"{name}\" cannot be implemented"
            )
            .detail(format!(
                "Key columns \"{}\" of the referencing table and \"{}\" of the referenced table are \
                 of incompatible types: {} and {}.",
                fk.name,
                pk.name,
                cx.catalog.format_type(fk.typ, None)?,
                cx.catalog.format_type(pk.typ, None)?
            )));
        }
        (pf, ff) = (pp, pp);
    }
    Ok(KeyOperators { pf, pp, ff })
}

/// VALIDATE CONSTRAINT: fails when a row does not satisfy a constraint that was not checked.
pub(crate) fn check_existing_rows(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    c: &CatalogConstraint,
) -> PgResult<()> {
    match (c.contype, &c.expr) {
        ('c', Some(expr)) => scan::check_condition(cx, table, expr, || {
            err!(
                CHECK_VIOLATION,
                "check constraint \"{}\" of relation \"{}\" is violated by some row",
                c.name,
                table.name
            )
            .constraint(c.name.clone())
        }),
        ('f', _) => {
            let referenced = cx.catalog.get_relation(c.frelid)?;
            check_foreign_key(cx, table, &referenced, c)
        }
        ('n', _) => match c.key.first() {
            Some(attnum) => check_no_nulls(cx, table, *attnum),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Fails when rows of the table refer to nothing.
fn check_foreign_key(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    referenced: &RelationDesc,
    c: &CatalogConstraint,
) -> PgResult<()> {
    // Errors name the partition.
    if table.relkind == 'p' {
        for leaf in partition::leaves(cx, table.oid, 8)? {
            let map = crate::inherit::column_map(table, &leaf);
            let mut own = c.clone();
            own.key = c.key.iter().map(|n| map.get(*n as usize).copied().unwrap_or(0)).collect();
            check_foreign_key(cx, &leaf, referenced, &own)?;
        }
        return Ok(());
    }
    let quoted = |r: &RelationDesc, num: &i16| {
        r.attr(*num).map(|a| catalog::quote_identifier(&a.name)).unwrap_or_default()
    };
    let fk: Vec<String> = c.key.iter().map(|n| quoted(table, n)).collect();
    let pk: Vec<String> = c.fkey.iter().map(|n| quoted(referenced, n)).collect();
    let columns: Vec<String> = fk.iter().map(|n| format!("fk.{n}")).collect();
    let on: Vec<String> = fk.iter().zip(&pk).map(|(f, p)| format!("pk.{p} = fk.{f}")).collect();
    let joiner = if c.fmatchtype == 'f' { " OR " } else { " AND " };
    let not_null: Vec<String> = fk.iter().map(|n| format!("fk.{n} IS NOT NULL")).collect();
    let only = |r: &RelationDesc| if r.relkind == 'p' { "" } else { "ONLY " };
    let sql = format!(
        "SELECT {} FROM {}{} fk LEFT OUTER JOIN {}{} pk ON ({}) WHERE pk.{} IS NULL AND ({})",
        columns.join(", "),
        only(table),
        scan::quoted_name(cx, table)?,
        only(referenced),
        scan::quoted_name(cx, referenced)?,
        on.join(" AND "),
        pk.first().cloned().unwrap_or_default(),
        not_null.join(joiner)
    );
    scan::run_sql(cx, &sql, &mut |values| {
        let (names, texts) = key_texts(cx, table, c, &values)?;
        let mixed = values.iter().any(|v| matches!(v, Datum::Null));
        let detail = if mixed {
            "MATCH FULL does not allow mixing of null and nonnull key values.".to_owned()
        } else {
            format!("Key ({names})=({texts}) is not present in table \"{}\".", referenced.name)
        };
        Err(err!(
            FOREIGN_KEY_VIOLATION,
            "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
            table.name,
            c.name
        )
        .detail(detail)
        .constraint(c.name.clone()))
    })?;
    Ok(())
}

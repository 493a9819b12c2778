//! CREATE TABLE.
use crate::{
    UtilityContext,
    column::{self, Column},
    constraint, creation, expression, inherit, object_address, object_name, partition,
    relation_name, sequence,
};
use catalog::{
    CatalogRead, NewColumn, NewRelation, RelationDesc, acl, acl::ObjectKind, depend::DependencyKind,
};
use error::{PgError, PgResult, bail, err, not_supported};
use nodes::acl as bit;
use parser::ast::{
    self, ConstrType, Constraint, CreateStmt, OnCommitAction, TableElement, TableLikeClause,
    table_like,
};
use std::sync::Arc;
use types::Oid;

/// Everything that the element list says.
#[derive(Default)]
struct Elements {
    columns: Vec<Column>,
    constraints: Vec<Constraint>,
    /// Checks of LIKE INCLUDING CONSTRAINTS: name and expression over the new table.
    checks: Vec<(String, nodes::Expr)>,
    /// Indexes of LIKE INCLUDING INDEXES that no constraint makes, with the new column numbers.
    indexes: Vec<(Arc<catalog::IndexDesc>, Vec<i16>)>,
}

/// Makes a table.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &CreateStmt) -> PgResult<()> {
    let place = creation::place_of(cx, &stmt.relation)
        .map_err(|e| e.at_if_unset(stmt.relation.location))?;
    let name = &stmt.relation.relname;
    if stmt.if_not_exists && creation::exists_skipping(cx, place.namespace, name)? {
        return Ok(());
    }
    check_supported(stmt, place)?;
    creation::check_tablespace(stmt.tablespacename.as_deref())?;
    creation::check_table_access_method(cx, stmt.access_method.as_deref())?;
    let reloptions = creation::reloptions(creation::OptionKind::Table, &stmt.options)?;
    let is_partition = stmt.partbound.is_some();
    let parents = match (is_partition, stmt.inh_relations.first()) {
        (true, Some(parent)) => vec![partition::open_parent(cx, parent, place)?],
        _ => inherit::open_parents(cx, &stmt.inh_relations, place.persistence)?,
    };
    let of_type = match &stmt.of_typename {
        Some(name) => Some(row_type(cx, name)?),
        None => None,
    };
    let known = match (&of_type, is_partition) {
        (Some(typ), _) => Some(typ),
        (None, true) => parents.first(),
        _ => None,
    };
    let mut elements = elements(cx, stmt, known)?;
    if let Some(typ) = &of_type {
        elements.columns = typed_columns(typ, std::mem::take(&mut elements.columns));
    }
    let own = std::mem::take(&mut elements.columns);
    elements.columns = inherit::merge_columns(cx, &parents, own, is_partition)?;
    let mut new = NewRelation::new(
        name,
        place.namespace,
        cx.user(),
        if stmt.partspec.is_some() { 'p' } else { 'r' },
        elements.columns.iter().map(|c| stored_column(&c.new)).collect(),
    );
    new.persistence = place.persistence;
    new.reloptions = reloptions;
    new.of_type = of_type.as_ref().map_or(Oid::INVALID, |t| t.reltype);
    // Sequences of serial columns come first, as their defaults refer to them.
    let mut serials = Vec::new();
    for column in &elements.columns {
        serials.push(make_serial(cx, place, name, column)?);
    }
    let created = cx.catalog.create_relation(&new)?;
    cx.services.register_on_commit(created.oid, stmt.oncommit);
    for (i, parent) in parents.iter().enumerate() {
        cx.catalog.add_inheritance(created.oid, parent.oid, i as i32 + 1, is_partition)?;
        cx.catalog.invalidate_relation(parent.oid)?;
    }
    cx.services.command_counter_increment()?;
    if let (Some(spec), Some(parent)) = (&stmt.partbound, parents.first()) {
        set_bound(cx, created.oid, name, parent.oid, spec)?;
    }
    if let Some(spec) = &stmt.partspec {
        let table = cx.catalog.get_relation(created.oid)?;
        partition::define(cx, &table, spec)?;
        cx.catalog.invalidate_relation(created.oid)?;
        cx.services.command_counter_increment()?;
    }
    for (i, column) in elements.columns.iter().enumerate() {
        finish_column(cx, created.oid, i as i16 + 1, column, serials[i])?;
    }
    for (check, expr) in &elements.checks {
        let table = cx.catalog.get_relation(created.oid)?;
        let c = Constraint::new(ConstrType::Check, -1);
        constraint::store_check(cx, &table, check, expr.clone(), Vec::new(), &c)?;
    }
    inherit_checks(cx, created.oid, &parents, &mut elements.constraints)?;
    if let (true, Some(parent)) = (is_partition, parents.first()) {
        let parent = cx.catalog.get_relation(parent.oid)?;
        partition::inherit_definitions(cx, &parent, created.oid)?;
    }
    // Primary keys first: they make columns NOT NULL; foreign keys last, they may refer to the table.
    let rank = |c: &Constraint| match c.contype {
        ConstrType::Primary => 1,
        ConstrType::Unique | ConstrType::Exclusion => 2,
        ConstrType::Foreign => 3,
        _ => 0,
    };
    let mut constraints: Vec<&Constraint> = elements.constraints.iter().collect();
    constraints.sort_by_key(|c| rank(c));
    for c in constraints {
        constraint::add(cx, created.oid, c, false)?;
    }
    for (source, numbers) in &elements.indexes {
        let table = cx.catalog.get_relation(created.oid)?;
        copy_index(cx, &table, source, numbers)?;
    }
    Ok(())
}

/// Makes a new table a partition; the default partition may hold none of its rows.
fn set_bound(
    cx: &UtilityContext<'_>,
    table: Oid,
    name: &str,
    parent: Oid,
    spec: &ast::PartitionBoundSpec,
) -> PgResult<()> {
    let parent = cx.catalog.get_relation(parent)?;
    let mut rules = partition::PartitionRules::new(cx, &parent)?;
    let bound = rules.read(spec)?;
    rules.check_new(name, &bound, spec)?;
    rules.check_default(&bound)?;
    cx.catalog.set_partition_bound(table, parent.oid, Some(&bound))?;
    cx.catalog.invalidate_relation(table)?;
    cx.services.command_counter_increment()
}

/// The composite type of CREATE TABLE … OF.
pub(crate) fn row_type(
    cx: &UtilityContext<'_>,
    name: &ast::TypeName,
) -> PgResult<Arc<RelationDesc>> {
    let (typ, _) = object_address::resolve_type(cx, name)?;
    let row = cx.catalog.get_type(typ)?;
    if row.typtype == 'c'
        && let Some(relation) = cx.catalog.relation(row.relid)?
    {
        if relation.relkind == 'c' {
            return Ok(relation);
        }
        return Err(err!(
            WRONG_OBJECT_TYPE,
            "type {} is the row type of another table",
            cx.catalog.format_type(typ, None)?
        )
        .detail("A typed table must use a stand-alone composite type created with CREATE TYPE."));
    }
    Err(err!(
        WRONG_OBJECT_TYPE,
        "type {} is not a composite type",
        cx.catalog.format_type(typ, None)?
    ))
}

/// All columns of a row type, with what was said about some of them.
fn typed_columns(typ: &RelationDesc, mut said: Vec<Column>) -> Vec<Column> {
    let mut columns = Vec::new();
    for a in typ.attrs.iter().filter(|a| !a.dropped) {
        match said.iter().position(|c| c.new.name == a.name) {
            Some(at) => columns.push(said.remove(at)),
            None => columns.push(Column::of_identity(known_column(a), Vec::new())),
        }
    }
    columns
}

fn known_column(a: &catalog::Attribute) -> NewColumn {
    let mut new = NewColumn::new(&a.name, a.typ, a.typmod, a.collation);
    new.ndims = a.ndims;
    new
}

/// Checks of the parents. A check of the table's own with the same name and meaning merges.
fn inherit_checks(
    cx: &UtilityContext<'_>,
    table: Oid,
    parents: &[Arc<RelationDesc>],
    own: &mut Vec<Constraint>,
) -> PgResult<()> {
    for check in inherit::checks(parents) {
        let relation = cx.catalog.get_relation(table)?;
        let Some(parent) = parents.iter().find(|p| p.oid == check.parent) else { continue };
        let mut expr = check.expr;
        renumber(&mut expr, &inherit::column_map(parent, &relation));
        let same = own.iter().position(|c| {
            c.contype == ConstrType::Check && c.conname.as_deref() == Some(&check.name)
        });
        let merged = same.map(|at| own.remove(at));
        if let Some(c) = &merged {
            constraint::check_same(cx, &relation, c, &expr, &check.name)?;
            cx.notice(PgError::notice(format!(
                "merging constraint \"{}\" with inherited definition",
                check.name
            )));
        }
        constraint::store_inherited_check(cx, &relation, &check.name, expr, merged.is_some())?;
    }
    Ok(())
}

/// An index like another table's.
fn copy_index(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    source: &catalog::IndexDesc,
    numbers: &[i16],
) -> PgResult<()> {
    let renumbered = |list: &[nodes::Expr]| {
        let mut list = list.to_vec();
        list.iter_mut().for_each(|e| renumber(e, numbers));
        list
    };
    let columns: Vec<catalog::NewIndexColumn> = source
        .columns
        .iter()
        .map(|c| catalog::NewIndexColumn {
            attnum: numbers.get(c.attnum.max(0) as usize).copied().unwrap_or(0),
            name: c.name.clone(),
            typ: c.typ,
            typmod: c.typmod,
            collation: c.collation,
            opclass: c.opclass,
            desc: c.desc,
            nulls_first: c.nulls_first,
        })
        .collect();
    let names = object_name::join_columns(columns.iter().map(|c| c.name.as_str()));
    let name = object_name::choose_relation_name(
        cx.catalog,
        &table.name,
        Some(&names),
        "idx",
        table.namespace,
        None,
    )?;
    cx.catalog.create_index(&catalog::NewIndex {
        oid: Oid::INVALID,
        name,
        table: table.oid,
        am: source.am,
        owner: table.owner,
        tablespace: Oid::INVALID,
        columns,
        n_key: source.n_key,
        unique: source.unique,
        nulls_not_distinct: source.nulls_not_distinct,
        primary: false,
        exclusion: false,
        immediate: source.immediate,
        valid: true,
        ready: true,
        exprs: renumbered(&source.exprs),
        predicate: renumbered(&source.predicate),
        reloptions: source.reloptions.clone(),
        partitioned: false,
        parent: Oid::INVALID,
        for_constraint: false,
    })?;
    cx.services.command_counter_increment()
}

/// NOT NULL is set with its constraint.
fn stored_column(column: &NewColumn) -> NewColumn {
    NewColumn { not_null: false, ..column.clone() }
}

fn check_supported(stmt: &CreateStmt, place: creation::Place) -> PgResult<()> {
    if stmt.partspec.is_some() {
        if stmt.partbound.is_none() && !stmt.inh_relations.is_empty() {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "cannot create partitioned table as inheritance child"
            );
        }
        if !stmt.options.is_empty() {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "cannot specify storage parameters for a partitioned table"
            )
            .hint("Specify storage parameters for its leaf partitions instead."));
        }
        if place.persistence == 'u' {
            bail!(FEATURE_NOT_SUPPORTED, "partitioned tables cannot be unlogged");
        }
    }
    match stmt.oncommit {
        OnCommitAction::Noop => {}
        _ if place.persistence != 't' => {
            bail!(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables")
        }
        _ => {}
    }
    Ok(())
}

/// A column that a parent or row type has, with what the statement says about it.
fn known_element(
    table: &str,
    def: &ast::ColumnDef,
    source: &RelationDesc,
    e: &mut Elements,
) -> PgResult<()> {
    let Some(a) = source.attr_by_name(&def.colname) else {
        return Err(err!(UNDEFINED_COLUMN, "column \"{}\" does not exist", def.colname));
    };
    let mut constraints = Vec::new();
    let column = column::read_known(table, def, known_column(a), &mut constraints)?;
    if source.relkind == 'p' && column.new.identity != '\0' {
        bail!(FEATURE_NOT_SUPPORTED, "identity columns are not supported on partitions");
    }
    if source.relkind == 'c' {
        if column.new.identity != '\0' {
            bail!(FEATURE_NOT_SUPPORTED, "identity columns are not supported on typed tables");
        }
        if column.new.generated != '\0' {
            bail!(FEATURE_NOT_SUPPORTED, "generated columns are not supported on typed tables");
        }
    }
    e.constraints.append(&mut constraints);
    e.columns.push(column);
    Ok(())
}

fn elements(
    cx: &UtilityContext<'_>,
    stmt: &CreateStmt,
    known: Option<&Arc<RelationDesc>>,
) -> PgResult<Elements> {
    const MAX_COLUMNS: usize = 1600;
    let table = &stmt.relation.relname;
    let mut e = Elements::default();
    for element in &stmt.table_elts {
        match (element, known) {
            (TableElement::ColumnDef(def), Some(source)) if def.type_name.is_none() => {
                known_element(table, def, source, &mut e)?;
            }
            (TableElement::ColumnDef(def), _) => {
                let column = column::read(cx, table, def, &mut e.constraints)?;
                e.columns.push(column);
            }
            (TableElement::Constraint(c), _) => {
                if stmt.partspec.is_some() && c.is_no_inherit && c.contype == ConstrType::Check {
                    bail!(
                        INVALID_TABLE_DEFINITION,
                        "cannot add NO INHERIT constraint to partitioned table \"{table}\""
                    );
                }
                e.constraints.push((**c).clone());
            }
            (TableElement::TableLikeClause(like), _) => expand_like(cx, like, &mut e)?,
        }
    }
    if e.columns.len() > MAX_COLUMNS {
        bail!(TOO_MANY_COLUMNS, "tables can have at most {MAX_COLUMNS} columns");
    }
    for (i, column) in e.columns.iter().enumerate() {
        if e.columns[..i].iter().any(|c| c.new.name == column.new.name) {
            bail!(DUPLICATE_COLUMN, "column \"{}\" specified more than once", column.new.name);
        }
    }
    let primary: Vec<&Constraint> =
        e.constraints.iter().filter(|c| c.contype == ConstrType::Primary).collect();
    if let [_, second, ..] = primary.as_slice() {
        return Err(err!(
            INVALID_TABLE_DEFINITION,
            "multiple primary keys for table \"{table}\" are not allowed"
        )
        .at(second.location));
    }
    name_not_nulls(table, known, &mut e)?;
    Ok(e)
}

/// NOT NULL as a table constraint names its column.
fn name_not_nulls(
    table: &str,
    known: Option<&Arc<RelationDesc>>,
    e: &mut Elements,
) -> PgResult<()> {
    let mut not_nulls = Vec::new();
    e.constraints.retain(|c| {
        let is = c.contype == ConstrType::NotNull;
        if is {
            not_nulls.push(c.clone());
        }
        !is
    });
    for c in not_nulls {
        let name = c.keys.first().cloned().unwrap_or_default();
        if !e.columns.iter().any(|col| col.new.name == name)
            && let Some(a) = known.and_then(|k| k.attr_by_name(&name))
        {
            e.columns.push(Column::of_identity(known_column(a), Vec::new()));
        }
        let Some(column) = e.columns.iter_mut().find(|col| col.new.name == name) else {
            return Err(err!(
                UNDEFINED_COLUMN,
                "column \"{name}\" of relation \"{table}\" does not exist"
            )
            .at(c.location));
        };
        column.new.not_null = true;
        if column.not_null_name.is_none() {
            column.not_null_name = c.conname.clone();
        }
        column.not_null_no_inherit |= c.is_no_inherit;
    }
    Ok(())
}

/// The sequence of a serial or identity column.
pub(crate) fn make_serial(
    cx: &UtilityContext<'_>,
    place: creation::Place,
    table: &str,
    column: &Column,
) -> PgResult<Option<Oid>> {
    let identity = column.new.identity != '\0' && !column.inherited_identity;
    if !column.serial && !identity {
        return Ok(None);
    }
    let name = object_name::choose_relation_name(
        cx.catalog,
        table,
        Some(&column.new.name),
        "seq",
        place.namespace,
        None,
    )?;
    let (place, name, mut options) = named_sequence(cx, place, name, &column.identity_options)?;
    let as_type = ast::TypeName::from_names(
        vec!["pg_catalog".to_owned(), cx.catalog.get_type(column.new.typ)?.name.clone()],
        -1,
    );
    if !options.iter().any(|o| o.defname == "as") {
        let arg = ast::DefArg::TypeName(Box::new(as_type));
        options.push(ast::DefElem::new("as", Some(arg), -1));
    }
    let typ = identity.then_some(column.new.typ);
    sequence::create(cx, place, &name, &options, cx.user(), typ).map(Some)
}

/// SEQUENCE NAME among an identity column's options says what the sequence is called.
fn named_sequence(
    cx: &UtilityContext<'_>,
    place: creation::Place,
    name: String,
    options: &[ast::DefElem],
) -> PgResult<(creation::Place, String, Vec<ast::DefElem>)> {
    let rest = options.iter().filter(|o| o.defname != "sequence_name").cloned().collect();
    let given = options.iter().find(|o| o.defname == "sequence_name");
    let Some(ast::DefArg::Names(names)) = given.and_then(|o| o.arg.as_ref()) else {
        return Ok((place, name, rest));
    };
    let Some(last) = names.last() else { return Ok((place, name, rest)) };
    let mut var = ast::RangeVar::new(None, last.clone(), -1);
    if names.len() > 1 {
        var.schemaname = Some(names[names.len() - 2].clone());
    }
    if place.persistence == 't' {
        var.relpersistence = ast::RelPersistence::Temp;
    }
    Ok((creation::place_of(cx, &var)?, last.clone(), rest))
}

/// Default, NOT NULL and sequence of a column of a table that is there.
pub(crate) fn finish_column(
    cx: &UtilityContext<'_>,
    table: Oid,
    attnum: i16,
    column: &Column,
    serial: Option<Oid>,
) -> PgResult<()> {
    let new = &column.new;
    let target = (new.name.as_str(), new.typ, new.typmod);
    let mut default = column.cooked_default.clone();
    if let Some(raw) = &column.default {
        let relation = cx.catalog.get_relation(table)?;
        let generated = (new.generated != '\0').then_some(&*relation);
        default = Some(expression::column_default(cx, generated, raw, target)?);
    }
    if let Some(seq) = serial {
        let identity = new.identity != '\0';
        let kind = if identity { DependencyKind::Internal } else { DependencyKind::Auto };
        if !identity {
            let raw = nextval_of(cx, seq)?;
            default = Some(expression::column_default(cx, None, &raw, target)?);
        }
        sequence::link(cx.catalog, seq, table, attnum, kind)?;
    }
    // DEFAULT NULL is no default, unless it overrides a domain's.
    let null = matches!(&default, Some(nodes::Expr::Const(c)) if matches!(c.value, types::Datum::Null))
        && cx.catalog.get_type(new.typ)?.typtype != 'd';
    if let Some(expr) = default.filter(|_| !null || new.generated != '\0') {
        cx.catalog.set_default(table, attnum, &expr)?;
        cx.catalog.invalidate_relation(table)?;
        cx.services.command_counter_increment()?;
    }
    if new.not_null {
        let relation = cx.catalog.get_relation(table)?;
        let name = column.not_null_name.as_deref();
        let no_inherit = column.not_null_no_inherit;
        constraint::add_not_null(cx, &relation, attnum, name, no_inherit, false)?;
    }
    Ok(())
}

/// `nextval('schema.name'::regclass)`
pub(crate) fn nextval_of(cx: &UtilityContext<'_>, seq: Oid) -> PgResult<ast::Expr> {
    let relation = cx.catalog.get_relation(seq)?;
    let schema = cx.catalog.namespace_name(relation.namespace)?.unwrap_or_default();
    let name = format!(
        "{}.{}",
        catalog::quote_identifier(&schema),
        catalog::quote_identifier(&relation.name)
    );
    let text =
        format!("pg_catalog.nextval({}::pg_catalog.regclass)", catalog::quote_literal(&name));
    parser::parse_expr(&text, &parser::ParserOptions::default())
}

/// The columns of LIKE, and what it includes.
fn expand_like(cx: &UtilityContext<'_>, like: &TableLikeClause, e: &mut Elements) -> PgResult<()> {
    const ACCESS_SHARE: i32 = 1;
    let source = relation_name::open_range_var(cx, &like.relation, ACCESS_SHARE)
        .map_err(|e| e.at_if_unset(like.relation.location))?;
    if !matches!(source.relkind, 'r' | 'v' | 'm' | 'c' | 'f' | 'p') {
        return Err(err!(
            WRONG_OBJECT_TYPE,
            "relation \"{}\" is invalid in LIKE clause",
            source.name
        )
        .detail("This operation is not supported for sequences.")
        .at(like.relation.location));
    }
    acl::check(
        cx.catalog,
        ObjectKind::of_relkind(source.relkind),
        &source.name,
        source.acl.as_deref(),
        source.owner,
        cx.user(),
        bit::SELECT,
    )?;
    let has = |bits: u32| like.options & bits != 0;
    if has(table_like::STATISTICS) && like.options != table_like::ALL {
        return Err(not_supported!("LIKE INCLUDING STATISTICS"));
    }
    let first = e.columns.len() as i16;
    // Old numbers to new ones: dropped columns are left out.
    let mut numbers = vec![0i16; source.attrs.len() + 1];
    let mut next = first;
    for a in source.attrs.iter().filter(|a| !a.dropped) {
        next += 1;
        numbers[a.num as usize] = next;
    }
    for a in source.attrs.iter().filter(|a| !a.dropped) {
        let mut column = like_column(cx, &source, a, like.options)?;
        if let Some(default) = &mut column.cooked_default {
            renumber(default, &numbers);
        }
        e.columns.push(column);
    }
    if has(table_like::CONSTRAINTS) {
        for c in source.constraints.iter().filter(|c| c.contype == 'c') {
            if let Some(expr) = &c.expr {
                let mut expr = (**expr).clone();
                renumber(&mut expr, &numbers);
                e.checks.push((c.name.clone(), expr));
            }
        }
    }
    if has(table_like::INDEXES) {
        like_indexes(&source, &numbers, e)?;
    }
    Ok(())
}

/// Gives the Vars of an expression over one table the column numbers of another.
pub(crate) fn renumber(expr: &mut nodes::Expr, numbers: &[i16]) {
    nodes::walk::rewrite_expr_deep(expr, 0, &mut |e, level| {
        if let nodes::Expr::Var(v) = e
            && v.varlevelsup == level
            && v.varattno > 0
        {
            v.varattno = numbers.get(v.varattno as usize).copied().unwrap_or(0);
            v.varattnosyn = v.varattno;
        }
    });
}

fn like_column(
    cx: &UtilityContext<'_>,
    source: &RelationDesc,
    a: &catalog::Attribute,
    options: u32,
) -> PgResult<Column> {
    let has = |bits: u32| options & bits != 0;
    let mut new = NewColumn::new(&a.name, a.typ, a.typmod, a.collation);
    new.ndims = a.ndims;
    new.not_null = a.not_null;
    if has(table_like::STORAGE) {
        new.storage = Some(a.storage);
    }
    if has(table_like::COMPRESSION) {
        new.compression = a.compression;
    }
    let mut cooked_default = None;
    let generated = a.generated != '\0';
    if a.has_default
        && (if generated { has(table_like::GENERATED) } else { has(table_like::DEFAULTS) })
    {
        cooked_default = a.default.as_ref().map(|e| (**e).clone());
        new.generated = a.generated;
    }
    let mut identity_options = Vec::new();
    if a.identity != '\0' && has(table_like::IDENTITY) {
        new.identity = a.identity;
        let kind = DependencyKind::Internal;
        if let Some(seq) = sequence::of_column(cx.catalog, source.oid, a.num, kind)?.first() {
            identity_options = sequence_options(&sequence::parameters_of(cx.catalog, *seq)?);
        }
    }
    let not_null = source.constraints.iter().find(|c| c.contype == 'n' && c.key == [a.num]);
    Ok(Column {
        new,
        location: -1,
        default: None,
        cooked_default,
        serial: false,
        identity_options,
        not_null_name: not_null.map(|c| c.name.clone()),
        not_null_no_inherit: not_null.is_some_and(|c| c.noinherit),
        generated_of: None,
        inherited_identity: false,
    })
}

/// A sequence's parameters as options.
fn sequence_options(p: &sequence::Parameters) -> Vec<ast::DefElem> {
    let number = |name: &str, value: i64| {
        let arg = ast::DefArg::Float(value.to_string());
        ast::DefElem::new(name, Some(arg), -1)
    };
    vec![
        number("cache", p.cache),
        ast::DefElem::new("cycle", Some(ast::DefArg::Boolean(p.cycle)), -1),
        number("increment", p.increment),
        number("maxvalue", p.max),
        number("minvalue", p.min),
        number("start", p.start),
    ]
}

/// Keys of the source become keys of the new table, other indexes indexes.
fn like_indexes(source: &RelationDesc, numbers: &[i16], e: &mut Elements) -> PgResult<()> {
    for index in source.indexes.iter() {
        let mut constraints = source.constraints.iter();
        let constraint =
            constraints.find(|c| c.indid == index.oid && matches!(c.contype, 'p' | 'u' | 'x'));
        let Some(constraint) = constraint else {
            e.indexes.push((index.clone(), numbers.to_vec()));
            continue;
        };
        if constraint.contype == 'x' {
            return Err(not_supported!("LIKE INCLUDING INDEXES of an exclusion constraint"));
        }
        let contype =
            if constraint.contype == 'p' { ConstrType::Primary } else { ConstrType::Unique };
        let mut c = Constraint::new(contype, -1);
        let names = |columns: &[catalog::IndexColumn]| -> PgResult<Vec<String>> {
            columns
                .iter()
                .map(|c| {
                    source
                        .attr(c.attnum)
                        .map(|a| a.name.clone())
                        .ok_or_else(|| PgError::internal("index column is gone"))
                })
                .collect()
        };
        c.keys = names(&index.columns[..index.n_key])?;
        c.including = names(&index.columns[index.n_key..])?;
        c.nulls_not_distinct = index.nulls_not_distinct;
        c.deferrable = constraint.deferrable;
        c.initdeferred = constraint.deferred;
        e.constraints.push(c);
    }
    Ok(())
}

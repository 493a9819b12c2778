//! CREATE INDEX, and the indexes behind constraints.
use crate::{UtilityContext, creation, expression, object_name, partition, relation_name, scan};
use analyzer::ExprKind;
use catalog::{
    CatalogRead, NewIndex, NewIndexColumn, RelationDesc, acl,
    acl::ObjectKind,
    depend::{DependencyKind, ObjectAddress},
};
use error::{PgResult, bail, err, not_supported};
use nodes::Expr;
use parser::ast::{self, DefElem, IndexElem, IndexStmt, SortByDir, SortByNulls};
use std::sync::Arc;
use types::Oid;

/// The btree access method.
const BTREE: Oid = Oid(403);

/// An index to be made, by CREATE INDEX or for a constraint.
#[derive(Default)]
pub(crate) struct Definition {
    /// None: choose one.
    pub(crate) name: Option<String>,
    pub(crate) access_method: String,
    pub(crate) columns: Vec<IndexElem>,
    pub(crate) including: Vec<String>,
    pub(crate) options: Vec<DefElem>,
    pub(crate) predicate: Option<ast::Expr>,
    pub(crate) unique: bool,
    pub(crate) nulls_not_distinct: bool,
    pub(crate) primary: bool,
    pub(crate) deferrable: bool,
    pub(crate) for_constraint: bool,
    /// On a partitioned table only, whose partitions have no part of it yet.
    pub(crate) invalid: bool,
}

/// CREATE INDEX; the index, unless IF NOT EXISTS finds one.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &IndexStmt) -> PgResult<Option<Oid>> {
    const SHARE: i32 = 5;
    if stmt.concurrent {
        cx.services.prevent_in_transaction_block("CREATE INDEX CONCURRENTLY")?;
    }
    let table = relation_name::open_range_var(cx, &stmt.relation, SHARE)?;
    check_table(cx, &table)?;
    creation::check_tablespace(stmt.table_space.as_deref())?;
    if let Some(name) = &stmt.idxname
        && stmt.if_not_exists
        && creation::exists_skipping(cx, table.namespace, name)?
    {
        return Ok(None);
    }
    let mut including = Vec::new();
    for elem in &stmt.index_including_params {
        including.push(included_name(elem)?);
    }
    let definition = Definition {
        name: stmt.idxname.clone(),
        access_method: stmt.access_method.clone(),
        columns: stmt.index_params.clone(),
        including,
        options: stmt.options.clone(),
        predicate: stmt.where_clause.clone(),
        unique: stmt.unique,
        nulls_not_distinct: stmt.nulls_not_distinct,
        ..Definition::default()
    };
    if table.relkind == 'p' && stmt.concurrent {
        bail!(
            FEATURE_NOT_SUPPORTED,
            "cannot create index on partitioned table \"{}\" concurrently",
            table.name
        );
    }
    let parts = !stmt.relation.inh && !cx.catalog.inheritance_children(table.oid)?.is_empty();
    let definition = Definition { invalid: table.relkind == 'p' && parts, ..definition };
    let (oid, _) = define(cx, &table, &definition, true)?;
    if stmt.relation.inh {
        propagate(cx, table.oid, oid)?;
    }
    Ok(Some(oid))
}

/// Gives the partitions of a table their parts of an index that was just made on it.
pub(crate) fn propagate(cx: &UtilityContext<'_>, table: Oid, index: Oid) -> PgResult<()> {
    let table = cx.catalog.get_relation(table)?;
    if table.relkind != 'p' {
        return Ok(());
    }
    let Some(desc) = table.indexes.iter().find(|i| i.oid == index).cloned() else { return Ok(()) };
    for child in cx.catalog.inheritance_children(table.oid)?.iter() {
        cx.lock(*child, 8)?;
        partition::propagate_index(cx, &table, &desc, *child)?;
    }
    Ok(())
}

/// A unique index of a partitioned table must have all columns of the partition key, so that equal rows
/// meet in one partition.
fn check_partition_key(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    d: &Definition,
    columns: &[NewIndexColumn],
) -> PgResult<()> {
    let Some(key) = table.partition_key.as_ref().filter(|_| d.unique) else { return Ok(()) };
    let kind = if d.primary { "PRIMARY KEY" } else { "UNIQUE" };
    for (n, attnum) in key.attrs.iter().enumerate() {
        let Some(a) = table.attr(*attnum) else {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "unsupported {kind} constraint with partition key definition"
            )
            .detail(format!(
                "{kind} constraints cannot be used when partition keys include expressions."
            )));
        };
        let mut found = false;
        for column in columns[..d.columns.len()].iter().filter(|c| c.attnum == *attnum) {
            let family = cx.catalog.lookup_opclass(column.opclass)?.map(|c| c.family);
            found |= column.collation == key.collation[n]
                && (key.strategy == 'h' || family == Some(key.opfamily[n]));
        }
        if !found {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "unique constraint on partitioned table must include all partitioning columns"
            )
            .detail(format!(
                "{kind} constraint on table \"{}\" lacks column \"{}\" which is part of the \
                 partition key.",
                table.name, a.name
            )));
        }
    }
    Ok(())
}

fn included_name(elem: &IndexElem) -> PgResult<String> {
    let fault = if elem.expr.is_some() {
        "expressions are not supported in included columns"
    } else if !elem.collation.is_empty() {
        "including column does not support a collation"
    } else if !elem.opclass.is_empty() {
        "including column does not support an operator class"
    } else if elem.ordering != SortByDir::Default {
        "including column does not support ASC/DESC options"
    } else if elem.nulls_ordering != SortByNulls::Default {
        "including column does not support NULLS FIRST/LAST options"
    } else if let Some(name) = &elem.name {
        return Ok(name.clone());
    } else {
        "expressions are not supported in included columns"
    };
    let state = if elem.expr.is_some() {
        error::SqlState::FEATURE_NOT_SUPPORTED
    } else {
        error::SqlState::INVALID_OBJECT_DEFINITION
    };
    Err(error::PgError::new(state, fault))
}

fn check_table(cx: &UtilityContext<'_>, table: &RelationDesc) -> PgResult<()> {
    match table.relkind {
        'r' | 'm' | 'p' => {}
        _ => {
            let detail = match table.relkind {
                'v' => "This operation is not supported for views.",
                'S' => "This operation is not supported for sequences.",
                'i' | 'I' => "This operation is not supported for indexes.",
                'f' => "This operation is not supported for foreign tables.",
                _ => "This operation is not supported for composite types.",
            };
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "cannot create index on relation \"{}\"",
                table.name
            )
            .detail(detail));
        }
    }
    if table.oid < Oid::FIRST_NORMAL {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{}\" is a system catalog", table.name);
    }
    acl::check_owner(cx.catalog, ObjectKind::Table, &table.name, table.owner, cx.user())
}

/// What a key column turned out to be.
struct Resolved {
    column: NewIndexColumn,
    expr: Option<Expr>,
}

/// Makes an index; `fill` when the table may have rows. Returns its OID and name.
pub(crate) fn define(
    cx: &UtilityContext<'_>,
    table: &Arc<RelationDesc>,
    d: &Definition,
    fill: bool,
) -> PgResult<(Oid, String)> {
    let am = access_method(cx, d)?;
    let reloptions = creation::reloptions(creation::OptionKind::Index, &d.options)?;
    let n_key = d.columns.len();
    if n_key + d.including.len() > 32 {
        bail!(TOO_MANY_COLUMNS, "cannot use more than 32 columns in an index");
    }
    let mut columns: Vec<NewIndexColumn> = Vec::with_capacity(n_key);
    let mut exprs = Vec::new();
    for elem in &d.columns {
        let resolved = key_column(cx, table, elem, am)?;
        exprs.extend(resolved.expr);
        columns.push(resolved.column);
    }
    for name in &d.including {
        let a = table.attr_by_name(name).ok_or_else(|| missing_key_column(name, d))?;
        columns.push(NewIndexColumn {
            attnum: a.num,
            name: a.name.clone(),
            typ: a.typ,
            typmod: a.typmod,
            collation: Oid::INVALID,
            opclass: Oid::INVALID,
            desc: false,
            nulls_first: false,
        });
    }
    number_duplicates(&mut columns);
    check_partition_key(cx, table, d, &columns)?;
    let predicate = predicate(cx, table, d.predicate.as_ref())?;
    let name = match &d.name {
        Some(name) => name.clone(),
        None => choose_name(cx, table, d, &columns)?,
    };
    let new = NewIndex {
        oid: Oid::INVALID,
        name: name.clone(),
        table: table.oid,
        am,
        owner: table.owner,
        tablespace: Oid::INVALID,
        columns,
        n_key,
        unique: d.unique,
        nulls_not_distinct: d.nulls_not_distinct,
        primary: d.primary,
        exclusion: false,
        immediate: !d.deferrable,
        valid: !d.invalid,
        ready: true,
        exprs,
        predicate,
        reloptions,
        partitioned: table.relkind == 'p',
        parent: Oid::INVALID,
        for_constraint: d.for_constraint,
    };
    let (oid, _) = cx.catalog.create_index(&new)?;
    cx.services.command_counter_increment()?;
    if fill && table.relkind != 'p' {
        scan::build_index(cx, table.oid, oid)?;
    }
    Ok((oid, name))
}

fn access_method(cx: &UtilityContext<'_>, d: &Definition) -> PgResult<Oid> {
    let name = &d.access_method;
    let Some((am, kind)) = cx.catalog.lookup_am(name)? else {
        bail!(UNDEFINED_OBJECT, "access method \"{name}\" does not exist");
    };
    if kind != 'i' {
        return Err(err!(WRONG_OBJECT_TYPE, "access method \"{name}\" is not of type INDEX"));
    }
    if am == BTREE {
        return Ok(am);
    }
    let feature = |text: &str| {
        Err(err!(FEATURE_NOT_SUPPORTED, "access method \"{name}\" does not support {text}"))
    };
    if d.unique {
        return feature("unique indexes");
    }
    if !d.including.is_empty() && name != "gist" && name != "spgist" {
        return feature("included columns");
    }
    if d.columns.len() > 1 && (name == "hash" || name == "spgist") {
        return feature("multicolumn indexes");
    }
    Err(not_supported!("index access method \"{name}\""))
}

fn missing_key_column(name: &str, d: &Definition) -> error::PgError {
    if d.for_constraint {
        return err!(UNDEFINED_COLUMN, "column \"{name}\" named in key does not exist");
    }
    err!(UNDEFINED_COLUMN, "column \"{name}\" does not exist")
}

fn key_column(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    elem: &IndexElem,
    am: Oid,
) -> PgResult<Resolved> {
    let (attnum, name, typ, typmod, mut collation, expr) = match (&elem.name, &elem.expr) {
        (Some(name), _) => {
            let Some(a) = table.attr_by_name(name) else {
                if is_system_column(name) {
                    bail!(
                        FEATURE_NOT_SUPPORTED,
                        "index creation on system columns is not supported"
                    );
                }
                bail!(UNDEFINED_COLUMN, "column \"{name}\" does not exist");
            };
            if a.generated == 'v' {
                return Err(not_supported!("an index on a virtual generated column"));
            }
            (a.num, a.name.clone(), a.typ, a.typmod, a.collation, None)
        }
        (None, Some(raw)) => {
            let kind = ExprKind::IndexExpression;
            let expr = expression::relation_expr(cx, table, raw, kind)?;
            let name = analyzer::figure_index_colname(raw).unwrap_or_else(|| "expr".to_owned());
            // A column in parentheses is a plain column.
            if let Expr::Var(v) = &expr
                && v.varattno > 0
                && let Some(a) = table.attr(v.varattno)
            {
                (a.num, a.name.clone(), a.typ, a.typmod, a.collation, None)
            } else {
                if expression::contains_mutable(cx, &expr)? {
                    bail!(
                        INVALID_OBJECT_DEFINITION,
                        "functions in index expression must be marked IMMUTABLE"
                    );
                }
                (0, name, expr.typ(), expr.typmod(), expr.collation(), Some(expr))
            }
        }
        (None, None) => return Err(error::PgError::internal("index column without a name")),
    };
    if !elem.collation.is_empty() {
        let mut acx = cx.analyze_context();
        collation = analyzer::Analyzer::new(&mut acx).lookup_collation(&elem.collation, -1)?;
        if !cx.catalog.get_type(typ)?.collation.is_valid() {
            bail!(
                DATATYPE_MISMATCH,
                "collations are not supported by type {}",
                cx.catalog.format_type(typ, None)?
            );
        }
    } else if cx.catalog.get_type(typ)?.collation.is_valid() && !collation.is_valid() {
        return Err(err!(
            INDETERMINATE_COLLATION,
            "could not determine which collation to use for index expression"
        )
        .hint("Use the COLLATE clause to set the collation explicitly."));
    }
    if !elem.opclassopts.is_empty() {
        return Err(not_supported!("operator class options"));
    }
    let opclass = opclass(cx, typ, am, &elem.opclass)?;
    let desc = elem.ordering == SortByDir::Desc;
    let nulls_first = match elem.nulls_ordering {
        SortByNulls::Default => desc,
        SortByNulls::First => true,
        SortByNulls::Last => false,
    };
    let column =
        NewIndexColumn { attnum, name, typ, typmod, collation, opclass, desc, nulls_first };
    Ok(Resolved { column, expr })
}

fn is_system_column(name: &str) -> bool {
    matches!(name, "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid")
}

/// The operator class named, or the default one.
pub(crate) fn opclass(
    cx: &UtilityContext<'_>,
    typ: Oid,
    am: Oid,
    names: &[String],
) -> PgResult<Oid> {
    let am_name = cx.catalog.access_method_name(am)?;
    let Some((name, schema)) = names.split_last() else {
        if let Some(class) = cx.catalog.default_opclass(typ, am)? {
            return Ok(class.oid);
        }
        return Err(err!(
            UNDEFINED_OBJECT,
            "data type {} has no default operator class for access method \"{am_name}\"",
            cx.catalog.format_type(typ, None)?
        )
        .hint(
            "You must specify an operator class for the index or define a default operator \
             class for the data type.",
        ));
    };
    let namespaces = match schema.last() {
        Some(schema) => vec![relation_name::namespace(cx.catalog, schema)?],
        None => cx.catalog.search_path().to_vec(),
    };
    let classes = cx.catalog.opclasses_of_am(am)?;
    let found = namespaces
        .iter()
        .find_map(|ns| classes.iter().find(|c| c.namespace == *ns && c.name == *name));
    let Some(class) = found else {
        bail!(
            UNDEFINED_OBJECT,
            "operator class \"{}\" does not exist for access method \"{am_name}\"",
            names.join(".")
        );
    };
    if !cx.catalog.binary_coercible(typ, class.intype)? {
        bail!(
            DATATYPE_MISMATCH,
            "operator class \"{}\" does not accept data type {}",
            names.join("."),
            cx.catalog.format_type(typ, None)?
        );
    }
    Ok(class.oid)
}

/// Columns of an index must differ in name: `a`, `a1`, `a2`.
fn number_duplicates(columns: &mut [NewIndexColumn]) {
    for i in 0..columns.len() {
        let base = columns[i].name.clone();
        let mut name = base.clone();
        let mut n = 0;
        while columns[..i].iter().any(|c| c.name == name) {
            n += 1;
            name = format!("{base}{n}");
        }
        columns[i].name = name;
    }
}

fn predicate(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    raw: Option<&ast::Expr>,
) -> PgResult<Vec<Expr>> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    let kind = ExprKind::IndexPredicate;
    let expr = expression::relation_condition(cx, table, raw, kind, "WHERE")?;
    if expression::contains_mutable(cx, &expr)? {
        bail!(INVALID_OBJECT_DEFINITION, "functions in index predicate must be marked IMMUTABLE");
    }
    // Kept as a list of conditions that all must hold.
    Ok(match expr {
        Expr::BoolExpr(b) if b.boolop == nodes::BoolExprType::And => b.args,
        other => vec![other],
    })
}

fn choose_name(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    d: &Definition,
    columns: &[NewIndexColumn],
) -> PgResult<String> {
    let constraints = d.for_constraint.then_some(table.oid);
    if d.primary {
        return object_name::choose_relation_name(
            cx.catalog,
            &table.name,
            None,
            "pkey",
            table.namespace,
            constraints,
        );
    }
    let label = if d.for_constraint { "key" } else { "idx" };
    let names = object_name::join_columns(columns.iter().map(|c| c.name.as_str()));
    object_name::choose_relation_name(
        cx.catalog,
        &table.name,
        Some(&names),
        label,
        table.namespace,
        constraints,
    )
}

/// Ties an index to its constraint.
pub(crate) fn link_constraint(
    cx: &UtilityContext<'_>,
    index: Oid,
    constraint: Oid,
) -> PgResult<()> {
    cx.catalog.record_dependency(
        ObjectAddress::relation(index),
        ObjectAddress::constraint(constraint),
        DependencyKind::Internal,
    )
}

//! ALTER … RENAME.
use crate::{UtilityContext, column, object_address, relation_name};
use catalog::{
    CatalogRead, RelationDesc, acl,
    acl::ObjectKind,
    schema::{
        index, pg_attribute, pg_authid, pg_class, pg_constraint, pg_namespace, pg_proc, pg_rewrite,
        pg_trigger,
    },
};
use error::{PgError, PgResult, bail, err, not_supported};
use parser::ast::{ObjectRef, ObjectType, RangeVar, RenameStmt, TypeName};
use std::sync::Arc;
use types::{Datum, Oid};

/// Renames an object or a part of one.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    match stmt.rename_type {
        ObjectType::Table
        | ObjectType::View
        | ObjectType::MatView
        | ObjectType::Index
        | ObjectType::Sequence
        | ObjectType::ForeignTable => rename_relation(cx, stmt),
        ObjectType::Column | ObjectType::Attribute => rename_column(cx, stmt),
        ObjectType::TabConstraint => rename_constraint(cx, stmt),
        ObjectType::Type | ObjectType::Domain => rename_type(cx, stmt),
        ObjectType::DomConstraint => rename_domain_constraint(cx, stmt),
        ObjectType::Schema => rename_schema(cx, stmt),
        ObjectType::Role => rename_role(cx, stmt),
        ObjectType::Function
        | ObjectType::Procedure
        | ObjectType::Routine
        | ObjectType::Aggregate => rename_function(cx, stmt),
        ObjectType::Trigger | ObjectType::Rule => rename_of_relation(cx, stmt),
        _ => Err(not_supported!("RENAME of this kind of object")),
    }?;
    cx.services.command_counter_increment()
}

fn open(
    cx: &UtilityContext<'_>,
    name: &RangeVar,
    stmt: &RenameStmt,
) -> PgResult<Option<Arc<RelationDesc>>> {
    let parts = relation_name::parts_of(name);
    let Some(relation) = relation_name::open_relation(cx, &parts, 8, stmt.missing_ok)? else {
        cx.notice(PgError::notice(format!(
            "relation \"{}\" does not exist, skipping",
            name.relname
        )));
        return Ok(None);
    };
    if relation.oid < Oid::FIRST_NORMAL {
        bail!(
            INSUFFICIENT_PRIVILEGE,
            "permission denied: \"{}\" is a system catalog",
            relation.name
        );
    }
    let kind = ObjectKind::of_relkind(relation.relkind);
    acl::check_owner(cx.catalog, kind, &relation.name, relation.owner, cx.user())?;
    Ok(Some(relation))
}

fn rename_relation(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let Some(name) = &stmt.relation else { return Ok(()) };
    let Some(relation) = open(cx, name, stmt)? else { return Ok(()) };
    let fits = match stmt.rename_type {
        ObjectType::View => relation.relkind == 'v',
        ObjectType::MatView => relation.relkind == 'm',
        ObjectType::Sequence => relation.relkind == 'S',
        ObjectType::ForeignTable => relation.relkind == 'f',
        ObjectType::Index => matches!(relation.relkind, 'i' | 'I' | 'r'),
        _ => relation.relkind != 'c',
    };
    if !fits {
        return Err(object_address::wrong_kind(stmt.rename_type, &relation, "ALTER"));
    }
    cx.services.check_relation_not_in_use(relation.oid, "ALTER TABLE")?;
    set_relation_name(cx, &relation, &stmt.newname)?;
    // An index and its constraint share their name.
    if let Some(index) = &relation.index {
        let table = cx.catalog.get_relation(index.relid)?;
        let owner = table
            .constraints
            .iter()
            .find(|c| c.indid == relation.oid && matches!(c.contype, 'p' | 'u' | 'x'));
        if let Some(c) = owner {
            let name = [(pg_constraint::CONNAME, Datum::text(&stmt.newname))];
            cx.catalog.set_constraint(c.oid, &name)?;
        }
        cx.catalog.invalidate_relation(table.oid)?;
    }
    Ok(())
}

/// New name of a relation and its row type.
fn set_relation_name(cx: &UtilityContext<'_>, relation: &RelationDesc, name: &str) -> PgResult<()> {
    if cx.catalog.lookup_relation(relation.namespace, name)?.is_some() {
        bail!(DUPLICATE_TABLE, "relation \"{name}\" already exists");
    }
    let column = [(pg_class::RELNAME, Datum::text(name))];
    cx.catalog.set_by_oid(pg_class::RELID, relation.oid, &column)?;
    if relation.reltype.is_valid() {
        cx.catalog.rename_type(relation.reltype, name)?;
    }
    cx.catalog.invalidate_relation(relation.oid)
}

fn rename_column(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let Some(name) = &stmt.relation else { return Ok(()) };
    let Some(relation) = open(cx, name, stmt)? else { return Ok(()) };
    if relation.oftype.is_valid() {
        bail!(WRONG_OBJECT_TYPE, "cannot rename column of typed table");
    }
    let old = stmt.subname.as_deref().unwrap_or_default();
    let mut tables = vec![relation.clone()];
    let mut at = 0;
    while let Some(table) = tables.get(at).cloned() {
        at += 1;
        for child in cx.catalog.inheritance_children(table.oid)?.iter() {
            if !name.inh {
                bail!(
                    INVALID_TABLE_DEFINITION,
                    "inherited column \"{old}\" must be renamed in child tables too"
                );
            }
            cx.lock(*child, 8)?;
            if !tables.iter().any(|t| t.oid == *child) {
                tables.push(cx.catalog.get_relation(*child)?);
            }
        }
    }
    for table in &tables {
        // Every parent that the column comes from must be among the tables that are renamed with it.
        let mut parents = 0;
        for parent in cx.catalog.inheritance_parents(table.oid)?.iter() {
            let with_it = table.oid != relation.oid && tables.iter().any(|t| t.oid == *parent);
            parents += i16::from(with_it);
        }
        rename_column_of(cx, table, stmt, parents)?;
    }
    Ok(())
}

/// Renames a column of one table, which inherits it from `parents` of those that are renamed too.
fn rename_column_of(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    stmt: &RenameStmt,
    parents: i16,
) -> PgResult<()> {
    let old = stmt.subname.as_deref().unwrap_or_default();
    let Some(a) = relation.attr_by_name(old) else {
        if column::check_name(old).is_err() {
            bail!(FEATURE_NOT_SUPPORTED, "cannot rename system column \"{old}\"");
        }
        bail!(UNDEFINED_COLUMN, "column \"{old}\" does not exist");
    };
    if a.inhcount > parents {
        bail!(INVALID_TABLE_DEFINITION, "cannot rename inherited column \"{old}\"");
    }
    column::check_name(&stmt.newname)?;
    if relation.attr_by_name(&stmt.newname).is_some() {
        bail!(
            DUPLICATE_COLUMN,
            "column \"{}\" of relation \"{}\" already exists",
            stmt.newname,
            relation.name
        );
    }
    let column = [(pg_attribute::ATTNAME, Datum::text(&stmt.newname))];
    cx.catalog.set_attribute(relation.oid, a.num, &column)?;
    for index in relation.indexes.iter() {
        for (i, c) in index.columns.iter().enumerate() {
            if c.attnum == a.num {
                cx.catalog.set_attribute(index.oid, i as i16 + 1, &column)?;
                cx.catalog.invalidate_relation(index.oid)?;
            }
        }
    }
    cx.catalog.invalidate_relation(relation.oid)
}

fn rename_constraint(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let Some(name) = &stmt.relation else { return Ok(()) };
    let Some(relation) = open(cx, name, stmt)? else { return Ok(()) };
    let old = stmt.subname.as_deref().unwrap_or_default();
    let Some(c) = relation.constraints.iter().find(|c| c.name == old) else {
        bail!(
            UNDEFINED_OBJECT,
            "constraint \"{old}\" for table \"{}\" does not exist",
            relation.name
        );
    };
    if relation.constraints.iter().any(|c| c.name == stmt.newname) {
        bail!(
            DUPLICATE_OBJECT,
            "constraint \"{}\" for relation \"{}\" already exists",
            stmt.newname,
            relation.name
        );
    }
    if matches!(c.contype, 'c' | 'n') {
        let children = cx.catalog.inheritance_children(relation.oid)?;
        if !name.inh && !c.noinherit && !children.is_empty() {
            bail!(
                INVALID_TABLE_DEFINITION,
                "inherited constraint \"{old}\" must be renamed in child tables too"
            );
        }
        if c.inhcount > 0 {
            bail!(INVALID_TABLE_DEFINITION, "cannot rename inherited constraint \"{old}\"");
        }
        rename_inherited(cx, &relation, c, &stmt.newname)?;
    }
    let name = [(pg_constraint::CONNAME, Datum::text(&stmt.newname))];
    cx.catalog.set_constraint(c.oid, &name)?;
    if c.indid.is_valid() && matches!(c.contype, 'p' | 'u' | 'x') {
        let index = cx.catalog.get_relation(c.indid)?;
        set_relation_name(cx, &index, &stmt.newname)?;
    }
    cx.catalog.invalidate_relation(relation.oid)
}

/// A constraint is called the same in the tables that inherit it.
fn rename_inherited(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    c: &catalog::Constraint,
    new: &str,
) -> PgResult<()> {
    if c.noinherit {
        return Ok(());
    }
    for child in cx.catalog.inheritance_children(parent.oid)?.iter() {
        cx.lock(*child, 8)?;
        let child = cx.catalog.get_relation(*child)?;
        let map = crate::inherit::column_map(parent, &child);
        let Some(own) = crate::inherit::counterpart(c, &child, &map).filter(|o| o.inhcount > 0)
        else {
            continue;
        };
        if own.inhcount > 1 {
            bail!(INVALID_TABLE_DEFINITION, "cannot rename inherited constraint \"{}\"", own.name);
        }
        rename_inherited(cx, &child, own, new)?;
        let name = [(pg_constraint::CONNAME, Datum::text(new))];
        cx.catalog.set_constraint(own.oid, &name)?;
        cx.catalog.invalidate_relation(child.oid)?;
    }
    Ok(())
}

/// The type that a dotted name means.
fn type_of(cx: &UtilityContext<'_>, object: Option<&ObjectRef>) -> PgResult<Arc<catalog::PgType>> {
    let name = match object {
        Some(ObjectRef::AnyName(names)) => TypeName::from_names(names.clone(), -1),
        Some(ObjectRef::TypeName(name)) => (**name).clone(),
        _ => return Err(PgError::internal("a type's name was expected")),
    };
    let (oid, _) = object_address::resolve_type(cx, &name)?;
    let typ = cx.catalog.get_type(oid)?;
    if !cx.catalog.has_role_privileges(cx.user(), typ.owner)? {
        return Err(acl::not_owner(ObjectKind::Type, &cx.catalog.format_type(oid, None)?));
    }
    Ok(typ)
}

fn rename_type(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let typ = type_of(cx, stmt.object.as_ref())?;
    if stmt.rename_type == ObjectType::Domain && typ.typtype != 'd' {
        bail!(WRONG_OBJECT_TYPE, "{} is not a domain", cx.catalog.format_type(typ.oid, None)?);
    }
    if typ.typtype == 'c' {
        let relation = cx.catalog.get_relation(typ.relid)?;
        if relation.relkind != 'c' {
            return Err(err!(
                WRONG_OBJECT_TYPE,
                "{} is a table's row type",
                cx.catalog.format_type(typ.oid, None)?
            )
            .hint("Use ALTER TABLE instead."));
        }
        return set_relation_name(cx, &relation, &stmt.newname);
    }
    if typ.is_array() {
        return Err(err!(
            WRONG_OBJECT_TYPE,
            "cannot alter array type {}",
            cx.catalog.format_type(typ.oid, None)?
        ));
    }
    if cx.catalog.lookup_type_by_name(typ.namespace, &stmt.newname)?.is_some() {
        bail!(DUPLICATE_OBJECT, "type \"{}\" already exists", stmt.newname);
    }
    cx.catalog.rename_type(typ.oid, &stmt.newname)
}

fn rename_domain_constraint(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let typ = type_of(cx, stmt.object.as_ref())?;
    let old = stmt.subname.as_deref().unwrap_or_default();
    let Some(oid) = cx.catalog.constraint_exists(Oid::INVALID, typ.oid, old)? else {
        bail!(
            UNDEFINED_OBJECT,
            "constraint \"{old}\" for domain {} does not exist",
            cx.catalog.format_type(typ.oid, None)?
        );
    };
    cx.catalog.set_constraint(oid, &[(pg_constraint::CONNAME, Datum::text(&stmt.newname))])
}

fn plain_name(stmt: &RenameStmt) -> &str {
    match (&stmt.object, &stmt.subname) {
        (Some(ObjectRef::Name(name)), _) | (_, Some(name)) => name,
        _ => "",
    }
}

fn rename_schema(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let old = plain_name(stmt);
    let oid = relation_name::namespace(cx.catalog, old)?;
    if cx.catalog.lookup_namespace(&stmt.newname)?.is_some() {
        bail!(DUPLICATE_SCHEMA, "schema \"{}\" already exists", stmt.newname);
    }
    if let Some(row) = cx.catalog.lookup_namespace_row(oid)? {
        acl::check_owner(cx.catalog, ObjectKind::Schema, old, row.owner, cx.user())?;
    }
    if stmt.newname.starts_with("pg_") {
        return Err(err!(RESERVED_NAME, "unacceptable schema name \"{}\"", stmt.newname)
            .detail("The prefix \"pg_\" is reserved for system schemas."));
    }
    let name = [(pg_namespace::NSPNAME, Datum::text(&stmt.newname))];
    cx.catalog.set_by_oid(pg_namespace::RELID, oid, &name)
}

fn rename_role(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let old = plain_name(stmt);
    let oid = relation_name::role_by_name(cx.catalog, old)?;
    if oid == cx.session.session_user() {
        bail!(FEATURE_NOT_SUPPORTED, "session user cannot be renamed");
    }
    if oid == cx.user() {
        bail!(FEATURE_NOT_SUPPORTED, "current user cannot be renamed");
    }
    for name in [old, stmt.newname.as_str()] {
        if name.starts_with("pg_") {
            return Err(err!(RESERVED_NAME, "role name \"{name}\" is reserved")
                .detail("Role names starting with \"pg_\" are reserved."));
        }
    }
    if cx.catalog.lookup_role_by_name(&stmt.newname)?.is_some() {
        bail!(DUPLICATE_OBJECT, "role \"{}\" already exists", stmt.newname);
    }
    let current = cx.catalog.lookup_role(cx.user())?;
    if !current.is_some_and(|r| r.superuser || r.createrole) {
        return Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied to rename role"));
    }
    let name = [(pg_authid::ROLNAME, Datum::text(&stmt.newname))];
    cx.catalog.set_by_oid(pg_authid::RELID, oid, &name)
}

fn rename_function(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let Some(object) = &stmt.object else { return Ok(()) };
    let found = object_address::resolve(cx, stmt.rename_type, object, 8)?;
    let oid = found.address.object;
    let proc = cx.catalog.get_proc(oid)?;
    let kind = ObjectKind::of_prokind(proc.kind);
    acl::check_owner(cx.catalog, kind, &proc.name, proc.owner, cx.user())?;
    let same = cx.catalog.procs_by_name(&stmt.newname)?;
    if same.iter().any(|p| p.namespace == proc.namespace && p.argtypes == proc.argtypes) {
        let types: PgResult<Vec<String>> =
            proc.argtypes.iter().map(|t| cx.catalog.format_type(*t, None)).collect();
        let schema = cx.catalog.namespace_name(proc.namespace)?.unwrap_or_default();
        bail!(
            DUPLICATE_FUNCTION,
            "function {}({}) already exists in schema \"{schema}\"",
            stmt.newname,
            types?.join(", ")
        );
    }
    let name = [(pg_proc::PRONAME, Datum::text(&stmt.newname))];
    cx.catalog.set_by_oid(pg_proc::RELID, oid, &name)
}

/// Triggers and rules.
fn rename_of_relation(cx: &UtilityContext<'_>, stmt: &RenameStmt) -> PgResult<()> {
    let Some(name) = &stmt.relation else { return Ok(()) };
    let Some(relation) = open(cx, name, stmt)? else { return Ok(()) };
    let old = stmt.subname.as_deref().unwrap_or_default();
    let (class, index, column, noun, of) = match stmt.rename_type {
        ObjectType::Trigger => (
            pg_trigger::RELID,
            index::PG_TRIGGER_TGRELID_TGNAME_INDEX,
            pg_trigger::TGNAME,
            "trigger",
            "for table",
        ),
        _ => (
            pg_rewrite::RELID,
            index::PG_REWRITE_REL_RULENAME_INDEX,
            pg_rewrite::RULENAME,
            "rule",
            "for relation",
        ),
    };
    let key = [Datum::Oid(relation.oid), Datum::text(old)];
    let Some(row) = cx.catalog.row_by_index(index, &key)? else {
        bail!(UNDEFINED_OBJECT, "{noun} \"{old}\" {of} \"{}\" does not exist", relation.name);
    };
    let key = [Datum::Oid(relation.oid), Datum::text(&stmt.newname)];
    if cx.catalog.row_by_index(index, &key)?.is_some() {
        bail!(
            DUPLICATE_OBJECT,
            "{noun} \"{}\" {of} \"{}\" already exists",
            stmt.newname,
            relation.name
        );
    }
    let mut new = row.values.clone();
    new[column] = Datum::text(&stmt.newname);
    cx.catalog.update_row(class, &row, &new)?;
    cx.catalog.invalidate_relation(relation.oid)
}

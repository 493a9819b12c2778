//! CREATE and ALTER DOMAIN.
use crate::{
    UtilityContext, constraint_attrs::ConstraintAttrs, creation, expression, object_name, user_type,
};
use catalog::{
    CatalogRead, Constraint as CatalogConstraint, NewType, PgType,
    depend::ObjectAddress,
    schema::{pg_constraint, pg_type},
};
use error::{PgError, PgResult, bail, err, not_supported};
use parser::ast::{
    AlterDomainKind, AlterDomainStmt, ConstrType, Constraint, CreateDomainStmt, DropBehavior,
};
use std::sync::Arc;
use types::{Datum, Oid};

const DOMAIN_IN: Oid = Oid(2597);
const DOMAIN_RECV: Oid = Oid(2598);

/// Makes a domain.
pub(crate) fn execute_create(cx: &UtilityContext<'_>, stmt: &CreateDomainStmt) -> PgResult<()> {
    let (namespace, name) = creation::qualified_place(cx, &stmt.domainname)?;
    user_type::check_free(cx, namespace, &name)?;
    let (base, typmod, collation) = {
        let mut acx = cx.analyze_context();
        let a = analyzer::Analyzer::new(&mut acx);
        let (base, typmod) = a.typename_type(&stmt.type_name)?;
        let location = stmt.type_name.location;
        let collation = a.column_def_collation(stmt.coll_clause.as_ref(), &base, location)?;
        (base, typmod, collation)
    };
    if !matches!(base.typtype, 'b' | 'c' | 'd' | 'e' | 'r' | 'm') {
        return Err(err!(
            DATATYPE_MISMATCH,
            "\"{}\" is not a valid base type for a domain",
            stmt.type_name.names.join(".")
        )
        .at(stmt.type_name.location));
    }
    let mut not_null: Option<&Constraint> = None;
    let mut saw_null = false;
    let mut default = None;
    let mut checks = Vec::new();
    for (c, _) in ConstraintAttrs::group(&stmt.constraints)? {
        let fault = |text: &str| Err(err!(SYNTAX_ERROR, "{text}").at(c.location));
        match c.contype {
            ConstrType::Default => {
                if default.is_some() {
                    return fault("multiple default expressions");
                }
                default = Some(c);
            }
            ConstrType::NotNull if saw_null => {
                return fault("conflicting NULL/NOT NULL constraints");
            }
            ConstrType::NotNull if not_null.is_some() => {
                return fault("redundant NOT NULL constraint definition");
            }
            ConstrType::NotNull => not_null = Some(c),
            ConstrType::Null if not_null.is_some() => {
                return fault("conflicting NULL/NOT NULL constraints");
            }
            ConstrType::Null => saw_null = true,
            ConstrType::Check if c.is_no_inherit => {
                return Err(err!(
                    INVALID_OBJECT_DEFINITION,
                    "check constraints for domains cannot be marked NO INHERIT"
                )
                .at(c.location));
            }
            ConstrType::Check => checks.push(c),
            ConstrType::Unique => return fault("unique constraints not possible for domains"),
            ConstrType::Primary => {
                return fault("primary key constraints not possible for domains");
            }
            ConstrType::Exclusion => {
                return fault("exclusion constraints not possible for domains");
            }
            ConstrType::Foreign => {
                return fault("foreign key constraints not possible for domains");
            }
            ConstrType::Generated => {
                return fault("specifying GENERATED is not supported for domains");
            }
            _ => return fault("specifying constraint attributes is not supported for domains"),
        }
    }
    let default_bin = match default.and_then(|c| c.raw_expr.as_ref()) {
        Some(raw) => {
            let target = (name.as_str(), base.oid, typmod);
            let expr = expression::column_default(cx, None, raw, target)?;
            Some(nodes::stored::to_stored(&expr)?)
        }
        None => base.default_bin.clone(),
    };
    let new = NewType {
        len: base.len,
        byval: base.byval,
        typtype: 'd',
        category: base.category,
        defined: true,
        delim: base.delim,
        input: DOMAIN_IN,
        output: base.output,
        receive: DOMAIN_RECV,
        send: base.send,
        analyze: base.analyze,
        align: base.align,
        storage: base.storage,
        not_null: not_null.is_some(),
        basetype: base.oid,
        typmod,
        ndims: stmt.type_name.array_bounds.len() as i32,
        collation,
        default: default_bin.as_ref().and(base.default.clone()),
        default_bin,
        ..NewType::new(&name, namespace, cx.user())
    };
    let (oid, _) = cx.catalog.create_type_with_array(&new)?;
    cx.services.command_counter_increment()?;
    let typ = cx.catalog.get_type(oid)?;
    if let Some(c) = not_null {
        add_constraint(cx, &typ, c)?;
    }
    for c in checks {
        add_constraint(cx, &typ, c)?;
    }
    Ok(())
}

/// Adds a CHECK or NOT NULL to a domain.
fn add_constraint(cx: &UtilityContext<'_>, typ: &PgType, c: &Constraint) -> PgResult<()> {
    let check = c.contype == ConstrType::Check;
    let name = match &c.conname {
        Some(name) => {
            if cx.catalog.constraint_exists(Oid::INVALID, typ.oid, name)?.is_some() {
                bail!(
                    DUPLICATE_OBJECT,
                    "constraint \"{name}\" for domain \"{}\" already exists",
                    typ.name
                );
            }
            name.clone()
        }
        None => {
            let label = if check { "check" } else { "not_null" };
            let namespace = typ.namespace;
            object_name::choose_constraint_name(cx.catalog, &typ.name, None, label, namespace, &[])?
        }
    };
    let kind = if check { 'c' } else { 'n' };
    let mut new = CatalogConstraint::blank(&name, typ.namespace, kind, Oid::INVALID);
    new.typid = typ.oid;
    if let Some(raw) = c.raw_expr.as_ref().filter(|_| check) {
        new.expr = Some(Arc::new(expression::domain_condition(cx, typ, raw)?));
    }
    new.validated = !c.skip_validation;
    cx.catalog.create_constraint(&new)?;
    cx.services.command_counter_increment()
}

/// Changes a domain.
pub(crate) fn execute_alter(cx: &UtilityContext<'_>, stmt: &AlterDomainStmt) -> PgResult<()> {
    let typ = user_type::owned_type(cx, &stmt.type_name)?;
    if typ.typtype != 'd' {
        bail!(WRONG_OBJECT_TYPE, "{} is not a domain", cx.catalog.format_type(typ.oid, None)?);
    }
    let set = |columns: &[(usize, Datum)]| cx.catalog.set_by_oid(pg_type::RELID, typ.oid, columns);
    match stmt.subtype {
        AlterDomainKind::Default => {
            let stored = match &stmt.default {
                Some(raw) => {
                    let target = (typ.name.as_str(), typ.basetype, typ.typmod);
                    let expr = expression::column_default(cx, None, raw, target)?;
                    Datum::text(&nodes::stored::to_stored(&expr)?)
                }
                None => Datum::Null,
            };
            set(&[(pg_type::TYPDEFAULTBIN, stored), (pg_type::TYPDEFAULT, Datum::Null)])?;
        }
        AlterDomainKind::DropNotNull => {
            let constraints = cx.catalog.domain_constraints(typ.oid)?;
            if let Some(c) = constraints.iter().find(|c| c.contype == 'n') {
                drop_constraint_object(cx, c.oid, DropBehavior::Restrict)?;
            }
            set(&[(pg_type::TYPNOTNULL, Datum::Bool(false))])?;
        }
        AlterDomainKind::DropConstraint => {
            let name = stmt.name.as_deref().unwrap_or_default();
            match cx.catalog.constraint_exists(Oid::INVALID, typ.oid, name)? {
                Some(oid) => {
                    let not_null = cx
                        .catalog
                        .domain_constraints(typ.oid)?
                        .iter()
                        .any(|c| c.oid == oid && c.contype == 'n');
                    drop_constraint_object(cx, oid, stmt.behavior)?;
                    if not_null {
                        set(&[(pg_type::TYPNOTNULL, Datum::Bool(false))])?;
                    }
                }
                None => {
                    let message =
                        format!("constraint \"{name}\" of domain \"{}\" does not exist", typ.name);
                    if !stmt.missing_ok {
                        return Err(PgError::new(error::SqlState::UNDEFINED_OBJECT, message));
                    }
                    cx.notice(PgError::notice(format!("{message}, skipping")));
                }
            }
        }
        // Values that are stored in columns of the domain would have to be looked at.
        AlterDomainKind::SetNotNull => {
            return Err(not_supported!("ALTER DOMAIN ... SET NOT NULL"));
        }
        AlterDomainKind::ValidateConstraint => {
            return Err(not_supported!("ALTER DOMAIN ... VALIDATE CONSTRAINT"));
        }
        AlterDomainKind::AddConstraint => {
            let Some(c) = &stmt.constraint else { return Ok(()) };
            if !c.skip_validation && is_used(cx, typ.oid)? {
                return Err(not_supported!("ALTER DOMAIN ... ADD of a domain that columns use"));
            }
            if c.contype == ConstrType::NotNull {
                set(&[(pg_type::TYPNOTNULL, Datum::Bool(true))])?;
            }
            add_constraint(cx, &typ, c)?;
        }
    }
    cx.services.command_counter_increment()
}

/// Whether anything but constraints and the array type depends on the domain.
fn is_used(cx: &UtilityContext<'_>, typ: Oid) -> PgResult<bool> {
    use catalog::schema::{index, pg_class, pg_depend};
    let key = [Datum::Oid(pg_type::RELID), Datum::Oid(typ)];
    let rows = cx.catalog.rows_by_index(index::PG_DEPEND_REFERENCE_INDEX, &key)?;
    Ok(rows.iter().any(|row| row.oid(pg_depend::CLASSID) == pg_class::RELID))
}

fn drop_constraint_object(
    cx: &UtilityContext<'_>,
    oid: Oid,
    behavior: DropBehavior,
) -> PgResult<()> {
    let behavior = match behavior {
        DropBehavior::Restrict => catalog::DropBehavior::Restrict,
        DropBehavior::Cascade => catalog::DropBehavior::Cascade,
    };
    let object = ObjectAddress::new(pg_constraint::RELID, oid);
    cx.catalog.perform_deletion(&[object], behavior, false, &|n| cx.notice(n))
}

//! ALTER TABLE.
use crate::{
    UtilityContext, alter_inherit, alter_inherit::Reach, column, constraint, creation, expression,
    relation_name, rewrite, sequence, table,
};
use catalog::{
    CatalogRead, RelationDesc, acl,
    acl::ObjectKind,
    depend::{DependencyKind, ObjectAddress},
    schema::{index, pg_attribute, pg_class, pg_constraint},
};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use parser::ast::{
    self, AlterTableCmd, AlterTableDef, AlterTableStmt, AlterTableType as At, ColumnDef,
    Constraint, ObjectType,
};
use std::sync::Arc;
use types::{Datum, Oid};

/// PostgreSQL's AccessExclusiveLock.
const ACCESS_EXCLUSIVE: i32 = 8;

/// Runs the commands one after the other, in PostgreSQL's passes.
pub(crate) fn execute(cx: &UtilityContext<'_>, stmt: &AlterTableStmt) -> PgResult<()> {
    let parts = relation_name::parts_of(&stmt.relation);
    let opened = relation_name::open_relation(cx, &parts, ACCESS_EXCLUSIVE, stmt.missing_ok)?;
    let Some(relation) = opened else {
        cx.notice(PgError::notice(format!(
            "relation \"{}\" does not exist, skipping",
            stmt.relation.relname
        )));
        return Ok(());
    };
    check_kind(&relation, stmt.objtype)?;
    if relation.oid < Oid::FIRST_NORMAL {
        bail!(
            INSUFFICIENT_PRIVILEGE,
            "permission denied: \"{}\" is a system catalog",
            relation.name
        );
    }
    let kind = ObjectKind::of_relkind(relation.relkind);
    acl::check_owner(cx.catalog, kind, &relation.name, relation.owner, cx.user())?;
    cx.services.check_relation_not_in_use(relation.oid, "ALTER TABLE")?;
    let reach = Reach { inherit: stmt.relation.inh, recursing: false };
    let mut cmds: Vec<&AlterTableCmd> = stmt.cmds.iter().collect();
    cmds.sort_by_key(|c| pass(c));
    for cmd in cmds {
        alter_inherit::run(cx, relation.oid, cmd, reach)?;
        cx.catalog.invalidate_relation(relation.oid)?;
        cx.services.command_counter_increment()?;
    }
    Ok(())
}

/// What is dropped goes first, then types change, then columns and constraints are added.
fn pass(cmd: &AlterTableCmd) -> u8 {
    match cmd.subtype {
        At::DropColumn
        | At::DropConstraint
        | At::DropNotNull
        | At::DropExpression
        | At::DropIdentity => 0,
        At::AlterColumnType => 1,
        At::AddColumn => 2,
        At::SetExpression => 3,
        At::ColumnDefault | At::SetNotNull => 4,
        At::AddIdentity | At::SetIdentity => 5,
        At::AddConstraint => match &cmd.def {
            Some(AlterTableDef::Constraint(c)) if c.contype == ast::ConstrType::Foreign => 8,
            Some(AlterTableDef::Constraint(c)) if c.contype == ast::ConstrType::Check => 7,
            _ => 6,
        },
        At::ValidateConstraint | At::AlterConstraint => 9,
        _ => 10,
    }
}

fn check_kind(relation: &RelationDesc, objtype: ObjectType) -> PgResult<()> {
    let fits = match objtype {
        ObjectType::Table => true,
        ObjectType::Index => matches!(relation.relkind, 'i' | 'I'),
        ObjectType::Sequence => relation.relkind == 'S',
        ObjectType::View => relation.relkind == 'v',
        ObjectType::MatView => relation.relkind == 'm',
        ObjectType::ForeignTable => relation.relkind == 'f',
        ObjectType::Type => relation.relkind == 'c',
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let noun = match objtype {
        ObjectType::Index => "an index",
        ObjectType::Sequence => "a sequence",
        ObjectType::View => "a view",
        ObjectType::MatView => "a materialized view",
        ObjectType::ForeignTable => "a foreign table",
        _ => "a composite type",
    };
    Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not {noun}", relation.name))
}

pub(crate) fn one(cx: &UtilityContext<'_>, relid: Oid, cmd: &AlterTableCmd) -> PgResult<()> {
    let relation = cx.catalog.get_relation(relid)?;
    match (&cmd.subtype, &cmd.def) {
        (At::ColumnDefault, def) => column_default(cx, &relation, cmd, def.as_ref()),
        (At::ValidateConstraint, _) => validate_constraint(cx, &relation, cmd),
        (At::ChangeOwner, _) => {
            let Some(owner) = &cmd.newowner else { return Ok(()) };
            crate::alter_owner::relation(cx, &relation, relation_name::role(cx, owner)?)
        }
        (At::SetStatistics, def) => set_statistics(cx, &relation, cmd, def.as_ref()),
        (At::SetStorage, Some(AlterTableDef::Name(word))) => {
            let attnum = column_of(&relation, cmd)?;
            let Some(a) = relation.attr(attnum) else { return Ok(()) };
            let letter = column::storage_letter(cx, a.typ, word)?;
            set_attribute(cx, &relation, attnum, pg_attribute::ATTSTORAGE, letter)
        }
        (At::SetCompression, Some(AlterTableDef::Name(word))) => {
            let attnum = column_of(&relation, cmd)?;
            let Some(a) = relation.attr(attnum) else { return Ok(()) };
            let letter = column::compression_letter(cx, a.typ, word)?;
            set_attribute(cx, &relation, attnum, pg_attribute::ATTCOMPRESSION, letter)
        }
        (At::SetRelOptions | At::ResetRelOptions, Some(AlterTableDef::Options(options))) => {
            set_options(cx, &relation, options, cmd.subtype == At::SetRelOptions)
        }
        (At::DropIdentity, _) => drop_identity(cx, &relation, cmd),
        (At::AddIdentity, Some(AlterTableDef::Constraint(c))) => {
            add_identity(cx, &relation, cmd, c)
        }
        (At::SetIdentity, Some(AlterTableDef::Options(options))) => {
            set_identity(cx, &relation, cmd, options)
        }
        (At::DropExpression, _) => drop_expression(cx, &relation, cmd),
        (At::SetLogged | At::SetUnLogged, _) => set_persistence(cx, &relation, cmd.subtype),
        (At::SetTableSpace, _) => creation::check_tablespace(cmd.name.as_deref()),
        (At::SetAccessMethod, _) => creation::check_table_access_method(cx, cmd.name.as_deref()),
        // There are no OIDs to drop, and nothing is clustered.
        (At::DropOids, _) => Ok(()),
        (At::DropOf, _) => alter_inherit::drop_of_type(cx, &relation),
        (At::EnableRowSecurity, _) => row_security(cx, relid, true, None),
        (At::DisableRowSecurity, _) => row_security(cx, relid, false, None),
        (At::ForceRowSecurity, _) => row_security(cx, relid, false, Some(true)),
        (At::NoForceRowSecurity, _) => row_security(cx, relid, false, Some(false)),
        (
            At::EnableTrig
            | At::EnableAlwaysTrig
            | At::EnableReplicaTrig
            | At::DisableTrig
            | At::EnableTrigAll
            | At::DisableTrigAll
            | At::EnableTrigUser
            | At::DisableTrigUser,
            _,
        ) => crate::trigger::set_enabled(cx, &relation, cmd),
        (subtype, _) => Err(not_supported!("ALTER TABLE {}", action_name(*subtype))),
    }
}

fn action_name(subtype: At) -> &'static str {
    match subtype {
        At::SetOptions | At::ResetOptions => "ALTER COLUMN ... SET ( ... )",
        At::ClusterOn | At::DropCluster => "CLUSTER ON",
        At::ReplicaIdentity => "REPLICA IDENTITY",
        At::DetachPartitionFinalize => "DETACH PARTITION FINALIZE",
        At::EnableRule | At::EnableAlwaysRule | At::EnableReplicaRule | At::DisableRule => {
            "ENABLE or DISABLE RULE"
        }
        At::GenericOptions | At::AlterColumnGenericOptions => "OPTIONS",
        _ => "of this kind",
    }
}

pub(crate) fn require_table(relation: &RelationDesc, action: &str) -> PgResult<()> {
    if matches!(relation.relkind, 'r' | 'p') {
        return Ok(());
    }
    let detail = match relation.relkind {
        'v' => "This operation is not supported for views.",
        'i' | 'I' => "This operation is not supported for indexes.",
        'S' => "This operation is not supported for sequences.",
        'm' => "This operation is not supported for materialized views.",
        'c' => "This operation is not supported for composite types.",
        _ => "This operation is not supported for foreign tables.",
    };
    Err(err!(
        WRONG_OBJECT_TYPE,
        "ALTER action {action} cannot be performed on relation \"{}\"",
        relation.name
    )
    .detail(detail))
}

pub(crate) fn missing_column(relation: &RelationDesc, name: &str) -> PgError {
    err!(UNDEFINED_COLUMN, "column \"{name}\" of relation \"{}\" does not exist", relation.name)
}

/// Number of the column that the command names.
pub(crate) fn column_of(relation: &RelationDesc, cmd: &AlterTableCmd) -> PgResult<i16> {
    let name = cmd.name.as_deref().unwrap_or_default();
    match relation.attr_by_name(name) {
        Some(a) => Ok(a.num),
        None if column::check_name(name).is_err() => {
            Err(err!(FEATURE_NOT_SUPPORTED, "cannot alter system column \"{name}\""))
        }
        None => Err(missing_column(relation, name)),
    }
}

fn set_attribute(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    attnum: i16,
    column: usize,
    letter: char,
) -> PgResult<()> {
    let letter = Datum::Char(letter as u32 as u8);
    cx.catalog.set_attribute(relation.oid, attnum, &[(column, letter)])
}

pub(crate) fn add_column(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    def: &ColumnDef,
    cmd: &AlterTableCmd,
    reach: Reach,
) -> PgResult<()> {
    if relation.relkind != 'c' {
        require_table(relation, "ADD COLUMN")?;
    }
    if relation.oftype.is_valid() {
        bail!(WRONG_OBJECT_TYPE, "cannot add column to typed table");
    }
    if relation.is_partition && !reach.recursing {
        bail!(WRONG_OBJECT_TYPE, "cannot add column to a partition");
    }
    if let Some(own) = relation.attr_by_name(&def.colname).filter(|_| reach.recursing) {
        let column = column::read(cx, &relation.name, def, &mut Vec::new())?;
        return alter_inherit::merge_added_column(cx, relation, own, &column.new);
    }
    if relation.attr_by_name(&def.colname).is_some() {
        let message =
            format!("column \"{}\" of relation \"{}\" already exists", def.colname, relation.name);
        if cmd.missing_ok {
            cx.notice(
                PgError::notice(format!("{message}, skipping"))
                    .with_sqlstate(SqlState::DUPLICATE_COLUMN),
            );
            return Ok(());
        }
        return Err(PgError::new(SqlState::DUPLICATE_COLUMN, message));
    }
    let mut constraints = Vec::new();
    let mut column = column::read(cx, &relation.name, def, &mut constraints)?;
    if column.new.identity != '\0'
        && relation.relkind != 'p'
        && relation.has_subclass
        && reach.inherit
    {
        bail!(
            INVALID_TABLE_DEFINITION,
            "cannot recursively add identity column to table that has child tables"
        );
    }
    if reach.recursing {
        column.new.is_local = false;
        column.new.inhcount = 1;
        column.inherited_identity = column.new.identity != '\0';
    }
    let place =
        creation::Place { namespace: relation.namespace, persistence: relation.persistence };
    let serial = table::make_serial(cx, place, &relation.name, &column)?;
    // Rows that are there take a constant default as the missing value; anything else rewrites.
    let mut fill = None;
    let generated = column.new.generated != '\0';
    let raw = match (&column.default, serial) {
        (Some(raw), _) => Some(raw.clone()),
        (None, Some(seq)) => Some(table::nextval_of(cx, seq)?),
        (None, None) => None,
    };
    if let Some(raw) = &raw {
        let target = (column.new.name.as_str(), column.new.typ, column.new.typmod);
        let of = generated.then_some(&**relation);
        let expr = expression::column_default(cx, of, raw, target).map_err(unplaced)?;
        if generated || expression::volatility(cx, &expr)? == 'v' {
            fill = Some(expr);
        } else {
            let value = rewrite::evaluate(cx, &expr)?;
            if !matches!(value, Datum::Null) {
                column.new.missing = Some(value);
            }
        }
    }
    let not_null = std::mem::take(&mut column.new.not_null);
    let number = cx.catalog.add_column(relation.oid, &column.new)?;
    cx.catalog.invalidate_relation(relation.oid)?;
    cx.services.command_counter_increment()?;
    table::finish_column(cx, relation.oid, number, &column, serial)?;
    if let Some(expr) = fill.filter(|_| relation.relkind != 'p') {
        let table = cx.catalog.get_relation(relation.oid)?;
        rewrite::fill_column(cx, &table, number, expr)?;
    }
    alter_inherit::add_column_below(cx, relation, cmd, reach)?;
    if reach.recursing {
        // Constraints come down from the table that was named.
        return Ok(());
    }
    if not_null {
        let table = cx.catalog.get_relation(relation.oid)?;
        let name = column.not_null_name.as_deref();
        let no_inherit = column.not_null_no_inherit;
        alter_inherit::set_not_null(cx, &table, number, name, no_inherit, reach)?;
    }
    for c in &constraints {
        let table = cx.catalog.get_relation(relation.oid)?;
        alter_inherit::add_constraint(cx, &table, c, reach)?;
    }
    Ok(())
}

/// Expressions that ALTER TABLE stores are analysed apart from the statement's text.
pub(crate) fn unplaced(mut e: PgError) -> PgError {
    e.0.position = None;
    e
}

/// The column that DROP COLUMN names; `None` if it need not exist.
pub(crate) fn droppable_column(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
) -> PgResult<Option<i16>> {
    let name = cmd.name.as_deref().unwrap_or_default();
    if let Some(a) = relation.attr_by_name(name) {
        return Ok(Some(a.num));
    }
    if column::check_name(name).is_err() {
        bail!(FEATURE_NOT_SUPPORTED, "cannot drop system column \"{name}\"");
    }
    if !cmd.missing_ok {
        return Err(missing_column(relation, name));
    }
    cx.notice(PgError::notice(format!(
        "column \"{name}\" of relation \"{}\" does not exist, skipping",
        relation.name
    )));
    Ok(None)
}

pub(crate) fn behavior(cmd: &AlterTableCmd) -> catalog::DropBehavior {
    match cmd.behavior {
        ast::DropBehavior::Restrict => catalog::DropBehavior::Restrict,
        ast::DropBehavior::Cascade => catalog::DropBehavior::Cascade,
    }
}

fn column_default(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    def: Option<&AlterTableDef>,
) -> PgResult<()> {
    let attnum = column_of(relation, cmd)?;
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    if a.identity != '\0' {
        let e = err!(
            SYNTAX_ERROR,
            "column \"{}\" of relation \"{}\" is an identity column",
            a.name,
            relation.name
        );
        return Err(match def {
            Some(_) => e,
            None => e.hint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead."),
        });
    }
    if a.generated != '\0' {
        return Err(err!(
            SYNTAX_ERROR,
            "column \"{}\" of relation \"{}\" is a generated column",
            a.name,
            relation.name
        ));
    }
    match def {
        Some(AlterTableDef::Expr(raw)) => {
            let target = (a.name.as_str(), a.typ, a.typmod);
            let expr = expression::column_default(cx, None, raw, target).map_err(unplaced)?;
            let null = matches!(&expr, nodes::Expr::Const(c) if matches!(c.value, Datum::Null));
            if null && cx.catalog.get_type(a.typ)?.typtype != 'd' {
                return cx.catalog.remove_default(relation.oid, attnum);
            }
            cx.catalog.set_default(relation.oid, attnum, &expr).map(|_| ())
        }
        _ => cx.catalog.remove_default(relation.oid, attnum),
    }
}

pub(crate) fn drop_not_null(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
) -> PgResult<()> {
    let attnum = column_of(relation, cmd)?;
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    if !a.not_null {
        return Ok(());
    }
    if a.identity != '\0' {
        return Err(err!(
            SYNTAX_ERROR,
            "column \"{}\" of relation \"{}\" is an identity column",
            a.name,
            relation.name
        ));
    }
    let in_key = relation.constraints.iter().any(|c| c.contype == 'p' && c.key.contains(&attnum));
    if in_key {
        bail!(INVALID_TABLE_DEFINITION, "column \"{}\" is in a primary key", a.name);
    }
    if let Some(c) = relation.constraints.iter().find(|c| c.contype == 'n' && c.key == [attnum]) {
        remove_constraint_row(cx, c.oid)?;
    }
    let column = [(pg_attribute::ATTNOTNULL, Datum::Bool(false))];
    cx.catalog.set_attribute(relation.oid, attnum, &column)
}

fn remove_constraint_row(cx: &UtilityContext<'_>, oid: Oid) -> PgResult<()> {
    let object = ObjectAddress::constraint(oid);
    cx.catalog.delete_dependencies_of(object, None)?;
    cx.catalog.set_comment(object, None)?;
    cx.catalog.delete_by_key(index::PG_CONSTRAINT_OID_INDEX, &[Datum::Oid(oid)])?;
    Ok(())
}

pub(crate) fn find_constraint<'r>(
    relation: &'r RelationDesc,
    cmd: &AlterTableCmd,
) -> PgResult<Option<&'r catalog::Constraint>> {
    let name = cmd.name.as_deref().unwrap_or_default();
    match relation.constraints.iter().find(|c| c.name == name) {
        Some(c) => Ok(Some(c)),
        None if cmd.missing_ok => Ok(None),
        None => Err(err!(
            UNDEFINED_OBJECT,
            "constraint \"{name}\" of relation \"{}\" does not exist",
            relation.name
        )),
    }
}

pub(crate) fn drop_constraint(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
) -> PgResult<()> {
    let Some(c) = find_constraint(relation, cmd)? else {
        cx.notice(PgError::notice(format!(
            "constraint \"{}\" of relation \"{}\" does not exist, skipping",
            cmd.name.as_deref().unwrap_or_default(),
            relation.name
        )));
        return Ok(());
    };
    if c.contype == 'n' {
        let Some(a) = c.key.first().and_then(|n| relation.attr(*n)) else { return Ok(()) };
        let named = AlterTableCmd { name: Some(a.name.clone()), ..cmd.clone() };
        return drop_not_null(cx, relation, &named);
    }
    let object = ObjectAddress::constraint(c.oid);
    cx.catalog.perform_deletion(&[object], behavior(cmd), false, &|n| cx.notice(n))?;
    if c.frelid.is_valid() {
        cx.catalog.invalidate_relation(c.frelid)?;
    }
    Ok(())
}

fn validate_constraint(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    cmd: &AlterTableCmd,
) -> PgResult<()> {
    let Some(c) = find_constraint(relation, cmd)? else { return Ok(()) };
    if !matches!(c.contype, 'c' | 'f' | 'n') {
        return Err(err!(
            WRONG_OBJECT_TYPE,
            "cannot validate constraint \"{}\" of relation \"{}\"",
            c.name,
            relation.name
        )
        .detail("This operation is not supported for this type of constraint."));
    }
    if !c.enforced {
        bail!(WRONG_OBJECT_TYPE, "cannot validate NOT ENFORCED constraint");
    }
    if c.validated {
        return Ok(());
    }
    constraint::check_existing_rows(cx, relation, c)?;
    cx.catalog.set_constraint(c.oid, &[(pg_constraint::CONVALIDATED, Datum::Bool(true))])
}

fn set_statistics(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    def: Option<&AlterTableDef>,
) -> PgResult<()> {
    const MAX_TARGET: i32 = 10_000;
    let attnum = match cmd.name {
        Some(_) => column_of(relation, cmd)?,
        None => cmd.num,
    };
    if relation.attr(attnum).is_none() {
        bail!(
            UNDEFINED_COLUMN,
            "column number {attnum} of relation \"{}\" does not exist",
            relation.name
        );
    }
    let target = match def {
        Some(AlterTableDef::Integer(-1)) | None => Datum::Null,
        Some(AlterTableDef::Integer(target)) if *target < 0 => {
            bail!(INVALID_PARAMETER_VALUE, "statistics target {target} is too low")
        }
        Some(AlterTableDef::Integer(target)) if *target > MAX_TARGET => {
            cx.notice(PgError::warning(
                SqlState::INVALID_PARAMETER_VALUE,
                format!("lowering statistics target to {MAX_TARGET}"),
            ));
            Datum::Int2(MAX_TARGET as i16)
        }
        Some(AlterTableDef::Integer(target)) => Datum::Int2(*target as i16),
        Some(_) => return Ok(()),
    };
    cx.catalog.set_attribute(relation.oid, attnum, &[(pg_attribute::ATTSTATTARGET, target)])
}

fn set_options(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    options: &[ast::DefElem],
    set: bool,
) -> PgResult<()> {
    let kind = match relation.relkind {
        'v' => creation::OptionKind::View,
        'i' | 'I' => creation::OptionKind::Index,
        _ => creation::OptionKind::Table,
    };
    let given = if set { creation::reloptions(kind, options)? } else { Vec::new() };
    let named = |stored: &String| {
        let name = stored.split('=').next().unwrap_or_default();
        options.iter().any(|o| o.defname == name)
    };
    let mut all: Vec<String> = relation.reloptions.iter().filter(|o| !named(o)).cloned().collect();
    all.extend(given);
    let value = if all.is_empty() { Datum::Null } else { catalog::csv::text_array(&all) };
    cx.catalog.set_by_oid(pg_class::RELID, relation.oid, &[(pg_class::RELOPTIONS, value)])
}

fn not_identity(relation: &RelationDesc, name: &str) -> String {
    format!("column \"{name}\" of relation \"{}\" is not an identity column", relation.name)
}

fn drop_identity(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
) -> PgResult<()> {
    let attnum = column_of(relation, cmd)?;
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    if a.identity == '\0' {
        let message = not_identity(relation, &a.name);
        if !cmd.missing_ok {
            return Err(PgError::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
        }
        cx.notice(PgError::notice(format!("{message}, skipping")));
        return Ok(());
    }
    set_attribute(cx, relation, attnum, pg_attribute::ATTIDENTITY, '\0')?;
    let kind = DependencyKind::Internal;
    for seq in sequence::of_column(cx.catalog, relation.oid, attnum, kind)? {
        let object = ObjectAddress::relation(seq);
        cx.catalog.delete_dependencies_of(object, Some(pg_class::RELID))?;
        cx.services.command_counter_increment()?;
        let restrict = catalog::DropBehavior::Restrict;
        cx.catalog.perform_deletion(&[object], restrict, true, &|n| cx.notice(n))?;
    }
    Ok(())
}

fn add_identity(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    c: &Constraint,
) -> PgResult<()> {
    let attnum = column_of(relation, cmd)?;
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    let state =
        |message: String| Err(PgError::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
    let subject = format!("column \"{}\" of relation \"{}\"", a.name, relation.name);
    if !a.not_null {
        return state(format!("{subject} must be declared NOT NULL before identity can be added"));
    }
    if a.identity != '\0' {
        return state(format!("{subject} is already an identity column"));
    }
    if a.has_default {
        return state(format!("{subject} already has a default value"));
    }
    let place =
        creation::Place { namespace: relation.namespace, persistence: relation.persistence };
    let mut new = catalog::NewColumn::new(&a.name, a.typ, a.typmod, a.collation);
    new.identity = match c.generated_when {
        Some(ast::GeneratedWhen::ByDefault) => 'd',
        _ => 'a',
    };
    let letter = new.identity;
    let column = column::Column::of_identity(new, c.options.clone());
    if let Some(seq) = table::make_serial(cx, place, &relation.name, &column)? {
        sequence::link(cx.catalog, seq, relation.oid, attnum, DependencyKind::Internal)?;
    }
    set_attribute(cx, relation, attnum, pg_attribute::ATTIDENTITY, letter)
}

fn set_identity(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    options: &[ast::DefElem],
) -> PgResult<()> {
    let attnum = column_of(relation, cmd)?;
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    if a.identity == '\0' {
        let message = not_identity(relation, &a.name);
        return Err(PgError::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
    }
    let (generated, rest): (Vec<_>, Vec<_>) =
        options.iter().cloned().partition(|o| o.defname == "generated");
    if let [_, second, ..] = generated.as_slice() {
        return Err(err!(SYNTAX_ERROR, "conflicting or redundant options").at(second.location));
    }
    if let Some(ast::DefArg::String(letter)) = generated.first().and_then(|o| o.arg.as_ref()) {
        let letter = letter.chars().next().unwrap_or('a');
        set_attribute(cx, relation, attnum, pg_attribute::ATTIDENTITY, letter)?;
    }
    if rest.is_empty() {
        return Ok(());
    }
    let kind = DependencyKind::Internal;
    for seq in sequence::of_column(cx.catalog, relation.oid, attnum, kind)? {
        let sequence = cx.catalog.get_relation(seq)?;
        sequence::alter(cx, &sequence, &rest, true)?;
    }
    Ok(())
}

fn drop_expression(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
) -> PgResult<()> {
    let attnum = column_of(relation, cmd)?;
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    if a.generated == '\0' {
        let message = format!(
            "column \"{}\" of relation \"{}\" is not a generated column",
            a.name, relation.name
        );
        if !cmd.missing_ok {
            return Err(PgError::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
        }
        cx.notice(PgError::notice(format!("{message}, skipping")));
        return Ok(());
    }
    cx.catalog.remove_default(relation.oid, attnum)?;
    set_attribute(cx, relation, attnum, pg_attribute::ATTGENERATED, '\0')
}

/// ALTER COLUMN … SET EXPRESSION: the column is computed anew for all rows.
pub(crate) fn set_expression(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    cmd: &AlterTableCmd,
    raw: &ast::Expr,
) -> PgResult<()> {
    require_table(relation, "ALTER COLUMN ... SET EXPRESSION")?;
    let attnum = column_of(relation, cmd)?;
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    if a.generated == '\0' {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{}\" of relation \"{}\" is not a generated column",
            a.name,
            relation.name
        );
    }
    let target = (a.name.as_str(), a.typ, a.typmod);
    let expr = expression::column_default(cx, Some(relation), raw, target).map_err(unplaced)?;
    cx.catalog.set_default(relation.oid, attnum, &expr)?;
    cx.catalog.delete_statistics(relation.oid, Some(attnum))?;
    cx.catalog.invalidate_relation(relation.oid)?;
    cx.services.command_counter_increment()?;
    if relation.physical.is_none() || a.generated == 'v' {
        return Ok(());
    }
    let table = cx.catalog.get_relation(relation.oid)?;
    rewrite::fill_column(cx, &table, attnum, expr)
}

fn set_persistence(cx: &UtilityContext<'_>, relation: &RelationDesc, subtype: At) -> PgResult<()> {
    if relation.persistence == 't' {
        bail!(
            INVALID_TABLE_DEFINITION,
            "cannot change logged status of table \"{}\" because it is temporary",
            relation.name
        );
    }
    let letter = if subtype == At::SetLogged { b'p' } else { b'u' };
    let column = [(pg_class::RELPERSISTENCE, Datum::Char(letter))];
    cx.catalog.set_by_oid(pg_class::RELID, relation.oid, &column)?;
    for index in relation.indexes.iter() {
        cx.catalog.set_by_oid(pg_class::RELID, index.oid, &column)?;
    }
    Ok(())
}

fn row_security(
    cx: &UtilityContext<'_>,
    relid: Oid,
    enable: bool,
    force: Option<bool>,
) -> PgResult<()> {
    match force {
        Some(force) => cx.catalog.set_class_flag(relid, pg_class::RELFORCEROWSECURITY, force),
        None => cx.catalog.set_class_flag(relid, pg_class::RELROWSECURITY, enable),
    }
}

//! ALTER TABLE below the table that is named: what its children and partitions get of each action.
use crate::{
    UtilityContext, alter_constraint, alter_table, constraint, dependents::Dependents, inherit,
    partition, relation_name, rewrite,
};
use catalog::{
    CatalogRead, Constraint as CatalogConstraint, RelationDesc, acl,
    acl::ObjectKind,
    depend::ObjectAddress,
    schema::{pg_attribute, pg_class, pg_constraint},
};
use error::{PgError, PgResult, bail, err};
use parser::ast::{
    AlterTableCmd, AlterTableDef, AlterTableType as At, ConstrType, Constraint, RangeVar,
};
use std::sync::Arc;
use types::{Datum, Oid};

/// PostgreSQL's AccessExclusiveLock.
const ACCESS_EXCLUSIVE: i32 = 8;

/// How far an action goes.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    /// To children too (no ONLY).
    pub(crate) inherit: bool,
    /// It comes from a parent already.
    pub(crate) recursing: bool,
}

impl Reach {
    fn below(self) -> Reach {
        Reach { recursing: true, ..self }
    }
}

/// Runs one action on a table, and on those below it as far as it reaches.
pub(crate) fn run(
    cx: &UtilityContext<'_>,
    table: Oid,
    cmd: &AlterTableCmd,
    reach: Reach,
) -> PgResult<()> {
    let relation = cx.catalog.get_relation(table)?;
    match (&cmd.subtype, &cmd.def) {
        (At::AddColumn, Some(AlterTableDef::ColumnDef(def))) => {
            alter_table::add_column(cx, &relation, def, cmd, reach)
        }
        (At::DropColumn, _) => drop_column(cx, &relation, cmd, reach),
        (At::AlterColumnType, Some(AlterTableDef::ColumnDef(def))) => {
            alter_column_type(cx, &relation, def, reach)
        }
        (At::SetNotNull, _) => {
            let attnum = alter_table::column_of(&relation, cmd)?;
            set_not_null(cx, &relation, attnum, None, false, reach)
        }
        (At::DropNotNull, _) => drop_not_null(cx, &relation, cmd, reach),
        (At::AddConstraint, Some(AlterTableDef::Constraint(c))) => {
            alter_table::require_table(&relation, "ADD CONSTRAINT")?;
            add_constraint(cx, &relation, c, reach).map_err(alter_table::unplaced)
        }
        (At::DropConstraint, _) => drop_constraint(cx, &relation, cmd, reach),
        (At::ValidateConstraint, _) => validate(cx, &relation, cmd, reach),
        (At::ColumnDefault | At::SetStatistics | At::SetStorage, _) => {
            alter_table::one(cx, table, cmd)?;
            each_child(cx, &relation, reach, &mut |child| run(cx, child.oid, cmd, reach.below()))
        }
        (At::AddIdentity | At::SetIdentity | At::DropIdentity, _) => {
            identity(cx, &relation, cmd, reach)
        }
        (At::SetExpression, Some(AlterTableDef::Expr(raw))) => {
            alter_table::set_expression(cx, &relation, cmd, raw)?;
            each_child(cx, &relation, reach, &mut |child| run(cx, child.oid, cmd, reach.below()))
        }
        (At::AlterConstraint, Some(AlterTableDef::AlterConstraint(c))) => {
            alter_constraint::execute(cx, &relation, c, reach)
        }
        (At::AddOf, Some(AlterTableDef::TypeName(name))) => add_of_type(cx, &relation, name),
        (At::AddInherit, Some(AlterTableDef::RangeVar(parent))) => {
            add_parent(cx, &relation, parent)
        }
        (At::DropInherit, Some(AlterTableDef::RangeVar(parent))) => {
            drop_parent(cx, &relation, parent)
        }
        (At::AttachPartition, Some(AlterTableDef::PartitionCmd(part))) => {
            match relation.relkind == 'I' {
                true => partition::attach_index(cx, &relation, &part.name),
                false => partition::attach(cx, &relation, part),
            }
        }
        (At::DetachPartition, Some(AlterTableDef::PartitionCmd(part))) => {
            partition::detach(cx, &relation, part)
        }
        _ => alter_table::one(cx, table, cmd),
    }
}

/// VALIDATE CONSTRAINT; the parts of a foreign key are valid with it.
fn validate(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    reach: Reach,
) -> PgResult<()> {
    let found = alter_table::find_constraint(relation, cmd)?.cloned();
    let Some(c) = found.filter(|c| c.contype == 'f' || !c.noinherit) else {
        return alter_table::one(cx, relation.oid, cmd);
    };
    if c.contype == 'f' {
        alter_table::one(cx, relation.oid, cmd)?;
        let valid = [(pg_constraint::CONVALIDATED, Datum::Bool(true))];
        return alter_constraint::set_below(cx, c.oid, &valid);
    }
    each_child(cx, relation, reach, &mut |child| {
        let map = inherit::column_map(relation, &child);
        match inherit::counterpart(&c, &child, &map) {
            Some(own) => {
                let named = AlterTableCmd { name: Some(own.name.clone()), ..cmd.clone() };
                run(cx, child.oid, &named, reach.below())
            }
            None => Ok(()),
        }
    })?;
    alter_table::one(cx, relation.oid, cmd)
}

fn each_child(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    reach: Reach,
    work: &mut dyn FnMut(Arc<RelationDesc>) -> PgResult<()>,
) -> PgResult<()> {
    if !reach.inherit {
        return Ok(());
    }
    for child in children(cx, relation.oid)? {
        work(child)?;
        cx.services.command_counter_increment()?;
    }
    Ok(())
}

/// Direct children, locked.
fn children(cx: &UtilityContext<'_>, table: Oid) -> PgResult<Vec<Arc<RelationDesc>>> {
    let mut found = Vec::new();
    for oid in cx.catalog.inheritance_children(table)?.iter() {
        cx.lock(*oid, ACCESS_EXCLUSIVE)?;
        let child = cx.catalog.get_relation(*oid)?;
        let kind = ObjectKind::of_relkind(child.relkind);
        acl::check_owner(cx.catalog, kind, &child.name, child.owner, cx.user())?;
        cx.services.check_relation_not_in_use(*oid, "ALTER TABLE")?;
        found.push(child);
    }
    Ok(found)
}

/// Whether a column is one of the partition key, by itself or in an expression.
fn in_partition_key(table: &RelationDesc, attnum: i16) -> bool {
    let Some(key) = &table.partition_key else { return false };
    let mut found = key.attrs.contains(&attnum);
    for expr in key.exprs.iter() {
        nodes::walk::visit_expr_deep(expr, 0, &mut |e, level| {
            if let nodes::Expr::Var(v) = e {
                found |= v.varlevelsup == level && v.varattno == attnum;
            }
        });
    }
    found
}

fn drop_column(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    reach: Reach,
) -> PgResult<()> {
    if relation.oftype.is_valid() {
        bail!(WRONG_OBJECT_TYPE, "cannot drop column from typed table");
    }
    let Some(attnum) = alter_table::droppable_column(cx, relation, cmd)? else { return Ok(()) };
    let mut objects = Vec::new();
    collect_dropped(cx, relation, attnum, reach, &mut objects)?;
    let behavior = alter_table::behavior(cmd);
    cx.catalog.perform_deletion(&objects, behavior, false, &|n| cx.notice(n))?;
    for object in &objects {
        cx.catalog.invalidate_relation(object.object)?;
    }
    Ok(())
}

fn collect_dropped(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    attnum: i16,
    reach: Reach,
    objects: &mut Vec<ObjectAddress>,
) -> PgResult<()> {
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    if a.inhcount > 0 && !reach.recursing {
        bail!(INVALID_TABLE_DEFINITION, "cannot drop inherited column \"{}\"", a.name);
    }
    if in_partition_key(relation, attnum) {
        bail!(
            INVALID_TABLE_DEFINITION,
            "cannot drop column \"{}\" because it is part of the partition key of relation \"{}\"",
            a.name,
            relation.name
        );
    }
    let below = children(cx, relation.oid)?;
    if !below.is_empty() && relation.relkind == 'p' && !reach.inherit {
        return Err(err!(
            INVALID_TABLE_DEFINITION,
            "cannot drop column from only the partitioned table when partitions exist"
        )
        .hint("Do not specify the ONLY keyword."));
    }
    for child in below {
        let Some(own) = child.attr_by_name(&a.name) else { continue };
        if reach.inherit && own.inhcount == 1 && !own.is_local {
            collect_dropped(cx, &child, own.num, reach.below(), objects)?;
            continue;
        }
        let mut columns = vec![(pg_attribute::ATTINHCOUNT, Datum::Int2(own.inhcount - 1))];
        if !reach.inherit {
            columns.push((pg_attribute::ATTISLOCAL, Datum::Bool(true)));
        }
        cx.catalog.set_attribute(child.oid, own.num, &columns)?;
        cx.catalog.invalidate_relation(child.oid)?;
    }
    objects.push(ObjectAddress::column(relation.oid, attnum));
    Ok(())
}

fn alter_column_type(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    def: &parser::ast::ColumnDef,
    reach: Reach,
) -> PgResult<()> {
    alter_table::require_table(relation, "ALTER COLUMN ... SET DATA TYPE")?;
    if relation.oftype.is_valid() {
        bail!(WRONG_OBJECT_TYPE, "cannot alter column type of typed table");
    }
    let Some(a) = relation.attr_by_name(&def.colname) else {
        return Err(alter_table::missing_column(relation, &def.colname));
    };
    if a.inhcount > 0 {
        bail!(INVALID_TABLE_DEFINITION, "cannot alter inherited column \"{}\"", a.name);
    }
    let mut tables = vec![relation.clone()];
    let mut at = 0;
    while let Some(table) = tables.get(at).cloned() {
        at += 1;
        let Some(a) = table.attr_by_name(&def.colname) else { continue };
        if in_partition_key(&table, a.num) {
            return Err(err!(
                INVALID_TABLE_DEFINITION,
                "cannot alter column \"{}\" because it is part of the partition key of relation \
                 \"{}\"",
                a.name,
                table.name
            )
            .at(def.location));
        }
        let below = children(cx, table.oid)?;
        if !reach.inherit && !below.is_empty() {
            bail!(
                INVALID_TABLE_DEFINITION,
                "type of inherited column \"{}\" must be changed in child tables too",
                a.name
            );
        }
        for child in below {
            if !tables.iter().any(|t| t.oid == child.oid) {
                tables.push(child);
            }
        }
    }
    for table in &tables[1..] {
        let Some(own) = table.attr_by_name(&def.colname) else { continue };
        let mut from_here = 0;
        for parent in cx.catalog.inheritance_parents(table.oid)?.iter() {
            from_here += i16::from(tables.iter().any(|t| t.oid == *parent));
        }
        if own.inhcount > from_here {
            bail!(
                INVALID_TABLE_DEFINITION,
                "cannot alter inherited column \"{}\" of relation \"{}\"",
                own.name,
                table.name
            );
        }
    }
    let mut dependents = Vec::new();
    for table in &tables {
        if let Some(own) = table.attr_by_name(&def.colname) {
            dependents.push(Dependents::of_column(cx, table, own.num)?);
        }
    }
    let mut changes = Vec::new();
    for table in &tables {
        changes.push(rewrite::plan_column_type(cx, table, def)?);
    }
    for d in &dependents {
        d.drop_all(cx)?;
    }
    for (table, change) in tables.iter().zip(changes) {
        rewrite::alter_column_type(cx, table.oid, change)?;
    }
    for d in &dependents {
        d.make_again(cx)?;
    }
    Ok(())
}

/// Makes a column NOT NULL in a table and those below it.
pub(crate) fn set_not_null(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    attnum: i16,
    name: Option<&str>,
    no_inherit: bool,
    reach: Reach,
) -> PgResult<()> {
    let own = relation.constraints.iter().find(|c| c.contype == 'n' && c.key == [attnum]);
    if let Some(own) = own {
        check_same_not_null(relation, own, attnum, name, no_inherit)?;
        let change = if reach.recursing {
            Some((pg_constraint::CONINHCOUNT, Datum::Int2(own.inhcount + 1)))
        } else if !own.is_local {
            Some((pg_constraint::CONISLOCAL, Datum::Bool(true)))
        } else {
            None
        };
        if let Some(change) = change {
            cx.catalog.set_constraint(own.oid, &[change])?;
            constraint::touch(cx, relation.oid)?;
        }
        return Ok(());
    }
    let below = if no_inherit { Vec::new() } else { children(cx, relation.oid)? };
    if !below.is_empty() && !reach.inherit {
        return Err(err!(INVALID_TABLE_DEFINITION, "constraint must be added to child tables too")
            .hint("Do not specify the ONLY keyword."));
    }
    constraint::add_not_null(cx, relation, attnum, name, no_inherit, true)?;
    let table = cx.catalog.get_relation(relation.oid)?;
    let made = table.constraints.iter().find(|c| c.contype == 'n' && c.key == [attnum]);
    let Some(made) = made else { return Ok(()) };
    let (local, count) = (!reach.recursing, i16::from(reach.recursing));
    let columns = [
        (pg_constraint::CONISLOCAL, Datum::Bool(local)),
        (pg_constraint::CONINHCOUNT, Datum::Int2(count)),
    ];
    cx.catalog.set_constraint(made.oid, &columns)?;
    constraint::touch(cx, relation.oid)?;
    let Some(a) = table.attr(attnum) else { return Ok(()) };
    for child in below {
        let Some(own) = child.attr_by_name(&a.name) else { continue };
        set_not_null(cx, &child, own.num, Some(&made.name), false, reach.below())?;
    }
    Ok(())
}

fn check_same_not_null(
    relation: &RelationDesc,
    own: &CatalogConstraint,
    attnum: i16,
    name: Option<&str>,
    no_inherit: bool,
) -> PgResult<()> {
    if own.noinherit && !no_inherit && name.is_some() {
        return Err(err!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot change NO INHERIT status of NOT NULL constraint \"{}\" on relation \"{}\"",
            own.name,
            relation.name
        )
        .hint("You might need to make the existing constraint inheritable using ALTER TABLE ... ALTER CONSTRAINT ... INHERIT."));
    }
    let _ = attnum;
    Ok(())
}

fn drop_not_null(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    reach: Reach,
) -> PgResult<()> {
    let attnum = alter_table::column_of(relation, cmd)?;
    let Some(a) = relation.attr(attnum) else { return Ok(()) };
    if !a.not_null {
        return Ok(());
    }
    if relation.is_partition && !reach.recursing {
        for parent in cx.catalog.inheritance_parents(relation.oid)?.iter() {
            let parent = cx.catalog.get_relation(*parent)?;
            if parent.attr_by_name(&a.name).is_some_and(|p| p.not_null) {
                bail!(
                    INVALID_TABLE_DEFINITION,
                    "column \"{}\" is marked NOT NULL in parent table",
                    a.name
                );
            }
        }
    }
    let own = relation.constraints.iter().find(|c| c.contype == 'n' && c.key == [attnum]);
    check_not_inherited(relation, own, reach)?;
    alter_table::drop_not_null(cx, relation, cmd)?;
    cx.catalog.invalidate_relation(relation.oid)?;
    for child in children(cx, relation.oid)? {
        let child = cx.catalog.get_relation(child.oid)?;
        let Some(own) = child.attr_by_name(&a.name) else { continue };
        let named = AlterTableCmd { name: Some(own.name.clone()), ..cmd.clone() };
        let theirs = child.constraints.iter().find(|c| c.contype == 'n' && c.key == [own.num]);
        let Some(theirs) = theirs else { continue };
        if !disinherit(cx, &child, theirs, reach)? {
            drop_not_null(cx, &child, &named, reach.below())?;
        }
    }
    Ok(())
}

fn check_not_inherited(
    relation: &RelationDesc,
    c: Option<&CatalogConstraint>,
    reach: Reach,
) -> PgResult<()> {
    match c {
        Some(c) if c.inhcount > 0 && !reach.recursing => Err(err!(
            INVALID_TABLE_DEFINITION,
            "cannot drop inherited constraint \"{}\" of relation \"{}\"",
            c.name,
            relation.name
        )),
        _ => Ok(()),
    }
}

/// A child's constraint whose parent's goes: false if it must go too.
fn disinherit(
    cx: &UtilityContext<'_>,
    child: &RelationDesc,
    c: &CatalogConstraint,
    reach: Reach,
) -> PgResult<bool> {
    if c.inhcount <= 0 {
        return Ok(true);
    }
    if reach.inherit && c.inhcount == 1 && !c.is_local {
        return Ok(false);
    }
    let mut columns = vec![(pg_constraint::CONINHCOUNT, Datum::Int2(c.inhcount - 1))];
    if !reach.inherit {
        columns.push((pg_constraint::CONISLOCAL, Datum::Bool(true)));
    }
    cx.catalog.set_constraint(c.oid, &columns)?;
    cx.catalog.invalidate_relation(child.oid)?;
    Ok(true)
}

/// ADD CONSTRAINT; keys and foreign keys of partitioned tables see to their partitions themselves.
pub(crate) fn add_constraint(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    c: &Constraint,
    reach: Reach,
) -> PgResult<()> {
    match c.contype {
        ConstrType::Check => add_check(cx, relation, c, reach),
        ConstrType::NotNull => {
            let name = c.keys.first().map(String::as_str).unwrap_or_default();
            let Some(a) = relation.attr_by_name(name) else {
                return Err(alter_table::missing_column(relation, name));
            };
            let own = relation.constraints.iter().find(|k| k.contype == 'n' && k.key == [a.num]);
            if let (Some(own), Some(wanted)) = (own, &c.conname)
                && own.name != *wanted
                && !reach.recursing
            {
                return Err(err!(
                    OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "cannot create not-null constraint \"{wanted}\" on column \"{}\" of table \"{}\"",
                    a.name,
                    relation.name
                )
                .detail(format!(
                    "A not-null constraint named \"{}\" already exists for this column.",
                    own.name
                )));
            }
            let (name, no_inherit) = (c.conname.as_deref(), c.is_no_inherit);
            set_not_null(cx, relation, a.num, name, no_inherit, reach)
        }
        ConstrType::Foreign if relation.relkind == 'p' && !reach.inherit => {
            let target = c.pktable.as_ref().map_or("", |t| t.relname.as_str());
            bail!(
                WRONG_OBJECT_TYPE,
                "cannot use ONLY for foreign key on partitioned table \"{}\" referencing relation \
                 \"{target}\"",
                relation.name
            )
        }
        _ => constraint::add(cx, relation.oid, c, true).map(|_| ()),
    }
}

fn add_check(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    c: &Constraint,
    reach: Reach,
) -> PgResult<()> {
    if c.is_no_inherit && relation.relkind == 'p' {
        bail!(
            INVALID_TABLE_DEFINITION,
            "cannot add NO INHERIT constraint to partitioned table \"{}\"",
            relation.name
        );
    }
    let below = if c.is_no_inherit { Vec::new() } else { children(cx, relation.oid)? };
    if !below.is_empty() && !reach.inherit {
        bail!(INVALID_TABLE_DEFINITION, "constraint must be added to child tables too");
    }
    let Some(name) = constraint::add(cx, relation.oid, c, true)? else { return Ok(()) };
    let table = cx.catalog.get_relation(relation.oid)?;
    let Some(made) = table.constraints.iter().find(|k| k.name == name).cloned() else {
        return Ok(());
    };
    for child in below {
        inherit_check(cx, &table, &made, &child)?;
    }
    Ok(())
}

/// Gives a child (and those below it) a check of its parent, or merges it with one it has.
fn inherit_check(
    cx: &UtilityContext<'_>,
    parent: &RelationDesc,
    c: &CatalogConstraint,
    child: &Arc<RelationDesc>,
) -> PgResult<()> {
    let Some(expr) = &c.expr else { return Ok(()) };
    // It may have got the check by another way already.
    let child = &cx.catalog.get_relation(child.oid)?;
    let mut expr = (**expr).clone();
    crate::table::renumber(&mut expr, &inherit::column_map(parent, child));
    if let Some(own) = child.constraints.iter().find(|k| k.name == c.name) {
        let same = own.contype == 'c' && own.expr.as_ref().is_some_and(|e| e.equals(&expr));
        if !same {
            bail!(
                DUPLICATE_OBJECT,
                "constraint \"{}\" for relation \"{}\" already exists",
                c.name,
                child.name
            );
        }
        if own.noinherit {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "constraint \"{}\" conflicts with non-inherited constraint on relation \"{}\"",
                c.name,
                child.name
            );
        }
        if c.validated && own.enforced && !own.validated {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "constraint \"{}\" conflicts with NOT VALID constraint on relation \"{}\"",
                c.name,
                child.name
            );
        }
        if c.enforced && !own.enforced {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "constraint \"{}\" conflicts with NOT ENFORCED constraint on relation \"{}\"",
                c.name,
                child.name
            );
        }
        cx.notice(PgError::notice(format!(
            "merging constraint \"{}\" with inherited definition",
            c.name
        )));
        let count = [(pg_constraint::CONINHCOUNT, Datum::Int2(own.inhcount + 1))];
        cx.catalog.set_constraint(own.oid, &count)?;
        return constraint::touch(cx, child.oid);
    }
    constraint::store_inherited_check(cx, child, &c.name, expr, false)?;
    let child = cx.catalog.get_relation(child.oid)?;
    let Some(made) = child.constraints.iter().find(|k| k.name == c.name).cloned() else {
        return Ok(());
    };
    if !c.validated || !c.enforced {
        let columns = [
            (pg_constraint::CONVALIDATED, Datum::Bool(c.validated)),
            (pg_constraint::CONENFORCED, Datum::Bool(c.enforced)),
        ];
        cx.catalog.set_constraint(made.oid, &columns)?;
        constraint::touch(cx, child.oid)?;
    } else {
        constraint::check_existing_rows(cx, &child, &made)?;
    }
    for grandchild in children(cx, child.oid)? {
        inherit_check(cx, &child, &made, &grandchild)?;
    }
    Ok(())
}

fn drop_constraint(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    reach: Reach,
) -> PgResult<()> {
    let found = alter_table::find_constraint(relation, cmd)?.cloned();
    check_not_inherited(relation, found.as_ref(), reach)?;
    let Some(c) = found.filter(|c| matches!(c.contype, 'c' | 'n')) else {
        return alter_table::drop_constraint(cx, relation, cmd);
    };
    if c.contype == 'n' {
        let Some(a) = c.key.first().and_then(|n| relation.attr(*n)) else { return Ok(()) };
        let named = AlterTableCmd { name: Some(a.name.clone()), ..cmd.clone() };
        return drop_not_null(cx, relation, &named, reach);
    }
    let below = if c.noinherit { Vec::new() } else { children(cx, relation.oid)? };
    if relation.relkind == 'p' && !below.is_empty() && !reach.inherit {
        return Err(err!(
            INVALID_TABLE_DEFINITION,
            "cannot remove constraint from only the partitioned table when partitions exist"
        )
        .hint("Do not specify the ONLY keyword."));
    }
    alter_table::drop_constraint(cx, relation, cmd)?;
    cx.catalog.invalidate_relation(relation.oid)?;
    for child in below {
        let child = cx.catalog.get_relation(child.oid)?;
        let theirs = child.constraints.iter().find(|k| k.contype == 'c' && k.name == c.name);
        let Some(theirs) = theirs else { continue };
        if !disinherit(cx, &child, theirs, reach)? {
            drop_constraint(cx, &child, cmd, reach.below())?;
        }
    }
    Ok(())
}

/// Identity columns of a partitioned table are those of its partitions, with one sequence for all.
fn identity(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    reach: Reach,
) -> PgResult<()> {
    if relation.is_partition && !reach.recursing {
        let verb = match cmd.subtype {
            At::AddIdentity => "add identity to",
            At::DropIdentity => "drop identity from",
            _ => "change identity column of",
        };
        let what = match cmd.subtype {
            At::SetIdentity => format!("cannot {verb} a partition"),
            _ => format!("cannot {verb} a column of a partition"),
        };
        return Err(PgError::new(error::SqlState::INVALID_TABLE_DEFINITION, what));
    }
    if relation.relkind != 'p' {
        return alter_table::one(cx, relation.oid, cmd);
    }
    let below = children(cx, relation.oid)?;
    if !reach.inherit && !below.is_empty() {
        let message = match cmd.subtype {
            At::AddIdentity => "cannot add identity to a column of only the partitioned table",
            At::DropIdentity => "cannot drop identity from a column of only the partitioned table",
            _ => "cannot change identity column of only the partitioned table",
        };
        return Err(PgError::new(error::SqlState::INVALID_TABLE_DEFINITION, message)
            .hint("Do not specify the ONLY keyword."));
    }
    alter_table::one(cx, relation.oid, cmd)?;
    cx.catalog.invalidate_relation(relation.oid)?;
    cx.services.command_counter_increment()?;
    let table = cx.catalog.get_relation(relation.oid)?;
    let name = cmd.name.as_deref().unwrap_or_default();
    if let Some(a) = table.attr_by_name(name) {
        copy_identity(cx, &table, a)?;
    }
    Ok(())
}

fn copy_identity(
    cx: &UtilityContext<'_>,
    table: &RelationDesc,
    a: &catalog::Attribute,
) -> PgResult<()> {
    for child in children(cx, table.oid)? {
        let Some(own) = child.attr_by_name(&a.name) else { continue };
        let letter = Datum::Char(a.identity as u32 as u8);
        cx.catalog.set_attribute(child.oid, own.num, &[(pg_attribute::ATTIDENTITY, letter)])?;
        cx.catalog.invalidate_relation(child.oid)?;
        copy_identity(cx, &child, a)?;
    }
    Ok(())
}

fn check_may_inherit(relation: &RelationDesc) -> PgResult<()> {
    let what = if relation.oftype.is_valid() {
        "typed table"
    } else if relation.is_partition {
        "a partition"
    } else if relation.relkind == 'p' {
        "partitioned table"
    } else {
        return Ok(());
    };
    Err(err!(WRONG_OBJECT_TYPE, "cannot change inheritance of {what}"))
}

/// INHERIT parent.
fn add_parent(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    parent: &RangeVar,
) -> PgResult<()> {
    alter_table::require_table(relation, "INHERIT")?;
    check_may_inherit(relation)?;
    let parent = relation_name::open_range_var(cx, parent, 4)?;
    let kind = ObjectKind::of_relkind(parent.relkind);
    acl::check_owner(cx.catalog, kind, &parent.name, parent.owner, cx.user())?;
    alter_table::require_table(&parent, "INHERIT")?;
    if parent.persistence == 't' && relation.persistence != 't' {
        bail!(WRONG_OBJECT_TYPE, "cannot inherit from temporary relation \"{}\"", parent.name);
    }
    if parent.relkind == 'p' {
        bail!(WRONG_OBJECT_TYPE, "cannot inherit from partitioned table \"{}\"", parent.name);
    }
    if parent.is_partition {
        bail!(WRONG_OBJECT_TYPE, "cannot inherit from a partition");
    }
    if cx.catalog.inheritance_parents(relation.oid)?.contains(&parent.oid) {
        bail!(
            DUPLICATE_TABLE,
            "relation \"{}\" would be inherited from more than once",
            parent.name
        );
    }
    if partition::is_below(cx, parent.oid, relation.oid)? {
        return Err(err!(DUPLICATE_TABLE, "circular inheritance not allowed")
            .detail(format!("\"{}\" is already a child of \"{}\".", parent.name, relation.name)));
    }
    inherit::join(cx, &parent, relation, false)
}

/// NO INHERIT parent.
fn drop_parent(
    cx: &UtilityContext<'_>,
    relation: &Arc<RelationDesc>,
    parent: &RangeVar,
) -> PgResult<()> {
    if relation.is_partition {
        bail!(WRONG_OBJECT_TYPE, "cannot change inheritance of a partition");
    }
    let parent = relation_name::open_range_var(cx, parent, 1)?;
    inherit::leave(cx, &parent, relation, false)
}

/// OF: the table's columns must be those of the type.
fn add_of_type(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    name: &parser::ast::TypeName,
) -> PgResult<()> {
    let typ = crate::table::row_type(cx, name)?;
    if !cx.catalog.inheritance_parents(relation.oid)?.is_empty() {
        bail!(WRONG_OBJECT_TYPE, "typed tables cannot inherit");
    }
    let mut own = relation.attrs.iter().filter(|a| !a.dropped);
    for a in typ.attrs.iter().filter(|a| !a.dropped) {
        let Some(column) = own.next() else {
            bail!(DATATYPE_MISMATCH, "table is missing column \"{}\"", a.name);
        };
        if column.name != a.name {
            bail!(
                DATATYPE_MISMATCH,
                "table has column \"{}\" where type requires \"{}\"",
                column.name,
                a.name
            );
        }
        if (column.typ, column.typmod, column.collation) != (a.typ, a.typmod, a.collation) {
            bail!(
                DATATYPE_MISMATCH,
                "table \"{}\" has different type for column \"{}\"",
                relation.name,
                a.name
            );
        }
    }
    if let Some(extra) = own.next() {
        bail!(DATATYPE_MISMATCH, "table has extra column \"{}\"", extra.name);
    }
    let this = ObjectAddress::relation(relation.oid);
    if relation.oftype.is_valid() {
        cx.catalog.delete_dependencies_of(this, Some(catalog::schema::pg_type::RELID))?;
    }
    let on = ObjectAddress::typ(typ.reltype);
    cx.catalog.record_dependency(this, on, catalog::DependencyKind::Normal)?;
    let of = [(pg_class::RELOFTYPE, Datum::Oid(typ.reltype))];
    cx.catalog.set_by_oid(pg_class::RELID, relation.oid, &of)
}

/// NOT OF: the table keeps its columns and is no longer of the type.
pub(crate) fn drop_of_type(cx: &UtilityContext<'_>, relation: &RelationDesc) -> PgResult<()> {
    if !relation.oftype.is_valid() {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a typed table", relation.name);
    }
    let this = ObjectAddress::relation(relation.oid);
    cx.catalog.delete_dependencies_of(this, Some(catalog::schema::pg_type::RELID))?;
    let none = [(pg_class::RELOFTYPE, Datum::Oid(Oid::INVALID))];
    cx.catalog.set_by_oid(pg_class::RELID, relation.oid, &none)
}

/// A column that ADD COLUMN gives a child, which may have one of that name: then the two merge.
pub(crate) fn merge_added_column(
    cx: &UtilityContext<'_>,
    child: &RelationDesc,
    own: &catalog::Attribute,
    new: &catalog::NewColumn,
) -> PgResult<()> {
    if own.typ != new.typ || own.typmod != new.typmod {
        bail!(
            DATATYPE_MISMATCH,
            "child table \"{}\" has different type for column \"{}\"",
            child.name,
            own.name
        );
    }
    if own.collation != new.collation {
        bail!(
            COLLATION_MISMATCH,
            "child table \"{}\" has different collation for column \"{}\"",
            child.name,
            own.name
        );
    }
    let count = [(pg_attribute::ATTINHCOUNT, Datum::Int2(own.inhcount + 1))];
    cx.catalog.set_attribute(child.oid, own.num, &count)?;
    cx.notice(PgError::notice(format!(
        "merging definition of column \"{}\" for child \"{}\"",
        own.name, child.name
    )));
    constraint::touch(cx, child.oid)
}

/// ADD COLUMN in the tables below.
pub(crate) fn add_column_below(
    cx: &UtilityContext<'_>,
    relation: &RelationDesc,
    cmd: &AlterTableCmd,
    reach: Reach,
) -> PgResult<()> {
    let below = children(cx, relation.oid)?;
    if !below.is_empty() && !reach.inherit {
        bail!(INVALID_TABLE_DEFINITION, "column must be added to child tables too");
    }
    for child in below {
        run(cx, child.oid, cmd, reach.below())?;
    }
    Ok(())
}

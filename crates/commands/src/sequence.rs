//! CREATE and ALTER SEQUENCE, and the sequences behind serial and identity columns.
use crate::{UtilityContext, creation, relation_name};
use catalog::{
    Catalog, CatalogRead, NewColumn, NewRelation, RelationDesc, RowBuilder, acl,
    acl::ObjectKind,
    depend::{DependencyKind, ObjectAddress},
    schema::{index, pg_class, pg_depend, pg_sequence},
};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use parser::ast::{AlterSeqStmt, CreateSeqStmt, DefArg, DefElem};
use std::sync::Arc;
use types::{Datum, Oid, type_oid as t};

/// Row of pg_sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) typ: Oid,
    pub(crate) start: i64,
    pub(crate) increment: i64,
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) cache: i64,
    pub(crate) cycle: bool,
}

/// What options say beyond the parameters.
#[derive(Default)]
struct Extra {
    /// Set the sequence to this value.
    restart: Option<i64>,
    /// Names of OWNED BY.
    owned_by: Option<Vec<String>>,
}

fn type_range(typ: Oid) -> (i64, i64) {
    match typ {
        t::INT2 => (i16::MIN.into(), i16::MAX.into()),
        t::INT4 => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    }
}

fn type_name(typ: Oid) -> &'static str {
    match typ {
        t::INT2 => "smallint",
        t::INT4 => "integer",
        _ => "bigint",
    }
}

/// A number of an option.
fn number(option: &DefElem) -> PgResult<i64> {
    match &option.arg {
        Some(DefArg::Integer(i)) => Ok(i64::from(*i)),
        Some(DefArg::Float(text)) => text.parse().map_err(|_| {
            err!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{text}\" is out of range for type bigint")
        }),
        _ => Err(err!(SYNTAX_ERROR, "{} requires a numeric value", option.defname)),
    }
}

/// Options of CREATE (no `old`) or ALTER SEQUENCE to parameters.
fn parameters(
    cx: &UtilityContext<'_>,
    options: &[DefElem],
    old: Option<&Parameters>,
    for_identity: bool,
) -> PgResult<(Parameters, Extra)> {
    let find = |name: &str| -> PgResult<Option<&DefElem>> {
        let mut found = options.iter().filter(|o| o.defname == name);
        let first = found.next();
        match found.next() {
            Some(second) => {
                Err(err!(SYNTAX_ERROR, "conflicting or redundant options").at(second.location))
            }
            None => Ok(first),
        }
    };
    for option in options {
        match option.defname.as_str() {
            "sequence_name" if !for_identity => {
                return Err(
                    err!(SYNTAX_ERROR, "invalid sequence option SEQUENCE NAME").at(option.location)
                );
            }
            "logged" | "unlogged" => {
                return Err(not_supported!("LOGGED and UNLOGGED of an identity column"));
            }
            _ => {}
        }
    }
    let mut extra = Extra::default();
    let isnew = old.is_none();
    let mut p = old.copied().unwrap_or(Parameters {
        typ: t::INT8,
        start: 0,
        increment: 1,
        min: 0,
        max: 0,
        cache: 1,
        cycle: false,
    });
    let (mut reset_min, mut reset_max) = (false, false);
    if let Some(option) = find("as")? {
        let Some(DefArg::TypeName(name)) = &option.arg else {
            return Err(PgError::internal("AS takes a type"));
        };
        let mut acx = cx.analyze_context();
        let (typ, _) = analyzer::Analyzer::new(&mut acx).typename_oid_and_typmod(name)?;
        if !matches!(typ, t::INT2 | t::INT4 | t::INT8) {
            bail!(
                INVALID_PARAMETER_VALUE,
                "{}",
                if for_identity {
                    "identity column type must be smallint, integer, or bigint"
                } else {
                    "sequence type must be smallint, integer, or bigint"
                }
            );
        }
        if !isnew {
            // Bounds that were the old type's follow the new one.
            let (old_min, old_max) = type_range(p.typ);
            reset_max = p.max == old_max || (p.max == -1 && p.increment < 0);
            reset_min = p.min == old_min || (p.min == 1 && p.increment > 0);
        }
        p.typ = typ;
    }
    if let Some(option) = find("increment")? {
        p.increment = number(option)?;
        if p.increment == 0 {
            bail!(INVALID_PARAMETER_VALUE, "INCREMENT must not be zero");
        }
    }
    if let Some(option) = find("cycle")? {
        p.cycle = option.arg == Some(DefArg::Boolean(true));
    }
    let (type_min, type_max) = type_range(p.typ);
    match find("maxvalue")? {
        Some(option) if option.arg.is_some() => p.max = number(option)?,
        given if isnew || given.is_some() || reset_max => {
            p.max = if p.increment > 0 { type_max } else { -1 };
        }
        _ => {}
    }
    if p.max < type_min || p.max > type_max {
        bail!(
            INVALID_PARAMETER_VALUE,
            "MAXVALUE ({}) is out of range for sequence data type {}",
            p.max,
            type_name(p.typ)
        );
    }
    match find("minvalue")? {
        Some(option) if option.arg.is_some() => p.min = number(option)?,
        given if isnew || given.is_some() || reset_min => {
            p.min = if p.increment < 0 { type_min } else { 1 };
        }
        _ => {}
    }
    if p.min < type_min || p.min > type_max {
        bail!(
            INVALID_PARAMETER_VALUE,
            "MINVALUE ({}) is out of range for sequence data type {}",
            p.min,
            type_name(p.typ)
        );
    }
    if p.min >= p.max {
        bail!(
            INVALID_PARAMETER_VALUE,
            "MINVALUE ({}) must be less than MAXVALUE ({})",
            p.min,
            p.max
        );
    }
    match find("start")? {
        Some(option) => p.start = number(option)?,
        None if isnew => p.start = if p.increment > 0 { p.min } else { p.max },
        None => {}
    }
    check_within("START", p.start, &p)?;
    if let Some(option) = find("restart")? {
        extra.restart = Some(match option.arg {
            Some(_) => number(option)?,
            None => p.start,
        });
    }
    if let Some(value) = extra.restart {
        check_within("RESTART", value, &p)?;
    }
    if let Some(option) = find("cache")? {
        p.cache = number(option)?;
        if p.cache <= 0 {
            bail!(INVALID_PARAMETER_VALUE, "CACHE ({}) must be greater than zero", p.cache);
        }
    }
    if let Some(option) = find("owned_by")? {
        let Some(DefArg::Names(names)) = &option.arg else {
            return Err(PgError::internal("OWNED BY takes a name"));
        };
        extra.owned_by = Some(names.clone());
    }
    Ok((p, extra))
}

fn check_within(what: &str, value: i64, p: &Parameters) -> PgResult<()> {
    if value < p.min {
        bail!(
            INVALID_PARAMETER_VALUE,
            "{what} value ({value}) cannot be less than MINVALUE ({})",
            p.min
        );
    }
    if value > p.max {
        bail!(
            INVALID_PARAMETER_VALUE,
            "{what} value ({value}) cannot be greater than MAXVALUE ({})",
            p.max
        );
    }
    Ok(())
}

/// CREATE SEQUENCE.
pub(crate) fn execute_create(cx: &UtilityContext<'_>, stmt: &CreateSeqStmt) -> PgResult<()> {
    let place = creation::place_of(cx, &stmt.sequence)?;
    let name = &stmt.sequence.relname;
    if stmt.if_not_exists && creation::exists_skipping(cx, place.namespace, name)? {
        return Ok(());
    }
    create(cx, place, name, &stmt.options, cx.user(), None).map(|_| ())
}

/// Makes a sequence; for an identity column, `identity` is the column's type.
pub(crate) fn create(
    cx: &UtilityContext<'_>,
    place: creation::Place,
    name: &str,
    options: &[DefElem],
    owner: Oid,
    identity: Option<Oid>,
) -> PgResult<Oid> {
    let (p, extra) = parameters(cx, options, None, identity.is_some())?;
    let column = |name, typ| {
        let mut column = NewColumn::new(name, typ, -1, Oid::INVALID);
        column.not_null = true;
        column
    };
    let columns = vec![
        column("last_value", t::INT8),
        column("log_cnt", t::INT8),
        column("is_called", t::BOOL),
    ];
    let mut new = NewRelation::new(name, place.namespace, owner, 'S', columns);
    new.persistence = place.persistence;
    let created = cx.catalog.create_relation(&new)?;
    RowBuilder::new(pg_sequence::RELID)
        .set(pg_sequence::SEQRELID, created.oid)
        .set(pg_sequence::SEQTYPID, p.typ)
        .set(pg_sequence::SEQSTART, Datum::Int8(p.start))
        .set(pg_sequence::SEQINCREMENT, Datum::Int8(p.increment))
        .set(pg_sequence::SEQMAX, Datum::Int8(p.max))
        .set(pg_sequence::SEQMIN, Datum::Int8(p.min))
        .set(pg_sequence::SEQCACHE, Datum::Int8(p.cache))
        .set(pg_sequence::SEQCYCLE, p.cycle)
        .insert(cx.catalog)?;
    cx.services.start_sequence(created.storage_id, p.start, false)?;
    cx.services.command_counter_increment()?;
    if let Some(names) = &extra.owned_by {
        let sequence = cx.catalog.get_relation(created.oid)?;
        set_owner_column(cx, &sequence, names)?;
    }
    Ok(created.oid)
}

/// The parameters of a sequence.
pub(crate) fn parameters_of(catalog: &Catalog, seq: Oid) -> PgResult<Parameters> {
    use pg_sequence as s;
    let key = [Datum::Oid(seq)];
    let row = catalog
        .row_by_index(index::PG_SEQUENCE_SEQRELID_INDEX, &key)?
        .ok_or_else(|| PgError::internal(format!("cache lookup failed for sequence {seq}")))?;
    Ok(Parameters {
        typ: row.oid(s::SEQTYPID),
        start: row.values[s::SEQSTART].as_i64(),
        increment: row.values[s::SEQINCREMENT].as_i64(),
        min: row.values[s::SEQMIN].as_i64(),
        max: row.values[s::SEQMAX].as_i64(),
        cache: row.values[s::SEQCACHE].as_i64(),
        cycle: row.values[s::SEQCYCLE].as_bool(),
    })
}

/// ALTER SEQUENCE.
pub(crate) fn execute_alter(cx: &UtilityContext<'_>, stmt: &AlterSeqStmt) -> PgResult<()> {
    const SHARE_ROW_EXCLUSIVE: i32 = 6;
    let parts = relation_name::parts_of(&stmt.sequence);
    let opened = relation_name::open_relation(cx, &parts, SHARE_ROW_EXCLUSIVE, stmt.missing_ok)?;
    let Some(sequence) = opened else {
        cx.notice(
            PgError::notice(format!(
                "relation \"{}\" does not exist, skipping",
                stmt.sequence.relname
            ))
            .with_sqlstate(SqlState::SUCCESSFUL_COMPLETION),
        );
        return Ok(());
    };
    if sequence.relkind != 'S' {
        return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence", sequence.name));
    }
    acl::check_owner(cx.catalog, ObjectKind::Sequence, &sequence.name, sequence.owner, cx.user())?;
    alter(cx, &sequence, &stmt.options, false)
}

/// Changes a sequence by options.
pub(crate) fn alter(
    cx: &UtilityContext<'_>,
    sequence: &Arc<RelationDesc>,
    options: &[DefElem],
    for_identity: bool,
) -> PgResult<()> {
    let old = parameters_of(cx.catalog, sequence.oid)?;
    let (p, extra) = parameters(cx, options, Some(&old), for_identity)?;
    let (last, called) = cx.services.sequence_state(sequence.storage_id)?;
    let mut state = None;
    if let Some(value) = extra.restart {
        state = Some((value, false));
    } else if last < p.min {
        bail!(
            INVALID_PARAMETER_VALUE,
            "RESTART value ({last}) cannot be less than MINVALUE ({})",
            p.min
        );
    } else if last > p.max {
        bail!(
            INVALID_PARAMETER_VALUE,
            "RESTART value ({last}) cannot be greater than MAXVALUE ({})",
            p.max
        );
    }
    use pg_sequence as s;
    let columns = [
        (s::SEQTYPID, Datum::Oid(p.typ)),
        (s::SEQSTART, Datum::Int8(p.start)),
        (s::SEQINCREMENT, Datum::Int8(p.increment)),
        (s::SEQMAX, Datum::Int8(p.max)),
        (s::SEQMIN, Datum::Int8(p.min)),
        (s::SEQCACHE, Datum::Int8(p.cache)),
        (s::SEQCYCLE, Datum::Bool(p.cycle)),
    ];
    let key = [Datum::Oid(sequence.oid)];
    cx.catalog.set_by_key(index::PG_SEQUENCE_SEQRELID_INDEX, &key, &columns)?;
    // New storage, so that the change of state rolls back with the statement.
    if state.is_some() || p != old {
        let (value, called) = state.unwrap_or((last, called));
        let storage = cx.catalog.new_storage(sequence.oid)?;
        cx.services.start_sequence(storage, value, called)?;
    }
    cx.services.command_counter_increment()?;
    if let Some(names) = &extra.owned_by {
        set_owner_column(cx, sequence, names)?;
    }
    Ok(())
}

/// OWNED BY: a column, or NONE.
fn set_owner_column(
    cx: &UtilityContext<'_>,
    sequence: &RelationDesc,
    names: &[String],
) -> PgResult<()> {
    if let Some((table, _)) = owner_column(cx.catalog, sequence.oid, DependencyKind::Internal)? {
        let table = cx.catalog.get_relation(table)?;
        return Err(err!(FEATURE_NOT_SUPPORTED, "cannot change ownership of identity sequence")
            .detail(format!(
                "Sequence \"{}\" is linked to table \"{}\".",
                sequence.name, table.name
            )));
    }
    let this = ObjectAddress::relation(sequence.oid);
    if let [none] = names {
        if none != "none" {
            return Err(err!(SYNTAX_ERROR, "invalid OWNED BY option")
                .hint("Specify OWNED BY table.column or OWNED BY NONE."));
        }
        return unlink_owner(cx.catalog, this);
    }
    let (column, table) = match names.split_last() {
        Some((column, table)) => (column, table),
        None => return Err(PgError::internal("empty OWNED BY")),
    };
    let Some(table) = relation_name::open_relation(cx, table, 1, false)? else {
        return Err(err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", table.join(".")));
    };
    if !matches!(table.relkind, 'r' | 'f' | 'v' | 'p') {
        return Err(err!(
            WRONG_OBJECT_TYPE,
            "sequence cannot be owned by relation \"{}\"",
            table.name
        ));
    }
    if table.owner != sequence.owner {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "sequence must have same owner as table it is linked to"
        );
    }
    if table.namespace != sequence.namespace {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "sequence must be in same schema as table it is linked to"
        );
    }
    let Some(attribute) = table.attr_by_name(column) else {
        bail!(
            UNDEFINED_COLUMN,
            "column \"{column}\" of relation \"{}\" does not exist",
            table.name
        );
    };
    unlink_owner(cx.catalog, this)?;
    link(cx.catalog, sequence.oid, table.oid, attribute.num, DependencyKind::Auto)
}

/// Makes a sequence go with its column.
pub(crate) fn link(
    catalog: &Catalog,
    sequence: Oid,
    table: Oid,
    attnum: i16,
    kind: DependencyKind,
) -> PgResult<()> {
    let column = ObjectAddress::column(table, attnum);
    catalog.record_dependency(ObjectAddress::relation(sequence), column, kind)
}

fn unlink_owner(catalog: &Catalog, sequence: ObjectAddress) -> PgResult<()> {
    let key = [Datum::Oid(pg_class::RELID), Datum::Oid(sequence.object)];
    for row in catalog.rows_by_index(index::PG_DEPEND_DEPENDER_INDEX, &key)? {
        let auto = row.values[pg_depend::DEPTYPE].as_char() == b'a';
        if auto && row.oid(pg_depend::REFCLASSID) == pg_class::RELID {
            catalog.delete_row(pg_depend::RELID, &row)?;
        }
    }
    Ok(())
}

/// The column that a sequence goes with, if any.
pub(crate) fn owner_column(
    catalog: &Catalog,
    sequence: Oid,
    kind: DependencyKind,
) -> PgResult<Option<(Oid, i16)>> {
    let key = [Datum::Oid(pg_class::RELID), Datum::Oid(sequence)];
    for row in catalog.rows_by_index(index::PG_DEPEND_DEPENDER_INDEX, &key)? {
        let same = char::from(row.values[pg_depend::DEPTYPE].as_char()) == kind.letter();
        let column = row.values[pg_depend::REFOBJSUBID].as_i32();
        if same && row.oid(pg_depend::REFCLASSID) == pg_class::RELID && column != 0 {
            return Ok(Some((row.oid(pg_depend::REFOBJID), column as i16)));
        }
    }
    Ok(None)
}

/// Sequences that go with a column (identity: `Internal`, serial: `Auto`).
pub(crate) fn of_column(
    catalog: &Catalog,
    table: Oid,
    attnum: i16,
    kind: DependencyKind,
) -> PgResult<Vec<Oid>> {
    let key = [Datum::Oid(pg_class::RELID), Datum::Oid(table), Datum::Int4(i32::from(attnum))];
    let mut found = Vec::new();
    for row in catalog.rows_by_index(index::PG_DEPEND_REFERENCE_INDEX, &key)? {
        let same = char::from(row.values[pg_depend::DEPTYPE].as_char()) == kind.letter();
        if !same || row.oid(pg_depend::CLASSID) != pg_class::RELID {
            continue;
        }
        let object = row.oid(pg_depend::OBJID);
        if catalog.relation(object)?.is_some_and(|r| r.relkind == 'S') {
            found.push(object);
        }
    }
    Ok(found)
}

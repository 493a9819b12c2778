//! VACUUM and ANALYZE. Storage needs no vacuuming: VACUUM checks what it is asked, gathers statistics
//! if told to, and with FULL lets the storage engine drop what is dead.
use crate::{context::StatementContext, copy};
use catalog::{
    CatalogRead, RelationDesc,
    analyze::{
        ColumnFacts, ROWS_PER_TARGET, distinct_statistics, scalar_statistics, trivial_statistics,
    },
};
use error::{PgError, PgResult, SqlState, bail, err, not_supported};
use fmgr::FnContext;
use parser::ast::{DefArg, DefElem, VacuumStmt};
use std::sync::Arc;
use txn::StorageId;
use types::{Datum, Oid};

const PG_STATISTIC: Oid = Oid(2619);
/// Bytes of a page as relpages counts them.
const PAGE: f64 = 8192.0;

#[derive(Default)]
struct Options {
    verbose: bool,
    analyze: bool,
    full: bool,
    only_database_stats: bool,
}

/// Runs the statement.
pub(crate) fn run(cx: &StatementContext<'_>, stmt: &VacuumStmt, nested: bool) -> PgResult<()> {
    let command = if stmt.is_vacuumcmd { "VACUUM" } else { "ANALYZE" };
    let options = read_options(stmt)?;
    if stmt.is_vacuumcmd {
        if nested {
            bail!(
                ACTIVE_SQL_TRANSACTION,
                "{command} cannot be executed from a function or procedure"
            );
        }
        cx.core.prevent_in_transaction_block(command)?;
    }
    if options.only_database_stats {
        return Ok(());
    }
    let mut targets: Vec<(Arc<RelationDesc>, Vec<String>)> = Vec::new();
    for rel in &stmt.rels {
        if !rel.va_cols.is_empty() && !options.analyze {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "ANALYZE option must be specified when a column list is provided"
            ));
        }
        let mode = if options.full { 8 } else { 4 };
        let relation = copy::open_relation(cx, &rel.relation, mode)?;
        targets.push((relation, rel.va_cols.clone()));
    }
    if stmt.rels.is_empty() {
        for oid in all_tables(cx)? {
            if let Some(relation) = cx.catalog.relation(oid)? {
                targets.push((relation, Vec::new()));
            }
        }
    }
    let named = !stmt.rels.is_empty();
    for (relation, columns) in targets {
        cx.core.backend.cancel.check()?;
        one(cx, &relation, &columns, &options, command, named)?;
    }
    Ok(())
}

fn read_options(stmt: &VacuumStmt) -> PgResult<Options> {
    let mut o = Options { analyze: !stmt.is_vacuumcmd, ..Options::default() };
    for item in &stmt.options {
        match (item.defname.as_str(), stmt.is_vacuumcmd) {
            ("verbose", _) => o.verbose = flag(item)?,
            ("skip_locked", _) => {
                if flag(item)? {
                    return Err(not_supported!("option SKIP_LOCKED of VACUUM and ANALYZE"));
                }
            }
            ("buffer_usage_limit", _) => {
                return Err(not_supported!("option BUFFER_USAGE_LIMIT of VACUUM and ANALYZE"));
            }
            ("analyze", true) => o.analyze = flag(item)?,
            ("full", true) => o.full = flag(item)?,
            ("only_database_stats", true) => o.only_database_stats = flag(item)?,
            // These say how PostgreSQL is to go about dead rows and freezing, which do not exist here.
            (
                "freeze"
                | "disable_page_skipping"
                | "index_cleanup"
                | "process_main"
                | "process_toast"
                | "truncate"
                | "parallel"
                | "skip_database_stats",
                true,
            ) => {}
            (name, _) => {
                let command = if stmt.is_vacuumcmd { "VACUUM" } else { "ANALYZE" };
                return Err(err!(SYNTAX_ERROR, "unrecognized {command} option \"{name}\"")
                    .at(item.location));
            }
        }
    }
    Ok(o)
}

fn flag(item: &DefElem) -> PgResult<bool> {
    let value = match &item.arg {
        None => Some(true),
        Some(DefArg::Boolean(b)) => Some(*b),
        Some(DefArg::Integer(0)) => Some(false),
        Some(DefArg::Integer(1)) => Some(true),
        Some(DefArg::String(s)) => match s.to_ascii_lowercase().as_str() {
            "true" | "on" => Some(true),
            "false" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    };
    value.ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a Boolean value", item.defname))
}

/// Tables and materialized views of the database.
fn all_tables(cx: &StatementContext<'_>) -> PgResult<Vec<Oid>> {
    use catalog::schema::pg_class as c;
    let rows = cx.catalog.all_rows(c::RELID)?;
    Ok(rows
        .iter()
        .filter(|r| matches!(r.values[c::RELKIND], Datum::Char(b'r' | b'm' | b'p')))
        .map(|r| r.oid(c::OID))
        .collect())
}

fn one(
    cx: &StatementContext<'_>,
    relation: &Arc<RelationDesc>,
    columns: &[String],
    options: &Options,
    command: &str,
    named: bool,
) -> PgResult<()> {
    let user = cx.core.user.lock().current();
    let allowed = cx.core.holds_any_privilege(relation, user, nodes::acl::MAINTAIN)?
        || cx.catalog.has_role_privileges(user, relation.owner)?;
    if !allowed {
        if named {
            cx.notice(PgError::warning(
                SqlState::INSUFFICIENT_PRIVILEGE,
                format!(
                    "permission denied to {} \"{}\", skipping it",
                    command.to_lowercase(),
                    relation.name
                ),
            ));
        }
        return Ok(());
    }
    if !matches!(relation.relkind, 'r' | 'm' | 'p') {
        cx.notice(PgError::warning(
            SqlState::WRONG_OBJECT_TYPE,
            match command {
                "VACUUM" => format!(
                    "skipping \"{}\" --- cannot vacuum non-tables or special system tables",
                    relation.name
                ),
                _ => format!(
                    "skipping \"{}\" --- cannot analyze non-tables or special system tables",
                    relation.name
                ),
            },
        ));
        return Ok(());
    }
    if options.full && relation.storage_id != 0 {
        compact(cx, relation)?;
    }
    if options.analyze {
        analyze(cx, relation, columns, options)?;
    }
    Ok(())
}

fn compact(cx: &StatementContext<'_>, relation: &RelationDesc) -> PgResult<()> {
    let ids = std::iter::once(relation.storage_id)
        .chain(relation.indexes.iter().map(|i| i.storage_id))
        .filter(|id| *id != 0);
    for id in ids {
        let (lower, upper) = StorageId(id).bounds();
        let engine = cx.core.engine.store.engine().clone();
        engine.compact(&lower, &upper)?;
    }
    Ok(())
}

fn analyze(
    cx: &StatementContext<'_>,
    relation: &Arc<RelationDesc>,
    columns: &[String],
    options: &Options,
) -> PgResult<()> {
    // Its columns hold arrays of any type, which have no order: PostgreSQL passes it by as well.
    if relation.oid == PG_STATISTIC {
        return Ok(());
    }
    let mut wanted = Vec::new();
    for name in columns {
        let Some(attr) = relation.attr_by_name(name) else {
            bail!(
                UNDEFINED_COLUMN,
                "column \"{name}\" of relation \"{}\" does not exist",
                relation.name
            );
        };
        if wanted.contains(&attr.num) {
            bail!(
                DUPLICATE_COLUMN,
                "column \"{name}\" of relation \"{}\" appears more than once",
                relation.name
            );
        }
        wanted.push(attr.num);
    }
    if options.verbose {
        let schema = cx.catalog.namespace_name(relation.namespace)?.unwrap_or_default();
        cx.notice(
            PgError::notice(format!("analyzing \"{schema}.{}\"", relation.name))
                .with_severity(error::Severity::Info),
        );
    }
    // A partitioned table has statistics of all its partitions' rows together.
    let leaves =
        if relation.storage_id != 0 { vec![relation.clone()] } else { leaves(cx, relation)? };
    let default_target = cx.typed.default_statistics_target.max(1) as usize;
    let most = relation
        .attrs
        .iter()
        .filter_map(|a| a.stattarget)
        .fold(default_target, |m, t| m.max(t.max(0) as usize));
    let sample_size = most * ROWS_PER_TARGET;
    let txn = cx.core.txn()?;
    let snapshot = txn.latest_snapshot();
    let (mut sample, mut total) = (Vec::new(), 0);
    for leaf in &leaves {
        let share = sample_size.div_ceil(leaves.len().max(1));
        let (rows, seen) = executor::analyze_sample(leaf, share, &txn, &snapshot, cx)?;
        if leaf.oid == relation.oid {
            sample.extend(rows);
        } else {
            sample.extend(rows.into_iter().map(|row| in_parent_order(relation, leaf, row)));
        }
        total += seen;
    }
    let inherit = relation.storage_id == 0;
    for attr in relation.attrs.iter().filter(|a| !a.dropped) {
        let target = attr.stattarget.map_or(default_target, |t| t.max(0) as usize);
        if target == 0 || (!wanted.is_empty() && !wanted.contains(&attr.num)) {
            continue;
        }
        let facts = column_facts(cx, attr, total as f64, target)?;
        column(cx, relation, attr, &sample, &facts, inherit)?;
    }
    if relation.storage_id != 0 && wanted.is_empty() {
        let pages = |sid: u32| {
            let bytes = cx.core.engine.store.approximate_size(StorageId(sid)) as f64;
            (bytes / PAGE).ceil() as i32
        };
        let p = pages(relation.storage_id).max(i32::from(total > 0));
        cx.catalog.set_relation_stats(relation.oid, p, total as f32, p)?;
        for index in relation.indexes.iter() {
            let p = pages(index.storage_id).max(1);
            cx.catalog.set_relation_stats(index.oid, p, total as f32, 0)?;
        }
    }
    cx.core.next_command()
}

/// A partition's row with its columns where the partitioned table has them.
fn in_parent_order(parent: &RelationDesc, leaf: &RelationDesc, mut row: Vec<Datum>) -> Vec<Datum> {
    let place = |attr: &catalog::Attribute| {
        leaf.attrs.iter().position(|a| !a.dropped && !attr.dropped && a.name == attr.name)
    };
    parent
        .attrs
        .iter()
        .map(|attr| place(attr).and_then(|at| row.get_mut(at)).map(Datum::take).unwrap_or_default())
        .collect()
}

/// What a column's values can be compared with: an array's only as its elements can.
fn column_facts(
    cx: &StatementContext<'_>,
    attr: &catalog::Attribute,
    total: f64,
    target: usize,
) -> PgResult<ColumnFacts> {
    let of = |typ| ColumnFacts::of_type(&cx.catalog, typ, attr.collation, total, target);
    let mut facts = of(attr.typ)?;
    let typ = cx.catalog.get_type(attr.typ)?;
    if typ.is_array() {
        let element = of(typ.elem)?;
        // Arrays are compared by their elements' order: without one (aclitem) only widths are known.
        if !element.lt_op.is_valid() || !element.eq_op.is_valid() {
            facts.lt_op = Oid::INVALID;
            facts.eq_op = Oid::INVALID;
        }
    }
    Ok(facts)
}

fn leaves(
    cx: &StatementContext<'_>,
    relation: &Arc<RelationDesc>,
) -> PgResult<Vec<Arc<RelationDesc>>> {
    let mut out = Vec::new();
    for child in cx.catalog.inheritance_children(relation.oid)?.iter() {
        let child = cx.catalog.get_relation(*child)?;
        match child.storage_id {
            0 => out.extend(leaves(cx, &child)?),
            _ => out.push(child),
        }
    }
    Ok(out)
}

fn column(
    cx: &StatementContext<'_>,
    relation: &RelationDesc,
    attr: &catalog::Attribute,
    sample: &[Vec<Datum>],
    facts: &ColumnFacts,
    inherit: bool,
) -> PgResult<()> {
    let at = attr.num as usize - 1;
    let values: Vec<Datum> =
        sample.iter().map(|row| row.get(at).cloned().unwrap_or_default()).collect();
    let stat = if facts.lt_op.is_valid() {
        scalar_statistics(&values, facts, &mut |a, b| {
            cx.type_compare(attr.typ, facts.collation, a, b)
        })?
    } else if facts.eq_op.is_valid() {
        distinct_statistics(&values, facts, &mut |a, b| {
            cx.type_equal(attr.typ, facts.collation, a, b)
        })?
    } else {
        trivial_statistics(&values, facts)
    };
    if let Some(stat) = stat {
        cx.catalog.update_statistics(relation.oid, attr.num, inherit, attr.typ, &stat)?;
    }
    Ok(())
}

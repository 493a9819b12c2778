//! pg_get_viewdef and its kin: definitions of catalog objects as SQL.
use crate::system::catalog;
use catalog::{Catalog, CatalogRead, Constraint, RelationDesc, Trigger, quote_identifier};
use error::{PgResult, bail};
use fmgr::{CallContext, Registry};
use nodes::{Expr, stored::from_stored};
use ruleutils::{DeparseContext, Pretty, deparse_expr};
use std::sync::Arc;
use types::{Datum, Oid};

const CONSTRAINT_OID_INDEX: Oid = Oid(2667);
const TRIGGER_OID_INDEX: Oid = Oid(2702);
const REWRITE_OID_INDEX: Oid = Oid(2692);

fn text(v: Option<String>) -> Datum {
    v.map_or(Datum::Null, |v| Datum::text(&v))
}

fn pretty(flag: bool) -> Pretty {
    if flag { Pretty::FULL } else { Pretty::INDENT }
}

/// One-line definitions keep superfluous parentheses unless they are to be pretty.
fn line(flag: bool) -> Pretty {
    if flag { Pretty { indent: false, ..Pretty::FULL } } else { Pretty::NONE }
}

/// A column of the row that an index on OIDs finds.
fn owner(catalog: &Catalog, index: Oid, oid: Oid, column: usize) -> PgResult<Option<Oid>> {
    let row = catalog.row_by_index(index, &[Datum::Oid(oid)])?;
    Ok(row.map(|row| row.oid(column)))
}

fn view(cx: &CallContext<'_>, oid: Oid, layout: Pretty) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let Some(rel) = catalog.relation(oid)? else { return Ok(Datum::Null) };
    ruleutils::view_def(catalog, cx.session, &rel, layout).map(text)
}

fn view_by_name(cx: &CallContext<'_>, name: &Datum, layout: Pretty) -> PgResult<Datum> {
    let names = crate::system::split_identifiers(name.as_str())?;
    let catalog = catalog(cx)?;
    let oid = match &names[..] {
        [name] => catalog.relation_in_path(name)?,
        [schema, name] => match catalog.lookup_namespace(schema)? {
            Some(namespace) => catalog.lookup_relation(namespace, name)?,
            None => None,
        },
        _ => None,
    };
    match oid {
        Some(oid) => view(cx, oid, layout),
        None => bail!(UNDEFINED_TABLE, "relation \"{}\" does not exist", names.join(".")),
    }
}

fn rule(cx: &CallContext<'_>, oid: Oid, layout: Pretty) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let Some(relid) = owner(catalog, REWRITE_OID_INDEX, oid, 2)? else { return Ok(Datum::Null) };
    let rel = catalog.get_relation(relid)?;
    match rel.rules.iter().find(|rule| rule.oid == oid) {
        Some(rule) => {
            let def = ruleutils::rule_def(catalog, cx.session, &rel, rule, layout)?;
            Ok(Datum::text(&def))
        }
        None => Ok(Datum::Null),
    }
}

fn constraint_of(catalog: &Catalog, oid: Oid) -> PgResult<Option<Constraint>> {
    let Some(row) = catalog.row_by_index(CONSTRAINT_OID_INDEX, &[Datum::Oid(oid)])? else {
        return Ok(None);
    };
    let (relid, typid) = (row.oid(8), row.oid(9));
    if relid.is_valid() {
        let rel = catalog.get_relation(relid)?;
        return Ok(rel.constraints.iter().find(|c| c.oid == oid).cloned());
    }
    Ok(catalog.domain_constraints(typid)?.iter().find(|c| c.oid == oid).cloned())
}

fn constraint(cx: &CallContext<'_>, oid: Oid, layout: Pretty) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    match constraint_of(catalog, oid)? {
        Some(c) => {
            let def = ruleutils::constraint_def(catalog, cx.session, &c, false, layout)?;
            Ok(Datum::text(&def))
        }
        None => Ok(Datum::Null),
    }
}

fn index(cx: &CallContext<'_>, oid: Oid, column: i32, layout: Pretty) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let Some(rel) = catalog.relation(oid)? else { return Ok(Datum::Null) };
    let Some(index) = &rel.index else { return Ok(Datum::Null) };
    if column == 0 {
        return ruleutils::index_def(catalog, cx.session, index, layout).map(|d| Datum::text(&d));
    }
    match usize::try_from(column - 1).ok().filter(|c| *c < index.columns.len()) {
        Some(c) => ruleutils::index_column_def(catalog, cx.session, index, c, false, layout)
            .map(|d| Datum::text(&d)),
        None => Ok(Datum::text("")),
    }
}

/// A stored expression; its Vars belong to `relid`, if that is one.
fn expression(cx: &CallContext<'_>, a: &[Datum], layout: Pretty) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let stored = a[0].as_str();
    let relid = a[1].as_oid();
    if relid.is_valid() && catalog.relation(relid)?.is_none() {
        return Ok(Datum::Null);
    }
    let context =
        DeparseContext { relation: relid.valid(), pretty: layout, ..DeparseContext::default() };
    // Bootstrap keeps some expressions as their text.
    if let Some(sql) = stored.strip_prefix("SQL:") {
        return Ok(Datum::text(sql));
    }
    // A list prints its members with commas between.
    let exprs: Vec<Expr> = match from_stored::<Expr>(stored) {
        Ok(expr) => vec![expr],
        Err(_) => match (from_stored::<Vec<Expr>>(stored), catalog.relation(relid)?) {
            (Ok(list), _) => list,
            (Err(_), Some(partition)) => {
                let bound = from_stored(stored)?;
                let text = crate::system::partition_bound(cx, &partition, &bound)?;
                return Ok(Datum::text(&text));
            }
            (Err(e), None) => return Err(e),
        },
    };
    let printed = exprs
        .iter()
        .map(|expr| deparse_expr(catalog, cx.session, expr, &context))
        .collect::<PgResult<Vec<String>>>()?;
    Ok(Datum::text(&printed.join(", ")))
}

fn function(
    cx: &CallContext<'_>,
    oid: Oid,
    show: impl FnOnce(&Catalog, &catalog::PgProc) -> PgResult<Option<String>>,
) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    match catalog.lookup_proc(oid)? {
        Some(proc_) => show(catalog, &proc_).map(text),
        None => Ok(Datum::Null),
    }
}

fn language_name(catalog: &Catalog, oid: Oid) -> PgResult<String> {
    // pg_language_oid_index
    let row = catalog.row_by_index(Oid(2682), &[Datum::Oid(oid)])?;
    Ok(row.map_or_else(String::new, |row| row.values[1].as_str().to_string()))
}

/// A function's body in a language other than SQL's own form has no such text.
fn function_default(cx: &CallContext<'_>, oid: Oid, n: i32) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let Some(proc_) = catalog.lookup_proc(oid)? else { return Ok(Datum::Null) };
    let inputs = if proc_.argmodes.is_empty() {
        (1..=proc_.argtypes.len()).collect::<Vec<_>>()
    } else {
        (1..=proc_.argmodes.len())
            .filter(|i| matches!(proc_.argmodes[i - 1], 'i' | 'b' | 'v'))
            .collect()
    };
    let Some(position) = inputs.iter().position(|i| *i as i32 == n) else {
        return Ok(Datum::Null);
    };
    let first = inputs.len() - proc_.argdefaults.len();
    let Some(expr) = position.checked_sub(first).and_then(|i| proc_.argdefaults.get(i)) else {
        return Ok(Datum::Null);
    };
    let context = DeparseContext { pretty: Pretty::NONE, ..DeparseContext::default() };
    Ok(Datum::text(&deparse_expr(catalog, cx.session, expr, &context)?))
}

fn partition_key(cx: &CallContext<'_>, oid: Oid, columns_only: bool) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let Some(rel) = catalog.relation(oid)? else { return Ok(Datum::Null) };
    let Some(key) = &rel.partition_key else { return Ok(Datum::Null) };
    let mut exprs = key.exprs.iter();
    let mut parts = Vec::new();
    for (i, attnum) in key.attrs.iter().enumerate() {
        let mut own = rel.attr(*attnum).map(|a| (a.typ, a.collation));
        let mut part = match (*attnum, rel.attr(*attnum)) {
            (0, _) => {
                let Some(expr) = exprs.next() else { continue };
                own = Some((expr.typ(), expr.collation()));
                let context = DeparseContext {
                    relation: Some(oid),
                    pretty: Pretty::NONE,
                    ..DeparseContext::default()
                };
                let shown = deparse_expr(catalog, cx.session, expr, &context)?;
                if matches!(expr, Expr::FuncExpr(_)) { shown } else { format!("({shown})") }
            }
            (_, Some(attr)) => quote_identifier(&attr.name),
            _ => continue,
        };
        if !columns_only {
            part.push_str(&opclass_suffix(catalog, own, key, i)?);
        }
        parts.push(part);
    }
    let list = parts.join(", ");
    if columns_only {
        return Ok(Datum::text(&list));
    }
    let strategy = match key.strategy {
        'l' => "LIST",
        'r' => "RANGE",
        _ => "HASH",
    };
    Ok(Datum::text(&format!("{strategy} ({list})")))
}

/// Collation and operator class, where they are not the column type's own.
fn opclass_suffix(
    catalog: &Catalog,
    typ: Option<(Oid, Oid)>,
    key: &catalog::PartitionKey,
    i: usize,
) -> PgResult<String> {
    let mut out = String::new();
    let own = typ.map_or(Oid::INVALID, |t| t.1);
    let collation = key.collation.get(i).copied().unwrap_or(Oid::INVALID);
    if collation.is_valid() && collation != own {
        if let Some(row) = catalog.lookup_collation(collation)? {
            out.push_str(&format!(" COLLATE {}", quote_identifier(&row.name)));
        }
    }
    let opclass = key.opclass.get(i).copied().unwrap_or(Oid::INVALID);
    let method = if key.strategy == 'h' { Oid(405) } else { Oid(403) };
    if let (Some(row), Some((typ, _))) = (catalog.lookup_opclass(opclass)?, typ) {
        let default = catalog.default_opclass(typ, method)?;
        if default.is_none_or(|d| d.oid != opclass) {
            out.push_str(&format!(" {}", quote_identifier(&row.name)));
        }
    }
    Ok(out)
}

fn trigger(cx: &CallContext<'_>, oid: Oid, flag: bool) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let Some(relid) = owner(catalog, TRIGGER_OID_INDEX, oid, 1)? else { return Ok(Datum::Null) };
    let rel = catalog.get_relation(relid)?;
    let Some(trigger) = rel.triggers.iter().find(|t| t.oid == oid) else {
        return Ok(Datum::Null);
    };
    trigger_def(cx, catalog, &rel, trigger, flag).map(|d| Datum::text(&d))
}

/// A relation's name, qualified unless the path finds it (or always, for definitions to be run).
fn relation_name(catalog: &Catalog, rel: &RelationDesc, always: bool) -> PgResult<String> {
    let visible = catalog.relation_in_path(&rel.name)? == Some(rel.oid);
    let schema = match always || !visible {
        true => catalog.namespace_name(rel.namespace)?,
        false => None,
    };
    Ok(catalog::quote_qualified(schema.as_deref(), &rel.name))
}

fn trigger_def(
    cx: &CallContext<'_>,
    catalog: &Catalog,
    rel: &Arc<RelationDesc>,
    t: &Trigger,
    flag: bool,
) -> PgResult<String> {
    let is_constraint = t.constraint.is_valid();
    let mut out = format!(
        "CREATE {}TRIGGER {} ",
        if is_constraint { "CONSTRAINT " } else { "" },
        quote_identifier(&t.name)
    );
    out.push_str(match (t.tgtype & 2 != 0, t.tgtype & 64 != 0) {
        (true, _) => "BEFORE",
        (_, true) => "INSTEAD OF",
        _ => "AFTER",
    });
    let mut events = Vec::new();
    if t.tgtype & 4 != 0 {
        events.push("INSERT".to_string());
    }
    if t.tgtype & 8 != 0 {
        events.push("DELETE".to_string());
    }
    if t.tgtype & 16 != 0 {
        let columns: Vec<String> = t
            .attrs
            .iter()
            .filter_map(|num| rel.attr(*num))
            .map(|attr| quote_identifier(&attr.name))
            .collect();
        events.push(match columns.is_empty() {
            true => "UPDATE".to_string(),
            false => format!("UPDATE OF {}", columns.join(", ")),
        });
    }
    if t.tgtype & 32 != 0 {
        events.push("TRUNCATE".to_string());
    }
    out.push_str(&format!(" {} ON {}", events.join(" OR "), relation_name(catalog, rel, !flag)?));
    if is_constraint {
        if let Some(other) = catalog.relation(t.constrrelid)?.filter(|_| t.constrrelid.is_valid()) {
            out.push_str(&format!(" FROM {}", relation_name(catalog, &other, !flag)?));
        }
        out.push_str(if t.deferrable { " DEFERRABLE" } else { " NOT DEFERRABLE" });
        out.push_str(if t.initdeferred { " INITIALLY DEFERRED" } else { " INITIALLY IMMEDIATE" });
    }
    if t.oldtable.is_some() || t.newtable.is_some() {
        out.push_str(" REFERENCING");
        if let Some(name) = &t.oldtable {
            out.push_str(&format!(" OLD TABLE AS {}", quote_identifier(name)));
        }
        if let Some(name) = &t.newtable {
            out.push_str(&format!(" NEW TABLE AS {}", quote_identifier(name)));
        }
    }
    out.push_str(if t.tgtype & 1 != 0 { " FOR EACH ROW" } else { " FOR EACH STATEMENT" });
    if let Some(qual) = &t.qual {
        out.push_str(&format!(" WHEN ({})", trigger_condition(cx, catalog, rel, qual, flag)?));
    }
    let proc_ = catalog.get_proc(t.func)?;
    let visible = catalog.search_path().contains(&proc_.namespace);
    let schema = match visible {
        true => None,
        false => catalog.namespace_name(proc_.namespace)?,
    };
    let args: Vec<String> = t.args.iter().map(|arg| catalog::quote_literal(arg)).collect();
    out.push_str(&format!(
        " EXECUTE FUNCTION {}({})",
        catalog::quote_qualified(schema.as_deref(), &proc_.name),
        args.join(", ")
    ));
    Ok(out)
}

/// A WHEN condition, whose two range table entries are called old and new.
fn trigger_condition(
    cx: &CallContext<'_>,
    catalog: &Catalog,
    rel: &RelationDesc,
    qual: &Expr,
    flag: bool,
) -> PgResult<String> {
    let entry = |name: &str| -> nodes::RangeTblEntry {
        let eref = nodes::Alias {
            aliasname: name.to_string(),
            colnames: rel.attrs.iter().map(|a| a.name.clone()).collect(),
        };
        nodes::RangeTblEntry {
            kind: nodes::RteKind::Relation {
                relid: rel.oid,
                relkind: rel.relkind,
                rellockmode: 1,
                perminfoindex: 0,
                tablesample: None,
            },
            alias: Some(nodes::Alias { aliasname: name.to_string(), colnames: Vec::new() }),
            eref,
            lateral: false,
            inh: false,
            in_from_cl: true,
            security_quals: Vec::new(),
        }
    };
    let rtable = [entry("old"), entry("new")];
    let context = DeparseContext {
        rtable: &rtable,
        force_prefix: true,
        pretty: line(flag),
        ..DeparseContext::default()
    };
    deparse_expr(catalog, cx.session, qual, &context)
}

/// Registers the family.
pub fn register(r: &mut Registry) {
    r.scalar("pg_get_viewdef", |cx, a| view(cx, a[0].as_oid(), Pretty::INDENT));
    r.scalar("pg_get_viewdef_ext", |cx, a| view(cx, a[0].as_oid(), pretty(a[1].as_bool())));
    r.scalar("pg_get_viewdef_wrap", |cx, a| {
        view(cx, a[0].as_oid(), Pretty { wrap_column: a[1].as_i32(), ..Pretty::FULL })
    });
    r.scalar("pg_get_viewdef_name", |cx, a| view_by_name(cx, &a[0], Pretty::INDENT));
    r.scalar("pg_get_viewdef_name_ext", |cx, a| view_by_name(cx, &a[0], pretty(a[1].as_bool())));
    r.scalar("pg_get_ruledef", |cx, a| rule(cx, a[0].as_oid(), Pretty::INDENT));
    r.scalar("pg_get_ruledef_ext", |cx, a| rule(cx, a[0].as_oid(), pretty(a[1].as_bool())));
    r.scalar("pg_get_constraintdef", |cx, a| constraint(cx, a[0].as_oid(), Pretty::NONE));
    r.scalar("pg_get_constraintdef_ext", |cx, a| {
        constraint(cx, a[0].as_oid(), line(a[1].as_bool()))
    });
    r.scalar("pg_get_indexdef", |cx, a| index(cx, a[0].as_oid(), 0, Pretty::NONE));
    r.scalar("pg_get_indexdef_ext", |cx, a| {
        index(cx, a[0].as_oid(), a[1].as_i32(), line(a[2].as_bool()))
    });
    r.scalar("pg_get_expr", |cx, a| expression(cx, a, Pretty::NONE));
    r.scalar("pg_get_expr_ext", |cx, a| {
        let layout = line(a[2].as_bool());
        expression(cx, a, layout)
    });
    r.scalar("pg_get_triggerdef", |cx, a| trigger(cx, a[0].as_oid(), false));
    r.scalar("pg_get_triggerdef_ext", |cx, a| trigger(cx, a[0].as_oid(), a[1].as_bool()));
    r.scalar("pg_get_partkeydef", |cx, a| partition_key(cx, a[0].as_oid(), false));
    register_functions(r);
}

fn register_functions(r: &mut Registry) {
    r.scalar("pg_get_function_arguments", |cx, a| {
        let session = cx.session;
        function(cx, a[0].as_oid(), |catalog, p| {
            ruleutils::function_arguments(catalog, session, p).map(Some)
        })
    });
    r.scalar("pg_get_function_identity_arguments", |cx, a| {
        let session = cx.session;
        function(cx, a[0].as_oid(), |catalog, p| {
            ruleutils::function_identity_arguments(catalog, session, p).map(Some)
        })
    });
    r.scalar("pg_get_function_result", |cx, a| {
        let session = cx.session;
        function(cx, a[0].as_oid(), |catalog, p| ruleutils::function_result(catalog, session, p))
    });
    r.scalar("pg_get_functiondef", |cx, a| {
        let session = cx.session;
        function(cx, a[0].as_oid(), |catalog, p| {
            if p.kind == 'a' {
                bail!(WRONG_OBJECT_TYPE, "\"{}\" is an aggregate function", p.name);
            }
            let language = language_name(catalog, p.lang)?;
            ruleutils::function_def(catalog, session, p, &language).map(Some)
        })
    });
    r.scalar("pg_get_function_arg_default", |cx, a| {
        function_default(cx, a[0].as_oid(), a[1].as_i32())
    });
    r.scalar("pg_get_serial_sequence", |cx, a| serial_sequence(cx, a));
}

/// The sequence that a column owns, by pg_depend.
fn serial_sequence(cx: &CallContext<'_>, a: &[Datum]) -> PgResult<Datum> {
    let catalog = catalog(cx)?;
    let names = crate::system::split_identifiers(a[0].as_str())?;
    let found = match &names[..] {
        [name] => catalog.relation_in_path(name)?,
        [schema, name] => match catalog.lookup_namespace(schema)? {
            Some(namespace) => catalog.lookup_relation(namespace, name)?,
            None => None,
        },
        _ => None,
    };
    let Some(relid) = found else {
        bail!(UNDEFINED_TABLE, "relation \"{}\" does not exist", names.join("."));
    };
    let rel = catalog.get_relation(relid)?;
    let column = a[1].as_str();
    let Some(attr) = rel.attr_by_name(column) else {
        bail!(UNDEFINED_COLUMN, "column \"{column}\" of relation \"{}\" does not exist", rel.name);
    };
    // pg_depend_reference_index: refclassid, refobjid, refobjsubid
    let key = [Datum::Oid(Oid(1259)), Datum::Oid(relid), Datum::Int4(i32::from(attr.num))];
    for row in catalog.rows_by_index(Oid(2674), &key)? {
        let is_owned = matches!(row.values[6], Datum::Char(b'a' | b'i'));
        if row.oid(0) != Oid(1259) || !is_owned {
            continue;
        }
        if let Some(seq) = catalog.relation(row.oid(1))?.filter(|seq| seq.relkind == 'S') {
            let schema = catalog.namespace_name(seq.namespace)?;
            return Ok(Datum::text(&catalog::quote_qualified(schema.as_deref(), &seq.name)));
        }
    }
    Ok(Datum::Null)
}

//! Objects by their addresses: pg_describe_object, pg_identify_object, pg_get_object_address.
use super::{catalog, name, record, text_array};
use catalog::{
    Catalog, CatalogRead, CatalogRow, ObjectAddress, quote_identifier, quote_qualified, schema::*,
};
use error::{PgError, PgResult, err, not_supported};
use fmgr::{CallContext, Registry};
use types::{Datum, Oid, type_oid};

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    r.scalar("pg_describe_object", |cx, a| {
        let object = address(a);
        if !object.class.is_valid() && !object.object.is_valid() {
            return Ok(Datum::Null);
        }
        match exists(catalog(cx)?, object)? {
            true => catalog(cx)?.describe_object(object).map(|t| Datum::text(&t)),
            false => Ok(Datum::Null),
        }
    });
    r.scalar("pg_identify_object", |cx, a| identify(cx, address(a)));
    r.scalar("pg_identify_object_as_address", |cx, a| identify_as_address(cx, address(a)));
    r.scalar("pg_get_object_address", get_address);
}

fn address(a: &[Datum]) -> ObjectAddress {
    ObjectAddress { class: a[0].as_oid(), object: a[1].as_oid(), sub: a[2].as_i32() }
}

fn exists(catalog: &Catalog, object: ObjectAddress) -> PgResult<bool> {
    if CatalogSchema::get(object.class).is_none() {
        return Err(PgError::internal(format!("unsupported object class: {}", object.class)));
    }
    if object.class == pg_class::RELID && object.sub != 0 {
        return Ok(column(catalog, object)?.is_some());
    }
    Ok(catalog.row_by_oid(object.class, object.object)?.is_some())
}

fn column(catalog: &Catalog, object: ObjectAddress) -> PgResult<Option<CatalogRow>> {
    let key = [Datum::Oid(object.object), Datum::Int2(object.sub as i16)];
    catalog.row_by_index(index::PG_ATTRIBUTE_RELID_ATTNUM_INDEX, &key)
}

/// How an object is told from others of its kind.
#[derive(Default)]
struct Identity {
    /// Kind, in the words of DDL.
    kind: String,
    schema: Option<String>,
    /// Its bare name, if that with the schema is unique.
    name: Option<String>,
    /// All of it as one text.
    text: String,
    /// Name parts and argument types as `pg_get_object_address` takes them.
    names: Vec<String>,
    args: Vec<String>,
}

fn text(row: &CatalogRow, column: usize) -> String {
    match &row.values[column] {
        Datum::Bytes(v) => String::from_utf8_lossy(v.as_bytes()).into_owned(),
        _ => String::new(),
    }
}

fn relation_kind(relkind: char) -> &'static str {
    match relkind {
        'r' | 'p' => "table",
        'i' | 'I' => "index",
        'S' => "sequence",
        't' => "toast table",
        'v' => "view",
        'm' => "materialized view",
        'c' => "composite type",
        'f' => "foreign table",
        _ => "relation",
    }
}

/// Relation, `schema.name` and its parts.
fn relation_parts(catalog: &Catalog, oid: Oid) -> PgResult<(String, String, Vec<String>)> {
    let relation = catalog.get_relation(oid)?;
    let schema = catalog.namespace_name(relation.namespace)?.unwrap_or_default();
    let qualified = quote_qualified(Some(&schema), &relation.name);
    Ok((relation_kind(relation.relkind).to_owned(), qualified, vec![schema, relation.name.clone()]))
}

/// A type as identities call it: with its schema unless the SQL standard names it.
fn type_identity(catalog: &Catalog, oid: Oid) -> PgResult<String> {
    if !oid.is_valid() {
        return Ok("-".to_owned());
    }
    let row = catalog.get_type(oid)?;
    if row.is_array() {
        return Ok(format!("{}[]", type_identity(catalog, row.elem)?));
    }
    let short = catalog.format_type(oid, None)?;
    let bare = quote_identifier(&row.name);
    // A name of its own form (integer, character varying) needs no schema.
    if short != bare && !short.contains('.') {
        return Ok(short);
    }
    let schema = catalog.namespace_name(row.namespace)?;
    Ok(quote_qualified(schema.as_deref(), &row.name))
}

fn identity_of(catalog: &Catalog, object: ObjectAddress) -> PgResult<Option<Identity>> {
    let oid = object.object;
    if object.class == pg_class::RELID {
        return relation_identity(catalog, object);
    }
    let Some(row) = catalog.row_by_oid(object.class, oid)? else { return Ok(None) };
    let namespace = |column: usize| catalog.namespace_name(row.oid(column));
    let in_schema = |kind: &str, name: usize, nsp: usize| -> PgResult<Identity> {
        let (name, schema) = (text(&row, name), namespace(nsp)?);
        Ok(Identity {
            kind: kind.to_owned(),
            text: quote_qualified(schema.as_deref(), &name),
            names: schema.iter().cloned().chain([name.clone()]).collect(),
            schema: schema.as_deref().map(quote_identifier),
            name: Some(quote_identifier(&name)),
            args: Vec::new(),
        })
    };
    let global = |kind: &str, name: usize| {
        let name = text(&row, name);
        Identity {
            kind: kind.to_owned(),
            text: quote_identifier(&name),
            name: Some(quote_identifier(&name)),
            names: vec![name],
            ..Identity::default()
        }
    };
    let of_relation = |kind: &str, name: usize, relid: usize| -> PgResult<Identity> {
        let (_, relation, mut names) = relation_parts(catalog, row.oid(relid))?;
        let name = text(&row, name);
        names.push(name.clone());
        Ok(Identity {
            kind: kind.to_owned(),
            text: format!("{} on {relation}", quote_identifier(&name)),
            names,
            ..Identity::default()
        })
    };
    let mut found = match object.class {
        pg_proc::RELID => routine_identity(catalog, oid)?,
        pg_type::RELID => type_object(catalog, oid)?,
        pg_namespace::RELID => global("schema", pg_namespace::NSPNAME),
        pg_authid::RELID => global("role", pg_authid::ROLNAME),
        pg_database::RELID => global("database", pg_database::DATNAME),
        pg_tablespace::RELID => global("tablespace", pg_tablespace::SPCNAME),
        pg_language::RELID => global("language", pg_language::LANNAME),
        pg_am::RELID => global("access method", pg_am::AMNAME),
        pg_extension::RELID => global("extension", pg_extension::EXTNAME),
        pg_foreign_data_wrapper::RELID => {
            global("foreign-data wrapper", pg_foreign_data_wrapper::FDWNAME)
        }
        pg_foreign_server::RELID => global("server", pg_foreign_server::SRVNAME),
        pg_event_trigger::RELID => global("event trigger", pg_event_trigger::EVTNAME),
        pg_publication::RELID => global("publication", pg_publication::PUBNAME),
        pg_subscription::RELID => global("subscription", pg_subscription::SUBNAME),
        pg_collation::RELID => {
            in_schema("collation", pg_collation::COLLNAME, pg_collation::COLLNAMESPACE)?
        }
        pg_conversion::RELID => {
            in_schema("conversion", pg_conversion::CONNAME, pg_conversion::CONNAMESPACE)?
        }
        pg_statistic_ext::RELID => in_schema(
            "statistics object",
            pg_statistic_ext::STXNAME,
            pg_statistic_ext::STXNAMESPACE,
        )?,
        pg_ts_parser::RELID => {
            in_schema("text search parser", pg_ts_parser::PRSNAME, pg_ts_parser::PRSNAMESPACE)?
        }
        pg_ts_dict::RELID => {
            in_schema("text search dictionary", pg_ts_dict::DICTNAME, pg_ts_dict::DICTNAMESPACE)?
        }
        pg_ts_template::RELID => in_schema(
            "text search template",
            pg_ts_template::TMPLNAME,
            pg_ts_template::TMPLNAMESPACE,
        )?,
        pg_ts_config::RELID => in_schema(
            "text search configuration",
            pg_ts_config::CFGNAME,
            pg_ts_config::CFGNAMESPACE,
        )?,
        pg_trigger::RELID => of_relation("trigger", pg_trigger::TGNAME, pg_trigger::TGRELID)?,
        pg_policy::RELID => of_relation("policy", pg_policy::POLNAME, pg_policy::POLRELID)?,
        pg_rewrite::RELID => of_relation("rule", pg_rewrite::RULENAME, pg_rewrite::EV_CLASS)?,
        pg_constraint::RELID if row.oid(pg_constraint::CONRELID).is_valid() => {
            of_relation("table constraint", pg_constraint::CONNAME, pg_constraint::CONRELID)?
        }
        pg_constraint::RELID => domain_constraint(catalog, &row)?,
        pg_cast::RELID => cast(catalog, &row)?,
        pg_operator::RELID => operator(catalog, oid)?,
        pg_attrdef::RELID => default_value(catalog, &row)?,
        pg_opclass::RELID => by_method(
            catalog,
            "operator class",
            in_schema("", pg_opclass::OPCNAME, pg_opclass::OPCNAMESPACE)?,
            row.oid(pg_opclass::OPCMETHOD),
        )?,
        pg_opfamily::RELID => by_method(
            catalog,
            "operator family",
            in_schema("", pg_opfamily::OPFNAME, pg_opfamily::OPFNAMESPACE)?,
            row.oid(pg_opfamily::OPFMETHOD),
        )?,
        class => {
            let name = CatalogSchema::get(class).map_or("", |c| c.name);
            return Err(not_supported!("identifying objects of {name}"));
        }
    };
    if object.class == pg_constraint::RELID {
        let schema = namespace(pg_constraint::CONNAMESPACE)?;
        found.schema = schema.as_deref().map(quote_identifier);
    }
    Ok(Some(found))
}

fn relation_identity(catalog: &Catalog, object: ObjectAddress) -> PgResult<Option<Identity>> {
    let Some(relation) = catalog.relation(object.object)? else { return Ok(None) };
    let (kind, qualified, mut names) = relation_parts(catalog, object.object)?;
    let schema = names.first().map(|s| quote_identifier(s));
    let name = Some(quote_identifier(&relation.name));
    if object.sub == 0 {
        return Ok(Some(Identity { kind, schema, name, text: qualified, names, args: Vec::new() }));
    }
    let Some(row) = column(catalog, object)? else { return Ok(None) };
    let column = text(&row, pg_attribute::ATTNAME);
    names.push(column.clone());
    Ok(Some(Identity {
        kind: format!("{kind} column"),
        schema,
        name,
        text: format!("{qualified}.{}", quote_identifier(&column)),
        names,
        args: Vec::new(),
    }))
}

fn routine_identity(catalog: &Catalog, oid: Oid) -> PgResult<Identity> {
    let proc_ = catalog.get_proc(oid)?;
    let kind = match proc_.kind {
        'p' => "procedure",
        'a' => "aggregate",
        _ => "function",
    };
    let schema = catalog.namespace_name(proc_.namespace)?.unwrap_or_default();
    let shown: Vec<String> =
        proc_.argtypes.iter().map(|t| type_identity(catalog, *t)).collect::<PgResult<_>>()?;
    Ok(Identity {
        kind: kind.to_owned(),
        text: format!("{}({})", quote_qualified(Some(&schema), &proc_.name), shown.join(",")),
        schema: Some(quote_identifier(&schema)),
        // Functions of the same name differ by their arguments.
        name: None,
        names: vec![schema, proc_.name.clone()],
        args: shown,
    })
}

fn type_object(catalog: &Catalog, oid: Oid) -> PgResult<Identity> {
    let row = catalog.get_type(oid)?;
    let schema = catalog.namespace_name(row.namespace)?;
    let text = type_identity(catalog, oid)?;
    Ok(Identity {
        kind: if row.typtype == 'd' { "domain" } else { "type" }.to_owned(),
        schema: schema.as_deref().map(quote_identifier),
        name: Some(quote_identifier(&row.name)),
        names: vec![text.clone()],
        text,
        args: Vec::new(),
    })
}

fn domain_constraint(catalog: &Catalog, row: &CatalogRow) -> PgResult<Identity> {
    let domain = type_identity(catalog, row.oid(pg_constraint::CONTYPID))?;
    let name = text(row, pg_constraint::CONNAME);
    Ok(Identity {
        kind: "domain constraint".to_owned(),
        text: format!("{} on {domain}", quote_identifier(&name)),
        names: vec![domain],
        args: vec![name],
        ..Identity::default()
    })
}

fn cast(catalog: &Catalog, row: &CatalogRow) -> PgResult<Identity> {
    let source = type_identity(catalog, row.oid(pg_cast::CASTSOURCE))?;
    let target = type_identity(catalog, row.oid(pg_cast::CASTTARGET))?;
    Ok(Identity {
        kind: "cast".to_owned(),
        text: format!("({source} AS {target})"),
        names: vec![source],
        args: vec![target],
        ..Identity::default()
    })
}

fn operator(catalog: &Catalog, oid: Oid) -> PgResult<Identity> {
    let row = catalog.get_operator(oid)?;
    let schema = catalog.namespace_name(row.namespace)?.unwrap_or_default();
    let operand = |typ: Oid| match typ.is_valid() {
        true => type_identity(catalog, typ),
        false => Ok("NONE".to_owned()),
    };
    let (left, right) = (operand(row.left)?, operand(row.right)?);
    Ok(Identity {
        kind: "operator".to_owned(),
        text: format!("{}.{}({left},{right})", quote_identifier(&schema), row.name),
        schema: Some(quote_identifier(&schema)),
        name: None,
        names: vec![schema, row.name.clone()],
        args: vec![
            if row.left.is_valid() { left } else { "none".to_owned() },
            if row.right.is_valid() { right } else { "none".to_owned() },
        ],
    })
}

fn default_value(catalog: &Catalog, row: &CatalogRow) -> PgResult<Identity> {
    let relid = row.oid(pg_attrdef::ADRELID);
    let number = row.values[pg_attrdef::ADNUM].as_i16();
    let object = ObjectAddress::column(relid, number);
    let of = relation_identity(catalog, object)?.unwrap_or_default();
    Ok(Identity {
        kind: "default value".to_owned(),
        text: format!("for {}", of.text),
        names: of.names,
        ..Identity::default()
    })
}

fn by_method(catalog: &Catalog, kind: &str, object: Identity, method: Oid) -> PgResult<Identity> {
    let method = catalog.access_method_name(method)?;
    let mut names = vec![method.clone()];
    names.extend(object.names);
    Ok(Identity {
        kind: kind.to_owned(),
        text: format!("{} USING {}", object.text, quote_identifier(&method)),
        names,
        name: object.name,
        schema: object.schema,
        args: Vec::new(),
    })
}

/// `pg_identify_object`: an object that is gone has only NULLs but its kind.
fn identify(cx: &CallContext<'_>, object: ObjectAddress) -> PgResult<Datum> {
    let found = match exists(catalog(cx)?, object)? {
        true => identity_of(catalog(cx)?, object)?,
        false => None,
    };
    let opt = |t: Option<&str>| t.map_or(Datum::Null, Datum::text);
    Ok(record(vec![
        (
            "type",
            type_oid::TEXT,
            match &found {
                Some(f) => Datum::text(&f.kind),
                None => Datum::text(kind_of_class(object)),
            },
        ),
        ("schema", type_oid::TEXT, opt(found.as_ref().and_then(|f| f.schema.as_deref()))),
        ("name", type_oid::TEXT, opt(found.as_ref().and_then(|f| f.name.as_deref()))),
        ("identity", type_oid::TEXT, opt(found.as_ref().map(|f| f.text.as_str()))),
    ]))
}

/// What an object of a class would be, when there is no such object.
fn kind_of_class(object: ObjectAddress) -> &'static str {
    match object.class {
        pg_class::RELID if object.sub != 0 => "relation column",
        pg_class::RELID => "relation",
        pg_proc::RELID => "routine",
        pg_type::RELID => "type",
        pg_namespace::RELID => "schema",
        pg_authid::RELID => "role",
        pg_database::RELID => "database",
        pg_tablespace::RELID => "tablespace",
        pg_language::RELID => "language",
        pg_operator::RELID => "operator",
        pg_constraint::RELID => "constraint",
        pg_cast::RELID => "cast",
        pg_collation::RELID => "collation",
        pg_trigger::RELID => "trigger",
        pg_policy::RELID => "policy",
        pg_rewrite::RELID => "rule",
        pg_attrdef::RELID => "default value",
        _ => "object",
    }
}

fn identify_as_address(cx: &CallContext<'_>, object: ObjectAddress) -> PgResult<Datum> {
    let found = match exists(catalog(cx)?, object)? {
        true => identity_of(catalog(cx)?, object)?,
        false => None,
    };
    let (kind, names, args) = match &found {
        Some(f) => (Datum::text(&f.kind), text_array(&f.names), text_array(&f.args)),
        None => (Datum::text(kind_of_class(object)), Datum::Null, Datum::Null),
    };
    Ok(record(vec![
        ("type", type_oid::TEXT, kind),
        ("object_names", type_oid::TEXT_ARRAY, names),
        ("object_args", type_oid::TEXT_ARRAY, args),
    ]))
}

fn strings(datum: &Datum) -> PgResult<Vec<String>> {
    let Datum::Array(array) = datum else { return Ok(Vec::new()) };
    array
        .elems
        .iter()
        .map(|e| match e {
            Datum::Null => {
                Err(err!(INVALID_PARAMETER_VALUE, "name or argument lists may not contain nulls"))
            }
            e => Ok(e.as_str().to_owned()),
        })
        .collect()
}

/// `pg_get_object_address(type, names, args)`.
fn get_address(cx: &mut CallContext<'_>, a: &mut [Datum]) -> PgResult<Datum> {
    let kind = a[0].as_str();
    let (names, args) = (strings(&a[1])?, strings(&a[2])?);
    let object = resolve(cx, kind, &names, &args)?;
    Ok(record(vec![
        ("classid", type_oid::OID, Datum::Oid(object.class)),
        ("objid", type_oid::OID, Datum::Oid(object.object)),
        ("objsubid", type_oid::INT4, Datum::Int4(object.sub)),
    ]))
}

fn one_name(names: &[String]) -> PgResult<&str> {
    match names {
        [name] => Ok(name),
        _ => Err(err!(INVALID_PARAMETER_VALUE, "name list length must be exactly {}", 1)),
    }
}

fn resolve(
    cx: &CallContext<'_>,
    kind: &str,
    names: &[String],
    args: &[String],
) -> PgResult<ObjectAddress> {
    let catalog = catalog(cx)?;
    let named = |class: Oid, alias: Oid| -> PgResult<ObjectAddress> {
        let quoted = quote_identifier(one_name(names)?);
        Ok(ObjectAddress::new(class, cx.session.type_input(alias, -1, &quoted)?.as_oid()))
    };
    Ok(match kind {
        "table" | "index" | "sequence" | "view" | "materialized view" | "foreign table" => {
            relation_of_kind(catalog, kind, names)?
        }
        "table column" | "view column" | "materialized view column" | "foreign table column" => {
            let Some((column, relation)) = names.split_last().filter(|(_, r)| !r.is_empty()) else {
                return Err(err!(INVALID_PARAMETER_VALUE, "column name must be qualified"));
            };
            let base = kind.strip_suffix(" column").unwrap_or(kind);
            let object = relation_of_kind(catalog, base, relation)?;
            let described = catalog.get_relation(object.object)?;
            let number = described.attr_by_name(column).map(|a| a.num);
            let number =
                number.or_else(|| name::system_column_number(column)).ok_or_else(|| {
                    err!(
                        UNDEFINED_COLUMN,
                        "column \"{column}\" of relation \"{}\" does not exist",
                        described.name
                    )
                })?;
            ObjectAddress::column(object.object, number)
        }
        "schema" => named(pg_namespace::RELID, type_oid::REGNAMESPACE)?,
        "role" => named(pg_authid::RELID, type_oid::REGROLE)?,
        "type" | "domain" => {
            let typ = cx.session.type_input(type_oid::REGTYPE, -1, one_name(names)?)?;
            ObjectAddress::typ(typ.as_oid())
        }
        "function" | "procedure" | "routine" | "aggregate" => {
            let quoted: Vec<String> = names.iter().map(|n| quote_identifier(n)).collect();
            let signature = format!("{}({})", quoted.join("."), args.join(","));
            let proc_ = cx.session.type_input(type_oid::REGPROCEDURE, -1, &signature)?;
            ObjectAddress::proc_(proc_.as_oid())
        }
        "operator" => {
            let (operator, schema) = names.split_last().unzip();
            let mut full: String =
                schema.into_iter().flatten().map(|s| format!("{}.", quote_identifier(s))).collect();
            full.push_str(operator.map_or("", String::as_str));
            let oid = cx.session.type_input(
                type_oid::REGOPERATOR,
                -1,
                &format!("{full}({})", args.join(",")),
            )?;
            ObjectAddress::new(pg_operator::RELID, oid.as_oid())
        }
        "collation" => {
            let quoted: Vec<String> = names.iter().map(|n| quote_identifier(n)).collect();
            let oid = cx.session.type_input(type_oid::REGCOLLATION, -1, &quoted.join("."))?;
            ObjectAddress::new(pg_collation::RELID, oid.as_oid())
        }
        "language" => global(catalog, pg_language::RELID, pg_language::LANNAME, kind, names)?,
        "database" => {
            let name = one_name(names)?;
            let found = catalog
                .lookup_database_by_name(name)?
                .ok_or_else(|| err!(UNDEFINED_DATABASE, "database \"{name}\" does not exist"))?;
            ObjectAddress::new(pg_database::RELID, found.oid)
        }
        "tablespace" => global(catalog, pg_tablespace::RELID, pg_tablespace::SPCNAME, kind, names)?,
        "access method" => global(catalog, pg_am::RELID, pg_am::AMNAME, kind, names)?,
        "extension" => global(catalog, pg_extension::RELID, pg_extension::EXTNAME, kind, names)?,
        "table constraint" | "trigger" | "rule" | "policy" => {
            part_of_relation(catalog, kind, names)?
        }
        "default value" => {
            let of = resolve(cx, "table column", names, &[])?;
            let rows = catalog.all_rows(pg_attrdef::RELID)?;
            let row = rows.iter().find(|row| {
                row.oid(pg_attrdef::ADRELID) == of.object
                    && i32::from(row.values[pg_attrdef::ADNUM].as_i16()) == of.sub
            });
            let oid = row
                .map(|row| row.oid(pg_attrdef::OID))
                .ok_or_else(|| err!(UNDEFINED_COLUMN, "default value for column does not exist"))?;
            ObjectAddress::new(pg_attrdef::RELID, oid)
        }
        known if KNOWN_KINDS.contains(&known) => {
            return Err(not_supported!("pg_get_object_address of type {known}"));
        }
        unknown => {
            return Err(err!(INVALID_PARAMETER_VALUE, "unrecognized object type \"{unknown}\""));
        }
    })
}

/// Kinds of objects that have addresses but are not looked up yet.
const KNOWN_KINDS: [&str; 26] = [
    "toast table",
    "composite type",
    "cast",
    "conversion",
    "domain constraint",
    "event trigger",
    "foreign-data wrapper",
    "index column",
    "large object",
    "operator class",
    "operator family",
    "operator of access method",
    "function of access method",
    "parameter ACL",
    "publication",
    "publication namespace",
    "publication relation",
    "role membership",
    "server",
    "statistics object",
    "subscription",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "transform",
    "user mapping",
];

fn global(
    catalog: &Catalog,
    class: Oid,
    column: usize,
    kind: &str,
    names: &[String],
) -> PgResult<ObjectAddress> {
    let name = one_name(names)?;
    let rows = catalog.all_rows(class)?;
    let row = rows.iter().find(|row| text(row, column) == name);
    let row = row.ok_or_else(|| err!(UNDEFINED_OBJECT, "{kind} \"{name}\" does not exist"))?;
    Ok(ObjectAddress::new(class, row.oid(0)))
}

fn relation_of_kind(catalog: &Catalog, kind: &str, names: &[String]) -> PgResult<ObjectAddress> {
    let missing = || err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", names.join("."));
    let oid = catalog.find_relation(names)?.ok_or_else(missing)?;
    let relation = catalog.get_relation(oid)?;
    let article = if kind.starts_with('i') { "an" } else { "a" };
    if relation_kind(relation.relkind) != kind {
        return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not {article} {kind}", relation.name));
    }
    Ok(ObjectAddress::relation(oid))
}

/// Something named within a relation: the last name is its own.
fn part_of_relation(catalog: &Catalog, kind: &str, names: &[String]) -> PgResult<ObjectAddress> {
    let Some((name, relation)) = names.split_last().filter(|(_, r)| !r.is_empty()) else {
        return Err(err!(INVALID_PARAMETER_VALUE, "name list length must be at least {}", 2));
    };
    let missing = || err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", relation.join("."));
    let oid = catalog.find_relation(relation)?.ok_or_else(missing)?;
    let of = catalog.get_relation(oid)?;
    let (class, found) = match kind {
        "table constraint" => {
            (pg_constraint::RELID, of.constraints.iter().find(|c| c.name == *name).map(|c| c.oid))
        }
        "trigger" => {
            (pg_trigger::RELID, of.triggers.iter().find(|t| t.name == *name).map(|t| t.oid))
        }
        "rule" => (pg_rewrite::RELID, of.rules.iter().find(|r| r.name == *name).map(|r| r.oid)),
        _ => (pg_policy::RELID, of.policies.iter().find(|p| p.name == *name).map(|p| p.oid)),
    };
    let noun = kind.strip_prefix("table ").unwrap_or(kind);
    match (found, noun) {
        (Some(found), _) => Ok(ObjectAddress::new(class, found)),
        (None, "rule") => Err(err!(
            UNDEFINED_OBJECT,
            "rule \"{name}\" for relation \"{}\" does not exist",
            of.name
        )),
        (None, noun) => Err(err!(
            UNDEFINED_OBJECT,
            "{noun} \"{name}\" for table \"{}\" does not exist",
            of.name
        )),
    }
}

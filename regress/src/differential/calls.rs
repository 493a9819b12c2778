//! What can be called: functions, aggregates, operators and casts of the reference's catalog.
use super::{
    client::{Answer, Client},
    random::Random,
    values::{ELEMENTS, edges, value},
};

/// Something to call.
pub struct Callable {
    /// Names it in the report and in the list of known differences.
    pub key: String,
    kind: Kind,
    args: Vec<String>,
}

enum Kind {
    Function { name: String, set: bool },
    Aggregate { name: String },
    Prefix(String),
    Infix(String),
    Cast(String),
}

/// Their answers depend on more than their arguments, or they act on the server.
const LEFT_OUT: &[&str] = &[
    "pg_%",
    "has\\_%",
    "row_security_active",
    "current\\_%",
    "inet_client%",
    "inet_server%",
    "txid\\_%",
    "version",
    "now",
    "statement_timestamp",
    "transaction_timestamp",
    "clock_timestamp",
    "timeofday",
    "random%",
    "gen_random_uuid",
    "uuidv%",
    "setseed",
    "nextval",
    "currval",
    "lastval",
    "setval",
    "lo\\_%",
    "lo%import",
    "loread",
    "lowrite",
    "%to_xml%",
    "%to_xmlschema%",
    "set_config",
    "current_setting",
    "session_user",
    "age",
    "to_reg%",
    "get_bm25%",
    "ts_stat%",
    "ts_debug%",
    "ts_parse%",
    "ts_token_type%",
    "binary_upgrade%",
    "shobj_description",
    "obj_description",
    "col_description",
    "getdatabaseencoding",
    "array_shuffle",
    "array_sample",
    "icu_unicode_version",
    "unicode_version",
    "cash_words_",
    "mxid_age",
    "getpgusername",
    "ginarray%",
    "gin\\_%",
    "gist\\_%",
    "spg\\_%",
    "brin\\_%",
    "amvalidate",
    "%\\_typanalyze",
    "satisfies_hash_partition",
    "make_interval_",
    "fmgr\\_%",
    "RI\\_%",
    "suppress_redundant_updates_trigger",
    "unique_key_recheck",
    "gtsvector%",
    "index_am_handler%",
    "hashvarlena%",
    "query_to%",
    "currtid%",
    "event_trigger%",
    "json_populate%",
    "json_to_record%",
    "jsonb_populate%",
    "jsonb_to_record%",
    "record\\_%",
    "hash_record%",
    "btrecordcmp",
    "btrecordimagecmp",
    "aclinsert",
    "aclremove",
    "nameconcatoid",
    "oidvectortypes",
    "dsimple%",
    "dsynonym%",
    "dispell%",
    "thesaurus%",
    "prsd%",
    "cursor\\_%",
];

fn rows(client: &mut Client, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    match client.query(sql)? {
        Answer::Rows(_, rows) => Ok(rows),
        Answer::Error(state, message) => Err(format!("{state} {message}: {sql}")),
    }
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

/// A type that values can be drawn for; no enum is built in.
fn is_drawable(typ: &str) -> bool {
    let element = typ.strip_suffix("[]").unwrap_or(typ);
    edges(element).is_some() || typ.starts_with("any") && typ != "anyenum"
}

/// Everything that can be called with values that can be drawn.
pub fn load(client: &mut Client) -> Result<Vec<Callable>, String> {
    let mut all = Vec::new();
    let left_out: Vec<String> = LEFT_OUT.iter().map(|p| format!("p.proname LIKE '{p}'")).collect();
    let sql = format!(
        "SELECT p.proname, p.prokind, p.proretset,
                coalesce((SELECT string_agg(CASE WHEN e.oid IS NOT NULL THEN e.typname || '[]'
                                                 WHEN t.typname = 'char' THEN '\"char\"' ELSE t.typname END,
                                            ' ' ORDER BY n)
                          FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a(typ, n)
                          JOIN pg_type t ON t.oid = a.typ
                          LEFT JOIN pg_type e ON t.typsubscript = 'array_subscript_handler'::regproc
                                             AND e.oid = t.typelem), ''),
                p.provariadic
         FROM pg_proc p
         WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a')
           AND (p.provolatile <> 'v' OR p.prokind = 'a') AND NOT ({})
           AND NOT EXISTS (SELECT FROM pg_aggregate g WHERE g.aggfnoid = p.oid AND g.aggkind <> 'n')
           AND p.prorettype <> 'internal'::regtype
         ORDER BY p.oid",
        left_out.join(" OR ")
    );
    for row in rows(client, &sql)? {
        let args: Vec<String> = text(&row[3]).split_whitespace().map(str::to_string).collect();
        // As many points as an int4 can say take long to show.
        let huge = row[0].as_deref() == Some("polygon") && args.len() == 2;
        if huge || !args.iter().all(|a| is_drawable(a)) {
            continue;
        }
        let name = text(&row[0]);
        let key = format!("{name}({})", args.join(","));
        let kind = match row[1].as_deref() {
            Some("a") => Kind::Aggregate { name },
            _ => Kind::Function { name, set: row[2].as_deref() == Some("t") },
        };
        all.push(Callable { key, kind, args });
    }
    load_operators(client, &mut all)?;
    load_casts(client, &mut all)?;
    Ok(all)
}

const TYPE_TEXT: &str = "CASE WHEN t.typname = 'char' THEN '\"char\"'
    WHEN t.typname ~ '^_' AND t.typelem <> 0 THEN substr(t.typname, 2) || '[]' ELSE t.typname END";

fn load_operators(client: &mut Client, all: &mut Vec<Callable>) -> Result<(), String> {
    let typ =
        |column: &str| format!("(SELECT {TYPE_TEXT} FROM pg_type t WHERE t.oid = o.{column})");
    let sql = format!(
        "SELECT o.oprname, {}, {} FROM pg_operator o WHERE o.oprcode <> 0
         AND o.oprnamespace = 'pg_catalog'::regnamespace ORDER BY o.oid",
        typ("oprleft"),
        typ("oprright")
    );
    for row in rows(client, &sql)? {
        let (name, right) = (text(&row[0]), text(&row[2]));
        let (kind, args) = match &row[1] {
            Some(left) => (Kind::Infix(name.clone()), vec![left.clone(), right]),
            None => (Kind::Prefix(name.clone()), vec![right]),
        };
        if args.iter().all(|a| is_drawable(a)) {
            all.push(Callable { key: format!("{} {name}", args.join(",")), kind, args });
        }
    }
    Ok(())
}

fn load_casts(client: &mut Client, all: &mut Vec<Callable>) -> Result<(), String> {
    let typ =
        |column: &str| format!("(SELECT {TYPE_TEXT} FROM pg_type t WHERE t.oid = c.{column})");
    let sql = format!(
        "SELECT {}, {} FROM pg_cast c ORDER BY c.oid",
        typ("castsource"),
        typ("casttarget")
    );
    let mut casts = Vec::new();
    for row in rows(client, &sql)? {
        casts.push((text(&row[0]), text(&row[1])));
    }
    let typmods = [
        ("numeric", "numeric(5,2)"),
        ("numeric", "numeric(3,-2)"),
        ("text", "varchar(3)"),
        ("text", "char(3)"),
        ("timestamp", "timestamp(2)"),
        ("timestamptz", "timestamptz(0)"),
        ("time", "time(3)"),
        ("interval", "interval(1)"),
        ("interval", "interval day to minute"),
        ("interval", "interval year"),
        ("varbit", "bit(5)"),
        ("varbit", "varbit(4)"),
        ("int4", "bit(40)"),
        ("int8", "bit(10)"),
        ("timetz", "timetz(1)"),
    ];
    casts.extend(typmods.map(|(source, target)| (source.to_string(), target.to_string())));
    // Text in and out of every type.
    for element in super::values::types() {
        casts.push((element.to_string(), "text".to_string()));
        casts.push(("text".to_string(), element.to_string()));
    }
    for (source, target) in casts {
        if is_drawable(&source) {
            all.push(Callable {
                key: format!("{source}::{target}"),
                kind: Kind::Cast(target),
                args: vec![source],
            });
        }
    }
    Ok(())
}

fn concrete(typ: &str, element: &str, range: &str) -> String {
    match typ {
        "anyarray" | "anycompatiblearray" => format!("{element}[]"),
        "anyrange" | "anycompatiblerange" => range.to_string(),
        "anymultirange" | "anycompatiblemultirange" => range.replace("range", "multirange"),
        "anyelement" | "anynonarray" | "anycompatible" | "anycompatiblenonarray" | "any" => {
            element.to_string()
        }
        "any[]" => format!("{element}[]"),
        typ => typ.to_string(),
    }
}

impl Callable {
    /// A statement that calls it with drawn values.
    pub fn statement(&self, rng: &mut Random) -> String {
        let has_range = self.args.iter().any(|a| a.starts_with("any") && a.contains("range"));
        let (element, range) = match has_range {
            true => *[("int4", "int4range"), ("numeric", "numrange"), ("date", "daterange")]
                .get(rng.below(3))
                .unwrap_or(&("int4", "int4range")),
            false => (rng.pick(ELEMENTS), "int4range"),
        };
        let types: Vec<String> = self.args.iter().map(|a| concrete(a, element, range)).collect();
        let draw =
            |rng: &mut Random| -> Vec<String> { types.iter().map(|t| value(rng, t)).collect() };
        match &self.kind {
            Kind::Function { name, set } => {
                let args = draw(rng).join(", ");
                let limit = if *set { " LIMIT 20" } else { "" };
                format!("SELECT pg_catalog.\"{name}\"({args}){limit}")
            }
            Kind::Aggregate { name } => {
                let count = [0, 1, 2, 3, 5][rng.below(5)];
                let rows: Vec<String> =
                    (0..count).map(|_| format!("({})", draw(rng).join(", "))).collect();
                let columns: Vec<String> = (1..=types.len()).map(|n| format!("c{n}")).collect();
                let call = if columns.is_empty() { "*".to_string() } else { columns.join(", ") };
                match (count, columns.len()) {
                    (_, 0) => format!("SELECT pg_catalog.\"{name}\"(*)"),
                    (0, _) => format!(
                        "SELECT pg_catalog.\"{name}\"({call}) FROM (SELECT {}) v({}) WHERE false",
                        draw(rng).join(", "),
                        columns.join(", ")
                    ),
                    _ => format!(
                        "SELECT pg_catalog.\"{name}\"({call}) FROM (VALUES {}) v({})",
                        rows.join(", "),
                        columns.join(", ")
                    ),
                }
            }
            Kind::Prefix(name) => format!("SELECT {name} ({})", draw(rng)[0]),
            Kind::Infix(name) => {
                let args = draw(rng);
                format!("SELECT ({}) {name} ({})", args[0], args[1])
            }
            Kind::Cast(target) => format!("SELECT ({})::{target}", draw(rng)[0]),
        }
    }
}

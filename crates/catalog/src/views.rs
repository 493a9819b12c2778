//! SQL text behind system views and other trees that bootstrap cannot analyse: it is kept as text under
//! a marker and compiled at first use.
use crate::image::{INFORMATION_SCHEMA, PG_CATALOG};
use std::collections::HashMap;
use std::sync::OnceLock;
use types::Oid;

const MARKER: &str = "SQL:";

/// Stored in place of a view's tree when we have no definition of it.
pub(crate) const MISSING: &str = "SQL?";

/// SQL text in the form that tree columns hold.
pub(crate) fn stored_sql(sql: &str) -> String {
    format!("{MARKER}{sql}")
}

/// The SQL of a tree column that holds text instead of a tree.
pub(crate) fn sql_of(stored: &str) -> Option<&str> {
    stored.strip_prefix(MARKER)
}

const FILES: &[(Oid, &str)] = &[
    (PG_CATALOG, include_str!("../sql/pg_catalog.sql")),
    (PG_CATALOG, include_str!("../sql/pg_stat.sql")),
    (INFORMATION_SCHEMA, include_str!("../sql/information_schema.sql")),
];

/// The definition of a system view. The files hold `-- view: name` lines, each followed by one query.
pub fn definition(namespace: Oid, name: &str) -> Option<&'static str> {
    static VIEWS: OnceLock<HashMap<(Oid, &'static str), &'static str>> = OnceLock::new();
    let views = VIEWS.get_or_init(|| {
        let mut views = HashMap::new();
        for (namespace, text) in FILES {
            for section in text.split("-- view: ").skip(1) {
                if let Some((name, sql)) = section.split_once('\n') {
                    let sql = sql.trim().trim_end_matches(';');
                    views.insert((*namespace, name.trim()), sql);
                }
            }
        }
        views
    });
    views.get(&(namespace, name)).copied()
}

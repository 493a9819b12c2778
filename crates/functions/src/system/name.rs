//! Names of relations and columns given as text arguments.
use catalog::{Catalog, CatalogRead};
use error::{PgResult, err};
use types::Oid;

/// System columns by number.
const SYSTEM_COLUMNS: [(i16, &str); 6] =
    [(-1, "ctid"), (-2, "xmin"), (-3, "cmin"), (-4, "xmax"), (-5, "cmax"), (-6, "tableoid")];

/// The name of a system column.
pub(super) fn system_column_name(number: i16) -> Option<&'static str> {
    SYSTEM_COLUMNS.iter().find(|(n, _)| *n == number).map(|(_, name)| *name)
}

/// The number of a system column.
pub(super) fn system_column_number(name: &str) -> Option<i16> {
    SYSTEM_COLUMNS.iter().find(|(_, n)| *n == name).map(|(number, _)| *number)
}

/// The parts of a qualified name, quoting as in SQL; unlike `parse_ident` its error is 42602.
pub(super) fn parts(text: &str) -> PgResult<Vec<String>> {
    super::info::split_identifiers(text).map_err(|_| err!(INVALID_NAME, "invalid name syntax"))
}

/// `[schema.]relation`, which must exist.
pub(super) fn relation(catalog: &Catalog, text: &str) -> PgResult<Oid> {
    let parts = parts(text)?;
    if parts.len() > 3 {
        return Err(err!(
            SYNTAX_ERROR,
            "improper relation name (too many dotted names): {}",
            parts.join(".")
        ));
    }
    if let [.., schema, _] = parts.as_slice()
        && catalog.lookup_namespace(schema)?.is_none()
    {
        return Err(err!(UNDEFINED_SCHEMA, "schema \"{schema}\" does not exist"));
    }
    catalog
        .find_relation(&parts)?
        .ok_or_else(|| err!(UNDEFINED_TABLE, "relation \"{}\" does not exist", parts.join(".")))
}

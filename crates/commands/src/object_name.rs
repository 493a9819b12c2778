//! Names for objects that the user did not name.
use catalog::{Catalog, CatalogRead};
use error::PgResult;
use types::Oid;

/// Bytes of a name.
const NAME_MAX: usize = 63;

/// Longest prefix of at most `max` bytes that ends between characters.
fn clip(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `name1_name2_label`, the names cut so that it fits: the longer one first.
pub(crate) fn make_object_name(name1: &str, name2: Option<&str>, label: Option<&str>) -> String {
    let mut overhead = 0;
    overhead += name2.map_or(0, |_| 1);
    overhead += label.map_or(0, |l| l.len() + 1);
    let room = NAME_MAX.saturating_sub(overhead);
    let (mut n1, mut n2) = (name1.len(), name2.map_or(0, str::len));
    while n1 + n2 > room {
        if n1 > n2 {
            n1 -= 1;
        } else {
            n2 -= 1;
        }
    }
    let mut name = clip(name1, n1).to_owned();
    if let Some(name2) = name2 {
        name.push('_');
        name.push_str(clip(name2, n2));
    }
    if let Some(label) = label {
        name.push('_');
        name.push_str(label);
    }
    name
}

/// The first of `base`, `base1`, `base2` … (within the label) that is free.
fn choose(
    name1: &str,
    name2: Option<&str>,
    label: &str,
    mut taken: impl FnMut(&str) -> PgResult<bool>,
) -> PgResult<String> {
    let mut pass = 0;
    let mut numbered = label.to_owned();
    loop {
        let name = make_object_name(name1, name2, Some(&numbered));
        if !taken(&name)? {
            return Ok(name);
        }
        pass += 1;
        numbered = format!("{label}{pass}");
    }
}

/// A free name for a relation (sequence, index). `avoid` are names about to be used; for constraints
/// their names must be free too.
pub(crate) fn choose_relation_name(
    catalog: &Catalog,
    name1: &str,
    name2: Option<&str>,
    label: &str,
    namespace: Oid,
    constraints_of: Option<Oid>,
) -> PgResult<String> {
    choose(name1, name2, label, |name| {
        if catalog.lookup_relation(namespace, name)?.is_some() {
            return Ok(true);
        }
        match constraints_of {
            Some(_) => constraint_name_used(catalog, namespace, name),
            None => Ok(false),
        }
    })
}

/// Whether a constraint of any relation of the schema has the name.
fn constraint_name_used(catalog: &Catalog, namespace: Oid, name: &str) -> PgResult<bool> {
    use catalog::schema::{index, pg_constraint};
    let key = [types::Datum::text(name), types::Datum::Oid(namespace)];
    let rows = catalog.rows_by_index(index::PG_CONSTRAINT_CONNAME_NSP_INDEX, &key)?;
    Ok(rows.iter().any(|row| row.oid(pg_constraint::CONNAMESPACE) == namespace))
}

/// A free name for a constraint: unique in the schema, as PostgreSQL chooses them.
pub(crate) fn choose_constraint_name(
    catalog: &Catalog,
    name1: &str,
    name2: Option<&str>,
    label: &str,
    namespace: Oid,
    others: &[String],
) -> PgResult<String> {
    choose(name1, name2, label, |name| {
        Ok(others.iter().any(|o| o == name) || constraint_name_used(catalog, namespace, name)?)
    })
}

/// Column names joined for a name, as long as they fit.
pub(crate) fn join_columns<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(column);
        if joined.len() >= NAME_MAX {
            break;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_to_fit() {
        assert_eq!(make_object_name("t", Some("a"), Some("key")), "t_a_key");
        assert_eq!(make_object_name("t", None, Some("pkey")), "t_pkey");
        let long = "x".repeat(70);
        let name = make_object_name(&long, Some("abc"), Some("key"));
        assert_eq!(name.len(), NAME_MAX);
        assert!(name.ends_with("_abc_key"));
    }
}

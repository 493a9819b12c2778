//! What the fast paths need to know about a collation.
use catalog::CatalogRead;
use error::PgResult;
use types::Oid;

const DEFAULT_COLLATION: Oid = Oid(100);
const C_COLLATION: Oid = Oid(950);
const POSIX_COLLATION: Oid = Oid(951);

fn is_c_name(name: &str) -> bool {
    name == "C" || name == "POSIX"
}

/// Whether text under this collation compares as its bytes.
pub(crate) fn is_c_collation(catalog: &dyn CatalogRead, collation: Oid) -> PgResult<bool> {
    if collation == C_COLLATION || collation == POSIX_COLLATION {
        return Ok(true);
    }
    if collation == DEFAULT_COLLATION {
        let database = catalog.lookup_database(catalog.database())?;
        return Ok(database.is_some_and(|d| is_c_name(&d.collate)));
    }
    let row = match collation.valid() {
        Some(oid) => catalog.lookup_collation(oid)?,
        None => None,
    };
    Ok(row.is_some_and(|c| match c.provider {
        'c' => c.collate.as_deref().is_some_and(is_c_name),
        'b' => c
            .locale
            .as_deref()
            .is_some_and(|l| l == "C" || l == "C.UTF-8" || l == "PG_UNICODE_FAST"),
        _ => false,
    }))
}

/// Whether equal text under this collation has equal bytes.
pub(crate) fn is_deterministic(catalog: &dyn CatalogRead, collation: Oid) -> PgResult<bool> {
    if !collation.is_valid() || collation == DEFAULT_COLLATION || collation == C_COLLATION {
        return Ok(true);
    }
    Ok(catalog.lookup_collation(collation)?.is_none_or(|c| c.deterministic))
}

//! Trees in the catalog: JSON behind a format version.
//!
//! `pg_node_tree` columns (`pg_rewrite.ev_action`, `pg_attrdef.adbin`, `pg_constraint.conbin`,
//! `pg_index.indexprs/indpred`, …) hold `{"v":1,"t":<tree>}`. A change of the tree types that old text
//! cannot be read as needs a new version and a reader for the old one.
use error::{PgError, PgResult};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

const VERSION: u32 = 1;

#[derive(Serialize)]
struct EnvelopeRef<'a, T> {
    v: u32,
    t: &'a T,
}

#[derive(Deserialize)]
struct Envelope<T> {
    v: u32,
    t: T,
}

/// The stored form of a tree.
pub fn to_stored<T: Serialize>(tree: &T) -> PgResult<String> {
    serde_json::to_string(&EnvelopeRef { v: VERSION, t: tree })
        .map_err(|e| PgError::internal(format!("could not store expression tree: {e}")))
}

/// Reads a stored tree.
pub fn from_stored<T: DeserializeOwned>(text: &str) -> PgResult<T> {
    let envelope: Envelope<T> = serde_json::from_str(text)
        .map_err(|e| PgError::internal(format!("could not read stored expression tree: {e}")))?;
    if envelope.v != VERSION {
        return Err(PgError::internal(format!(
            "stored expression tree has version {}",
            envelope.v
        )));
    }
    Ok(envelope.t)
}

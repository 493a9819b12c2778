//! MIN and MAX answered by the end of an index.
use crate::{path::Path, root::PlannerInfo};
use error::PgResult;

/// A path that fetches each MIN or MAX by an index; not attempted yet, so plans aggregate instead.
pub fn candidates(_root: &mut PlannerInfo<'_>) -> PgResult<Option<Path>> {
    Ok(None)
}

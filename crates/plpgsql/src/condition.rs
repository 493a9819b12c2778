//! Names of error conditions.
use error::{CONDITIONS, PgResult, SqlState, err};

/// The codes of a condition's name; a class name stands for its own code.
pub(crate) fn by_name(name: &str) -> PgResult<Vec<SqlState>> {
    let found: Vec<SqlState> =
        CONDITIONS.iter().filter(|(_, n)| *n == name).map(|(state, _)| *state).collect();
    match found.is_empty() {
        true => Err(err!(UNDEFINED_OBJECT, "unrecognized exception condition \"{name}\"")),
        false => Ok(found),
    }
}

/// The code of a name or of five characters.
pub(crate) fn by_name_or_code(text: &str) -> PgResult<SqlState> {
    if text.len() == 5
        && let Some(state) = SqlState::from_code(text)
    {
        return Ok(state);
    }
    Ok(by_name(text)?[0])
}

/// Whether an error is one of a condition: equal, or of the class that the condition is.
pub(crate) fn matches(error: SqlState, condition: SqlState) -> bool {
    error == condition || (condition.0[2..] == *b"000" && error.0[..2] == condition.0[..2])
}

/// WHEN OTHERS does not catch these.
pub(crate) fn is_uncatchable(error: SqlState) -> bool {
    error == SqlState::QUERY_CANCELED || error == SqlState::ASSERT_FAILURE
}

//! Positions in a function's body as positions in the statement that makes the function.
use error::PgError;

/// Moves an error's position from the body into the statement, if the body stands in it as one literal;
/// else the body becomes the error's internal query.
pub(super) fn in_statement(mut e: PgError, body: &str, statement: &str) -> PgError {
    let Some(at) = e.0.position.take() else { return e };
    match find(body, statement, at as usize) {
        Some(position) => e.0.position = Some(position as u32),
        None => {
            e.0.internal_position = Some(at);
            e.0.internal_query = Some(body.to_owned());
        }
    }
    e
}

/// Where byte `at` of a literal's value is in a text, if exactly one literal has that value.
fn find(value: &str, text: &str, at: usize) -> Option<usize> {
    let mut found = None;
    for (i, byte) in text.bytes().enumerate() {
        let inside = match byte {
            b'$' => after_dollar(value, &text[i + 1..], at),
            b'\'' => after_quote(value, &text.as_bytes()[i + 1..], at),
            _ => None,
        };
        let Some(inside) = inside else { continue };
        if found.replace(i + 1 + inside).is_some() {
            return None;
        }
    }
    found
}

fn after_dollar(value: &str, rest: &str, at: usize) -> Option<usize> {
    rest.strip_prefix(value)?.starts_with('$').then_some(at)
}

fn after_quote(value: &str, rest: &[u8], at: usize) -> Option<usize> {
    let (mut i, mut position) = (0, None);
    for (n, byte) in value.bytes().enumerate() {
        if n == at {
            position = Some(i);
        }
        if rest.get(i) != Some(&byte) {
            return None;
        }
        i += 1;
        if byte == b'\'' {
            // A quote is written twice.
            if rest.get(i) != Some(&b'\'') {
                return None;
            }
            i += 1;
        }
    }
    let ends = rest.get(i) == Some(&b'\'') && rest.get(i + 1) != Some(&b'\'');
    ends.then(|| position.unwrap_or(i))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_body_is_found_in_its_statement() {
        let statement = "CREATE FUNCTION f() AS 'begin x := ''a''; y end'";
        let body = "begin x := 'a'; y end";
        assert_eq!(find(body, statement, body.find('y').unwrap()), statement.rfind('y'));
        assert_eq!(find("a b", "$$a b$$", 2), Some(4));
        assert_eq!(find("a", "'a' 'a'", 0), None);
    }
}

//! `@@` of a tsvector and a tsquery.
use super::execute::{Document, Match, Operand, Positions, Program, matches};
use error::PgResult;
use types::tsearch::{Lexeme, TsQuery, position, weight};

/// A tsvector that a query is matched against.
pub(crate) struct VectorDocument<'a> {
    pub lexemes: &'a [Lexeme],
    pub operands: &'a [Operand],
}

/// Words that an operand stands for: the equal one, or all with the prefix.
pub(crate) fn entries<'a>(lexemes: &'a [Lexeme], operand: &Operand) -> &'a [Lexeme] {
    let wanted = operand.word.as_bytes();
    let start = lexemes.partition_point(|l| l.word.as_bytes() < wanted);
    let rest = &lexemes[start..];
    let n = match operand.prefix {
        true => rest.partition_point(|l| l.word.as_bytes().starts_with(wanted)),
        false => rest.first().is_some_and(|l| l.word.as_bytes() == wanted) as usize,
    };
    &rest[..n]
}

impl VectorDocument<'_> {
    fn check(lexeme: &Lexeme, weights: u8, positions: Option<&mut Positions>) -> Match {
        let fits = |p: &&u16| weights == 0 || weights & (1 << weight(**p)) != 0;
        if lexeme.positions.is_empty() {
            // A stripped tsvector matches whatever the weights.
            return if positions.is_some() { Match::Maybe } else { Match::Yes };
        }
        let found = match positions {
            None => lexeme.positions.iter().any(|p| fits(&p)),
            Some(out) => {
                out.at =
                    lexeme.positions.iter().filter(fits).map(|p| position(*p).into()).collect();
                !out.at.is_empty()
            }
        };
        if found { Match::Yes } else { Match::No }
    }
}

impl Document for VectorDocument<'_> {
    fn find(&self, operand: usize, positions: Option<&mut Positions>) -> Match {
        let operand = &self.operands[operand];
        let found = entries(self.lexemes, operand);
        let Some(out) = positions else {
            let mut result = Match::No;
            for lexeme in found {
                match Self::check(lexeme, operand.weights, None) {
                    Match::Yes => return Match::Yes,
                    Match::Maybe => result = Match::Maybe,
                    Match::No => {}
                }
            }
            return result;
        };
        for lexeme in found {
            let mut one = Positions::default();
            match Self::check(lexeme, operand.weights, Some(&mut one)) {
                Match::Maybe => {
                    out.at.clear();
                    return Match::Maybe;
                }
                Match::Yes => out.at.extend(one.at),
                Match::No => {}
            }
        }
        if out.at.is_empty() {
            return Match::No;
        }
        out.at.sort_unstable();
        out.at.dedup();
        Match::Yes
    }
}

/// Whether the query matches; the empty one never does.
pub(crate) fn vector_matches(lexemes: &[Lexeme], query: Option<&TsQuery>) -> PgResult<bool> {
    let Some(query) = query else { return Ok(false) };
    let program = Program::new(query);
    matches(&program.root, &VectorDocument { lexemes, operands: &program.operands })
}

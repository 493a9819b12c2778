//! What a word must look like to take an affix: letters and classes of letters at its end or start,
//! or a regular expression.
use super::affix::AffixKind;
use crate::regex::compiled::{Compiled, Flags};
use error::{PgResult, err};

pub(super) enum Class {
    OneOf(Vec<char>),
    NoneOf(Vec<char>),
}

pub(super) enum Pattern {
    Any,
    Letters(Vec<Class>),
    Regex(Box<Compiled>),
}

/// A letter, as far as patterns go: the C locale knows nothing of what is beyond ASCII.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || !c.is_ascii()
}

fn letters(mask: &str) -> Option<Vec<Class>> {
    let mut out = Vec::new();
    let mut chars = mask.chars();
    while let Some(c) = chars.next() {
        if is_letter(c) {
            out.push(Class::OneOf(vec![c]));
            continue;
        }
        if c != '[' {
            return None;
        }
        let (mut members, mut negated) = (Vec::new(), false);
        loop {
            match chars.next()? {
                '^' if members.is_empty() && !negated => negated = true,
                ']' if negated || !members.is_empty() => break,
                c if is_letter(c) => members.push(c),
                _ => return None,
            }
        }
        out.push(if negated { Class::NoneOf(members) } else { Class::OneOf(members) });
    }
    Some(out)
}

impl Pattern {
    pub fn new(mask: &str, kind: AffixKind) -> PgResult<Pattern> {
        if mask.is_empty() || mask == "." {
            return Ok(Pattern::Any);
        }
        if let Some(classes) = letters(mask) {
            return Ok(Pattern::Letters(classes));
        }
        let regex = match kind {
            AffixKind::Suffix => format!("{mask}$"),
            AffixKind::Prefix => format!("^{mask}"),
        };
        let compiled = Compiled::new(&regex, Flags::default())
            .map_err(|e| err!(INVALID_REGULAR_EXPRESSION, "{}", e.message()))?;
        Ok(Pattern::Regex(Box::new(compiled)))
    }

    pub fn fits(&self, word: &str, kind: AffixKind) -> PgResult<bool> {
        let classes = match self {
            Pattern::Any => return Ok(true),
            Pattern::Regex(regex) => return regex.is_match(word),
            Pattern::Letters(classes) => classes,
        };
        let length = word.chars().count();
        if length < classes.len() {
            return Ok(false);
        }
        let skip = if kind == AffixKind::Suffix { length - classes.len() } else { 0 };
        Ok(classes.iter().zip(word.chars().skip(skip)).all(|(class, c)| match class {
            Class::OneOf(members) => members.contains(&c),
            Class::NoneOf(members) => !members.contains(&c),
        }))
    }
}

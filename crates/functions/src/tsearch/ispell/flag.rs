//! Flags: which affixes a word takes, and what they say about compounds.
use super::usage;
use error::{PgResult, bail};

/// Largest number that may be a flag.
const NUMBER_MAX: i64 = 1 << 16;

/// How flags are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FlagMode {
    /// One character each.
    #[default]
    Char,
    /// Two characters each.
    Long,
    /// Numbers with commas between them.
    Number,
}

/// What the affix file says about flags.
#[derive(Debug, Default)]
pub(super) struct FlagSet {
    pub mode: FlagMode,
    /// Words name a numbered set of flags instead of flags.
    pub aliases: Option<Vec<String>>,
    /// Flags that say something about compounds.
    compound: Vec<(String, u8)>,
}

impl FlagSet {
    /// Gives a flag a meaning.
    pub fn add_compound(&mut self, text: &str, value: u8) -> PgResult<()> {
        let text = text.trim_start();
        let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
        if end == 0 {
            bail!(CONFIG_FILE_ERROR, "syntax error");
        }
        let flag = self.checked(&text[..end])?;
        self.compound.push((flag, value));
        Ok(())
    }

    /// A flag in its normal form.
    fn checked(&self, text: &str) -> PgResult<String> {
        match self.mode {
            FlagMode::Number => number(text).map(|(n, _)| n.to_string()),
            _ => Ok(text.to_owned()),
        }
    }

    /// The flags in a text.
    fn parse<'a>(&self, text: &'a str) -> PgResult<Vec<std::borrow::Cow<'a, str>>> {
        let mut out = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            match self.mode {
                FlagMode::Char => {
                    let n = rest.chars().next().map_or(1, char::len_utf8);
                    out.push(rest[..n].into());
                    rest = &rest[n..];
                }
                FlagMode::Long => {
                    let n: usize = rest.chars().take(2).map(char::len_utf8).sum();
                    if rest[..n].chars().count() < 2 {
                        bail!(
                            CONFIG_FILE_ERROR,
                            "invalid affix flag \"{rest}\" with \"long\" flag value"
                        );
                    }
                    out.push(rest[..n].into());
                    rest = &rest[n..];
                }
                FlagMode::Number => {
                    let (n, after) = number(rest)?;
                    out.push(n.to_string().into());
                    rest = separator(after)?;
                }
            }
        }
        Ok(out)
    }

    /// Whether the flags hold one; any do if none is asked for.
    pub fn contains(&self, flags: &str, flag: &str) -> PgResult<bool> {
        Ok(flag.is_empty() || self.parse(flags)?.iter().any(|f| f == flag))
    }

    /// What flags say about compounds.
    pub fn usage(&self, flags: &str) -> PgResult<u8> {
        if self.compound.is_empty() {
            return Ok(0);
        }
        let mut out = 0;
        for flag in self.parse(flags)? {
            let found = self.compound.iter().find(|(f, _)| *f == flag);
            out |= found.map_or(0, |(_, value)| *value);
        }
        Ok(out)
    }

    /// What a word's flags say: one that is for compounds only may be any part of one.
    pub fn word_usage(&self, flags: &str) -> PgResult<u8> {
        let mut out = self.usage(flags)? & usage::MASK;
        if out & usage::ONLY != 0 && out & usage::ANY == 0 {
            out |= usage::ANY;
        }
        Ok(out)
    }

    /// The flags of both.
    pub fn joined(&self, a: &str, b: &str) -> String {
        match (a.is_empty(), b.is_empty(), self.mode) {
            (true, ..) => b.to_owned(),
            (_, true, _) => a.to_owned(),
            (_, _, FlagMode::Number) => format!("{a},{b}"),
            _ => format!("{a}{b}"),
        }
    }

    /// The flags behind an alias in the affix file.
    pub fn of_affix<'a>(&'a self, text: &'a str) -> PgResult<&'a str> {
        let Some(aliases) = self.aliases.as_ref().filter(|_| !text.is_empty()) else {
            return Ok(text);
        };
        match leading_number(text) {
            Some(n) if n > 0 && (n as usize) < aliases.len() => Ok(&aliases[n as usize]),
            Some(n) if n <= aliases.len() as i64 => Ok(""),
            _ => bail!(CONFIG_FILE_ERROR, "invalid affix alias \"{text}\""),
        }
    }

    /// The flags of a word as the dictionary gives them.
    pub fn of_word(&self, text: &str) -> PgResult<String> {
        let Some(aliases) = &self.aliases else { return Ok(text.to_owned()) };
        if text.is_empty() {
            return Ok(String::new());
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let found = leading_number(text).and_then(|n| aliases.get(usize::try_from(n).ok()?));
        let clean = text[digits..].chars().next().is_none_or(|c| c.is_ascii_whitespace());
        match found.filter(|_| clean) {
            Some(flags) => Ok(flags.clone()),
            None => bail!(CONFIG_FILE_ERROR, "invalid affix alias \"{text}\""),
        }
    }
}

/// The number a text starts with.
pub(super) fn leading_number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

fn number(text: &str) -> PgResult<(i64, &str)> {
    let trimmed = text.trim_start();
    let sign = trimmed.starts_with(['-', '+']) as usize;
    let digits = trimmed[sign..].bytes().take_while(u8::is_ascii_digit).count();
    let Ok(n) = trimmed[..sign + digits].parse::<i64>() else {
        bail!(CONFIG_FILE_ERROR, "invalid affix flag \"{text}\"");
    };
    if !(0..=NUMBER_MAX).contains(&n) {
        bail!(CONFIG_FILE_ERROR, "affix flag \"{text}\" is out of range");
    }
    Ok((n, &trimmed[sign + digits..]))
}

/// What comes after the comma behind a number.
fn separator(text: &str) -> PgResult<&str> {
    let mut comma = false;
    for (i, c) in text.char_indices() {
        let here = &text[i..];
        match c {
            '0'..='9' if comma => return Ok(here),
            '0'..='9' => bail!(CONFIG_FILE_ERROR, "invalid affix flag \"{here}\""),
            ',' if comma => bail!(CONFIG_FILE_ERROR, "invalid affix flag \"{here}\""),
            ',' => comma = true,
            c if c.is_ascii_whitespace() => {}
            _ => bail!(CONFIG_FILE_ERROR, "invalid character in affix flag \"{here}\""),
        }
    }
    Ok("")
}

//! One affix: what it adds to a word and what it takes away.
use super::{WORD_MAX, pattern::Pattern, usage};
use error::PgResult;
use std::cmp::Ordering;

/// Which end of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum AffixKind {
    Prefix,
    Suffix,
}

/// An affix.
pub(super) struct Affix {
    pub kind: AffixKind,
    /// Words with this flag take it.
    pub flag: String,
    pub usage: u8,
    /// What it takes away from the word.
    pub strip: String,
    /// What it puts there.
    pub add: String,
    pub pattern: Pattern,
}

impl Affix {
    pub fn new(
        kind: AffixKind,
        flag: &str,
        given: u8,
        mask: &str,
        strip: &str,
        add: &str,
    ) -> PgResult<Affix> {
        let mut usage = given;
        if usage & (usage::ONLY | usage::PERMIT) != 0 && usage & usage::ANY == 0 {
            usage |= usage::ANY;
        }
        Ok(Affix {
            kind,
            flag: flag.to_owned(),
            usage,
            strip: strip.to_owned(),
            add: add.to_owned(),
            pattern: Pattern::new(mask, kind)?,
        })
    }

    /// Prefixes by what they add, then suffixes by that read backwards.
    pub fn compare(&self, other: &Affix) -> Ordering {
        self.kind.cmp(&other.kind).then_with(|| match self.kind {
            AffixKind::Prefix => self.add.as_bytes().cmp(other.add.as_bytes()),
            AffixKind::Suffix => self.add.bytes().rev().cmp(other.add.bytes().rev()),
        })
    }

    /// Whether it may be used at that place of a compound.
    fn allowed(&self, place: u8) -> bool {
        if place == 0 {
            self.usage & usage::ONLY == 0
        } else if place & usage::BEGIN != 0 {
            self.usage & usage::FORBID == 0
                && (self.usage & usage::BEGIN != 0 || self.kind == AffixKind::Prefix)
        } else if place & usage::MIDDLE != 0 {
            self.usage & usage::MIDDLE != 0 && self.usage & usage::FORBID == 0
        } else if place & usage::LAST != 0 {
            self.usage & usage::FORBID == 0
                && (self.usage & usage::LAST != 0 || self.kind == AffixKind::Suffix)
        } else {
            true
        }
    }

    /// The word without the affix, which it is known to have, and the length of what was kept;
    /// `base` is that length if a suffix has been taken off before.
    pub fn undo(
        &self,
        word: &str,
        place: u8,
        base: Option<usize>,
    ) -> PgResult<Option<(String, usize)>> {
        if !self.allowed(place) || word.len() < self.add.len() {
            return Ok(None);
        }
        let kept = word.len() - self.add.len();
        if kept + self.strip.len() >= 2 * WORD_MAX {
            return Ok(None);
        }
        let form = match self.kind {
            AffixKind::Suffix => format!("{}{}", &word[..kept], self.strip),
            AffixKind::Prefix => {
                // The prefix must not have eaten all of the stem.
                if base.is_some_and(|base| base + self.strip.len() <= self.add.len()) {
                    return Ok(None);
                }
                format!("{}{}", self.strip, &word[self.add.len()..])
            }
        };
        let fits = self.pattern.fits(&form, self.kind)?;
        Ok(fits.then_some((form, kept)))
    }
}

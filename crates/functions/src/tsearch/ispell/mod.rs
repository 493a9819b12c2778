//! The ispell dictionary: words and affixes in the formats of ispell, myspell and hunspell.
mod affix;
mod affix_file;
mod compound;
mod flag;
mod pattern;

use super::dictionary::{Normal, lower};
use super::files::ConfigFile;
use affix::{Affix, AffixKind};
use compound::CompoundAffix;
use error::PgResult;
use flag::FlagSet;
use std::collections::HashMap;

/// How a word or an affix may be used in compound words.
pub(super) mod usage {
    /// Only in compounds.
    pub const ONLY: u8 = 0x01;
    /// First part.
    pub const BEGIN: u8 = 0x02;
    /// Part in the middle.
    pub const MIDDLE: u8 = 0x04;
    /// Last part.
    pub const LAST: u8 = 0x08;
    /// Any part.
    pub const ANY: u8 = BEGIN | MIDDLE | LAST;
    /// What concerns words.
    pub const MASK: u8 = 0x0f;
    /// An affix within a compound.
    pub const PERMIT: u8 = 0x10;
    /// Not in compounds.
    pub const FORBID: u8 = 0x20;
    /// A prefix and a suffix together.
    pub const CROSS_PRODUCT: u8 = 0x40;
}

/// Longest word that is normalised.
const WORD_MAX: usize = 256;
/// Most results.
const RESULTS_MAX: usize = 1024;

/// A word of the dictionary.
struct Entry {
    word: String,
    /// Flags of the affixes it takes.
    flags: String,
    usage: u8,
}

/// A dictionary that has been read.
pub(in crate::tsearch) struct Ispell {
    /// In order.
    words: Vec<Entry>,
    flags: FlagSet,
    /// In order of kind and of what they add.
    affixes: Vec<Affix>,
    /// Affixes by kind and by what they add.
    by_text: HashMap<(AffixKind, String), Vec<usize>>,
    compound_affixes: Vec<CompoundAffix>,
    has_compounds: bool,
}

impl Ispell {
    pub fn new(words: &ConfigFile, affixes: &ConfigFile) -> PgResult<Ispell> {
        let read = affix_file::read(affixes)?;
        let mut made = Ispell {
            words: Vec::new(),
            flags: read.flags,
            affixes: read.affixes,
            by_text: HashMap::new(),
            compound_affixes: Vec::new(),
            has_compounds: read.has_compounds,
        };
        made.add_words(words)?;
        made.affixes.sort_by(Affix::compare);
        for (i, affix) in made.affixes.iter().enumerate() {
            made.by_text.entry((affix.kind, affix.add.clone())).or_default().push(i);
        }
        made.compound_affixes = made.find_compound_affixes()?;
        Ok(made)
    }

    fn add_words(&mut self, file: &ConfigFile) -> PgResult<()> {
        let mut read: Vec<(String, String)> = Vec::new();
        for line in file.lines() {
            let (word, flags) = line.split_once('/').unwrap_or((line, ""));
            let end = flags.find(|c: char| !c.is_ascii_graphic()).unwrap_or(flags.len());
            let word = word.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or("");
            let flags = self.flags.of_word(&flags[..end])?;
            read.push((lower(word), flags));
        }
        // Words of one spelling are joined in the order of their flags.
        read.sort();
        for (word, flags) in read {
            if word.is_empty() {
                continue;
            }
            let own = self.flags.usage(&flags)? & usage::MASK;
            match self.words.last_mut() {
                Some(last) if last.word == word && last.flags != flags => {
                    let both_only = last.usage & own & usage::ONLY != 0;
                    last.flags = self.flags.joined(&last.flags, &flags);
                    last.usage = self.flags.word_usage(&last.flags)?;
                    if !both_only {
                        last.usage &= !usage::ONLY;
                    }
                }
                Some(last) if last.word == word => {}
                _ => {
                    let usage = self.flags.word_usage(&flags)?;
                    self.words.push(Entry { word, flags, usage });
                }
            }
        }
        Ok(())
    }

    fn entry(&self, word: &str) -> Option<&Entry> {
        let i = self.words.binary_search_by(|e| e.word.as_str().cmp(word)).ok()?;
        Some(&self.words[i])
    }

    /// Whether the word is there, takes the affix, and may stand at that place of a compound.
    fn has_word(&self, word: &str, affix: &str, place: u8) -> PgResult<bool> {
        let Some(entry) = self.entry(word) else { return Ok(false) };
        let place = place & usage::MASK;
        let fits = match place {
            0 => entry.usage & usage::ONLY == 0,
            _ => entry.usage & place != 0,
        };
        Ok(fits && self.flags.contains(&entry.flags, affix)?)
    }

    /// Affixes of a kind that a word has, the shorter first.
    fn affixes_of<'a>(&'a self, word: &'a str, kind: AffixKind) -> impl Iterator<Item = &'a Affix> {
        let ends = (0..=word.len()).filter(move |n| match kind {
            AffixKind::Prefix => word.is_char_boundary(*n),
            AffixKind::Suffix => word.is_char_boundary(word.len() - n),
        });
        ends.flat_map(move |n| {
            let text = match kind {
                AffixKind::Prefix => &word[..n],
                AffixKind::Suffix => &word[word.len() - n..],
            };
            let found = self.by_text.get(&(kind, text.to_owned()));
            found.into_iter().flatten().map(|i| &self.affixes[*i])
        })
    }

    /// Words that the word is a form of, at that place of a compound.
    fn normalize_part(&self, word: &str, place: u8) -> PgResult<Vec<String>> {
        let mut forms: Vec<String> = Vec::new();
        if word.len() > WORD_MAX {
            return Ok(forms);
        }
        let mut add = |form: String| {
            if forms.len() < RESULTS_MAX - 1 && forms.last() != Some(&form) {
                forms.push(form);
            }
        };
        if self.has_word(word, "", place)? {
            add(word.to_owned());
        }
        for prefix in self.affixes_of(word, AffixKind::Prefix) {
            if let Some((form, _)) = prefix.undo(word, place, None)? {
                if self.has_word(&form, &prefix.flag, place)? {
                    add(form);
                }
            }
        }
        for suffix in self.affixes_of(word, AffixKind::Suffix) {
            let Some((form, base)) = suffix.undo(word, place, None)? else { continue };
            if self.has_word(&form, &suffix.flag, place)? {
                add(form.clone());
            }
            for prefix in self.affixes_of(&form, AffixKind::Prefix) {
                let Some((inner, _)) = prefix.undo(&form, place, Some(base))? else { continue };
                let cross = prefix.usage & suffix.usage & usage::CROSS_PRODUCT != 0;
                let flag = if cross { "" } else { prefix.flag.as_str() };
                if self.has_word(&inner, flag, place)? {
                    add(inner);
                }
            }
        }
        Ok(forms)
    }

    /// Normal forms of a word, of a compound's parts too; `None` if it is not known.
    pub fn normalize(&self, word: &str) -> PgResult<Option<Vec<Normal>>> {
        let mut out: Vec<Normal> = Vec::new();
        let mut variant = 1;
        let add = |out: &mut Vec<Normal>, word: &str, variant| {
            if out.len() < RESULTS_MAX - 1 {
                out.push(Normal { variant, ..Normal::new(word.to_owned()) });
            }
        };
        for form in self.normalize_part(word, 0)? {
            add(&mut out, &form, variant);
            variant += 1;
        }
        if self.has_compounds {
            for parts in self.split(word)? {
                let Some((last, rest)) = parts.split_last().filter(|(_, rest)| !rest.is_empty())
                else {
                    continue;
                };
                for form in self.normalize_part(last, usage::LAST)? {
                    for part in rest {
                        add(&mut out, part, variant);
                    }
                    add(&mut out, &form, variant);
                    variant += 1;
                }
            }
        }
        Ok(Some(out).filter(|out| !out.is_empty()))
    }
}

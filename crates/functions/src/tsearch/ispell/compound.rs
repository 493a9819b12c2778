//! Compound words taken apart.
use super::{Ispell, WORD_MAX, affix::AffixKind, usage};
use error::PgResult;
use std::ops::Range;

/// An affix that may stand within a compound.
pub(super) struct CompoundAffix {
    text: String,
    is_suffix: bool,
}

/// Words of the dictionary that start alike.
#[derive(Clone)]
struct Prefix {
    words: Range<usize>,
    /// Bytes they have in common.
    length: usize,
}

impl Ispell {
    /// The compound affixes, without those that another one starts or ends.
    pub(super) fn find_compound_affixes(&self) -> PgResult<Vec<CompoundAffix>> {
        let mut out: Vec<CompoundAffix> = Vec::new();
        for affix in &self.affixes {
            if affix.usage & usage::ANY == 0 || affix.add.is_empty() {
                continue;
            }
            let mut used = false;
            for entry in &self.words {
                if self.flags.contains(&entry.flags, &affix.flag)? {
                    used = true;
                    break;
                }
            }
            if !used {
                continue;
            }
            let is_suffix = affix.kind == AffixKind::Suffix;
            let repeats = out
                .last()
                .is_some_and(|last| last.is_suffix == is_suffix && affix.add.ends_with(&last.text));
            if !repeats {
                out.push(CompoundAffix { text: affix.add.clone(), is_suffix });
            }
        }
        Ok(out)
    }

    fn all_words(&self) -> Prefix {
        Prefix { words: 0..self.words.len(), length: 0 }
    }

    /// Words that go on with the byte.
    fn longer(&self, prefix: &Prefix, byte: u8) -> Option<Prefix> {
        let words = &self.words[prefix.words.clone()];
        let at = |i: usize| words[i].word.as_bytes().get(prefix.length).copied();
        let start = words.partition_point(|e| e.word.as_bytes().get(prefix.length) < Some(&byte));
        let end = words.partition_point(|e| e.word.as_bytes().get(prefix.length) <= Some(&byte));
        if start == end || at(start) != Some(byte) {
            return None;
        }
        let base = prefix.words.start;
        Some(Prefix { words: base + start..base + end, length: prefix.length + 1 })
    }

    /// All ways to see a word as a compound: the parts of each.
    pub(super) fn split(&self, word: &str) -> PgResult<Vec<Vec<String>>> {
        self.variants(None, Vec::new(), word, 0, -1)
    }

    /// The length up to the end of the next compound affix from `next` on; 0 for a prefix.
    fn next_affix(&self, next: &mut usize, rest: &[u8], in_place: bool) -> Option<usize> {
        while let Some(affix) = self.compound_affixes.get(*next) {
            *next += 1;
            let text = affix.text.as_bytes();
            if rest.len() <= text.len() {
                continue;
            }
            let at = match in_place {
                true => rest.starts_with(text).then_some(0),
                false => rest.windows(text.len()).position(|w| w == text),
            };
            if let Some(at) = at {
                return Some(if affix.is_suffix { at + text.len() } else { 0 });
            }
        }
        None
    }

    /// Goes through the word from `start`; `from` says to go on behind the first `least` bytes.
    fn variants(
        &self,
        from: Option<Prefix>,
        stems: Vec<String>,
        word: &str,
        start: usize,
        least: isize,
    ) -> PgResult<Vec<Vec<String>>> {
        error::check_stack_depth()?;
        let bytes = word.as_bytes();
        let text = |range: Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
        let mut level = if from.is_some() { least.max(0) as usize } else { start };
        let mut node = Some(from.unwrap_or_else(|| self.all_words()));
        let mut start = start;
        let mut own = stems;
        let mut others: Vec<Vec<String>> = Vec::new();
        let mut tried = vec![false; bytes.len()];
        while level < bytes.len() {
            let mut next = 0;
            loop {
                if level <= start {
                    break;
                }
                let found = self.next_affix(&mut next, &bytes[level..], node.is_some());
                let Some(found) = found else { break };
                let length = level - start + found;
                if tried[start + length - 1]
                    || (level + length) as isize - 1 <= least
                    || length >= WORD_MAX
                {
                    continue;
                }
                let place = match level {
                    0 => usage::BEGIN,
                    n if n == bytes.len() - 1 => usage::LAST,
                    _ => usage::MIDDLE,
                };
                let forms = self.normalize_part(&text(start..start + length), place)?;
                if forms.is_empty() {
                    continue;
                }
                tried[start + length - 1] = true;
                let mut with = own.clone();
                with.extend(forms);
                let end = start + length;
                others.extend(self.variants(None, with, word, end, end as isize)?);
            }
            let Some(here) = node.take() else { break };
            let Some(longer) = self.longer(&here, bytes[level]) else {
                level += 1;
                continue;
            };
            let place = match (start, level) {
                (0, _) => usage::BEGIN,
                (_, n) if n == bytes.len() - 1 => usage::LAST,
                _ => usage::MIDDLE,
            };
            let entry = &self.words[longer.words.start];
            let is_word = entry.word.len() == longer.length;
            if is_word && entry.usage & place != 0 && !tried[level] && level as isize > least {
                if level + 1 == bytes.len() {
                    own.push(text(start..bytes.len()));
                    return Ok(joined(own, others));
                }
                others.extend(self.variants(
                    Some(here),
                    own.clone(),
                    word,
                    start,
                    level as isize,
                )?);
                level += 1;
                own.push(text(start..level));
                start = level;
                node = Some(self.all_words());
                continue;
            }
            node = Some(longer);
            level += 1;
        }
        own.push(text(start..bytes.len()));
        Ok(joined(own, others))
    }
}

fn joined(own: Vec<String>, others: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut out = vec![own];
    out.extend(others);
    out
}

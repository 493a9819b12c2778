//! Which words of a text make its headline.
use super::execute::{Node, Positions, matches};
use super::headline::{Word, WordRun};
use super::parser::token_type;
use error::{PgResult, bail};

/// How long a headline may be.
pub(super) struct Limits {
    pub min_words: i32,
    pub max_words: i32,
    pub short_word: i32,
    pub max_fragments: i32,
    pub highlight_all: bool,
}

impl Limits {
    pub fn check(&self) -> PgResult<()> {
        if self.highlight_all {
            return Ok(());
        }
        if self.min_words >= self.max_words {
            bail!(INVALID_PARAMETER_VALUE, "MinWords must be less than MaxWords");
        }
        if self.min_words <= 0 {
            bail!(INVALID_PARAMETER_VALUE, "MinWords must be positive");
        }
        if self.short_word < 0 {
            bail!(INVALID_PARAMETER_VALUE, "ShortWord must be >= 0");
        }
        if self.max_fragments < 0 {
            bail!(INVALID_PARAMETER_VALUE, "MaxFragments must be >= 0");
        }
        Ok(())
    }
}

fn is_kind(kind: u8, names: &[&str]) -> bool {
    names.iter().any(|n| token_type(n) == Some(kind))
}

/// Shown as a blank.
fn is_replaced(kind: u8) -> bool {
    is_kind(kind, &["tag"])
}

/// Left out, since its parts are shown.
fn is_skipped(kind: u8) -> bool {
    is_kind(kind, &["url", "numhword", "asciihword", "hword"])
}

fn is_no_word(word: &Word) -> bool {
    is_kind(word.kind, &["blank"]) || is_replaced(word.kind) || is_skipped(word.kind)
}

/// A word of the query, met for the first time.
fn is_interesting(word: &Word) -> bool {
    word.item.is_some() && !word.repeated
}

struct Marker<'a> {
    words: &'a mut [Word],
    root: Option<&'a Node>,
    found: &'a [Positions],
    limits: &'a Limits,
    /// Where the next cover is looked for, as a position.
    next: i32,
}

/// Marks the words of the headline.
pub(super) fn mark(
    words: &mut [Word],
    root: Option<&Node>,
    found: &[Positions],
    limits: &Limits,
) -> PgResult<()> {
    let mut marker = Marker { words, root, found, limits, next: 0 };
    if limits.max_fragments == 0 { marker.mark_words() } else { marker.mark_fragments() }
}

/// A part of a cover.
struct Fragment {
    start: usize,
    end: usize,
    interesting: i32,
    length: i32,
    chosen: bool,
    excluded: bool,
}

impl Marker<'_> {
    fn counts(&self, i: usize) -> i32 {
        i32::from(!is_no_word(&self.words[i]))
    }

    fn interests(&self, i: usize) -> i32 {
        i32::from(is_interesting(&self.words[i]))
    }

    /// A headline should not end there.
    fn is_bad_end(&self, i: usize) -> bool {
        let word = &self.words[i];
        let numbers =
            ["sfloat", "version", "float", "int", "uint", "tag", "protocol", "blank", "entity"];
        let no_end = is_no_word(word) || is_kind(word.kind, &numbers);
        (no_end || word.text.len() as i64 <= i64::from(self.limits.short_word))
            && !is_interesting(word)
    }

    /// The next shortest run of words that matches: its first and last index.
    fn next_cover(&mut self) -> PgResult<Option<(usize, usize)>> {
        let Some(root) = self.root else { return Ok(None) };
        let mut from = self.next;
        loop {
            let mut last = -1;
            for part in self.found {
                let Some(first) = part.at.iter().copied().find(|p| *p >= from) else {
                    return Ok(None);
                };
                last = last.max(first);
            }
            if last < 0 {
                return Ok(None);
            }
            let mut first = i32::MAX - 1;
            for part in self.found {
                let start = part.at.iter().rev().map(|p| p - part.width).find(|s| *s <= last);
                first = first.min(start.unwrap_or(-1));
            }
            let first = first.max(from);
            if first <= last {
                if let Some((b, e)) = self.indexes(first, last) {
                    if matches(root, &WordRun(&self.words[b..=e]))? {
                        self.next = first + 1;
                        return Ok(Some((b, e)));
                    }
                }
            }
            from = first + 1;
        }
    }

    /// Positions as indexes of words.
    fn indexes(&self, first: i32, last: i32) -> Option<(usize, usize)> {
        let (mut begin, mut end) = (None, None);
        for (i, word) in self.words.iter().enumerate().filter(|(_, w)| w.item.is_some()) {
            if begin.is_none() && word.position >= first {
                begin = Some(i);
            }
            if word.position > last {
                break;
            }
            end = Some(i);
        }
        begin.zip(end).filter(|(b, e)| b <= e)
    }

    fn mark_range(&mut self, start: usize, end: Option<usize>) {
        let Some(end) = end else { return };
        let Some(words) = self.words.get_mut(start..=end) else { return };
        for word in words {
            if word.item.is_some() {
                word.selected = true;
            }
            if !self.limits.highlight_all && is_replaced(word.kind) {
                word.replace = true;
            } else if is_skipped(word.kind) {
                word.skip = true;
            }
            word.inside = !word.repeated;
        }
    }

    /// The end of a text's first words.
    fn first_words(&self) -> Option<usize> {
        let (mut length, mut end) = (0, None);
        for i in 0..self.words.len() {
            if length >= self.limits.min_words {
                break;
            }
            length += self.counts(i);
            end = Some(i);
        }
        end
    }

    /// One run of words.
    fn mark_words(&mut self) -> PgResult<()> {
        if self.limits.highlight_all {
            self.mark_range(0, self.words.len().checked_sub(1));
            return Ok(());
        }
        let mut best: Option<(usize, usize, i32, bool)> = None;
        while let Some((p, q)) = self.next_cover()? {
            let (begin, end, interesting) = self.extended(p, q);
            let covers = begin <= p && end >= q;
            let better = match best {
                None => true,
                Some((_, best_end, best_interesting, best_covers)) => {
                    (covers && !best_covers)
                        || covers == best_covers && interesting > best_interesting
                        || covers == best_covers
                            && interesting == best_interesting
                            && !self.is_bad_end(end)
                            && self.is_bad_end(best_end)
                }
            };
            if better {
                best = Some((begin, end, interesting, covers));
            }
        }
        match best {
            Some((begin, end, ..)) => self.mark_range(begin, Some(end)),
            None => self.mark_range(0, self.first_words()),
        }
        Ok(())
    }

    /// A cover made longer or shorter to fit: its ends and its interesting words.
    fn extended(&self, p: usize, q: usize) -> (usize, usize, i32) {
        let limits = self.limits;
        let (mut length, mut interesting) = (0, 0);
        let (mut begin, mut end) = (p, p);
        let mut i = p;
        while i <= q && length < limits.max_words {
            length += self.counts(i);
            interesting += self.interests(i);
            end = i;
            i += 1;
        }
        if length < limits.max_words {
            i -= 1;
            while i < self.words.len() && length < limits.max_words {
                if i > q {
                    length += self.counts(i);
                    interesting += self.interests(i);
                }
                end = i;
                if !self.is_bad_end(i) && length >= limits.min_words {
                    break;
                }
                i += 1;
            }
            if length < limits.min_words {
                begin = 0;
                for i in (0..p).rev() {
                    length += self.counts(i);
                    interesting += self.interests(i);
                    let full = length >= limits.max_words;
                    if full || !self.is_bad_end(i) && length >= limits.min_words {
                        begin = i;
                        break;
                    }
                }
            }
            return (begin, end, interesting);
        }
        let mut i = i.min(q);
        while length > limits.min_words && self.is_bad_end(i) {
            length -= self.counts(i);
            interesting -= self.interests(i);
            let Some(before) = i.checked_sub(1) else { break };
            end = before;
            i = before;
        }
        (begin, end, interesting)
    }

    /// The part of a cover that starts with a word of the query and is not too long.
    fn fragment(&self, mut start: usize, mut end: usize) -> Fragment {
        start = (start..=end).find(|i| is_interesting(&self.words[*i])).unwrap_or(end.max(start));
        let (mut length, mut interesting) = (0, 0);
        let mut i = start;
        while i <= end && length < self.limits.max_words {
            length += self.counts(i);
            interesting += self.interests(i);
            i += 1;
        }
        if end > i {
            // It was cut: back to a word of the query.
            end = i;
            for i in (start..=end).rev() {
                end = i;
                if is_interesting(&self.words[i]) {
                    break;
                }
                length -= self.counts(i);
            }
        }
        Fragment { start, end, interesting, length, chosen: false, excluded: false }
    }

    /// Several runs of words.
    fn mark_fragments(&mut self) -> PgResult<()> {
        let mut covers: Vec<Fragment> = Vec::new();
        while let Some((p, q)) = self.next_cover()? {
            let mut start = p;
            while start <= q {
                let fragment = self.fragment(start, q);
                start = fragment.end + 1;
                covers.push(fragment);
            }
        }
        let mut marked = 0;
        for _ in 0..self.limits.max_fragments {
            let (mut best, mut most, mut shortest) = (None, 0, i32::MAX);
            for (i, c) in covers.iter().enumerate().filter(|(_, c)| !c.chosen && !c.excluded) {
                if most < c.interesting || most == c.interesting && shortest > c.length {
                    most = c.interesting;
                    shortest = c.length;
                    best = Some(i);
                }
            }
            let Some(best) = best else { break };
            let (start, end) = self.stretched(&covers[best]);
            covers[best].chosen = true;
            covers[best].start = start;
            covers[best].end = end;
            self.mark_range(start, Some(end));
            marked += 1;
            for (i, c) in covers.iter_mut().enumerate() {
                let overlaps = c.start >= start && c.start <= end
                    || c.end >= start && c.end <= end
                    || c.start < start && c.end > end;
                if i != best && overlaps {
                    c.excluded = true;
                }
            }
        }
        if marked == 0 {
            self.mark_range(0, self.first_words());
        }
        Ok(())
    }

    /// A fragment made as long as it may be: half of what is left to its left, the rest to its right.
    fn stretched(&self, c: &Fragment) -> (usize, usize) {
        let (start, end, mut length) = (c.start, c.end, c.length);
        let max = self.limits.max_words;
        if length >= max {
            return (start, end);
        }
        let most = (max - length) / 2;
        let (mut stretch, mut marker) = (0, start);
        for i in (0..start).rev() {
            if stretch >= most || self.words[i].inside {
                break;
            }
            length += self.counts(i);
            stretch += self.counts(i);
            marker = i;
        }
        let mut begin = marker;
        while begin < start && self.is_bad_end(begin) {
            length -= self.counts(begin);
            begin += 1;
        }
        marker = end;
        for i in end + 1..self.words.len() {
            if length >= max || self.words[i].inside {
                break;
            }
            length += self.counts(i);
            marker = i;
        }
        let mut stop = marker;
        while stop > end && self.is_bad_end(stop) {
            stop -= 1;
        }
        (begin, stop)
    }
}

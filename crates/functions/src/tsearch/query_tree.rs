//! Queries as trees whose AND and OR have any number of operands in a fixed order: how two are
//! compared, and how parts of one are replaced.
use error::PgResult;
use std::cmp::Ordering;
use types::tsearch::TsQuery;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Not = 1,
    And = 2,
    Or = 3,
    Phrase = 4,
}

#[derive(Clone, Debug)]
enum Content {
    Word {
        word: String,
        crc: i32,
        weights: u8,
        prefix: bool,
    },
    /// Operands, the right one first.
    Operator {
        kind: Kind,
        distance: u16,
        children: Vec<QueryNode>,
    },
}

/// A node of such a tree.
#[derive(Clone, Debug)]
pub(super) struct QueryNode {
    content: Content,
    /// A bit for each word below; words put in later are not in it.
    sign: u32,
    /// Was put in, so it is not searched again.
    fixed: bool,
}

/// The checksum by which PostgreSQL orders words: the table of CRC-32 walked the other way round.
fn legacy_crc(word: &str) -> i32 {
    let mut crc = u32::MAX;
    for byte in word.bytes() {
        let index = (crc >> 24) as u8 ^ byte;
        crc = table_entry(index) ^ (crc << 8);
    }
    (crc ^ u32::MAX) as i32
}

/// Entry of the reflected CRC-32 table: what one byte makes of a zero register.
fn table_entry(index: u8) -> u32 {
    let mut c = u32::from(index);
    for _ in 0..8 {
        c = if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 };
    }
    c
}

impl QueryNode {
    pub fn new(query: &TsQuery) -> QueryNode {
        let operator = |kind, distance, children: Vec<QueryNode>| {
            let sign = children.iter().fold(0, |s, c| s | c.sign);
            let content = Content::Operator { kind, distance, children };
            QueryNode { content, sign, fixed: false }
        };
        match query {
            TsQuery::Word { word, weights, prefix } => {
                let crc = legacy_crc(word);
                let content =
                    Content::Word { word: word.clone(), crc, weights: *weights, prefix: *prefix };
                QueryNode { content, sign: 1 << (crc as u32 % 32), fixed: false }
            }
            TsQuery::Not(c) => operator(Kind::Not, 0, vec![Self::new(c)]),
            TsQuery::And(l, r) => operator(Kind::And, 0, vec![Self::new(r), Self::new(l)]),
            TsQuery::Or(l, r) => operator(Kind::Or, 0, vec![Self::new(r), Self::new(l)]),
            TsQuery::Phrase(l, r, n) => {
                operator(Kind::Phrase, *n, vec![Self::new(r), Self::new(l)])
            }
        }
    }

    /// The normal form in which parts are looked for.
    pub fn normalized(query: &TsQuery) -> QueryNode {
        let mut node = Self::new(query);
        node.normalize();
        node
    }

    /// Back to a query; operators of more than two operands are nested.
    pub fn to_query(&self) -> Option<TsQuery> {
        let (kind, distance, children) = match &self.content {
            Content::Word { word, weights, prefix, .. } => {
                return Some(TsQuery::Word {
                    word: word.clone(),
                    weights: *weights,
                    prefix: *prefix,
                });
            }
            Content::Operator { kind, distance, children } => (*kind, *distance, children),
        };
        let mut parts: Vec<TsQuery> = children.iter().filter_map(Self::to_query).collect();
        if kind == Kind::Not {
            return parts.pop().map(|c| TsQuery::Not(Box::new(c)));
        }
        let make = |right, left| match kind {
            Kind::And => TsQuery::And(Box::new(left), Box::new(right)),
            Kind::Or => TsQuery::Or(Box::new(left), Box::new(right)),
            _ => TsQuery::Phrase(Box::new(left), Box::new(right), distance),
        };
        // The first two become one, the last takes the second place, and so on.
        while parts.len() > 2 {
            let last = parts.pop()?;
            let rest = parts.split_off(2);
            let (second, first) = (parts.pop()?, parts.pop()?);
            parts.push(make(first, second));
            parts.push(last);
            parts.extend(rest);
        }
        let second = if parts.len() == 2 { parts.pop() } else { None };
        let first = parts.pop()?;
        Some(match second {
            Some(second) => make(first, second),
            None => first,
        })
    }

    /// An order that has no meaning but is PostgreSQL's.
    pub fn compare(&self, other: &QueryNode) -> Ordering {
        match (&self.content, &other.content) {
            (Content::Word { word: a, crc: x, .. }, Content::Word { word: b, crc: y, .. }) => {
                y.cmp(x).then_with(|| a.as_bytes().cmp(b.as_bytes()))
            }
            (Content::Word { .. }, Content::Operator { .. }) => Ordering::Greater,
            (Content::Operator { .. }, Content::Word { .. }) => Ordering::Less,
            (
                Content::Operator { kind: k, distance: m, children: a },
                Content::Operator { kind: l, distance: n, children: b },
            ) => {
                let o = (*l as u8).cmp(&(*k as u8)).then(b.len().cmp(&a.len()));
                if o.is_ne() {
                    return o;
                }
                for (x, y) in a.iter().zip(b) {
                    let o = x.compare(y);
                    if o.is_ne() {
                        return o;
                    }
                }
                if *k == Kind::Phrase { n.cmp(m) } else { Ordering::Equal }
            }
        }
    }

    fn equal(&self, other: &QueryNode) -> bool {
        let sign = self.sign & other.sign;
        sign == self.sign && sign == other.sign && self.compare(other).is_eq()
    }

    /// Nested AND in AND and OR in OR become one, then operands are put in order.
    fn normalize(&mut self) {
        self.flatten();
        self.sort();
    }

    fn flatten(&mut self) {
        let Content::Operator { kind, children, .. } = &mut self.content else { return };
        children.iter_mut().for_each(Self::flatten);
        if !matches!(kind, Kind::And | Kind::Or) {
            return;
        }
        let mut flat = Vec::with_capacity(children.len());
        for child in std::mem::take(children) {
            let (sign, fixed) = (child.sign, child.fixed);
            match child.content {
                Content::Operator { kind: k, children: inner, .. } if k == *kind => {
                    flat.extend(inner);
                }
                content => flat.push(QueryNode { content, sign, fixed }),
            }
        }
        *children = flat;
    }

    fn sort(&mut self) {
        let Content::Operator { kind, children, .. } = &mut self.content else { return };
        children.iter_mut().for_each(Self::sort);
        if *kind != Kind::Phrase {
            children.sort_by(QueryNode::compare);
        }
    }

    fn release(&mut self) {
        self.fixed = false;
        if let Content::Operator { children, .. } = &mut self.content {
            children.iter_mut().for_each(Self::release);
        }
    }

    /// Replaces each part that equals `target`, or drops it; `None` if nothing is left.
    pub fn replace(
        self,
        target: &QueryNode,
        substitute: Option<&QueryNode>,
    ) -> PgResult<Option<QueryNode>> {
        self.search(target, substitute)
    }

    /// Makes a tree in which parts were replaced ready for more.
    pub fn settle(&mut self) {
        self.release();
        self.normalize();
    }

    fn search(
        self,
        target: &QueryNode,
        substitute: Option<&QueryNode>,
    ) -> PgResult<Option<QueryNode>> {
        error::check_stack_depth()?;
        let Some(mut node) = self.substituted(target, substitute) else { return Ok(None) };
        if node.fixed {
            return Ok(Some(node));
        }
        let Content::Operator { kind, children, .. } = &mut node.content else {
            return Ok(Some(node));
        };
        let mut kept = Vec::with_capacity(children.len());
        for child in std::mem::take(children) {
            kept.extend(child.search(target, substitute)?);
        }
        if kept.is_empty() {
            return Ok(None);
        }
        if kept.len() == 1 && *kind != Kind::Not {
            return Ok(kept.pop());
        }
        *children = kept;
        Ok(Some(node))
    }

    /// This node with the part that equals the target replaced: all of it, or some operands.
    fn substituted(
        mut self,
        target: &QueryNode,
        substitute: Option<&QueryNode>,
    ) -> Option<QueryNode> {
        if self.sign & target.sign != target.sign || self.fixed {
            return Some(self);
        }
        let put_in = || substitute.map(|s| QueryNode { fixed: true, ..s.clone() });
        let (kind, children) = match (&mut self.content, &target.content) {
            (Content::Word { .. }, Content::Word { .. }) => {
                return if self.equal(target) { put_in() } else { Some(self) };
            }
            (
                Content::Operator { kind: k, children: a, .. },
                Content::Operator { kind: l, children: b, .. },
            ) if k == l => {
                if a.len() == b.len() {
                    return if self.equal(target) { put_in() } else { Some(self) };
                }
                if a.len() < b.len() || b.is_empty() {
                    return Some(self);
                }
                (*k, (a, b))
            }
            _ => return Some(self),
        };
        debug_assert!(matches!(kind, Kind::And | Kind::Or));
        let (own, wanted) = children;
        let mut matched = vec![false; own.len()];
        let (mut i, mut j) = (0, 0);
        while i < own.len() && j < wanted.len() {
            match own[i].compare(&wanted[j]) {
                Ordering::Equal => {
                    matched[i] = true;
                    i += 1;
                    j += 1;
                }
                Ordering::Less => i += 1,
                Ordering::Greater => break,
            }
        }
        if matched.iter().filter(|m| **m).count() == wanted.len() {
            let mut keep = matched.iter().map(|m| !m);
            own.retain(|_| keep.next().unwrap_or(true));
            own.extend(put_in());
            self.sort();
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::legacy_crc;

    #[test]
    fn checksums() {
        assert_eq!(legacy_crc(""), 0);
    }
}

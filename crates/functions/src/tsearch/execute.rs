//! Whether a query matches: the tree over ternary answers, phrases over sets of positions.
use error::PgResult;
use types::tsearch::TsQuery;

/// An answer about one word or a whole query.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Match {
    No,
    Yes,
    /// Positions would be needed to tell, and are not there.
    Maybe,
}

/// Where something matches, as the position of its last word.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions {
    /// Ascending.
    pub at: Vec<i32>,
    /// It matches everywhere but there.
    pub negated: bool,
    /// Distance from its first word to its last.
    pub width: i32,
}

/// A word of a query.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub word: String,
    pub weights: u8,
    pub prefix: bool,
}

/// A query whose words are numbered.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Operand(usize),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Phrase(Box<Node>, Box<Node>, i32),
}

/// A query made ready to be matched.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub root: Node,
    /// In the order in which PostgreSQL stores them: right before left.
    pub operands: Vec<Operand>,
}

impl Program {
    pub fn new(query: &TsQuery) -> Program {
        let mut operands = Vec::new();
        let root = number(query, &mut operands);
        Program { root, operands }
    }
}

fn number(query: &TsQuery, operands: &mut Vec<Operand>) -> Node {
    let mut pair = |l: &TsQuery, r: &TsQuery| {
        let right = number(r, operands);
        (Box::new(number(l, operands)), Box::new(right))
    };
    match query {
        TsQuery::Word { word, weights, prefix } => {
            operands.push(Operand { word: word.clone(), weights: *weights, prefix: *prefix });
            Node::Operand(operands.len() - 1)
        }
        TsQuery::Not(c) => Node::Not(Box::new(number(c, operands))),
        TsQuery::And(l, r) => {
            let (l, r) = pair(l, r);
            Node::And(l, r)
        }
        TsQuery::Or(l, r) => {
            let (l, r) = pair(l, r);
            Node::Or(l, r)
        }
        TsQuery::Phrase(l, r, distance) => {
            let (l, r) = pair(l, r);
            Node::Phrase(l, r, i32::from(*distance))
        }
    }
}

/// What is asked about the words. With `positions` the answer must say where, or be `Maybe`.
pub(crate) trait Document {
    fn find(&self, operand: usize, positions: Option<&mut Positions>) -> Match;
}

/// Whether the query matches; what cannot be told counts as a match only below NOT and the like.
pub(crate) fn matches(node: &Node, document: &dyn Document) -> PgResult<bool> {
    Ok(execute(node, document)? != Match::No)
}

fn execute(node: &Node, document: &dyn Document) -> PgResult<Match> {
    error::check_stack_depth()?;
    Ok(match node {
        Node::Operand(n) => document.find(*n, None),
        Node::Not(c) => match execute(c, document)? {
            Match::No => Match::Yes,
            Match::Yes => Match::No,
            Match::Maybe => Match::Maybe,
        },
        Node::And(l, r) => match execute(l, document)? {
            Match::No => Match::No,
            left => match execute(r, document)? {
                Match::Yes => left,
                other => other,
            },
        },
        Node::Or(l, r) => match execute(l, document)? {
            Match::Yes => Match::Yes,
            left => match execute(r, document)? {
                Match::No => left,
                other => other,
            },
        },
        Node::Phrase(..) => match phrase(node, document, &mut Positions::default())? {
            Match::Yes => Match::Yes,
            // Without positions a phrase does not match.
            Match::No | Match::Maybe => Match::No,
        },
    })
}

#[derive(Clone, Copy)]
struct Emit {
    both: bool,
    left: bool,
    right: bool,
}

/// Merges two sets of positions, each shifted.
fn merge(
    out: &mut Positions,
    l: &Positions,
    r: &Positions,
    shift: (i32, i32),
    emit: Emit,
) -> Match {
    let (mut i, mut j) = (0, 0);
    while i < l.at.len() || j < r.at.len() {
        let left = l.at.get(i).map_or(i32::MAX, |p| p + shift.0);
        let right = r.at.get(j).map_or(i32::MAX, |p| p + shift.1);
        let (wanted, at) = match left.cmp(&right) {
            std::cmp::Ordering::Less => {
                i += 1;
                (emit.left, left)
            }
            std::cmp::Ordering::Equal => {
                i += 1;
                j += 1;
                (emit.both, right)
            }
            std::cmp::Ordering::Greater => {
                j += 1;
                (emit.right, right)
            }
        };
        if wanted && at > 0 {
            out.at.push(at);
        }
    }
    if out.at.is_empty() { Match::No } else { Match::Yes }
}

const ANY: Emit = Emit { both: true, left: true, right: true };
const BOTH: Emit = Emit { both: true, left: false, right: false };
const LEFT: Emit = Emit { both: false, left: true, right: false };
const RIGHT: Emit = Emit { both: false, left: false, right: true };

/// Where a part of a phrase matches.
fn phrase(node: &Node, document: &dyn Document, out: &mut Positions) -> PgResult<Match> {
    error::check_stack_depth()?;
    match node {
        Node::Operand(n) => Ok(document.find(*n, Some(out))),
        Node::Not(c) => Ok(match phrase(c, document, out)? {
            Match::No => {
                // Nowhere becomes everywhere.
                out.negated = true;
                Match::Yes
            }
            Match::Yes if !out.at.is_empty() => {
                out.negated = !out.negated;
                Match::Yes
            }
            Match::Yes => {
                out.negated = false;
                Match::No
            }
            Match::Maybe => Match::Maybe,
        }),
        Node::And(l, r) => phrase_and(l, r, None, document, out),
        Node::Phrase(l, r, distance) => phrase_and(l, r, Some(*distance), document, out),
        Node::Or(l, r) => phrase_or(l, r, document, out),
    }
}

fn phrase_and(
    l: &Node,
    r: &Node,
    distance: Option<i32>,
    document: &dyn Document,
    out: &mut Positions,
) -> PgResult<Match> {
    let (mut left, mut right) = (Positions::default(), Positions::default());
    let found_left = phrase(l, document, &mut left)?;
    if found_left == Match::No {
        return Ok(Match::No);
    }
    let found_right = phrase(r, document, &mut right)?;
    if found_right == Match::No {
        return Ok(Match::No);
    }
    if found_left == Match::Maybe || found_right == Match::Maybe {
        return Ok(Match::Maybe);
    }
    let shift = match distance {
        Some(distance) => {
            out.width = distance + left.width + right.width;
            (distance + right.width, 0)
        }
        None => {
            out.width = left.width.max(right.width);
            (out.width - left.width, out.width - right.width)
        }
    };
    Ok(match (left.negated, right.negated) {
        (true, true) => {
            merge(out, &left, &right, shift, ANY);
            out.negated = true;
            Match::Yes
        }
        (true, false) => merge(out, &left, &right, shift, RIGHT),
        (false, true) => merge(out, &left, &right, shift, LEFT),
        (false, false) => merge(out, &left, &right, shift, BOTH),
    })
}

fn phrase_or(l: &Node, r: &Node, document: &dyn Document, out: &mut Positions) -> PgResult<Match> {
    let (mut left, mut right) = (Positions::default(), Positions::default());
    let found_left = phrase(l, document, &mut left)?;
    let found_right = phrase(r, document, &mut right)?;
    if found_left == Match::No && found_right == Match::No {
        return Ok(Match::No);
    }
    if found_left == Match::Maybe || found_right == Match::Maybe {
        return Ok(Match::Maybe);
    }
    if found_left == Match::No {
        left.width = 0;
    }
    if found_right == Match::No {
        right.width = 0;
    }
    out.width = left.width.max(right.width);
    let shift = (out.width - left.width, out.width - right.width);
    Ok(match (left.negated, right.negated) {
        (true, true) => {
            merge(out, &left, &right, shift, BOTH);
            out.negated = true;
            Match::Yes
        }
        (true, false) => {
            merge(out, &left, &right, shift, LEFT);
            out.negated = true;
            Match::Yes
        }
        (false, true) => {
            merge(out, &left, &right, shift, RIGHT);
            out.negated = true;
            Match::Yes
        }
        (false, false) => merge(out, &left, &right, shift, ANY),
    })
}

/// Where the words and phrases of a matching query are: each element must occur in a part of the
/// text that matches. `None` if it does not match.
pub(crate) fn locations(node: &Node, document: &dyn Document) -> PgResult<Option<Vec<Positions>>> {
    error::check_stack_depth()?;
    match node {
        Node::Operand(n) => {
            let mut at = Positions::default();
            Ok((document.find(*n, Some(&mut at)) == Match::Yes).then(|| vec![at]))
        }
        Node::Not(c) => Ok(match locations(c, document)? {
            None => Some(Vec::new()),
            Some(_) => None,
        }),
        Node::And(l, r) => {
            let Some(mut left) = locations(l, document)? else { return Ok(None) };
            let Some(right) = locations(r, document)? else { return Ok(None) };
            left.extend(right);
            Ok(Some(left))
        }
        Node::Or(l, r) => {
            let (left, right) = (locations(l, document)?, locations(r, document)?);
            if left.is_none() && right.is_none() {
                return Ok(None);
            }
            let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
            if left.is_empty() {
                return Ok(Some(right));
            }
            if right.is_empty() {
                return Ok(Some(left));
            }
            // (A and B) or (C and D) is all of A or C, A or D, B or C, B or D.
            let mut all = Vec::with_capacity(left.len() * right.len());
            for a in &left {
                for b in &right {
                    let mut either =
                        Positions { width: a.width.max(b.width), ..Positions::default() };
                    merge(&mut either, a, b, (0, 0), ANY);
                    all.push(either);
                }
            }
            Ok(Some(all))
        }
        Node::Phrase(..) => {
            let mut at = Positions::default();
            if phrase(node, document, &mut at)? != Match::Yes {
                return Ok(None);
            }
            Ok(Some(if at.negated { Vec::new() } else { vec![at] }))
        }
    }
}

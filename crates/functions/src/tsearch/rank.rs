//! ts_rank and ts_rank_cd. Single and double precision alternate as in PostgreSQL, so that the last
//! digits agree.
use super::execute::{Document, Match, Operand, Positions, Program, matches};
use super::vector_match::entries;
use super::{lexemes, query};
use error::{PgResult, bail};
use fmgr::{CallContext, Registry};
use std::collections::VecDeque;
use types::{
    ArrayValue, Datum,
    tsearch::{Lexeme, MAX_POS, TsQuery, position, weight},
};

/// Weights of D, C, B and A.
const DEFAULT_WEIGHTS: [f32; 4] = [0.1, 0.2, 0.4, 1.0];

const NORM_LOG_LENGTH: i32 = 1;
const NORM_LENGTH: i32 = 2;
const NORM_EXTENT_DISTANCE: i32 = 4;
const NORM_UNIQUE: i32 = 8;
const NORM_LOG_UNIQUE: i32 = 16;
const NORM_SELF: i32 = 32;

/// How much words that far apart are related.
fn closeness(distance: i32) -> f32 {
    if distance > 100 {
        return 1e-30;
    }
    (1.0 / (1.005 + 0.05 * libm::exp(f64::from(distance as f32) / 1.5 - 2.0))) as f32
}

fn length(v: &[Lexeme]) -> usize {
    v.iter().map(|l| l.positions.len().max(1)).sum()
}

/// The query's words, each once, in order.
fn unique_operands(operands: &[Operand]) -> Vec<&Operand> {
    let mut out: Vec<&Operand> = operands.iter().collect();
    out.sort_by(|a, b| a.word.as_bytes().cmp(b.word.as_bytes()));
    out.dedup_by(|a, b| a.word == b.word);
    out
}

fn rank_and(w: &[f32; 4], v: &[Lexeme], operands: &[Operand]) -> f32 {
    let items = unique_operands(operands);
    if items.len() < 2 {
        return rank_or(w, v, operands);
    }
    // Words without positions stand at the far end.
    let nowhere = [MAX_POS];
    let weight_at = |p: u16| w[usize::from(weight(p))];
    let mut seen: Vec<Option<(&[u16], bool)>> = vec![None; items.len()];
    let mut res = -1.0f32;
    for (i, item) in items.iter().enumerate() {
        for entry in entries(v, item) {
            let unknown = entry.positions.is_empty();
            let own: &[u16] = if unknown { &nowhere } else { &entry.positions };
            seen[i] = Some((own, unknown));
            for (other, other_unknown) in seen[..i].iter().flatten() {
                for p in own {
                    for q in *other {
                        let distance = (i32::from(position(*p)) - i32::from(position(*q))).abs();
                        if distance == 0 && !unknown && !other_unknown {
                            continue;
                        }
                        let distance =
                            if distance == 0 { i32::from(MAX_POS) + 1 } else { distance };
                        let product = weight_at(*p) * weight_at(*q) * closeness(distance);
                        let one = f64::from(product).sqrt() as f32;
                        res = if res < 0.0 {
                            one
                        } else {
                            (1.0 - (1.0 - f64::from(res)) * (1.0 - f64::from(one))) as f32
                        };
                    }
                }
            }
        }
    }
    res
}

fn rank_or(w: &[f32; 4], v: &[Lexeme], operands: &[Operand]) -> f32 {
    let items = unique_operands(operands);
    let mut res = 0.0f32;
    for item in &items {
        for entry in entries(v, item) {
            let nowhere = [0];
            let own: &[u16] = if entry.positions.is_empty() { &nowhere } else { &entry.positions };
            let (mut sum, mut best, mut best_at) = (0.0f32, -1.0f32, 0usize);
            for (j, p) in own.iter().enumerate() {
                let here = w[usize::from(weight(*p))];
                sum += here / ((j + 1) * (j + 1)) as f32;
                if here > best {
                    best = here;
                    best_at = j;
                }
            }
            let value = best + sum - best / ((best_at + 1) * (best_at + 1)) as f32;
            res = (f64::from(res) + f64::from(value) / 1.64493406685) as f32;
        }
    }
    if items.is_empty() { res } else { res / items.len() as f32 }
}

fn rank(w: &[f32; 4], v: &[Lexeme], q: Option<&TsQuery>, method: i32) -> f32 {
    let Some(q) = q.filter(|_| !v.is_empty()) else { return 0.0 };
    let operands = Program::new(q).operands;
    let mut res = match q {
        TsQuery::And(..) | TsQuery::Phrase(..) => rank_and(w, v, &operands),
        _ => rank_or(w, v, &operands),
    };
    if res < 0.0 {
        res = 1e-20;
    }
    let log2 = |n: usize| libm::log((n + 1) as f64) / libm::log(2.0);
    if method & NORM_LOG_LENGTH != 0 {
        res = (f64::from(res) / log2(length(v))) as f32;
    }
    if method & NORM_LENGTH != 0 {
        res /= length(v) as f32;
    }
    if method & NORM_UNIQUE != 0 {
        res /= v.len() as f32;
    }
    if method & NORM_LOG_UNIQUE != 0 {
        res = (f64::from(res) / log2(v.len())) as f32;
    }
    if method & NORM_SELF != 0 {
        res /= res + 1.0;
    }
    res
}

/// One place of the text with the query's words that stand there.
struct Place {
    at: u16,
    operands: Vec<usize>,
}

/// The places of the text where words of the query are, in order.
fn places(v: &[Lexeme], operands: &[Operand]) -> Vec<Place> {
    let mut all: Vec<(u16, u8, usize, usize)> = Vec::new();
    for (n, operand) in operands.iter().enumerate() {
        for entry in entries(v, operand) {
            let id = (entry as *const Lexeme as usize - v.as_ptr() as usize) / size_of::<Lexeme>();
            for p in &entry.positions {
                if operand.weights == 0 || operand.weights & (1 << weight(*p)) != 0 {
                    all.push((position(*p), weight(*p), id, n));
                }
            }
        }
    }
    all.sort_unstable();
    let mut out: Vec<Place> = Vec::new();
    let mut last = None;
    for (at, w, id, operand) in all {
        match out.last_mut() {
            Some(place) if last == Some((at, w, id)) => place.operands.push(operand),
            _ => out.push(Place { at: at | u16::from(w) << 14, operands: vec![operand] }),
        }
        last = Some((at, w, id));
    }
    out
}

/// The words found so far while the text is walked.
struct Found(Vec<Option<VecDeque<i32>>>);

impl Found {
    fn add(&mut self, place: &Place, backwards: bool) {
        let at = i32::from(position(place.at));
        for operand in &place.operands {
            let list = self.0[*operand].get_or_insert_default();
            if backwards {
                if list.front() != Some(&at) {
                    list.push_front(at);
                }
            } else if list.back() != Some(&at) {
                list.push_back(at);
            }
        }
    }
}

impl Document for Found {
    fn find(&self, operand: usize, positions: Option<&mut Positions>) -> Match {
        let Some(list) = &self.0[operand] else { return Match::No };
        if let Some(out) = positions {
            out.at = list.iter().copied().collect();
        }
        Match::Yes
    }
}

/// A part of the text that matches: indexes of its first and last place.
fn cover(
    places: &[Place],
    from: &mut usize,
    program: &Program,
) -> PgResult<Option<(usize, usize)>> {
    let empty = || Found(vec![None; program.operands.len()]);
    loop {
        let mut found = empty();
        let mut last = None;
        for (i, place) in places.iter().enumerate().skip(*from) {
            found.add(place, false);
            if matches(&program.root, &found)? {
                last = Some(i).filter(|_| position(place.at) > 0);
                break;
            }
        }
        let Some(last) = last else { return Ok(None) };
        let mut found = empty();
        let mut first = None;
        for i in (*from..=last).rev() {
            found.add(&places[i], true);
            if matches(&program.root, &found)? {
                first = Some(i);
                break;
            }
        }
        if let Some(first) = first {
            if position(places[first].at) <= position(places[last].at) {
                *from = first + 1;
                return Ok(Some((first, last)));
            }
        }
        *from += 1;
    }
}

fn rank_cd(
    cx: &CallContext<'_>,
    w: &[f32; 4],
    v: &[Lexeme],
    q: Option<&TsQuery>,
    method: i32,
) -> PgResult<f32> {
    let inverse = w.map(|w| 1.0 / f64::from(w));
    let Some(q) = q else { return Ok(0.0) };
    let program = Program::new(q);
    let places = places(v, &program.operands);
    let (mut sum, mut distances, mut previous, mut extents) = (0.0f64, 0.0f64, 0.0f64, 0);
    let mut from = 0;
    while let Some((first, last)) = cover(&places, &mut from, &program)? {
        cx.session.check_interrupts()?;
        let weights: f64 =
            places[first..=last].iter().map(|p| inverse[usize::from(weight(p.at))]).sum();
        let words = last - first;
        let (p, q) = (i32::from(position(places[first].at)), i32::from(position(places[last].at)));
        let density = (words + 1) as f64 / weights;
        let mut noise = (q - p) - words as i32;
        if noise < 0 {
            noise = words as i32 / 2;
        }
        sum += density / f64::from(1 + noise);
        let middle = f64::from(q + p) / 2.0;
        if extents > 0 && middle > previous {
            distances += 1.0 / (middle - previous);
        }
        previous = middle;
        extents += 1;
    }
    if places.is_empty() {
        return Ok(0.0);
    }
    if method & NORM_LOG_LENGTH != 0 {
        sum /= libm::log((length(v) + 1) as f64);
    }
    if method & NORM_LENGTH != 0 {
        sum /= length(v) as f64;
    }
    if method & NORM_EXTENT_DISTANCE != 0 && extents > 0 && distances > 0.0 {
        sum /= f64::from(extents) / distances;
    }
    if method & NORM_UNIQUE != 0 {
        sum /= v.len() as f64;
    }
    if method & NORM_LOG_UNIQUE != 0 {
        sum /= libm::log((v.len() + 1) as f64) / libm::log(2.0);
    }
    if method & NORM_SELF != 0 {
        sum /= sum + 1.0;
    }
    Ok(sum as f32)
}

fn weights(array: &ArrayValue) -> PgResult<[f32; 4]> {
    if array.dims.len() != 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "array of weight must be one-dimensional");
    }
    if array.elems.len() < 4 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "array of weight is too short");
    }
    if array.elems.iter().any(Datum::is_null) {
        bail!(NULL_VALUE_NOT_ALLOWED, "array of weight must not contain nulls");
    }
    let mut out = DEFAULT_WEIGHTS;
    for (slot, elem) in out.iter_mut().zip(&array.elems) {
        let given = elem.as_f32();
        if given >= 0.0 {
            *slot = given;
        }
        if *slot > 1.0 {
            bail!(INVALID_PARAMETER_VALUE, "weight out of range");
        }
    }
    Ok(out)
}

/// `([weights,] tsvector, tsquery [, normalization])`
fn arguments(
    a: &[Datum],
    weighted: bool,
    method: bool,
) -> PgResult<([f32; 4], Vec<Lexeme>, Option<TsQuery>, i32)> {
    let w = if weighted { weights(a[0].as_array())? } else { DEFAULT_WEIGHTS };
    let at = usize::from(weighted);
    let method = if method { a[at + 2].as_i32() } else { 0 };
    Ok((w, lexemes(&a[at]), query(&a[at + 1]), method))
}

/// Registers the family.
pub(super) fn register(r: &mut Registry) {
    macro_rules! ranks {
        ($($rank:literal $cover:literal: $weighted:literal $method:literal;)*) => { $(
            r.scalar($rank, |_cx, a| {
                let (w, v, q, method) = arguments(a, $weighted, $method)?;
                Ok(Datum::Float4(rank(&w, &v, q.as_ref(), method)))
            });
            r.scalar($cover, |cx, a| {
                let (w, v, q, method) = arguments(a, $weighted, $method)?;
                rank_cd(cx, &w, &v, q.as_ref(), method).map(Datum::Float4)
            });
        )* };
    }
    ranks! {
        "ts_rank_tt" "ts_rankcd_tt": false false;
        "ts_rank_ttf" "ts_rankcd_ttf": false true;
        "ts_rank_wtt" "ts_rankcd_wtt": true false;
        "ts_rank_wttf" "ts_rankcd_wttf": true true;
    }
}

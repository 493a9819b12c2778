//! Pattern matching: fixed prefixes and guesses for the rest.
use super::{restrict::*, stats::*, *};
use crate::context::PlanContext;

/// The part of a pattern that every match starts with.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Prefix {
    None,
    Partial(String),
    Exact(String),
}

/// Fixed prefix of a LIKE pattern, and the selectivity of what follows it.
pub fn like_prefix(pattern: &str, case_insensitive: bool) -> (Prefix, f64) {
    let mut prefix = String::new();
    let mut chars = pattern.char_indices();
    let mut rest_at = pattern.len();
    while let Some((i, c)) = chars.next() {
        match c {
            '%' | '_' => {
                rest_at = i;
                break;
            }
            '\\' => match chars.next() {
                Some((_, next)) => prefix.push(next),
                None => break,
            },
            c if case_insensitive && c.is_alphabetic() => {
                rest_at = i;
                break;
            }
            c => prefix.push(c),
        }
    }
    let rest = &pattern[rest_at..];
    let sel = like_rest_selectivity(rest);
    if rest_at == pattern.len() && !case_insensitive {
        return (Prefix::Exact(prefix), sel);
    }
    if prefix.is_empty() { (Prefix::None, sel) } else { (Prefix::Partial(prefix), sel) }
}

const FIXED_CHAR_SEL: f64 = 0.20;
const CHAR_RANGE_SEL: f64 = 0.25;
const ANY_CHAR_SEL: f64 = 0.9;
const FULL_WILDCARD_SEL: f64 = 5.0;
const PARTIAL_WILDCARD_SEL: f64 = 2.0;

fn like_rest_selectivity(rest: &str) -> f64 {
    let mut sel = 1.0;
    let mut chars = rest.chars().skip_while(|c| matches!(c, '%' | '_'));
    while let Some(c) = chars.next() {
        sel *= match c {
            '%' => FULL_WILDCARD_SEL,
            '_' => ANY_CHAR_SEL,
            '\\' => match chars.next() {
                Some(_) => FIXED_CHAR_SEL,
                None => break,
            },
            _ => FIXED_CHAR_SEL,
        };
    }
    f64::min(sel, 1.0)
}

/// Fixed prefix of a regular expression that is anchored at the start.
pub fn regex_prefix(pattern: &str, case_insensitive: bool) -> (Prefix, f64) {
    let sel = regex_selectivity(pattern, case_insensitive);
    let Some(body) = pattern.strip_prefix('^') else { return (Prefix::None, sel) };
    if case_insensitive || body.contains('|') {
        return (Prefix::None, sel);
    }
    // ^(...)$ as SIMILAR TO makes it.
    let (body, wrapped) = match body.strip_prefix("(?:") {
        Some(b) => (b, true),
        None => (body, false),
    };
    let mut prefix = String::new();
    let mut exact = false;
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ')' if wrapped && matches!(chars.peek(), Some('$')) => {
                exact = true;
                break;
            }
            '$' if chars.peek().is_none() => {
                exact = true;
                break;
            }
            '.' | '[' | '(' | ')' | '$' | '^' | '{' | '*' | '+' | '?' => {
                if matches!(c, '*' | '?' | '{') {
                    prefix.pop();
                }
                break;
            }
            '\\' => match chars.next() {
                Some(n) if !n.is_alphanumeric() => prefix.push(n),
                _ => break,
            },
            c => prefix.push(c),
        }
    }
    if exact {
        (Prefix::Exact(prefix), sel)
    } else if prefix.is_empty() {
        (Prefix::None, sel)
    } else {
        (Prefix::Partial(prefix), sel)
    }
}

fn regex_selectivity(pattern: &str, case_insensitive: bool) -> f64 {
    let anchored_end = pattern.ends_with('$') && !pattern.ends_with("\\$");
    let body = pattern.strip_suffix('$').filter(|_| anchored_end).unwrap_or(pattern);
    let mut sel = 1.0;
    let mut chars = body.chars();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        if in_class {
            in_class = c != ']';
            continue;
        }
        sel *= match c {
            '^' => 1.0,
            '.' => ANY_CHAR_SEL,
            '[' => {
                in_class = true;
                CHAR_RANGE_SEL
            }
            '(' | ')' => 1.0,
            '|' => 1.0,
            '*' | '?' | '+' => PARTIAL_WILDCARD_SEL,
            '{' => {
                for n in chars.by_ref() {
                    if n == '}' {
                        break;
                    }
                }
                PARTIAL_WILDCARD_SEL
            }
            '\\' => {
                chars.next();
                FIXED_CHAR_SEL
            }
            _ => FIXED_CHAR_SEL,
        };
    }
    if !anchored_end {
        sel *= FULL_WILDCARD_SEL;
    }
    let _ = case_insensitive;
    f64::min(sel, 1.0)
}

/// Selectivity of a pattern operator.
pub fn pattern_sel(root: &PlannerInfo<'_>, o: &OpExpr, varrelid: i32, estimator: &str) -> f64 {
    let negate = matches!(estimator, "nlikesel" | "icnlikesel" | "regexnesel" | "icregexnesel");
    let default = if negate { 1.0 - DEFAULT_MATCH_SEL } else { DEFAULT_MATCH_SEL };
    let Some(a) = restriction_variable(root, &o.args, varrelid) else { return default };
    if !a.var_on_left {
        return default;
    }
    let Expr::Const(c) = &a.other else { return default };
    if c.value.is_null() {
        return 0.0;
    }
    let Datum::Bytes(b) = &c.value else { return default };
    let Ok(pattern) = std::str::from_utf8(b.as_bytes()) else { return default };
    let insensitive = estimator.starts_with("ic");
    let (prefix, rest_sel) = if estimator == "prefixsel" {
        (Prefix::Partial(pattern.to_owned()), 1.0)
    } else if estimator.contains("regex") {
        regex_prefix(pattern, insensitive)
    } else {
        like_prefix(pattern, insensitive)
    };
    let nullfrac = a.var.nullfrac();
    let value = |s: &str| Datum::text(s);
    let mut s = match &prefix {
        Prefix::Exact(text) => {
            var_eq_const(root, &a.var, Oid(98), &value(text), a.var.typ, true, false)
        }
        _ => {
            let mut s = match &prefix {
                Prefix::Partial(p) => prefix_selectivity(root, &a.var, p, o.inputcollid),
                _ => 1.0,
            };
            s *= rest_sel;
            if let Some(hist) = a.var.slot(2).filter(|h| h.values.len() >= 10) {
                // With enough of a histogram, its own members tell.
                let hits = hist
                    .values
                    .iter()
                    .filter(|v| matches_pattern(root.cx(), o, v, c, a.var.typ))
                    .count() as f64;
                let by_hist = hits / hist.values.len() as f64;
                s = if hist.values.len() >= 100 {
                    by_hist
                } else {
                    let w = hist.values.len() as f64 / 100.0;
                    by_hist * w + s * (1.0 - w)
                };
                s = s.clamp(0.0001, 0.9999);
            }
            let (mut common, mut hit) = (0.0, 0.0);
            if let Some(mcv) = a.var.slot(1) {
                for (v, f) in mcv.values.iter().zip(&mcv.numbers) {
                    common += *f as f64;
                    if matches_pattern(root.cx(), o, v, c, a.var.typ) {
                        hit += *f as f64;
                    }
                }
            }
            s * (1.0 - nullfrac - common) + hit
        }
    };
    if negate {
        s = 1.0 - s - nullfrac;
    }
    clamp_probability(s)
}

/// Whether a value matches, asking the operator itself (its negation for NOT LIKE and `!~`).
fn matches_pattern(cx: &PlanContext<'_>, o: &OpExpr, v: &Datum, c: &Const, typ: Oid) -> bool {
    let name = cx.op_name(o.opno);
    let negated = name.starts_with('!');
    let call = Expr::OpExpr(Box::new(OpExpr {
        args: vec![
            Expr::Const(Const {
                consttype: typ,
                consttypmod: -1,
                constcollid: o.inputcollid,
                value: v.clone(),
                phys: cx.type_phys(typ),
                location: -1,
            }),
            Expr::Const(c.clone()),
        ],
        ..o.clone()
    }));
    match crate::prep::const_fold::eval_const_expressions(cx, call) {
        Ok(Expr::Const(Const { value: Datum::Bool(b), .. })) => b != negated,
        _ => false,
    }
}

fn prefix_selectivity(root: &PlannerInfo<'_>, v: &VarStats, prefix: &str, coll: Oid) -> f64 {
    if v.stats.is_none() {
        return DEFAULT_MATCH_SEL;
    }
    let low = scalarineqsel(root, v, true, true, &Datum::text(prefix), v.typ, coll);
    let mut s = low;
    if let Some(next) = greater_string(prefix) {
        let high = scalarineqsel(root, v, false, false, &Datum::text(&next), v.typ, coll);
        s = high + low - 1.0;
        s += v.nullfrac();
    }
    let eq = var_eq_const(root, v, Oid(98), &Datum::text(prefix), v.typ, true, false);
    s.max(eq).max(0.0001)
}

/// The least string greater than all that start with `prefix`, by code points.
pub fn greater_string(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let mut code = last as u32 + 1;
        while code <= 0x10ffff {
            if let Some(c) = char::from_u32(code) {
                chars.push(c);
                return Some(chars.into_iter().collect());
            }
            code += 1;
        }
    }
    None
}

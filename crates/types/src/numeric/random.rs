//! Numbers drawn between two others, digit by digit as PostgreSQL draws them: a seed gives its sequence.
use super::{Digits, NBASE, Num};

/// Base 10000 digits that one draw covers.
const GROUP: usize = 4;

/// A number from `low` to `high` (not above it), with as many digits after the point as the longer
/// one of the two has. `draw` gives a uniform integer from 0 to its argument.
pub fn random_between(low: &Num, high: &Num, mut draw: impl FnMut(u64) -> u64) -> Num {
    let scale = low.dscale.max(high.dscale);
    let span = high.sub(low);
    if span.is_zero() {
        return low.clone().with_dscale(scale);
    }
    let whole_scale = (scale + 3) / 4;
    let count = usize::try_from(span.weight + 1 + whole_scale).unwrap_or(1).max(1);
    // The last digit shows only some of its four decimal places.
    let unit = 10u64.pow((whole_scale * 4 - scale) as u32);
    let head_len = count.min(GROUP);
    let head = (0..head_len).fold(0u64, |head, i| {
        let digit = span.digits.get(i).copied().unwrap_or(0);
        head * u64::from(NBASE) + u64::from(digit)
    });
    loop {
        let mut digits: Digits = Digits::with_capacity(count);
        let first = match head_len == count && unit != 1 {
            true => draw(head / unit) * unit,
            false => draw(head),
        };
        let mut rest = first;
        for _ in 0..head_len {
            digits.push((rest % u64::from(NBASE)) as u16);
            rest /= u64::from(NBASE);
        }
        digits.reverse();
        push_tail(&mut digits, count, unit, &mut draw);
        let drawn = Num::from_digits(false, span.weight, scale, digits);
        if drawn.compare(&span).is_le() {
            return drawn.add(low).with_dscale(scale);
        }
    }
}

/// Digits below those that the span bounds.
fn push_tail(digits: &mut Digits, count: usize, unit: u64, draw: &mut impl FnMut(u64) -> u64) {
    let base = u64::from(NBASE);
    let whole = count - usize::from(unit != 1);
    while digits.len() + GROUP <= whole {
        let mut group = draw(base.pow(GROUP as u32) - 1);
        for _ in 0..GROUP {
            digits.push((group % base) as u16);
            group /= base;
        }
    }
    while digits.len() < whole {
        digits.push(draw(base - 1) as u16);
    }
    if digits.len() < count {
        digits.push((draw(base / unit - 1) * unit) as u16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Numeric, parse};

    fn num(text: &str) -> Num {
        match parse(text) {
            Ok(Numeric::Finite(v)) => v,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn draws_stay_between_the_bounds() {
        let mut state = 1u64;
        let mut draw = |max: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 1) % max.saturating_add(1).max(1)
        };
        for (low, high) in [("-0.4", "0.4"), ("0", "1e30"), ("1.25", "1.25"), ("-1e30", "3.1")] {
            let (low, high) = (num(low), num(high));
            for _ in 0..50 {
                let v = random_between(&low, &high, &mut draw);
                assert!(v.compare(&low).is_ge() && v.compare(&high).is_le(), "{v}");
                assert_eq!(v.dscale, low.dscale.max(high.dscale));
            }
        }
    }
}

//! Quicksort after Bentley and McIlroy ("Engineering a Sort Function"), which PostgreSQL uses as well:
//! rows that compare equal come out in the order users know from there.
use std::cmp::Ordering;

const INSERTION_MAX: usize = 7;
const NINTHER_MIN: usize = 40;

/// Sorts in place; equal elements may change their order. Input in order costs one pass.
pub(crate) fn quicksort<T: Copy>(
    mut items: &mut [T],
    compare: &mut impl FnMut(&T, &T) -> Ordering,
) {
    loop {
        let n = items.len();
        if n < INSERTION_MAX {
            insertion_sort(items, compare);
            return;
        }
        if items.windows(2).all(|w| compare(&w[0], &w[1]).is_le()) {
            return;
        }
        let pivot = choose_pivot(items, compare);
        items.swap(0, pivot);
        let (less, greater) = partition(items, compare);
        // The shorter part first, so that the stack stays shallow.
        let (left, rest) = items.split_at_mut(less);
        let right_start = rest.len() - greater;
        let right = &mut rest[right_start..];
        let (short, long) = if less <= greater { (left, right) } else { (right, left) };
        quicksort(short, compare);
        items = long;
    }
}

fn insertion_sort<T: Copy>(items: &mut [T], compare: &mut impl FnMut(&T, &T) -> Ordering) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && compare(&items[at - 1], &items[at]).is_gt() {
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

fn median<T: Copy>(
    items: &[T],
    a: usize,
    b: usize,
    c: usize,
    compare: &mut impl FnMut(&T, &T) -> Ordering,
) -> usize {
    let mut order = |x: usize, y: usize| compare(&items[x], &items[y]);
    if order(a, b).is_lt() {
        if order(b, c).is_lt() {
            b
        } else if order(a, c).is_lt() {
            c
        } else {
            a
        }
    } else if order(b, c).is_gt() {
        b
    } else if order(a, c).is_lt() {
        a
    } else {
        c
    }
}

fn choose_pivot<T: Copy>(items: &[T], compare: &mut impl FnMut(&T, &T) -> Ordering) -> usize {
    let n = items.len();
    let (mut low, mut mid, mut high) = (0, n / 2, n - 1);
    if n <= INSERTION_MAX {
        return mid;
    }
    if n > NINTHER_MIN {
        let d = n / 8;
        low = median(items, low, low + d, low + 2 * d, compare);
        mid = median(items, mid - d, mid, mid + d, compare);
        high = median(items, high - 2 * d, high - d, high, compare);
    }
    median(items, low, mid, high, compare)
}

/// Parts the items around the first one; the lengths of what is less (in front) and greater (at the end).
fn partition<T: Copy>(
    items: &mut [T],
    compare: &mut impl FnMut(&T, &T) -> Ordering,
) -> (usize, usize) {
    let n = items.len();
    // Equal items gather at both ends: before `a` and after `d`. `c` and `d` are one past their place.
    let (mut a, mut b, mut c, mut d) = (1, 1, n, n);
    loop {
        while b < c {
            match compare(&items[b], &items[0]) {
                Ordering::Greater => break,
                Ordering::Equal => {
                    items.swap(a, b);
                    a += 1;
                }
                Ordering::Less => {}
            }
            b += 1;
        }
        while b < c {
            match compare(&items[c - 1], &items[0]) {
                Ordering::Less => break,
                Ordering::Equal => {
                    d -= 1;
                    items.swap(c - 1, d);
                }
                Ordering::Greater => {}
            }
            c -= 1;
        }
        if b >= c {
            break;
        }
        items.swap(b, c - 1);
        b += 1;
        c -= 1;
    }
    // The equal ones go to the middle.
    let front = a.min(b - a);
    swap_ranges(items, 0, b - front, front);
    let back = (d - c).min(n - d);
    swap_ranges(items, b, n - back, back);
    (b - a, d - c)
}

fn swap_ranges<T: Copy>(items: &mut [T], x: usize, y: usize, len: usize) {
    for n in 0..len {
        items.swap(x + n, y + n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts() {
        let mut state = 1u64;
        for n in [0, 1, 2, 6, 7, 8, 40, 41, 100, 3000] {
            for spread in [2, 10, 1 << 30] {
                let mut items: Vec<u64> = (0..n)
                    .map(|_| {
                        state = crate::hash::mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
                        state % spread
                    })
                    .collect();
                let mut expected = items.clone();
                expected.sort();
                quicksort(&mut items, &mut |a, b| a.cmp(b));
                assert_eq!(items, expected);
            }
        }
    }
}

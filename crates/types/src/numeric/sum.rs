//! Accumulators of sum, avg, variance and stddev over numeric.
use super::*;

/// A running sum: digits with room for carries, least significant first.
#[derive(Clone, Debug, Default)]
struct Accumulator {
    digits: Vec<i64>,
    low: i32,
    pending: u64,
    dscale: i32,
}

impl Accumulator {
    fn reserve(&mut self, low: i32, high: i32) {
        if self.digits.is_empty() {
            self.low = low;
        }
        if low < self.low {
            let grow = (self.low - low) as usize;
            self.digits.splice(0..0, std::iter::repeat_n(0, grow));
            self.low = low;
        }
        let len = (high - self.low + 1) as usize;
        if self.digits.len() < len {
            self.digits.resize(len, 0);
        }
    }

    fn add(&mut self, s: Stored<'_>, minus: bool) {
        self.dscale = self.dscale.max(s.dscale());
        let n = s.ndigits();
        if n == 0 {
            return;
        }
        self.reserve(s.weight - n as i32 + 1, s.weight);
        let first = (s.weight - self.low) as usize;
        let sign = if s.neg() != minus { -1 } else { 1 };
        for i in 0..n {
            self.digits[first - i] += sign * i64::from(s.digit(i));
        }
        self.pending += 1;
        if self.pending > 1 << 48 {
            self.carry();
        }
    }

    fn add_num(&mut self, n: &Num, minus: bool) {
        self.dscale = self.dscale.max(n.dscale);
        if n.is_zero() {
            return;
        }
        self.reserve(n.low(), n.weight);
        let first = (n.weight - self.low) as usize;
        let sign = if n.neg != minus { -1 } else { 1 };
        for (i, digit) in n.digits.iter().enumerate() {
            self.digits[first - i] += sign * i64::from(*digit);
        }
        self.pending += 1;
        if self.pending > 1 << 48 {
            self.carry();
        }
    }

    fn carry(&mut self) {
        self.pending = 0;
        let mut carry = 0i64;
        for d in &mut self.digits {
            let v = *d + carry;
            *d = v.rem_euclid(10_000);
            carry = v.div_euclid(10_000);
        }
        while carry != 0 && carry != -1 {
            self.digits.push(carry.rem_euclid(10_000));
            carry = carry.div_euclid(10_000);
        }
        if carry == -1 {
            self.digits.push(-1);
        }
    }

    fn total(&self) -> Num {
        // The top digit alone may be negative after `carry`; give the whole number one sign.
        let mut whole = self.clone();
        whole.carry();
        let neg = whole.digits.last().is_some_and(|d| *d < 0);
        if neg {
            whole.digits.iter_mut().for_each(|d| *d = -*d);
            whole.carry();
        }
        let digits: Digits = whole.digits.iter().rev().map(|d| *d as u16).collect();
        let weight = whole.low + whole.digits.len() as i32 - 1;
        Num::from_digits(neg, weight, self.dscale, digits)
    }
}

/// State of the numeric aggregates.
#[derive(Clone, Debug, Default)]
pub struct NumericSum {
    /// Finite inputs.
    pub count: i64,
    /// NaN inputs.
    pub nans: i64,
    /// Infinity inputs.
    pub pos_infs: i64,
    /// -Infinity inputs.
    pub neg_infs: i64,
    sum: Accumulator,
    sum_squares: Option<Accumulator>,
    /// How many inputs had each display scale, for moving aggregates to know the largest left.
    scales: Vec<(i32, i64)>,
}

impl NumericSum {
    /// An empty sum; `squares` if variance or stddev is wanted.
    pub fn new(squares: bool) -> Self {
        NumericSum { sum_squares: squares.then(Accumulator::default), ..Default::default() }
    }

    /// Adds a stored value.
    pub fn add(&mut self, bytes: &[u8]) -> PgResult<()> {
        self.apply(bytes, false)
    }

    /// Takes a stored value out again (moving aggregates).
    pub fn remove(&mut self, bytes: &[u8]) -> PgResult<()> {
        self.apply(bytes, true)
    }

    fn apply(&mut self, bytes: &[u8], minus: bool) -> PgResult<()> {
        let step = if minus { -1 } else { 1 };
        let s = Stored::new(bytes);
        if s.is_special() {
            match s.special() {
                PosInf => self.pos_infs += step,
                NegInf => self.neg_infs += step,
                _ => self.nans += step,
            }
            return Ok(());
        }
        self.count += step;
        match self.scales.iter_mut().find(|(scale, _)| *scale == s.dscale()) {
            Some((_, n)) => *n += step,
            None => self.scales.push((s.dscale(), step)),
        }
        self.sum.add(s, minus);
        if let Some(squares) = &mut self.sum_squares {
            // Squares may exceed what a numeric can store, so they are not encoded.
            if let Finite(v) = Numeric::decode(bytes) {
                squares.add_num(&v.mul(&v), minus);
            }
        }
        Ok(())
    }

    /// Adds another partial sum.
    pub fn combine(&mut self, other: &NumericSum) -> PgResult<()> {
        self.count += other.count;
        self.nans += other.nans;
        self.pos_infs += other.pos_infs;
        self.neg_infs += other.neg_infs;
        for (scale, n) in &other.scales {
            match self.scales.iter_mut().find(|(s, _)| s == scale) {
                Some((_, mine)) => *mine += n,
                None => self.scales.push((*scale, *n)),
            }
        }
        self.sum.add_num(&other.sum.total(), false);
        if let (Some(mine), Some(theirs)) = (&mut self.sum_squares, &other.sum_squares) {
            mine.add_num(&theirs.total(), false);
        }
        Ok(())
    }

    /// Inputs of all kinds.
    pub fn total_count(&self) -> i64 {
        self.count + self.nans + self.pos_infs + self.neg_infs
    }

    fn special(&self) -> Option<Numeric> {
        match (self.nans, self.pos_infs, self.neg_infs) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(PosInf),
            (0, 0, _) => Some(NegInf),
            _ => Some(NaN),
        }
    }

    fn max_scale(&self) -> i32 {
        self.scales.iter().filter(|(_, n)| *n > 0).map(|(s, _)| *s).max().unwrap_or(0)
    }

    fn sum_num(&self) -> Num {
        self.sum.total().with_dscale(self.max_scale())
    }

    /// The sum; `None` without inputs.
    pub fn sum(&self) -> PgResult<Option<Varlena>> {
        if self.total_count() == 0 {
            return Ok(None);
        }
        self.special().unwrap_or_else(|| Finite(self.sum_num())).encode().map(Some)
    }

    /// The average; `None` without inputs.
    pub fn avg(&self) -> PgResult<Option<Varlena>> {
        if self.total_count() == 0 {
            return Ok(None);
        }
        let value = match self.special() {
            Some(special) => special,
            None => div_values(&Finite(self.sum_num()), &Finite(Num::from_i64(self.count)))?,
        };
        value.encode().map(Some)
    }

    /// Variance or standard deviation; `None` with too few inputs.
    pub fn variance(&self, sample: bool, stddev: bool) -> PgResult<Option<Varlena>> {
        let total = self.total_count();
        if total == 0 || sample && total <= 1 {
            return Ok(None);
        }
        if self.special().is_some() {
            return NaN.encode().map(Some);
        }
        let sum = self.sum_num();
        let squares = match &self.sum_squares {
            Some(acc) => acc.total().with_dscale(sum.dscale * 2),
            None => return Err(PgError::internal("variance without sum of squares")),
        };
        variance(self.count, &sum, &squares, sample, stddev)?.encode().map(Some)
    }
}

/// Variance or standard deviation from count, sum and sum of squares.
pub fn variance(n: i64, sum: &Num, squares: &Num, sample: bool, stddev: bool) -> PgResult<Num> {
    let scale = sum.dscale * 2;
    let count = Num::from_i64(n);
    let numerator = count.mul_round(squares, scale).sub(&sum.mul_round(sum, scale));
    if numerator.is_zero() || numerator.neg {
        return Ok(Num::zero());
    }
    let denominator = count.mul(&if sample { Num::from_i64(n - 1) } else { count.clone() });
    let scale = select_div_scale(&numerator, &denominator);
    let variance = numerator.div_scale(&denominator, scale, true);
    if stddev { sqrt_num(&variance, scale) } else { Ok(variance) }
}

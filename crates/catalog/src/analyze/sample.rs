//! A uniform sample of a stream of unknown length.

/// Keeps a uniform sample of at most `size` items (Vitter's algorithm R with skips drawn as in Li's L).
pub struct Reservoir<T> {
    items: Vec<(u64, T)>,
    size: usize,
    seen: u64,
    next: u64,
    weight: f64,
}

impl<T> Reservoir<T> {
    /// An empty sample of up to `size` items.
    pub fn new(size: usize) -> Self {
        Reservoir { items: Vec::new(), size: size.max(1), seen: 0, next: 0, weight: 1.0 }
    }

    /// Whether the next item of the stream is to be put in: others need not be decoded.
    pub fn wants_next(&self) -> bool {
        self.items.len() < self.size || self.seen == self.next
    }

    /// Passes over an item that [`Reservoir::wants_next`] did not want.
    pub fn skip(&mut self) {
        self.seen += 1;
    }

    /// Takes the next item; `random` gives uniform numbers in (0, 1).
    pub fn put(&mut self, item: T, random: &mut dyn FnMut() -> f64) {
        if self.items.len() < self.size {
            self.items.push((self.seen, item));
            if self.items.len() == self.size {
                self.draw_skip(random);
            }
        } else if self.seen == self.next {
            let victim = ((random() * self.size as f64) as usize).min(self.size - 1);
            self.items[victim] = (self.seen, item);
            self.draw_skip(random);
        }
        self.seen += 1;
    }

    fn draw_skip(&mut self, random: &mut dyn FnMut() -> f64) {
        let mut uniform = || random().clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON);
        self.weight *= (uniform().ln() / self.size as f64).exp();
        let gap = (uniform().ln() / (1.0 - self.weight).ln()).floor();
        self.next = self.seen.saturating_add(1).saturating_add(gap.clamp(0.0, 1e18) as u64);
    }

    /// Items of the stream so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The sample in the order of the stream.
    pub fn into_items(mut self) -> Vec<T> {
        self.items.sort_by_key(|(position, _)| *position);
        self.items.into_iter().map(|(_, item)| item).collect()
    }
}

//! The session's random generator (xoroshiro128**), for random() and setseed().

/// 128 bits of state.
pub(crate) struct Random {
    state: [u64; 2],
}

fn splitmix(x: &mut u64) -> u64 {
    *x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *x;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// Seeded from `entropy`.
    pub(crate) fn new(entropy: u64) -> Self {
        let mut x = entropy;
        Random { state: [splitmix(&mut x), splitmix(&mut x)] }
    }

    /// setseed(): the same seed gives the same sequence as PostgreSQL's generator.
    pub(crate) fn seed(&mut self, seed: f64) {
        // The fraction's 52 bits and the sign make the seed.
        let bits = ((((1u64 << 52) - 1) as f64) * seed) as i64 as u64;
        *self = Random::new(bits);
    }

    /// 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        let [s0, s1] = self.state;
        let result = s0.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let mixed = s1 ^ s0;
        self.state = [s0.rotate_left(24) ^ mixed ^ (mixed << 16), mixed.rotate_left(37)];
        result
    }
}

/// Bits that differ from start to start and from caller to caller.
pub(crate) fn entropy() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

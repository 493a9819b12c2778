//! Sets of range table indexes.
use smallvec::SmallVec;
use std::fmt;

/// A set of small positive integers: range table indexes of relations and outer joins.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relids(SmallVec<[u64; 2]>);

impl Relids {
    /// The empty set.
    pub fn new() -> Self {
        Relids(SmallVec::new())
    }

    /// The set of one member.
    pub fn single(member: i32) -> Self {
        let mut set = Relids::new();
        set.add(member);
        set
    }

    /// Adds a member; negative indexes (special varnos) are ignored. 0 stands for the final output.
    pub fn add(&mut self, member: i32) {
        if member < 0 {
            return;
        }
        let (word, bit) = (member as usize / 64, member as usize % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    /// Removes a member.
    pub fn remove(&mut self, member: i32) {
        let (word, bit) = (member as usize / 64, member as usize % 64);
        if member >= 0 && word < self.0.len() {
            self.0[word] &= !(1 << bit);
            self.trim();
        }
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Membership.
    pub fn contains(&self, member: i32) -> bool {
        let (word, bit) = (member as usize / 64, member as usize % 64);
        member >= 0 && self.0.get(word).is_some_and(|w| w & (1 << bit) != 0)
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// The only member.
    pub fn singleton(&self) -> Option<i32> {
        (self.len() == 1).then(|| self.iter().next().unwrap_or(0))
    }

    /// Adds all members of another set.
    pub fn add_all(&mut self, other: &Relids) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
        }
    }

    /// Removes all members of another set.
    pub fn remove_all(&mut self, other: &Relids) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a &= !b;
        }
        self.trim();
    }

    /// Union.
    pub fn union(&self, other: &Relids) -> Relids {
        let mut set = self.clone();
        set.add_all(other);
        set
    }

    /// Intersection.
    pub fn intersect(&self, other: &Relids) -> Relids {
        let mut set = Relids(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect());
        set.trim();
        set
    }

    /// Difference.
    pub fn difference(&self, other: &Relids) -> Relids {
        let mut set = self.clone();
        set.remove_all(other);
        set
    }

    /// Whether every member is in `other`.
    pub fn is_subset(&self, other: &Relids) -> bool {
        self.0.iter().enumerate().all(|(i, w)| w & !other.0.get(i).copied().unwrap_or(0) == 0)
    }

    /// Whether a member is in both.
    pub fn overlaps(&self, other: &Relids) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// Members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let mut rest = *bits;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                Some((word * 64) as i32 + bit as i32)
            })
        })
    }

    /// Members as a list, ascending.
    pub fn to_vec(&self) -> Vec<i32> {
        self.iter().collect()
    }
}

impl FromIterator<i32> for Relids {
    fn from_iter<T: IntoIterator<Item = i32>>(members: T) -> Self {
        let mut set = Relids::new();
        members.into_iter().for_each(|m| set.add(m));
        set
    }
}

impl fmt::Debug for Relids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

//! The worst of many, kept as they come.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// At most so many, ordered by rank, and among equals by when they came.
pub(super) struct Worst<R: Ord, T> {
    most: usize,
    came: usize,
    kept: BTreeMap<(Reverse<R>, usize), T>,
}

impl<R: Ord, T> Worst<R, T> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, came: 0, kept: BTreeMap::new() }
    }

    /// Keeps it unless as many worse ones are known.
    pub(super) fn add(&mut self, rank: R, value: impl FnOnce() -> T) {
        let key = (Reverse(rank), self.came);
        self.came += 1;
        let full = self.kept.len() >= self.most;
        if full && self.kept.last_key_value().is_some_and(|(last, _)| *last <= key) {
            return;
        }
        self.kept.insert(key, value());
        if full {
            self.kept.pop_last();
        }
    }

    /// How many came, the kept ones included.
    pub(super) fn came(&self) -> usize {
        self.came
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_stay_in_order_and_equals_as_they_came() {
        let mut worst = Worst::new(3);
        for (rank, name) in [(1, 'a'), (5, 'b'), (3, 'c'), (5, 'd'), (2, 'e'), (5, 'f')] {
            worst.add(rank, || name);
        }
        assert_eq!(worst.iter().collect::<String>(), "bdf");
        assert_eq!(worst.came(), 6);
    }
}

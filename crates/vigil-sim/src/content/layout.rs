//! How many images each generated repository holds: uneven, and summing exactly to what was asked for.

use std::collections::HashMap;

use super::names;
use crate::noise::Noise;

/// The names and sizes of the generated repositories, shared by all registries of one simulator.
#[derive(Debug)]
pub(crate) struct Layout {
    names: Vec<String>,
    index: HashMap<String, u32>,
    /// `starts[r]..starts[r + 1]` are the images of repository `r`, counted over the whole registry.
    starts: Vec<u64>,
}

impl Layout {
    pub(crate) fn new(seed: Noise, repositories: u32, images: u64) -> Self {
        let names: Vec<String> = (0..repositories).map(|index| names::name(seed, index)).collect();
        let index = names.iter().cloned().zip(0..).collect();
        let weights = (0..repositories).map(|index| weight(seed.word("weight").with(u64::from(index))));
        Self { names, index, starts: starts(weights, images) }
    }

    pub(crate) fn repositories(&self) -> u32 {
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn name(&self, repository: u32) -> Option<&str> {
        self.names.get(repository as usize).map(String::as_str)
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.index.get(name).copied()
    }

    pub(crate) fn images_of(&self, repository: u32) -> u32 {
        let start = |at: usize| self.starts.get(at).copied().unwrap_or(0);
        let repository = repository as usize;
        u32::try_from(start(repository + 1).saturating_sub(start(repository))).unwrap_or(u32::MAX)
    }
}

/// A few repositories are large and most are small: the product of two dice.
fn weight(noise: Noise) -> u64 {
    (1 + noise.with(0).below(100)) * (1 + noise.with(1).below(100))
}

/// Cuts `images` at the cumulative weights. Rounding each cut, not each share, keeps the sum exact.
fn starts(weights: impl Iterator<Item = u64>, images: u64) -> Vec<u64> {
    let mut sums = vec![0_u64];
    for weight in weights {
        sums.push(sums.last().copied().unwrap_or(0) + weight);
    }
    let total = u128::from(sums.last().copied().unwrap_or(0).max(1));
    let cut = |sum: u64| u64::try_from(u128::from(sum) * u128::from(images) / total).unwrap_or(u64::MAX);
    sums.into_iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(repositories: u32, images: u64) {
        let layout = Layout::new(Noise::new(11), repositories, images);
        let counts: Vec<u32> = (0..repositories).map(|r| layout.images_of(r)).collect();
        assert_eq!(counts.iter().map(|n| u64::from(*n)).sum::<u64>(), images);
        if images > u64::from(repositories) * 10 && repositories > 10 {
            assert!(
                counts.iter().max() > counts.iter().min().map(|n| n * 4).as_ref(),
                "too even: {counts:?}"
            );
        }
    }

    #[test]
    fn the_images_sum_to_what_was_asked_for() {
        check(1, 1);
        check(3, 1_000);
        check(40, 40_001);
        check(1_000, 17);
        check(100_000, 1_000_000);
    }

    #[test]
    fn no_repositories_hold_no_images() {
        assert_eq!(Layout::new(Noise::new(1), 0, 10).repositories(), 0);
    }
}

//! Numbers that look random and are a pure function of what they are derived from.
//!
//! Knows nothing about images: every generated property says itself which words and numbers it hangs on, so that
//! the same seed gives the same registry, whatever is asked first.

/// A point in the noise; `with` and `word` lead to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    /// The noise that belongs to `number` here.
    pub(crate) const fn with(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    /// The noise that belongs to `word` here.
    pub(crate) fn word(self, word: &str) -> Self {
        let folded = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.with(folded)
    }

    pub(crate) const fn value(self) -> u64 {
        self.0
    }

    /// A number in `0..bound`; zero when there is nothing to choose from.
    pub(crate) const fn below(self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { ((self.0 as u128 * bound as u128) >> 64) as u64 }
    }

    /// True in `percent` of all cases.
    pub(crate) const fn percent(self, percent: u8) -> bool {
        self.below(100) < percent as u64
    }

    pub(crate) fn pick<T>(self, choices: &[T]) -> Option<&T> {
        choices.get(usize::try_from(self.below(choices.len() as u64)).unwrap_or(0))
    }

    /// 32 bytes that pass for a digest of something that nobody can fetch.
    pub(crate) fn bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (number, chunk) in bytes.chunks_exact_mut(8).enumerate() {
            chunk.copy_from_slice(&self.with(number as u64).0.to_be_bytes());
        }
        bytes
    }
}

/// The finaliser of SplitMix64.
const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_path_gives_the_same_number() {
        let here = || Noise::new(7).word("payments/api").with(3).value();
        assert_eq!(here(), here());
        assert_ne!(here(), Noise::new(8).word("payments/api").with(3).value());
    }

    #[test]
    fn numbers_spread_over_the_whole_range() {
        let hits = (0..10_000).filter(|n| Noise::new(1).with(*n).percent(25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert_eq!(Noise::new(1).below(0), 0);
    }
}

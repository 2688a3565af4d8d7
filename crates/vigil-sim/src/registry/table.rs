//! Finding a generated image by digest or tag: sixteen bytes an image, built when first needed.
//!
//! Holds hashes only. Whoever finds a candidate makes the image again and compares.

/// Hashes in order, each with the number of its image.
#[derive(Debug)]
pub(super) struct Table(Vec<(u64, u32)>);

impl Table {
    pub(super) fn new(mut entries: Vec<(u64, u32)>) -> Self {
        entries.sort_unstable();
        entries.shrink_to_fit();
        Self(entries)
    }

    /// The images that have this hash: one, hardly ever two.
    pub(super) fn candidates(&self, hash: u64) -> impl Iterator<Item = u32> {
        let first = self.0.partition_point(|(other, _)| *other < hash);
        self.0.iter().skip(first).take_while(move |(other, _)| *other == hash).map(|(_, image)| *image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_candidates_of_a_hash_are_found() {
        let table = Table::new(vec![(9, 1), (3, 2), (9, 3)]);
        assert_eq!(table.candidates(9).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(table.candidates(4).count(), 0);
        assert!(size_of::<(u64, u32)>() <= 16);
    }
}

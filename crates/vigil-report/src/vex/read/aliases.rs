//! Which ids name one vulnerability, as far as any statement says so.

use std::collections::BTreeMap;

/// One vulnerability, whichever of its ids is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known(usize);

/// The ids that were joined.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    places: BTreeMap<String, usize>,
    /// For each id another of the same vulnerability, or itself.
    joined: Vec<usize>,
}

impl Aliases {
    /// From now on these are ids of one vulnerability.
    pub(super) fn join(&mut self, ids: &[String]) {
        let mut first = None;
        for id in ids {
            let place = *self.places.entry(id.to_ascii_lowercase()).or_insert_with(|| {
                self.joined.push(self.joined.len());
                self.joined.len() - 1
            });
            let Known(root) = self.root(place);
            let first = *first.get_or_insert(root);
            self.joined[root] = self.root(first).0;
        }
    }

    /// The vulnerability that an id names; `None`: no statement names it.
    pub(super) fn of(&self, id: &str) -> Option<Known> {
        self.places.get(&id.to_ascii_lowercase()).map(|place| self.root(*place))
    }

    fn root(&self, mut place: usize) -> Known {
        while self.joined[place] != place {
            place = self.joined[place];
        }
        Known(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_joined_by_whoever_knows_two_of_them() {
        let mut aliases = Aliases::default();
        for ids in [["CVE-1", "GHSA-1"], ["CVE-2", "GHSA-2"], ["GO-1", "GHSA-1"], ["CVE-3", "CVE-3"]] {
            aliases.join(&ids.map(str::to_owned));
        }
        assert_eq!(aliases.of("CVE-1"), aliases.of("go-1"));
        assert_ne!(aliases.of("CVE-1"), aliases.of("CVE-2"));
        assert_eq!(aliases.of("CVE-2"), aliases.of("GHSA-2"));
        assert!(aliases.of("CVE-3").is_some() && aliases.of("CVE-4").is_none());
    }
}

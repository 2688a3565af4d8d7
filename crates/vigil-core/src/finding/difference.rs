//! What changed between two sets of findings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Finding;

/// The findings that only one of two sets has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// In the second set alone.
    pub appeared: Vec<Finding>,
    /// In the first set alone.
    pub gone: Vec<Finding>,
}

impl Difference {
    /// Whether the two sets hold the same findings.
    pub fn is_empty(&self) -> bool {
        self.appeared.is_empty() && self.gone.is_empty()
    }
}

/// Compares two sets of findings by [`Finding::identity`]; a finding listed twice counts once.
pub fn difference(before: &[Finding], after: &[Finding]) -> Difference {
    Difference { appeared: missing_from(before, after), gone: missing_from(after, before) }
}

fn missing_from(known: &[Finding], candidates: &[Finding]) -> Vec<Finding> {
    let by_identity = |findings: &[Finding]| -> BTreeMap<_, Finding> {
        findings.iter().map(|finding| (finding.identity(), finding.clone())).collect()
    };
    let known = by_identity(known);
    let candidates = by_identity(candidates);
    candidates
        .into_iter()
        .filter(|(identity, _)| !known.contains_key(identity))
        .map(|(_, finding)| finding)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::finding;

    fn set() -> impl Strategy<Value = Vec<Finding>> {
        prop::collection::vec((0u8..12, 0u8..3), 0..20).prop_map(|pairs| {
            pairs
                .into_iter()
                .map(|(id, package)| finding(&format!("CVE-{id}"), "HIGH", &format!("p{package}")))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_difference_inverts(before in set(), after in set()) {
            let there = difference(&before, &after);
            let back = difference(&after, &before);
            prop_assert_eq!(&there.appeared, &back.gone);
            prop_assert_eq!(&there.gone, &back.appeared);
            // Taking what is gone and adding what appeared turns the first set into the second.
            let mut turned: Vec<_> = before.iter().map(Finding::identity).collect();
            turned.retain(|id| there.gone.iter().all(|gone| gone.identity() != *id));
            turned.extend(there.appeared.iter().map(Finding::identity));
            let mut wanted: Vec<_> = after.iter().map(Finding::identity).collect();
            turned.sort(); turned.dedup();
            wanted.sort(); wanted.dedup();
            prop_assert!(turned == wanted);
        }

        #[test]
        fn a_set_does_not_differ_from_itself(set in set()) {
            prop_assert!(difference(&set, &set).is_empty());
        }
    }
}

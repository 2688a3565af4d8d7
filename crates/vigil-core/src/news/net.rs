//! What several changes of a finding along a lineage come to, where they are told together.

use std::collections::BTreeMap;

use super::{Change, ChangeKind};
use crate::lineage::Worse;

/// One change for each finding along a lineage. What came and went in between is left out; if that is all that there is, it
/// stays as it was.
pub(super) fn net(changes: Vec<Change>) -> Vec<Change> {
    let mut along: BTreeMap<_, (ChangeKind, Worse, Change)> = BTreeMap::new();
    let mut in_order: Vec<&Change> = changes.iter().collect();
    in_order.sort_by_key(|change| (change.at, change.id));
    for change in in_order {
        let Change { lineage, subject, finding, kind, .. } = change;
        let package = finding.package.as_ref().map(|package| package.name.clone());
        let finding = (finding.id.clone(), package);
        let key = (subject.registry.clone(), subject.repository.clone(), lineage.clone(), finding);
        let (_, worse, last) =
            along.entry(key).or_insert_with(|| (kind.clone(), Worse::default(), change.clone()));
        *last = change.clone();
        if let ChangeKind::Worsened(more) = kind {
            *worse = worse.clone().and(more.clone());
        }
    }
    let left = along.into_values().filter_map(|(first, worse, last)| {
        let kind = match (first, &last.kind) {
            (ChangeKind::New, ChangeKind::Fixed) | (ChangeKind::Fixed, ChangeKind::New) => return None,
            (ChangeKind::New, _) => ChangeKind::New,
            (ChangeKind::Worsened(_), ChangeKind::New | ChangeKind::Worsened(_)) => {
                ChangeKind::Worsened(worse)
            }
            (_, kind) => kind.clone(),
        };
        Some(Change { kind, ..last })
    });
    let mut left: Vec<Change> = left.collect();
    left.sort_by_key(|change| change.id);
    if left.is_empty() { changes } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::testing::{change, finding, subject};

    /// Changes of one finding, and what they come to.
    #[track_caller]
    fn check(kinds: &[ChangeKind], expected: &[ChangeKind]) {
        let image = subject("team/app", &["v1"], 1);
        let told = |(n, kind): (usize, &ChangeKind)| {
            change(n as i64, kind.clone(), &image, &finding("CVE-1", "HIGH", "zlib"))
        };
        let left = net(kinds.iter().enumerate().map(told).collect());
        let kinds: Vec<ChangeKind> = left.into_iter().map(|change| change.kind).collect();
        assert_eq!(kinds, expected);
    }

    fn severer(before: Severity) -> Worse {
        Worse { severity_before: Some(before), ..Worse::default() }
    }

    #[test]
    fn what_came_and_went_is_left_out_and_what_got_worse_twice_says_both() {
        use ChangeKind::{Fixed, New, Worsened};
        let listed = Worse { became_known_exploited: true, ..Worse::default() };
        let both = Worse { became_known_exploited: true, ..severer(Severity::Low) };
        check(&[New], &[New]);
        check(&[New, Worsened(listed.clone())], &[New]);
        check(&[New, Fixed], &[New, Fixed]);
        check(&[Worsened(listed.clone()), Fixed], &[Fixed]);
        check(&[Worsened(severer(Severity::Low)), Worsened(listed)], &[Worsened(both)]);
        let twice = [Worsened(severer(Severity::Low)), Worsened(severer(Severity::High))];
        check(&twice, &[Worsened(severer(Severity::Low))]);
    }
}

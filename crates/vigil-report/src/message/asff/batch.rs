//! Findings in batches, as Security Hub takes them.

use std::collections::BTreeMap;

use serde::Serialize;
use vigil_core::RegistryId;
use vigil_core::news::{Change, Message};

use super::finding::finding;
use super::shape::AsffFinding;
use crate::message::words::flattened;

/// Findings that are imported with one call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AsffBatch {
    /// The account and the region whose Security Hub is told: those of the images.
    pub hub: RegistryId,
    /// The findings, each id once.
    pub findings: Vec<AsffFinding>,
}

/// Security Hub takes no more at once.
const BATCH: usize = 100;

/// Writes what has changed as findings. Messages that are about no finding have none.
pub fn asff(message: &Message) -> Vec<AsffBatch> {
    let mut by_hub: BTreeMap<RegistryId, Vec<&Change>> = BTreeMap::new();
    for change in changes(message) {
        by_hub.entry(change.subject.registry.clone()).or_default().push(change);
    }
    by_hub.into_iter().flat_map(|(hub, changes)| batches(&hub, changes)).collect()
}

fn batches(hub: &RegistryId, changes: Vec<&Change>) -> Vec<AsffBatch> {
    let mut changes = changes;
    // What was seen last holds: in one message a finding can be new and then fixed.
    changes.sort_by_key(|change| (change.at, change.id));
    let mut places = BTreeMap::new();
    let mut findings: Vec<AsffFinding> = Vec::new();
    for finding in changes.into_iter().map(|change| finding(change, hub)) {
        match places.get(&finding.id) {
            Some(&place) => findings[place] = finding,
            None => {
                places.insert(finding.id.clone(), findings.len());
                findings.push(finding);
            }
        }
    }
    let batch = |findings: &[AsffFinding]| AsffBatch { hub: hub.clone(), findings: findings.to_vec() };
    findings.chunks(BATCH).map(batch).collect()
}

fn changes(message: &Message) -> Vec<&Change> {
    match message {
        Message::Image(news) => news.changes.iter().collect(),
        Message::Vulnerability(news) => news.found.iter().flat_map(|found| &found.changes).collect(),
        Message::Failed(_) | Message::Baseline(_) | Message::Exception(_) => Vec::new(),
        Message::Roundup(news) => flattened(news).into_iter().flat_map(changes).collect(),
    }
}

#[cfg(test)]
mod tests {
    use vigil_core::news::{ChangeKind, ImageNews};
    use vigil_core::testing::{change, finding as found, subject};

    use super::*;
    use crate::message::asff::{RecordState, WorkflowStatus};
    use crate::message::samples;

    #[test]
    fn batches_have_at_most_a_hundred_findings_and_lose_none() {
        let batches = asff(&samples::vulnerability(5_000));
        assert_eq!(batches.len(), 51);
        assert!(batches.iter().all(|batch| batch.findings.len() <= 100));
        assert_eq!(batches.iter().map(|batch| batch.findings.len()).sum::<usize>(), 5_001);
    }

    #[test]
    fn what_is_fixed_is_archived_even_if_it_was_new_before_in_the_same_message() {
        let image = subject("team/app", &["v1"], 1);
        let told = |n, kind| change(n, kind, &image, &found("CVE-1", "HIGH", "zlib"));
        let changes = vec![told(2, ChangeKind::Fixed), told(1, ChangeKind::New)];
        let message = Message::Image(ImageNews { subject: image.clone(), changes, upgrades: Vec::new() });
        let batches = asff(&message);
        let [batch] = batches.as_slice() else { panic!("{batches:?}") };
        let [finding] = batch.findings.as_slice() else { panic!("{batch:?}") };
        assert_eq!(finding.record_state, RecordState::Archived);
        assert_eq!(finding.workflow.status, WorkflowStatus::Resolved);
    }

    #[test]
    fn no_text_is_longer_than_security_hub_takes() {
        for (name, message) in samples::every() {
            let batches = asff(&message);
            for finding in batches.iter().flat_map(|batch| &batch.findings) {
                let longest = [
                    (&finding.id, 512),
                    (&finding.title, 256),
                    (&finding.description, 1024),
                    (&finding.remediation.recommendation.text, 512),
                    (&finding.resources[0].id, 512),
                ];
                for (text, most) in longest {
                    assert!(text.chars().count() <= most && !text.is_empty(), "{name}: {text}");
                }
                let size = serde_json::to_string(finding).unwrap().len();
                assert!(size < 240 * 1024, "{name}: {size}");
            }
        }
    }
}

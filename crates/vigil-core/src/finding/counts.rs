//! How many findings of each severity.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Finding, Severity};

/// A number for each severity that occurs; a severity that does not occur has no entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<Severity, u64>);

impl Counts {
    /// Counts findings by their severity, as ECR does: one that is in several packages counts once.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let group = |finding: &'a Finding| finding.arn.as_ref().map(|arn| (arn, &finding.id));
        Self::grouped(findings.into_iter().map(|finding| (group(finding), &finding.severity)))
    }

    /// Counts what has these severities; of each group only the first, and what is of no group each time.
    pub fn grouped<'a, G: Ord>(found: impl IntoIterator<Item = (Option<G>, &'a Severity)>) -> Self {
        let mut counted = BTreeSet::new();
        let found = found.into_iter().filter_map(|(group, severity)| {
            group.is_none_or(|group| counted.insert(group)).then(|| (severity.clone(), 1))
        });
        found.collect()
    }

    /// The number of findings of one severity.
    pub fn get(&self, severity: &Severity) -> u64 {
        self.0.get(severity).copied().unwrap_or(0)
    }

    /// The severities that occur and their numbers, worst first.
    pub fn iter(&self) -> impl Iterator<Item = (&Severity, u64)> {
        self.0.iter().rev().map(|(severity, count)| (severity, *count))
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All findings together.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Adds the other's numbers to these.
    pub fn add(&mut self, other: &Self) {
        for (severity, count) in &other.0 {
            *self.0.entry(severity.clone()).or_default() += count;
        }
    }

    /// These numbers less the other's, never below zero.
    pub fn less(&self, other: &Self) -> Self {
        self.0
            .iter()
            .map(|(severity, count)| (severity.clone(), count.saturating_sub(other.get(severity))))
            .collect()
    }
}

impl FromIterator<(Severity, u64)> for Counts {
    fn from_iter<I: IntoIterator<Item = (Severity, u64)>>(pairs: I) -> Self {
        let mut counts = BTreeMap::new();
        for (severity, count) in pairs.into_iter().filter(|(_, count)| *count > 0) {
            *counts.entry(severity).or_default() += count;
        }
        Self(counts)
    }
}

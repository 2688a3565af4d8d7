//! The scanning configuration of a registry, and what it means for one repository.

use serde::{Deserialize, Serialize};

/// Basic or enhanced scanning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanType {
    /// Scans are started by a push or by StartImageScan.
    Basic,
    /// Amazon Inspector scans on its own; StartImageScan is refused.
    Enhanced,
}

/// When images of a repository are scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Frequency {
    ScanOnPush,
    ContinuousScan,
    Manual,
}

/// One rule: repositories that match any of the filters are scanned at this frequency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanRule {
    /// `SCAN_ON_PUSH`, `CONTINUOUS_SCAN` or `MANUAL`.
    pub(crate) frequency: Frequency,
    /// Names or globs as ECR understands them: without `*`, any name that contains the text.
    pub(crate) filters: Vec<String>,
}

impl ScanRule {
    /// Scans when an image is pushed.
    #[must_use]
    pub fn on_push(filters: &[&str]) -> Self {
        Self::new(Frequency::ScanOnPush, filters)
    }

    /// Scans continuously; enhanced scanning only.
    #[must_use]
    pub fn continuous(filters: &[&str]) -> Self {
        Self::new(Frequency::ContinuousScan, filters)
    }

    fn new(frequency: Frequency, filters: &[&str]) -> Self {
        Self { frequency, filters: filters.iter().map(|filter| (*filter).to_owned()).collect() }
    }
}

/// The scanning configuration of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanning {
    /// Basic or enhanced.
    pub scan_type: ScanType,
    /// The rules. Their order does not matter: continuous wins over on-push.
    #[serde(default)]
    pub rules: Vec<ScanRule>,
    /// Enhanced scanning gives up images pushed more than so many days ago; without, it never does.
    #[serde(default)]
    pub eligible_days: Option<u32>,
}

impl Scanning {
    /// Basic scanning, started by hand only.
    #[must_use]
    pub fn basic() -> Self {
        Self { scan_type: ScanType::Basic, rules: Vec::new(), eligible_days: None }
    }

    /// Enhanced scanning, continuous for the repositories that match.
    #[must_use]
    pub fn enhanced(filters: &[&str]) -> Self {
        Self {
            scan_type: ScanType::Enhanced,
            rules: vec![ScanRule::continuous(filters)],
            eligible_days: None,
        }
    }

    /// The frequency for this repository, and the filters that led to it.
    ///
    /// A repository that no rule names is MANUAL; under enhanced scanning that means it is not scanned at all.
    /// The flag of the repository itself counts only where the registry has no rules.
    pub(crate) fn frequency(&self, repository: &str, scan_on_push: bool) -> (Frequency, Vec<&str>) {
        for frequency in [Frequency::ContinuousScan, Frequency::ScanOnPush] {
            let rules = self.rules.iter().filter(|rule| rule.frequency == frequency);
            let filters: Vec<&str> = rules
                .flat_map(|rule| &rule.filters)
                .map(String::as_str)
                .filter(|filter| matches(filter, repository))
                .collect();
            if !filters.is_empty() {
                return (frequency, filters);
            }
        }
        if self.rules.is_empty() && scan_on_push && self.scan_type == ScanType::Basic {
            return (Frequency::ScanOnPush, Vec::new());
        }
        (Frequency::Manual, Vec::new())
    }
}

/// Without `*` a filter matches any name that contains it; with `*` it must match the whole name.
fn matches(filter: &str, name: &str) -> bool {
    let mut parts = filter.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(last) = parts.next_back() else { return name.contains(first) };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_as_the_user_guide_says() {
        for (filter, name, expected) in [
            ("prod", "repo-prod-repo", true),
            ("prod*", "prodrepo", true),
            ("prod*", "repo-prod", false),
            ("*prod", "repo-prod", true),
            ("*prod", "prodrepo", false),
            ("*", "anything/at-all", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("prod*prod", "prod", false),
        ] {
            assert_eq!(matches(filter, name), expected, "{filter} on {name}");
        }
    }

    #[test]
    fn continuous_wins_and_the_rest_is_manual() {
        let mut scanning = Scanning::enhanced(&["payments/*"]);
        scanning.rules.push(ScanRule::on_push(&["*api"]));
        assert_eq!(scanning.frequency("payments/api", false).0, Frequency::ContinuousScan);
        assert_eq!(scanning.frequency("data/api", false).0, Frequency::ScanOnPush);
        assert_eq!(scanning.frequency("data/etl", true).0, Frequency::Manual);
        assert_eq!(Scanning::basic().frequency("data/etl", true).0, Frequency::ScanOnPush);
    }
}

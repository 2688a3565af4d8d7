//! Faults on purpose: which calls are spoilt, and how.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::locks::lock;
use crate::registry::RegistryId;

/// A rule that spoils the calls it matches. As JSON every member but `action` may be missing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Only calls of this operation.
    #[serde(default)]
    pub operation: Option<String>,
    /// Only calls to the registry of this account.
    #[serde(default)]
    pub account: Option<String>,
    /// Only calls to a registry in this region.
    #[serde(default)]
    pub region: Option<String>,
    /// Only calls about this repository.
    #[serde(default)]
    pub repository: Option<String>,
    /// Only calls about this image digest (or tag).
    #[serde(default)]
    pub image: Option<String>,
    /// Matching calls that pass before the first is spoilt.
    #[serde(default)]
    pub skip: u64,
    /// How many calls are spoilt; without, there is no end.
    #[serde(default)]
    pub times: Option<u64>,
    /// Only every k-th matching call is spoilt; without, every one.
    #[serde(default)]
    pub every: Option<u64>,
    /// What happens to a spoilt call.
    pub action: FaultAction,
}

/// What happens to a spoilt call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultAction {
    /// `AccessDeniedException`, naming the action and the resource.
    AccessDenied,
    /// `ThrottlingException`, "Rate exceeded".
    Throttle,
    /// HTTP 500 `ServerException`.
    ServerError,
    /// HTTP 503 `ServiceUnavailable`, with a body that is no JSON.
    Unavailable,
    /// Any error at all.
    Error(FaultError),
    /// The connection is closed without an answer; the operation does not happen.
    Drop,
    /// The operation happens; half of the answer arrives before the connection is closed.
    Truncate,
    /// The operation happens after so many milliseconds of real time.
    LatencyMs(u64),
    /// The operation happens when the rule is removed, and not before.
    Hold,
}

/// An error to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultError {
    /// The code, such as `ExpiredTokenException`.
    pub code: String,
    /// The message.
    #[serde(default)]
    pub message: String,
    /// The HTTP status; 400 when absent.
    #[serde(default = "bad_request")]
    pub status: u16,
}

fn bad_request() -> u16 {
    400
}

/// Names a rule, to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

impl FaultRule {
    /// A rule for all calls of `operation`.
    #[must_use]
    pub fn on(operation: &str, action: FaultAction) -> Self {
        Self { operation: Some(operation.to_owned()), ..Self::always(action) }
    }

    /// A rule for all calls.
    #[must_use]
    pub fn always(action: FaultAction) -> Self {
        Self {
            operation: None,
            account: None,
            region: None,
            repository: None,
            image: None,
            skip: 0,
            times: None,
            every: None,
            action,
        }
    }

    /// Narrows the rule to one repository.
    #[must_use]
    pub fn repository(self, name: &str) -> Self {
        Self { repository: Some(name.to_owned()), ..self }
    }

    /// Narrows the rule to one image, by digest or tag.
    #[must_use]
    pub fn image(self, image: &str) -> Self {
        Self { image: Some(image.to_owned()), ..self }
    }

    /// Spoils only the first `times` matching calls.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Spoils only every `every`-th matching call.
    #[must_use]
    pub fn every(self, every: u64) -> Self {
        Self { every: Some(every), ..self }
    }

    /// Lets `skip` matching calls pass first.
    #[must_use]
    pub fn skip(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    fn matches(&self, aim: &Aim<'_>) -> bool {
        let is =
            |wanted: &Option<String>, actual: &str| wanted.as_deref().is_none_or(|wanted| wanted == actual);
        let among = |wanted: &Option<String>, actual: &[String]| {
            wanted.as_ref().is_none_or(|wanted| actual.contains(wanted))
        };
        is(&self.operation, aim.operation)
            && is(&self.account, &aim.registry.account)
            && is(&self.region, &aim.registry.region)
            && among(&self.repository, &aim.repositories)
            && among(&self.image, &aim.images)
    }
}

/// What a call is about, as far as fault rules ask.
#[derive(Debug)]
pub(crate) struct Aim<'a> {
    pub(crate) operation: &'a str,
    pub(crate) registry: &'a RegistryId,
    pub(crate) repositories: Vec<String>,
    pub(crate) images: Vec<String>,
}

/// The rules, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Mutex<Rules>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Rules {
    last_id: u64,
    active: Vec<ActiveRule>,
}

#[derive(Debug)]
struct ActiveRule {
    id: FaultId,
    rule: FaultRule,
    matched: u64,
    spoilt: u64,
}

/// A rule that applies to a call.
#[derive(Debug, Clone)]
pub(crate) struct Spoiling {
    pub(crate) id: FaultId,
    pub(crate) action: FaultAction,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self { rules: Mutex::default(), changes: watch::Sender::new(0) }
    }

    pub(crate) fn add(&self, rule: FaultRule) -> FaultId {
        let mut rules = lock(&self.rules);
        rules.last_id += 1;
        let id = FaultId(rules.last_id);
        rules.active.push(ActiveRule { id, rule, matched: 0, spoilt: 0 });
        id
    }

    /// Whether there was such a rule.
    pub(crate) fn remove(&self, id: FaultId) -> bool {
        let there = lock(&self.rules).active.extract_if(.., |rule| rule.id == id).count() > 0;
        self.changes.send_modify(|number| *number += 1);
        there
    }

    pub(crate) fn clear(&self) {
        lock(&self.rules).active.clear();
        self.changes.send_modify(|number| *number += 1);
    }

    pub(crate) fn list(&self) -> Vec<(FaultId, FaultRule)> {
        lock(&self.rules).active.iter().map(|active| (active.id, active.rule.clone())).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.rules).active.is_empty()
    }

    /// All rules that spoil this call: delays before the first other one, and that one.
    pub(crate) fn spoil(&self, aim: &Aim<'_>) -> Vec<Spoiling> {
        let mut spoilings = Vec::new();
        for active in &mut lock(&self.rules).active {
            if !active.rule.matches(aim) || !active.takes() {
                continue;
            }
            spoilings.push(Spoiling { id: active.id, action: active.rule.action.clone() });
            if !matches!(active.rule.action, FaultAction::LatencyMs(_) | FaultAction::Hold) {
                break;
            }
        }
        spoilings
    }

    /// Returns once the rule is gone.
    pub(crate) async fn when_removed(&self, id: FaultId) {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let present = lock(&self.rules).active.iter().any(|rule| rule.id == id);
            if !present || changes.changed().await.is_err() {
                return;
            }
        }
    }
}

impl ActiveRule {
    /// Counts a matching call and says whether it is to be spoilt.
    fn takes(&mut self) -> bool {
        self.matched += 1;
        let Some(number) = self.matched.checked_sub(self.rule.skip.saturating_add(1)) else { return false };
        let due = self.rule.every.is_none_or(|every| (number + 1).is_multiple_of(every.max(1)));
        let takes = due && self.rule.times.is_none_or(|times| self.spoilt < times);
        self.spoilt += u64::from(takes);
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: FaultRule, expected: &str) {
        let faults = Faults::new();
        faults.add(rule);
        let registry = RegistryId { account: "123456789012".into(), region: "us-east-1".into() };
        let aim = Aim {
            operation: "ListImages",
            registry: &registry,
            repositories: vec!["payments/api".into()],
            images: vec![],
        };
        let spoilt: String =
            (0..expected.len()).map(|_| if faults.spoil(&aim).is_empty() { '.' } else { 'x' }).collect();
        assert_eq!(spoilt, expected);
    }

    #[test]
    fn rules_spoil_the_calls_they_say() {
        let rule = || FaultRule::on("ListImages", FaultAction::Throttle);
        check(rule(), "xxxxx");
        check(rule().times(2), "xx...");
        check(rule().every(3), "..x..x");
        check(rule().skip(2).times(1), "..x..");
        check(rule().repository("payments/api"), "xx");
        check(rule().repository("payments/web"), "..");
        check(FaultRule::on("DescribeImages", FaultAction::Drop), "..");
        check(FaultRule::always(FaultAction::Drop), "xx");
    }

    #[test]
    fn rules_read_as_json() {
        let rule: FaultRule =
            serde_json::from_str(r#"{"operation":"StartImageScan","times":3,"action":{"latency-ms":50}}"#)
                .unwrap();
        assert_eq!(rule.action, FaultAction::LatencyMs(50));
        assert!(serde_json::from_str::<FaultRule>(r#"{"action":"access-denied"}"#).is_ok());
    }
}

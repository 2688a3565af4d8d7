//! What can be read but not obeyed: a control that nothing would follow from, or something else than was asked for.

use jiff::{SignedDuration, Timestamp};

use super::refused::Refused;
use super::requests::LimitChange;
use crate::config::ScanBehaviour;
use crate::form::Form;
use crate::operation::OPERATIONS;
use crate::sts::ACTIONS;
use crate::traffic::{FaultAction, FaultId, FaultRule, RateLimit};
use crate::wire;

/// Every field of a query means something: a misspelt `id` would remove all rules.
pub(super) fn query(method: &str, path: &str, query: &Form) -> Result<(), Refused> {
    let taken: &[&str] = match (method, path) {
        ("GET", "wait") => &["operation", "calls"],
        ("GET", "repositories") => &["account", "region"],
        ("GET", "images") => &["repository", "account", "region"],
        ("DELETE", "faults") => &["id"],
        ("DELETE", "repositories") => &["name", "account", "region"],
        ("DELETE", "images") => &["repository", "digest", "account", "region"],
        ("GET", "calls" | "clock" | "faults" | "scans") | ("POST", _) => &[],
        // There is no such control.
        _ => return Ok(()),
    };
    match (query.names().find(|name| !taken.contains(name)), taken) {
        (None, _) => Ok(()),
        (Some(name), []) => Err(Refused::should_be("query", name, "left out")),
        (Some(name), taken) => {
            Err(Refused::should_be("query", name, format_args!("one of {}", taken.join(", "))))
        }
    }
}

/// How far to move the clock, if it has a name for the time when it gets there.
pub(super) fn advance(from: Timestamp, seconds: f64) -> Result<SignedDuration, Refused> {
    let by = SignedDuration::try_from_secs_f64(seconds).ok();
    by.filter(|by| from.checked_add(*by).is_ok()).ok_or_else(|| {
        Refused::should_be("advance_seconds", seconds, "a number that leads to a year from -9999 to 9999")
    })
}

/// An operation that the simulator serves; no call of any other ever counts.
pub(super) fn operation(name: &str) -> Result<(), Refused> {
    let served = || OPERATIONS.into_iter().chain(ACTIONS);
    if served().any(|operation| operation == name) {
        return Ok(());
    }
    let served: Vec<&str> = served().collect();
    Err(Refused::should_be("operation", name, format_args!("one of {}", served.join(", "))))
}

/// An account whose requests could arrive.
pub(super) fn account(id: &str) -> Result<(), Refused> {
    wire::account(id).map_err(|_| Refused::should_be("account", id, "twelve digits"))
}

/// The limit that is asked for; `None` lifts it.
pub(super) fn limit(change: &LimitChange) -> Result<Option<RateLimit>, Refused> {
    operation(&change.operation)?;
    let Some(rate) = change.rate else {
        return match change.burst {
            None => Ok(None),
            Some(burst) => Err(Refused::should_be("burst", burst, "given together with a rate")),
        };
    };
    if !(rate.is_finite() && rate > 0.0) {
        return Err(Refused::should_be("rate", rate, "a number above 0, or left out for no limit"));
    }
    // A request takes a whole token: a bucket that never holds one lets none pass.
    let burst = change.burst.unwrap_or(rate.max(1.0));
    if !(burst.is_finite() && burst >= 1.0) {
        return Err(Refused::should_be("burst", burst, "a number of 1 or more"));
    }
    Ok(Some(RateLimit { rate, burst }))
}

/// Scans that take some time between the shortest and the longest.
pub(super) fn scans(behaviour: ScanBehaviour) -> Result<ScanBehaviour, Refused> {
    let ScanBehaviour { min_seconds: shortest, max_seconds: longest, .. } = behaviour;
    if !(longest.is_finite() && longest >= 0.0) {
        return Err(Refused::should_be("max_seconds", longest, "a number of 0 or more"));
    }
    if !(0.0..=longest).contains(&shortest) {
        let accepted = format_args!("a number from 0 to max_seconds, which is {longest}");
        return Err(Refused::should_be("min_seconds", shortest, accepted));
    }
    Ok(behaviour)
}

/// A rule that some call could match, with an action that can be done.
pub(super) fn fault(rule: FaultRule) -> Result<FaultRule, Refused> {
    rule.operation.as_deref().map_or(Ok(()), operation)?;
    rule.account.as_deref().map_or(Ok(()), account)?;
    if rule.every == Some(0) {
        return Err(Refused::should_be("every", 0, "a number of 1 or more"));
    }
    match &rule.action {
        // Anything below ends no request, and HTTP has nothing above.
        FaultAction::Error(error) if !(200..=999).contains(&error.status) => {
            Err(Refused::should_be("status", error.status, "a number from 200 to 999"))
        }
        _ => Ok(rule),
    }
}

/// The refusal of a rule that is not there.
pub(super) fn no_such_fault(id: FaultId, rules: &[(FaultId, FaultRule)]) -> Refused {
    let ids: Vec<String> = rules.iter().map(|(FaultId(id), _)| id.to_string()).collect();
    match ids.as_slice() {
        [] => Refused::should_be("id", id.0, "that of a rule, of which there are none"),
        ids => Refused::should_be("id", id.0, format_args!("that of a rule: {}", ids.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_bucket_that_fills() {
        let limit = |rate, burst| limit(&LimitChange { operation: "ListImages".to_owned(), rate, burst });
        assert_eq!(limit(Some(0.5), None), Ok(Some(RateLimit { rate: 0.5, burst: 1.0 })));
        assert_eq!(limit(Some(0.5), Some(7.0)), Ok(Some(RateLimit { rate: 0.5, burst: 7.0 })));
        assert_eq!(limit(None, None), Ok(None));
        for number in [0.0, -5.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(limit(Some(number), None).is_err(), "rate {number}");
            assert!(limit(Some(1.0), Some(number)).is_err(), "burst {number}");
        }
        assert!(limit(Some(1.0), Some(0.9)).is_err() && limit(None, Some(1.0)).is_err());
    }

    #[test]
    fn scans_take_from_the_shortest_to_the_longest_time() {
        let scans = |min_seconds, max_seconds| {
            scans(ScanBehaviour { min_seconds, max_seconds, ..ScanBehaviour::default() })
        };
        for (shortest, longest) in [(0.0, 0.0), (8.0, 8.0), (0.01, 40.0)] {
            assert!(scans(shortest, longest).is_ok(), "{shortest} to {longest}");
        }
        for (shortest, longest) in
            [(9.0, 1.0), (-1.0, 1.0), (-2.0, -1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)]
        {
            assert!(scans(shortest, longest).is_err(), "{shortest} to {longest}");
        }
    }
}

//! Gauges of coverage and freshness, registry by registry, and of the store.

use vigil_core::Severity;

use super::catalogue as families;
use super::exposition::{Exposition, Value};
use super::family::Family;
use super::gathered::{Gathered, RegistryState};

/// Writes how far each registry is covered.
pub(super) fn write_coverage(to: &mut Exposition, gathered: &Gathered) {
    let mut each = |family, value: fn(&RegistryState) -> Option<Value>| put(to, family, gathered, value);
    each(&families::IMAGES_SCANNABLE, |state| Some(state.coverage.scannable.into()));
    each(&families::IMAGES_COVERED, |state| Some(state.coverage.covered.into()));
    each(&families::COVERAGE_RATIO, |state| {
        (state.coverage.scannable > 0)
            .then(|| (state.coverage.covered as f64 / state.coverage.scannable as f64).into())
    });
    each(&families::IMAGES_NEVER_SCANNED, |state| Some(state.coverage.never_scanned.into()));
    each(&families::OLDEST_SCAN, |state| state.coverage.oldest_scan.map(Value::from));
    to.family(&families::IMAGES_UNSCANNABLE, |samples| {
        for state in &gathered.registries {
            let [registry, region] = place(state);
            for (reason, count) in &state.coverage.unscannable {
                samples.put(&[registry, region, reason], *count);
            }
        }
    });
    let mut each = |family, value: fn(&RegistryState) -> Option<Value>| put(to, family, gathered, value);
    each(&families::DAILY_SCANS_USED, |state| Some(state.scans_used.into()));
    each(&families::DAILY_SCANS_BUDGET, |state| Some(state.scans_budget.into()));
    to.family(&families::FINDINGS_OPEN, |samples| {
        for state in &gathered.registries {
            let [registry, region] = place(state);
            let known = Severity::KNOWN;
            let others =
                state.open.iter().map(|(severity, _)| severity).filter(|other| !known.contains(other));
            for severity in known.iter().chain(others) {
                let word = severity.as_str().to_ascii_lowercase();
                samples.put(&[registry, region, &word], state.open.get(severity));
            }
        }
    });
}

fn put(
    to: &mut Exposition,
    family: &'static Family,
    gathered: &Gathered,
    value: fn(&RegistryState) -> Option<Value>,
) {
    to.family(family, |samples| {
        for state in &gathered.registries {
            value(state).into_iter().for_each(|value| samples.put(&place(state), value));
        }
    });
}

fn place(state: &RegistryState) -> [&str; 2] {
    [state.registry.account.as_str(), state.registry.region.as_str()]
}

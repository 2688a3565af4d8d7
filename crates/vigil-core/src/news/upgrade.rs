//! Which package upgrades remove how many findings.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::finding::{Counts, Finding, Package};

/// A package, and the version that takes all of its findings away that can be taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    /// The package.
    pub package: Arc<str>,
    /// The installed version, where the scanner says.
    pub from: Option<Arc<str>>,
    /// The version to take.
    pub to: Arc<str>,
    /// The findings that are gone with it.
    pub removes: Counts,
}

/// The upgrades that remove findings, those first that remove the most severe ones and most of them.
pub fn upgrades<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Upgrade> {
    let mut by_package: BTreeMap<_, (Arc<str>, Vec<&Finding>)> = BTreeMap::new();
    for finding in findings {
        let Some(Package { name, version, fixed_in: Some(fixed_in), .. }) = &finding.package else {
            continue;
        };
        let known = by_package.entry((name.clone(), version.clone()));
        let (to, fixed) = known.or_insert_with(|| (fixed_in.clone(), Vec::new()));
        if natural(fixed_in) > natural(to) {
            *to = fixed_in.clone();
        }
        fixed.push(finding);
    }
    let mut upgrades: Vec<Upgrade> = (by_package.into_iter())
        .map(|((package, from), (to, fixed))| Upgrade { package, from, to, removes: Counts::of(fixed) })
        .collect();
    // Counts are compared worst first: one CRITICAL weighs more than any number of HIGH.
    upgrades.sort_by_cached_key(|upgrade| {
        let removes: Vec<_> = upgrade.removes.iter().map(|(severity, n)| (severity.clone(), n)).collect();
        (Reverse(removes), upgrade.package.clone())
    });
    upgrades
}

/// A version as people compare two of one package: numbers by value, all else letter by letter. Each ecosystem has rules
/// of its own; where they differ from this, a message names one fixed version instead of another.
fn natural(version: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = version;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let words = after.len() - after.trim_start_matches(|c: char| !c.is_ascii_digit()).len();
        let (word, after) = after.split_at(words);
        parts.push((number.parse().unwrap_or(0), word.to_owned()));
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::finding;

    fn fixable(id: &str, severity: &str, package: &str, fixed_in: &str) -> Finding {
        let mut finding = finding(id, severity, package);
        if let Some(package) = &mut finding.package {
            package.fixed_in = Some(fixed_in.into());
        }
        finding
    }

    #[track_caller]
    fn check(findings: &[Finding], expected: &[&str]) {
        let told = upgrades(findings).into_iter().map(|upgrade| {
            let removes: Vec<_> = upgrade.removes.iter().map(|(s, n)| format!("{n} {s}")).collect();
            format!("{} {} → {}: {}", upgrade.package, upgrade.from.unwrap(), upgrade.to, removes.join(", "))
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_removes_the_worst_comes_first_and_the_newest_fix_is_taken() {
        check(
            &[
                fixable("CVE-1", "HIGH", "curl", "7.9"),
                fixable("CVE-2", "HIGH", "curl", "7.10"),
                fixable("CVE-3", "CRITICAL", "openssl", "3.0.2-0ubuntu1.15"),
                finding("CVE-4", "CRITICAL", "glibc"),
            ],
            &["openssl 1.0 → 3.0.2-0ubuntu1.15: 1 CRITICAL", "curl 1.0 → 7.10: 2 HIGH"],
        );
    }
}

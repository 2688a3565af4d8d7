//! A finding of an image, or an image that has a finding: a title and what is known of it, line by line.

use serde::Serialize;
use vigil_core::news::{Change, Subject};
use vigil_core::{Finding, Package, Score};

use super::cut::{Limits, cut, listed, word};
use super::outline::{Fact, fact, owner_and_place, reason};
use super::words::name;
use crate::line::plain;
use crate::link::web_address;
use crate::threat;

/// One line of a list, with what is known of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    /// How bad it is, in a finding.
    pub(super) severity: Option<String>,
    /// The vulnerability, or the image.
    pub(super) title: String,
    /// Where to read more.
    pub(super) url: Option<String>,
    /// What is to be seen first: that it is exploited, and why it is told.
    pub(super) marks: Vec<String>,
    /// What is known of it.
    pub(super) facts: Vec<Fact>,
}

const KNOWN_EXPLOITED: &str = "known to be exploited";
const LISTED: &str = "Known exploited";
const EPSS: &str = "EPSS";
const EXPLOIT_AVAILABLE: &str = "exploit available";

impl Entry {
    /// What has changed in an image.
    pub(super) fn of_finding(change: &Change, limits: Limits) -> Self {
        let finding = &change.finding;
        let exploited = [
            (finding.threat.known_exploited.is_some(), KNOWN_EXPLOITED),
            (finding.exploit_known == Some(true), EXPLOIT_AVAILABLE),
        ];
        let exploited = exploited.into_iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark.to_owned());
        let mut facts = package(finding.package.as_ref());
        facts.extend(score(finding));
        facts.extend(threat::listed(finding).map(|listed| fact(LISTED, listed)));
        facts.extend(threat::likely(finding).map(|likely| fact(EPSS, likely)));
        let description = finding.description.as_deref().map(|text| cut(&plain(text), limits.prose));
        facts.extend(description.filter(|text| !text.is_empty()).map(|text| fact("Description", text)));
        Self {
            severity: Some(cut(&word(finding.severity.as_str()), 40)),
            title: word(&finding.id),
            url: finding.links.iter().find_map(|link| address(link)),
            marks: exploited.chain(reason(change)).collect(),
            facts,
        }
    }

    /// An image in which a vulnerability has changed.
    pub(super) fn of_image<'a>(
        subject: &Subject,
        changes: impl Iterator<Item = &'a Change>,
        limits: Limits,
    ) -> Self {
        let changes: Vec<&Change> = changes.collect();
        let packages: Vec<String> =
            changes.iter().filter_map(|change| change.finding.package.as_ref()).map(versioned).collect();
        let mut facts = owner_and_place(subject, limits);
        facts.push(fact("Registry", subject.registry.to_string()));
        if !packages.is_empty() {
            facts.push(fact("Package", listed(&packages, limits.names)));
        }
        Self {
            severity: None,
            title: name(subject),
            url: subject.registry.console_url(&subject.repository, &subject.digest),
            marks: changes.first().and_then(|change| reason(change)).into_iter().collect(),
            facts,
        }
    }

    /// What is known of a finding wherever it is found.
    pub(super) fn about_vulnerability(&self) -> Vec<Fact> {
        let exploited = self.marks.iter().any(|mark| mark == EXPLOIT_AVAILABLE);
        let exploited = exploited.then(|| fact("Exploit", "available"));
        let everywhere = |fact: &&Fact| {
            fact.label.starts_with("CVSS") || [LISTED, EPSS, "Description"].contains(&fact.label.as_str())
        };
        exploited.into_iter().chain(self.facts.iter().filter(everywhere).cloned()).collect()
    }
}

fn package(package: Option<&Package>) -> Vec<Fact> {
    let Some(package) = package else { return Vec::new() };
    let path = package.path.as_deref().map(|path| fact("Path", word(path)));
    let fixed_in = package.fixed_in.as_deref().map(|version| fact("Fixed in", word(version)));
    [fact("Package", versioned(package))].into_iter().chain(path).chain(fixed_in).collect()
}

/// The package with its version, where that is known.
fn versioned(package: &Package) -> String {
    match &package.version {
        Some(version) => format!("{}:{}", word(&package.name), word(version)),
        None => word(&package.name),
    }
}

/// The first of the highest scores; none if all are zero, which says nothing.
fn score(finding: &Finding) -> Vec<Fact> {
    let best = finding.score();
    let best = finding.scores.iter().find(|score| score.value > 0.0 && score.value >= best);
    let Some(Score { version, value, vector }) = best else { return Vec::new() };
    let major = word(version.split('.').next().unwrap_or_default());
    let vector = vector.as_deref().map(|vector| fact(&format!("CVSS{major} Vectors"), word(vector)));
    [fact(&format!("CVSS{major} Score"), format!("{value:.1}"))].into_iter().chain(vector).collect()
}

/// Long links are no use to anybody, and would push out what is.
const LONGEST_ADDRESS: usize = 1000;

/// A link from outside, if it leads into the web.
pub(super) fn address(link: &str) -> Option<String> {
    web_address(link).filter(|link| link.len() <= LONGEST_ADDRESS)
}

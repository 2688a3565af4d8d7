//! What is stated of one vulnerability in one image.

use jiff::Timestamp;
use serde::Serialize;
use vigil_core::{Accepted, Finding};

use crate::moment::utc;
use crate::purl;

#[derive(Serialize)]
pub(super) struct Statement<'a> {
    vulnerability: Vulnerability<'a>,
    timestamp: String,
    products: [Product<'a>; 1],
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

#[derive(Serialize)]
struct Product<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
    identifiers: Identifiers<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subcomponents: Vec<Subcomponent>,
}

#[derive(Serialize)]
struct Identifiers<'a> {
    purl: &'a str,
}

#[derive(Serialize)]
struct Subcomponent {
    #[serde(rename = "@id")]
    id: String,
}

impl<'a> Statement<'a> {
    /// A finding that stands. As long as a newer scan has no result, whether it still does is not known.
    pub(super) fn open(product: &'a str, finding: &'a Finding, at: Timestamp, is_settled: bool) -> Self {
        let exploit = (finding.exploit_known == Some(true)).then_some("An exploit is available.");
        let listed = finding.threat.known_exploited.map(|_| "It is known to be exploited.");
        let earlier = (!is_settled).then_some("It was found by an earlier scan; there is no newer result.");
        let notes: Vec<_> = [
            Some(format!("ECR's severity: {}.", finding.severity)),
            exploit.map(Into::into),
            listed.map(Into::into),
            earlier.map(Into::into),
        ]
        .into_iter()
        .flatten()
        .collect();
        Self {
            status: if is_settled { "affected" } else { "under_investigation" },
            status_notes: Some(notes.join(" ")),
            action_statement: is_settled.then(|| action(finding)),
            ..Self::of(product, finding, at)
        }
    }

    /// A finding that somebody has accepted. The words of who did are the reason why nothing has to be done.
    pub(super) fn accepted(product: &'a str, accepted: &'a Accepted, at: Timestamp) -> Self {
        Self {
            status: "not_affected",
            impact_statement: Some(&accepted.reason),
            ..Self::of(product, &accepted.finding, at)
        }
    }

    fn of(product: &'a str, finding: &'a Finding, at: Timestamp) -> Self {
        let package = finding.package.iter();
        let subcomponents = package.map(|package| Subcomponent { id: purl::package(package) }).collect();
        Self {
            vulnerability: Vulnerability { name: &finding.id, description: finding.description.as_deref() },
            timestamp: utc(at),
            products: [Product { id: product, identifiers: Identifiers { purl: product }, subcomponents }],
            status: "under_investigation",
            status_notes: None,
            impact_statement: None,
            action_statement: None,
        }
    }
}

/// What to do about a finding.
pub(super) fn action(finding: &Finding) -> String {
    let fixed_in =
        finding.package.as_ref().and_then(|package| Some((&package.name, package.fixed_in.as_ref()?)));
    match fixed_in {
        Some((name, fixed_in)) => format!("Update {name} to {fixed_in}."),
        None => "No version that fixes it is known.".to_owned(),
    }
}

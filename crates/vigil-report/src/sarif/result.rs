//! Results: a finding of an image each.

use crate::threat::{self, EpssView, KnownExploitedView};
use serde::Serialize;
use vigil_core::{Accepted, Finding, Package};

use super::severity::level;
use super::text::Text;
use crate::hash::Parts;
use crate::line::plain;
use crate::name::{Distinct, Place};

/// Tells these fingerprints apart from others that may be made by hash.
const NAMESPACE: &str = "ecr-vigil finding 1";

/// The image that results are of.
pub(super) struct Subject<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) image: &'a vigil_core::Image,
    /// Whether the findings are those of an earlier scan.
    pub(super) earlier: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultView<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

/// An image has no lines, but GitHub shows nothing without one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u8,
    start_column: u8,
    end_line: u8,
    end_column: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints {
    /// The only one that GitHub looks at.
    primary_location_line_hash: String,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    severity: &'a str,
    image_digest: String,
    package: Option<&'a str>,
    installed_version: Option<&'a str>,
    fixed_in: Option<&'a str>,
    exploit_known: Option<bool>,
    known_exploited: Option<KnownExploitedView>,
    epss: Option<EpssView>,
    of_an_earlier_scan: bool,
}

impl<'a> ResultView<'a> {
    pub(super) fn of(
        subject: &Subject<'_>,
        finding: &'a Finding,
        rule_index: usize,
        fingerprint: String,
    ) -> Self {
        let package = finding.package.as_ref();
        let optional = |of: fn(&Package) -> Option<&str>| package.and_then(of);
        Self {
            rule_id: &finding.id,
            rule_index,
            level: level(&finding.severity),
            message: Text::message(&message(subject, finding)),
            locations: [Location::of(subject.place, subject.image, package)],
            partial_fingerprints: Fingerprints { primary_location_line_hash: fingerprint },
            suppressions: Vec::new(),
            properties: Properties {
                severity: finding.severity.as_str(),
                image_digest: subject.image.digest.to_string(),
                package: optional(|package| Some(&package.name)),
                installed_version: optional(|package| package.version.as_deref()),
                fixed_in: optional(|package| package.fixed_in.as_deref()),
                exploit_known: finding.exploit_known,
                known_exploited: KnownExploitedView::of(finding),
                epss: EpssView::of(finding),
                of_an_earlier_scan: subject.earlier,
            },
        }
    }

    /// The same, accepted by somebody.
    pub(super) fn suppressed(self, accepted: &Accepted) -> Self {
        // By exceptions or in Amazon Inspector: either way not in the image itself.
        let suppression =
            Suppression { kind: "external", status: "accepted", justification: plain(&accepted.reason) };
        Self { suppressions: vec![suppression], ..self }
    }
}

impl Location {
    fn of(place: &Place<'_>, image: &vigil_core::Image, package: Option<&Package>) -> Self {
        let uri = place.image_name(image).to_string();
        let digest = format!("{}@{}", place.uri, image.digest);
        let logical = package.map(|package| Logical {
            name: package.name.to_string(),
            fully_qualified_name: match &package.path {
                Some(path) => format!("{digest}/{path}:{}", package.name),
                None => format!("{digest}:{}", package.name),
            },
            kind: "package",
        });
        Self { logical_locations: logical.into_iter().collect(), ..Self::at(uri) }
    }

    pub(super) fn at(uri: String) -> Self {
        let region = Region { start_line: 1, start_column: 1, end_line: 1, end_column: 1 };
        let physical_location = Physical { artifact_location: Artifact { uri }, region };
        Self { physical_location, logical_locations: Vec::new() }
    }
}

/// What GitHub shows in its list: the image and the package.
fn message(subject: &Subject<'_>, finding: &Finding) -> String {
    let Finding { id, severity, package, .. } = finding;
    let name = Distinct(subject.place.image_name(subject.image));
    let package = package.as_ref().map(|package| {
        let version = package.version.iter().map(|version| format!(" {version}"));
        let fixed_in = package.fixed_in.iter().map(|version| format!(" (fixed in {version})"));
        format!(" in {}{}", package.name, version.chain(fixed_in).collect::<String>())
    });
    let exploit: String = threat::marks(finding).map(|mark| format!(", {mark}")).collect();
    let earlier = if subject.earlier { ", as an earlier scan found" } else { "" };
    format!("{severity}: {id}{} of image {name}{exploit}{earlier}", package.unwrap_or_default())
}

/// What stays the same from scan to scan and from digest to digest below a tag: an alert is closed when the finding is
/// gone, not when the image is pushed anew.
pub(super) fn lineage(subject: &Subject<'_>, finding: &Finding) -> String {
    let Subject { place, image, .. } = subject;
    let platform = image.platform.as_ref().map(ToString::to_string).unwrap_or_default();
    let package = finding.package.as_ref();
    let name = package.map_or("", |package| &*package.name);
    let path = package.and_then(|package| package.path.as_deref()).unwrap_or_default();
    let image = place.image_name(image).to_string();
    Parts::of(&[NAMESPACE, &image, &platform, &finding.id, name, path]).short()
}

//! A finding of enhanced scanning: one vulnerability, in every package of the image that carries it.

use std::sync::Arc;

use aws_sdk_ecr::types::{EnhancedImageScanFinding, PackageVulnerabilityDetails, VulnerablePackage};
use vigil_core::finding::{Finding, Package, Score, Severity};

use super::basic::text;

/// One finding for each package; none if Amazon Inspector has closed it.
pub(super) fn findings(found: &EnhancedImageScanFinding) -> Vec<Finding> {
    if found.status() == Some("CLOSED") {
        return Vec::new();
    }
    let details = found.package_vulnerability_details();
    let id = details.and_then(|details| details.vulnerability_id()).or(found.title());
    let general = Finding {
        id: id.or(found.finding_arn()).unwrap_or_default().into(),
        arn: text(found.finding_arn()),
        severity: found.severity().map_or(Severity::Undefined, Severity::from),
        package: None,
        scores: scores(found),
        description: text(found.description()),
        links: details.map(links).unwrap_or_default(),
        exploit_known: match found.exploit_available() {
            Some("YES") => Some(true),
            Some("NO") => Some(false),
            _ => None,
        },
        threat: Default::default(),
        suppressed: found.status() == Some("SUPPRESSED"),
    };
    let packages = details.map(PackageVulnerabilityDetails::vulnerable_packages).unwrap_or_default();
    if packages.is_empty() {
        return vec![general];
    }
    packages.iter().map(|carrier| Finding { package: Some(package(carrier)), ..general.clone() }).collect()
}

fn package(carrier: &VulnerablePackage) -> Package {
    Package {
        name: carrier.name().unwrap_or_default().into(),
        version: version(carrier),
        fixed_in: text(carrier.fixed_in_version()).filter(|version| &**version != "NotAvailable"),
        manager: text(carrier.package_manager()),
        path: text(carrier.file_path()),
    }
}

/// The version as package managers write it: `epoch:version-release`, each part only where there is one.
fn version(carrier: &VulnerablePackage) -> Option<Arc<str>> {
    let version = text(carrier.version())?;
    let epoch = carrier.epoch().filter(|epoch| *epoch > 0).map(|epoch| format!("{epoch}:"));
    let release = text(carrier.release()).map(|release| format!("-{release}"));
    Some(format!("{}{version}{}", epoch.unwrap_or_default(), release.unwrap_or_default()).into())
}

/// All scores given: those of the sources, and the one that Inspector settles on, which most often is one of them.
fn scores(found: &EnhancedImageScanFinding) -> Vec<Score> {
    let score = |value: f64, version: Option<&str>, vector: Option<&str>| Score {
        version: version.unwrap_or_default().into(),
        value,
        vector: text(vector),
    };
    let given = found.package_vulnerability_details().map(PackageVulnerabilityDetails::cvss);
    let given = given.unwrap_or_default().iter();
    let settled = found.score_details().and_then(|details| details.cvss());
    let given = given.map(|cvss| score(cvss.base_score(), cvss.version(), cvss.scoring_vector()));
    let settled = settled.map(|cvss| score(cvss.score(), cvss.version(), cvss.scoring_vector()));
    let mut scores: Vec<Score> = Vec::new();
    for score in given.chain(settled) {
        if !scores.contains(&score) {
            scores.push(score);
        }
    }
    scores
}

fn links(details: &PackageVulnerabilityDetails) -> Vec<Arc<str>> {
    let mut links = Vec::new();
    let said = details.source_url().into_iter().chain(details.reference_urls().iter().map(String::as_str));
    for link in said.filter_map(|link| text(Some(link))) {
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

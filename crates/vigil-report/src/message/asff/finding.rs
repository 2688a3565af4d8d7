//! A change as a finding for Security Hub.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use vigil_core::news::{Change, Subject};
use vigil_core::{Finding, Package, RegistryId, Severity};

use super::shape::{
    AsffFinding, ContainerImage, Cvss, Details, Recommendation, RecordState, Remediation, Resource,
    SeverityOf, Vulnerability, VulnerablePackage, Workflow, WorkflowStatus, YesNo,
};
use crate::line::plain;
use crate::message::cut::{cut, first, word};
use crate::message::entry::address;
use crate::message::words::name;

const VERSION: &str = "2018-10-08";
const GENERATOR: &str = "ecr-vigil";
const TYPE: &str = "Software and Configuration Checks/Vulnerabilities/CVE";

/// What Security Hub takes of each text, in characters.
const TITLE: usize = 256;
const DESCRIPTION: usize = 1024;
const RECOMMENDATION: usize = 512;
const ORIGINAL_SEVERITY: usize = 64;

/// Nobody reads more, and a finding may not be larger than 240 KB.
const TAGS: usize = 50;
const LINKS: usize = 10;

/// Writes a change as a finding of an account's own product.
pub(super) fn finding(change: &Change, hub: &RegistryId) -> AsffFinding {
    let found = &change.finding;
    let at = change.at.to_string();
    let url = found.links.iter().find_map(|link| address(link));
    let (record_state, status) = match change.is_there() {
        true => (RecordState::Active, WorkflowStatus::New),
        false => (RecordState::Archived, WorkflowStatus::Resolved),
    };
    AsffFinding {
        schema_version: VERSION,
        id: id(change),
        product_arn: product_arn(hub),
        generator_id: GENERATOR,
        aws_account_id: hub.account.to_string(),
        types: vec![TYPE],
        created_at: at.clone(),
        updated_at: at,
        severity: severity(&found.severity),
        title: title(change),
        description: description(found),
        remediation: Remediation { recommendation: recommendation(found, url.clone()) },
        source_url: change.subject.registry.console_url(&change.subject.repository, &change.subject.digest),
        product_fields: product_fields(change),
        resources: vec![resource(change)],
        vulnerabilities: vec![vulnerability(found)],
        workflow: Workflow { status },
        record_state,
    }
}

/// The same along a lineage, whichever image follows: a finding that is gone from the newest image is the one that was told
/// of the image before. Hashed, since an id has at most 512 characters and the names in it may have more.
fn id(change: &Change) -> String {
    let Change { lineage, subject, finding, .. } = change;
    let package = finding.package.as_ref().map(|package| &*package.name);
    let repository = subject.registry.repository_arn(&subject.repository);
    let mut hash = Sha256::new();
    for part in [&repository, &lineage.name, lineage.platform.as_deref().unwrap_or_default(), &finding.id] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    // A finding without a package is not one of a package without a name.
    if let Some(package) = package {
        hash.update(package.as_bytes());
        hash.update([0]);
    }
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{repository}/ecr-vigil/{hash}")
}

/// Every account has a product of its own, for what its own tools find.
fn product_arn(hub: &RegistryId) -> String {
    let RegistryId { partition, account, region } = hub;
    format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default")
}

/// ECR's words in those of Security Hub, which has fewer. What nobody has rated is not said to be harmless by it, nor bad.
fn severity(severity: &Severity) -> SeverityOf {
    let label = match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium | Severity::Unknown(_) => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Informational | Severity::Untriaged | Severity::Undefined => "INFORMATIONAL",
    };
    SeverityOf { label, original: filled(&cut(&plain(severity.as_str()), ORIGINAL_SEVERITY), "UNDEFINED") }
}

fn title(change: &Change) -> String {
    let finding = &change.finding;
    let package = finding.package.as_ref().map(|package| format!(" - {}", cut(&word(&package.name), 80)));
    let title = format!("{}{} in ", cut(&word(&finding.id), 80), package.unwrap_or_default());
    let room = TITLE - title.chars().count();
    format!("{title}{}", crate::message::cut::cut_middle(&name(&change.subject), room, "..."))
}

fn description(finding: &Finding) -> String {
    let said = finding.description.as_deref().map(plain).unwrap_or_default();
    filled(&cut(&said, DESCRIPTION), "ECR gives no description.")
}

fn recommendation(finding: &Finding, url: Option<String>) -> Recommendation {
    let package = finding.package.as_ref();
    let text = match package.and_then(|package| package.fixed_in.as_deref().map(|to| (&package.name, to))) {
        Some((package, to)) => format!("Upgrade {} to {}.", cut(&word(package), 200), cut(&word(to), 200)),
        None => "No version is known that fixes it.".to_owned(),
    };
    Recommendation { text: cut(&text, RECOMMENDATION), url }
}

fn product_fields(change: &Change) -> BTreeMap<&'static str, String> {
    let Change { lineage, subject, kind, .. } = change;
    let mut fields = BTreeMap::from([
        ("ecr-vigil/change", kind.state().code().to_owned()),
        ("ecr-vigil/lineage", filled(&cut(&plain(&lineage.to_string()), 1_000), "-")),
        ("ecr-vigil/account", subject.registry.account.to_string()),
    ]);
    fields.extend(subject.owner.as_deref().map(|owner| ("ecr-vigil/owner", filled(&word(owner), "-"))));
    fields
}

fn resource(change: &Change) -> Resource {
    let Subject { registry, repository, digest, tags, .. } = &change.subject;
    let platform = change.lineage.platform.as_deref();
    let image = ContainerImage {
        registry_id: registry.account.to_string(),
        repository_name: repository.to_string(),
        // `linux/arm64/v8`: the architecture comes second.
        architecture: platform.and_then(|platform| platform.split('/').nth(1)).map(word),
        image_digest: digest.to_string(),
        image_tags: first(tags, TAGS).0.iter().map(ToString::to_string).collect(),
    };
    Resource {
        r#type: "AwsEcrContainerImage",
        id: format!("{}/{digest}", registry.repository_arn(repository)),
        partition: registry.partition.as_str(),
        region: registry.region.to_string(),
        details: Details { aws_ecr_container_image: image },
    }
}

fn vulnerability(finding: &Finding) -> Vulnerability {
    let fixed = finding.package.as_ref().is_some_and(|package| package.fixed_in.is_some());
    let yes_no = |yes: bool| if yes { YesNo::Yes } else { YesNo::No };
    let score = |score: &vigil_core::Score| Cvss {
        version: filled(&word(&score.version), "-"),
        base_score: score.value,
        base_vector: score.vector.as_deref().map(word).filter(|text| !text.is_empty()),
    };
    let links = finding.links.iter().filter_map(|link| address(link));
    Vulnerability {
        id: filled(&word(&finding.id), "-"),
        vulnerable_packages: finding.package.iter().map(package).collect(),
        cvss: first(&finding.scores, LINKS).0.iter().map(score).collect(),
        reference_urls: links.take(LINKS).collect(),
        fix_available: yes_no(fixed),
        exploit_available: finding.exploit_known.map(yes_no),
    }
}

fn package(package: &Package) -> VulnerablePackage {
    let said = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(word).filter(|text| !text.is_empty());
    VulnerablePackage {
        name: filled(&word(&package.name), "-"),
        version: said(&package.version),
        fixed_in_version: said(&package.fixed_in),
        package_manager: said(&package.manager),
        file_path: said(&package.path),
    }
}

/// Security Hub refuses texts without a character that can be seen.
fn filled(text: &str, otherwise: &str) -> String {
    if text.trim().is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use vigil_core::news::ChangeKind;
    use vigil_core::testing::{change, finding as found, subject};

    use super::*;

    #[track_caller]
    fn check_same(one: &Change, other: &Change, same: bool) {
        assert_eq!(id(one) == id(other), same);
    }

    #[test]
    fn a_finding_keeps_its_id_along_a_lineage_so_that_it_can_be_archived() {
        let at = |n, tag, cve, package| {
            change(1, ChangeKind::New, &subject("team/app", &[tag], n), &found(cve, "HIGH", package))
        };
        let before = at(1, "latest", "CVE-1", "zlib");
        let fixed = Change { kind: ChangeKind::Fixed, ..at(2, "latest", "CVE-1", "zlib") };
        check_same(&before, &fixed, true);
        check_same(&before, &at(1, "v1", "CVE-1", "zlib"), false);
        check_same(&before, &at(1, "latest", "CVE-2", "zlib"), false);
        check_same(&before, &at(1, "latest", "CVE-1", "bash"), false);
        assert!(id(&before).len() <= 512);
    }

    #[test]
    fn every_word_of_ecrs_has_one_of_security_hubs() {
        let labels = Severity::KNOWN.map(|known| severity(&known).label);
        let rated = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"];
        assert_eq!(labels[..5], rated);
        assert_eq!(labels[5..], ["INFORMATIONAL", "INFORMATIONAL"]);
        let unknown = SeverityOf { label: "MEDIUM", original: "DREADFUL".to_owned() };
        assert_eq!(severity(&"DREADFUL".into()), unknown);
        assert_eq!(severity(&"".into()).original, "UNDEFINED");
    }
}

//! Findings as the wire has them: basic ones with attributes, enhanced ones as Amazon Inspector writes them.

use serde::Serialize;
use serde::ser::SerializeMap;

use crate::clock::Moment;
use crate::content::Image;
use crate::digest::Digest;
use crate::findings::{Drawn, Severity};
use crate::noise::Noise;
use crate::registry::{RegistryId, RepositoryRef};

#[derive(Serialize)]
pub(super) struct BasicFinding<'a> {
    name: &'a str,
    description: &'a str,
    uri: &'a str,
    severity: Severity,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
struct Attribute<'a> {
    key: &'static str,
    value: &'a str,
}

pub(super) fn basic(drawn: &Drawn) -> BasicFinding<'_> {
    let mut attributes = Vec::with_capacity(4);
    attributes.push(Attribute { key: "package_version", value: &drawn.version });
    attributes.push(Attribute { key: "package_name", value: &drawn.package });
    if let Some((score, _, vector)) = drawn.score {
        attributes.push(Attribute { key: "CVSS3_VECTOR", value: vector });
        attributes.push(Attribute { key: "CVSS3_SCORE", value: score });
    }
    BasicFinding {
        name: drawn.cve,
        description: drawn.description,
        uri: drawn.tracker,
        severity: drawn.severity,
        attributes,
    }
}

/// How many findings of each severity; severities without findings are left out.
pub(super) struct Counts<'a>(pub(super) Vec<(&'a str, u32)>);

impl<'a> Counts<'a> {
    pub(super) fn of(severities: impl Iterator<Item = &'a str>) -> Self {
        let mut counts: Vec<(&str, u32)> = Vec::new();
        for severity in severities {
            match counts.iter_mut().find(|(name, _)| *name == severity) {
                Some((_, count)) => *count += 1,
                None => counts.push((severity, 1)),
            }
        }
        Self(counts)
    }
}

impl Serialize for Counts<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (severity, count) in &self.0 {
            map.serialize_entry(severity, count)?;
        }
        map.end()
    }
}

/// Inspector's word for a severity: what has no score yet is UNTRIAGED, a word that the service model does not know.
pub(super) fn enhanced_severity(drawn: &Drawn) -> &'static str {
    if drawn.score.is_some() { drawn.severity.name() } else { "UNTRIAGED" }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EnhancedFinding<'a> {
    aws_account_id: &'a str,
    description: &'a str,
    finding_arn: String,
    first_observed_at: Moment,
    last_observed_at: Moment,
    package_vulnerability_details: PackageVulnerabilityDetails<'a>,
    remediation: Remediation,
    resources: [Resource<'a>; 1],
    score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    score_details: Option<ScoreDetails<'a>>,
    severity: &'static str,
    status: &'static str,
    title: String,
    #[serde(rename = "type")]
    kind: &'static str,
    updated_at: Moment,
    fix_available: &'static str,
    exploit_available: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PackageVulnerabilityDetails<'a> {
    cvss: Vec<Cvss<'a>>,
    reference_urls: [&'a str; 1],
    related_vulnerabilities: [&'a str; 0],
    source: &'static str,
    source_url: &'a str,
    vendor_severity: &'static str,
    vulnerability_id: &'a str,
    vulnerable_packages: [VulnerablePackage<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cvss<'a> {
    base_score: f64,
    scoring_vector: &'a str,
    source: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VulnerablePackage<'a> {
    arch: String,
    epoch: u32,
    name: &'a str,
    package_manager: &'static str,
    source_layer_hash: Digest,
    version: &'a str,
    fixed_in_version: String,
}

#[derive(Serialize)]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Serialize)]
struct Recommendation {
    text: &'static str,
}

#[derive(Serialize)]
struct Resource<'a> {
    details: ResourceDetails<'a>,
    id: String,
    tags: NoTags,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct NoTags {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceDetails<'a> {
    aws_ecr_container_image: ContainerImage<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContainerImage<'a> {
    architecture: &'static str,
    image_hash: Digest,
    image_tags: &'a [String],
    platform: &'static str,
    pushed_at: Moment,
    registry: &'a str,
    repository_name: &'a str,
}

#[derive(Serialize)]
struct ScoreDetails<'a> {
    cvss: AdjustedCvss<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdjustedCvss<'a> {
    adjustments: [&'a str; 0],
    score: f64,
    score_source: &'static str,
    scoring_vector: &'a str,
    version: &'static str,
}

/// An enhanced finding; `now` is when Inspector last looked.
pub(super) fn enhanced<'a>(
    registry: &'a RegistryId,
    repository: &RepositoryRef<'a>,
    image: &'a Image,
    drawn: &'a Drawn,
    now: Moment,
) -> EnhancedFinding<'a> {
    let (partition, _) = registry.partition();
    let (account, region) = (&registry.account, &registry.region);
    let noise = Noise::new(image.digest.prefix()).word(drawn.cve).word(&drawn.package);
    EnhancedFinding {
        aws_account_id: account,
        description: drawn.description,
        finding_arn: format!("arn:{partition}:inspector2:{region}:{account}:finding/{:032x}", noise.value()),
        first_observed_at: image.pushed_at,
        last_observed_at: now,
        package_vulnerability_details: vulnerability_details(image, drawn, noise),
        remediation: Remediation { recommendation: Recommendation { text: "None Provided" } },
        resources: [resource(registry, repository, image)],
        score: drawn.score.map_or(0.0, |(_, score, _)| score),
        score_details: drawn.score.map(|(_, score, scoring_vector)| ScoreDetails {
            cvss: AdjustedCvss {
                adjustments: [],
                score,
                score_source: "NVD",
                scoring_vector,
                version: "3.1",
            },
        }),
        severity: enhanced_severity(drawn),
        status: "ACTIVE",
        title: format!("{} - {}", drawn.cve, drawn.package),
        kind: "PACKAGE_VULNERABILITY",
        updated_at: now,
        fix_available: if has_fix(noise) { "YES" } else { "NO" },
        exploit_available: "YES",
    }
}

fn has_fix(noise: Noise) -> bool {
    noise.with(5).percent(60)
}

fn vulnerability_details<'a>(
    image: &Image,
    drawn: &'a Drawn,
    noise: Noise,
) -> PackageVulnerabilityDetails<'a> {
    let (_, architecture) = image.platform.os_and_architecture();
    PackageVulnerabilityDetails {
        cvss: drawn
            .score
            .map(|(_, base_score, scoring_vector)| Cvss {
                base_score,
                scoring_vector,
                source: "NVD",
                version: "3.1",
            })
            .into_iter()
            .collect(),
        reference_urls: [drawn.tracker],
        related_vulnerabilities: [],
        source: "DEBIAN_CVE",
        source_url: drawn.tracker,
        vendor_severity: "not yet assigned",
        vulnerability_id: drawn.cve,
        vulnerable_packages: [VulnerablePackage {
            arch: architecture.to_ascii_uppercase(),
            epoch: 0,
            name: &drawn.package,
            package_manager: drawn.manager,
            source_layer_hash: Digest::from_bytes(noise.with(6).bytes()),
            version: &drawn.version,
            // Inspector writes this word where no version fixes it.
            fixed_in_version: if has_fix(noise) { next(&drawn.version) } else { "NotAvailable".to_owned() },
        }],
    }
}

/// The version that follows: its last number is one higher.
fn next(version: &str) -> String {
    let stem = version.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let last = version.get(stem.len()..).and_then(|digits| digits.parse::<u32>().ok());
    last.map_or_else(|| format!("{version}.1"), |last| format!("{stem}{}", last.saturating_add(1)))
}

fn resource<'a>(registry: &'a RegistryId, repository: &RepositoryRef<'a>, image: &'a Image) -> Resource<'a> {
    let (_, architecture) = image.platform.os_and_architecture();
    Resource {
        details: ResourceDetails {
            aws_ecr_container_image: ContainerImage {
                architecture,
                image_hash: image.digest,
                image_tags: &image.tags,
                platform: "DEBIAN_12",
                pushed_at: image.pushed_at,
                registry: &registry.account,
                repository_name: repository.name,
            },
        },
        id: format!("{}/{}", registry.repository_arn(repository.name), image.digest),
        tags: NoTags {},
        kind: "AWS_ECR_CONTAINER_IMAGE",
    }
}

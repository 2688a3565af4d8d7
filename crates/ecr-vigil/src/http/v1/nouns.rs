//! Nouns as they are sent: the words of the JSON report.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::finding::{Finding, Score};
use vigil_core::lineage::LineageName;
use vigil_core::{Counts, RegistryId};
use vigil_store::Standing;

use super::threat_body::{EpssBody, KnownExploitedBody, threat};

/// A registry: every account has one in every region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Registry)]
pub(in crate::http) struct RegistryBody {
    /// The partition that the account belongs to.
    #[schema(example = "aws")]
    partition: String,
    /// The account that owns the registry.
    #[schema(example = "123456789012")]
    account: String,
    /// The region it lies in.
    #[schema(example = "eu-west-1")]
    region: String,
}

/// What images have in common that follow one another: a tag, or a pattern of tags; and their platform.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lineage)]
pub(super) struct LineageBody {
    /// The tag, or the pattern as it was written.
    #[schema(example = "v*")]
    name: String,
    /// The platform, where an index gives one.
    platform: Option<String>,
}

/// The last decision on an image, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
pub(super) struct StandingBody {
    /// `scan`, `wait`, `rest`, `hold`, `observe`, `leave_out` or `undecided`.
    decision: Option<String>,
    /// Why, for programs, such as `never_scanned`, `fresh`, `daily_budget`.
    reason: Option<String>,
    /// Why, for people, where that says more.
    detail: Option<String>,
    /// From when it can be scanned, where that is known.
    next_at: Option<Timestamp>,
    /// What came of it, such as `scanned`, `read`, `failed`, `fault`.
    ending: Option<String>,
    /// What was said about it, by ECR or by us.
    said: Option<String>,
}

/// A finding: a vulnerability in a package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(super) struct FindingBody {
    /// The vulnerability.
    #[schema(example = "CVE-2024-3094")]
    vulnerability: String,
    /// How bad it is, in ECR's words.
    #[schema(example = "CRITICAL")]
    severity: String,
    /// The package, where the scanner names one.
    package: Option<String>,
    /// The installed version.
    version: Option<String>,
    /// The version that fixes it, where one is known.
    fixed_in: Option<String>,
    /// Such as `OS` or `PYTHONPKG`.
    manager: Option<String>,
    /// The file it was found in, for language packages.
    path: Option<String>,
    /// Scores, in the scanner's order.
    scores: Vec<ScoreBody>,
    /// What it is about.
    description: Option<String>,
    /// Where to read more.
    links: Vec<String>,
    /// Whether there is an exploit, where the scanner says.
    exploit_known: Option<bool>,
    /// Its entry in the catalogue of known exploited vulnerabilities, if it is listed there.
    known_exploited: Option<KnownExploitedBody>,
    /// How likely it is to be exploited, where that is known.
    epss: Option<EpssBody>,
}

/// A CVSS score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Score)]
struct ScoreBody {
    /// The version of CVSS.
    #[schema(example = "3.1")]
    version: String,
    /// 0 to 10.
    value: f64,
    /// The vector, where given.
    vector: Option<String>,
}

/// Numbers of findings by severity, in ECR's words; a severity that does not occur is left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"CRITICAL": 1, "HIGH": 4}))]
pub(in crate::http) struct BySeverity(BTreeMap<String, u64>);

pub(super) fn by_severity(counts: &Counts) -> BySeverity {
    BySeverity(counts.iter().map(|(severity, count)| (severity.to_string(), count)).collect())
}

impl From<&RegistryId> for RegistryBody {
    fn from(registry: &RegistryId) -> Self {
        let RegistryId { partition, account, region } = registry;
        Self { partition: partition.to_string(), account: account.to_string(), region: region.to_string() }
    }
}

impl From<LineageName> for LineageBody {
    fn from(LineageName { name, platform }: LineageName) -> Self {
        Self { name, platform }
    }
}

impl From<Standing> for StandingBody {
    fn from(standing: Standing) -> Self {
        let Standing { decision, reason, detail, next_at, ending, said } = standing;
        Self { decision, reason, detail, next_at, ending, said }
    }
}

impl From<Finding> for FindingBody {
    fn from(finding: Finding) -> Self {
        let text = |text: std::sync::Arc<str>| text.to_string();
        let package = finding.package;
        let (known_exploited, epss) = threat(&finding.threat);
        let of = |part: fn(&vigil_core::Package) -> Option<std::sync::Arc<str>>| {
            package.as_ref().and_then(part).map(text)
        };
        Self {
            vulnerability: finding.id.to_string(),
            severity: finding.severity.to_string(),
            version: of(|package| package.version.clone()),
            fixed_in: of(|package| package.fixed_in.clone()),
            manager: of(|package| package.manager.clone()),
            path: of(|package| package.path.clone()),
            package: of(|package| Some(package.name.clone())),
            scores: finding.scores.into_iter().map(ScoreBody::from).collect(),
            description: finding.description.map(text),
            links: finding.links.into_iter().map(text).collect(),
            exploit_known: finding.exploit_known,
            known_exploited,
            epss,
        }
    }
}

impl From<Score> for ScoreBody {
    fn from(Score { version, value, vector }: Score) -> Self {
        Self { version: version.to_string(), value, vector: vector.map(|vector| vector.to_string()) }
    }
}

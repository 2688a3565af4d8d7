//! Findings and vulnerabilities as they are sent.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::lineage::FindingState;
use vigil_store::{AcceptedHere, Change, ImageFinding, LineageFinding, SightingRow, VulnerabilityRow};

use super::nouns::{FindingBody, LineageBody, RegistryBody};
use super::threat_body::{EpssBody, KnownExploitedBody, threat};

/// Where a finding stands in a lineage.
#[derive(Serialize, ToSchema)]
#[schema(as = FindingState)]
#[serde(rename_all = "snake_case")]
pub(super) enum StateName {
    New,
    Open,
    Worsened,
    Fixed,
    Excepted,
}

/// A finding of an image.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageFinding)]
pub(in crate::http) struct ImageFindingBody {
    finding: FindingBody,
    /// By whom it is accepted; null if it is not.
    accepted: Option<AcceptedBody>,
    /// When it was first seen: along the lineages that stand at the image, or else in the image itself.
    first_seen: Timestamp,
    /// Where it stands in the lineage that has had it longest; null if no lineage stands at the image.
    state: Option<StateName>,
}

/// By whom a finding is accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = Accepted)]
struct AcceptedBody {
    /// `exception` for one that is kept here, `settings` for one of the settings, `inspector` for a suppression rule.
    source: String,
    /// Which one of those that are kept here.
    exception: Option<String>,
    /// Why.
    reason: String,
}

/// A finding along a lineage.
#[derive(Serialize, ToSchema)]
#[schema(as = LineageFinding)]
pub(in crate::http) struct LineageFindingBody {
    registry: RegistryBody,
    /// The repository.
    repository: String,
    lineage: LineageBody,
    /// The image at which the lineage stands.
    digest: String,
    /// The vulnerability.
    vulnerability: String,
    /// The package, where the scanner names one.
    package: Option<String>,
    /// How bad it is, or was.
    severity: String,
    /// Whether a version that fixes it is known.
    fixable: bool,
    /// Whether the scanner knows an exploit.
    exploit_known: bool,
    /// Its entry in the catalogue of known exploited vulnerabilities, if it is listed there.
    known_exploited: Option<KnownExploitedBody>,
    /// How likely it is to be exploited, where that is known.
    epss: Option<EpssBody>,
    state: StateName,
    /// When the lineage first had it.
    first_seen: Timestamp,
    /// When any of this last changed.
    changed_at: Timestamp,
    /// When it went; null while it is there.
    fixed_at: Option<Timestamp>,
}

/// Something that has changed along a lineage.
#[derive(Serialize, ToSchema)]
#[schema(as = Change)]
pub(in crate::http) struct ChangeBody {
    /// When it was seen.
    at: Timestamp,
    /// By which pass; null if somebody made or ended an exception.
    pass: Option<String>,
    registry: RegistryBody,
    /// The repository.
    repository: String,
    lineage: LineageBody,
    /// The image in which it was seen, or missed.
    digest: String,
    /// The vulnerability.
    vulnerability: String,
    /// The package, where the scanner names one.
    package: Option<String>,
    kind: StateName,
    /// How bad it is, or was.
    severity: String,
}

/// A vulnerability.
#[derive(Serialize, ToSchema)]
#[schema(as = Vulnerability)]
pub(in crate::http) struct VulnerabilityBody {
    /// Its name.
    #[schema(example = "CVE-2024-3094")]
    name: String,
    /// The worst severity that it was ever found with.
    severity: String,
    /// What it is about.
    description: Option<String>,
    /// Where to read more.
    links: Vec<String>,
    /// When any image was first seen with it.
    first_seen: Timestamp,
    /// Its entry in the catalogue of known exploited vulnerabilities, if it is listed there.
    known_exploited: Option<KnownExploitedBody>,
    /// How likely it is to be exploited, where that is known.
    epss: Option<EpssBody>,
}

/// A vulnerability in a package of an image that is there.
#[derive(Serialize, ToSchema)]
#[schema(as = Sighting)]
pub(in crate::http) struct SightingBody {
    registry: RegistryBody,
    /// The repository.
    repository: String,
    /// The image.
    digest: String,
    /// Its present tags.
    tags: Vec<String>,
    /// The package, where the scanner names one.
    package: Option<String>,
    /// The installed version.
    version: Option<String>,
    /// The version that fixes it, where one is known.
    fixed_in: Option<String>,
    /// The file, for language packages.
    path: Option<String>,
    /// How bad it is there.
    severity: String,
    /// Whether it is accepted there.
    accepted: bool,
    /// When the image was first seen with it.
    first_seen: Timestamp,
}

impl From<FindingState> for StateName {
    fn from(state: FindingState) -> Self {
        match state {
            FindingState::New => Self::New,
            FindingState::Open => Self::Open,
            FindingState::Worsened => Self::Worsened,
            FindingState::Fixed => Self::Fixed,
            FindingState::Excepted => Self::Excepted,
        }
    }
}

impl From<ImageFinding> for ImageFindingBody {
    fn from(ImageFinding { finding, accepted, first_seen, state }: ImageFinding) -> Self {
        let accepted = accepted.map(|AcceptedHere { source, exception, reason }| AcceptedBody {
            source,
            exception: exception.map(|id| id.to_string()),
            reason,
        });
        Self { finding: finding.into(), accepted, first_seen, state: state.map(StateName::from) }
    }
}

impl From<LineageFinding> for LineageFindingBody {
    fn from(row: LineageFinding) -> Self {
        let (known_exploited, epss) = threat(&row.threat);
        Self {
            registry: RegistryBody::from(&row.registry),
            repository: row.repository.to_string(),
            lineage: row.lineage.into(),
            digest: row.digest.to_string(),
            vulnerability: row.vulnerability,
            package: row.package,
            severity: row.severity.to_string(),
            fixable: row.fixable,
            exploit_known: row.exploit_known,
            known_exploited,
            epss,
            state: row.state.into(),
            first_seen: row.first_seen,
            changed_at: row.changed_at,
            fixed_at: row.fixed_at,
        }
    }
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> Self {
        Self {
            at: change.at,
            pass: change.pass.map(|pass| pass.to_string()),
            registry: RegistryBody::from(&change.registry),
            repository: change.repository.to_string(),
            lineage: change.lineage.into(),
            digest: change.digest.to_string(),
            vulnerability: change.vulnerability,
            package: change.package,
            kind: change.kind.into(),
            severity: change.severity.to_string(),
        }
    }
}

impl From<VulnerabilityRow> for VulnerabilityBody {
    fn from(row: VulnerabilityRow) -> Self {
        let VulnerabilityRow { name, severity, description, links, first_seen, threat: known } = row;
        let (severity, (known_exploited, epss)) = (severity.to_string(), threat(&known));
        Self { name, severity, description, links, first_seen, known_exploited, epss }
    }
}

impl From<SightingRow> for SightingBody {
    fn from(row: SightingRow) -> Self {
        Self {
            registry: RegistryBody::from(&row.registry),
            repository: row.repository.to_string(),
            digest: row.digest.to_string(),
            tags: row.tags.iter().map(ToString::to_string).collect(),
            package: row.package,
            version: row.version,
            fixed_in: row.fixed_in,
            path: row.path,
            severity: row.severity.to_string(),
            accepted: row.accepted,
            first_seen: row.first_seen,
        }
    }
}

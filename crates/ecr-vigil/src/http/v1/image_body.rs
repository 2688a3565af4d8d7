//! Images as they are sent.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::image::Platform;
use vigil_store::{ImageDetail, ImageRow, LastScan, ScanRow, TagSpan};

use super::nouns::{BySeverity, LineageBody, RegistryBody, StandingBody, by_severity};

/// An image, as it was last seen.
#[derive(Serialize, ToSchema)]
#[schema(as = Image)]
pub(in crate::http) struct ImageBody {
    registry: RegistryBody,
    /// Its repository.
    #[schema(example = "team/app")]
    repository: String,
    /// Who looks after it, by the settings or by the repository's tags.
    #[schema(example = "team-payments")]
    owner: Option<String>,
    /// What it is known by.
    digest: String,
    /// Its present tags.
    tags: Vec<String>,
    /// The platform, where an index gives one.
    #[schema(example = "linux/arm64")]
    platform: Option<String>,
    /// The index that it belongs to.
    index: Option<String>,
    /// When it was pushed.
    pushed_at: Option<Timestamp>,
    /// When it was last pulled, where ECR says.
    pulled_at: Option<Timestamp>,
    /// Its page in the console of AWS, where that is known.
    console_url: Option<String>,
    /// When it was first seen.
    first_seen: Timestamp,
    /// When it was first missed.
    gone_at: Option<Timestamp>,
    standing: StandingBody,
    /// Its last scan; null if ECR has never told of one.
    scan: Option<LastScanBody>,
    /// Open findings by severity, accepted ones left out; null if there was no scan with a result.
    counts: Option<BySeverity>,
    /// How many findings are accepted.
    accepted: u64,
    /// When we last asked for a scan.
    asked_at: Option<Timestamp>,
}

/// The last scan of an image.
#[derive(Serialize, ToSchema)]
#[schema(as = LastScan)]
struct LastScanBody {
    /// Its state, in ECR's word.
    #[schema(example = "COMPLETE")]
    state: String,
    /// ECR's own words on it.
    description: Option<String>,
    /// When the scan that the findings come from was completed.
    completed_at: Option<Timestamp>,
}

/// An image and its history.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageDetail)]
pub(in crate::http) struct ImageDetailBody {
    image: ImageBody,
    /// The tags that it had and has, oldest first.
    tags: Vec<TagSpanBody>,
    /// The lineages that stand at it.
    lineages: Vec<LineageBody>,
}

/// A tag that an image had for a time.
#[derive(Serialize, ToSchema)]
#[schema(as = TagSpan)]
struct TagSpanBody {
    /// The tag.
    tag: String,
    /// When it was first seen on this image.
    since: Timestamp,
    /// When it was first missed there; null while it is there.
    until: Option<Timestamp>,
}

/// A scan that is over.
#[derive(Serialize, ToSchema)]
#[schema(as = Scan)]
pub(in crate::http) struct ScanBody {
    /// When it was completed; when we saw it, where ECR does not say.
    at: Timestamp,
    /// How it ended, in ECR's word.
    #[schema(example = "COMPLETE")]
    state: String,
    /// ECR's own words on that.
    description: Option<String>,
    /// When ECR says it was completed.
    completed_at: Option<Timestamp>,
    /// How many findings of each severity ECR counts.
    counts: Option<BySeverity>,
    /// How many it lists.
    findings: u64,
    /// How many of them the image's scan before did not have.
    appeared: u64,
    /// How many that one had which this one has not.
    vanished: u64,
}

impl From<ImageRow> for ImageBody {
    fn from(row: ImageRow) -> Self {
        let ImageRow { registry, repository, image, .. } = row;
        Self {
            console_url: registry.console_url(&repository, &image.digest),
            registry: RegistryBody::from(&registry),
            repository: repository.to_string(),
            owner: row.owner,
            digest: image.digest.to_string(),
            tags: image.tags.iter().map(ToString::to_string).collect(),
            platform: image.platform.as_ref().map(Platform::to_string),
            index: image.index.as_ref().map(ToString::to_string),
            pushed_at: image.pushed_at,
            pulled_at: image.pulled_at,
            first_seen: row.first_seen,
            gone_at: row.gone_at,
            standing: row.standing.into(),
            scan: row.scan.map(LastScanBody::from),
            counts: row.counts.as_ref().map(by_severity),
            accepted: row.accepted,
            asked_at: row.asked_at,
        }
    }
}

impl From<LastScan> for LastScanBody {
    fn from(LastScan { state, description, completed_at }: LastScan) -> Self {
        Self { state: state.to_string(), description, completed_at }
    }
}

impl From<ImageDetail> for ImageDetailBody {
    fn from(ImageDetail { image, tags, lineages }: ImageDetail) -> Self {
        let span =
            |TagSpan { tag, since, until }: TagSpan| TagSpanBody { tag: tag.to_string(), since, until };
        Self {
            image: image.into(),
            tags: tags.into_iter().map(span).collect(),
            lineages: lineages.into_iter().map(LineageBody::from).collect(),
        }
    }
}

impl From<ScanRow> for ScanBody {
    fn from(row: ScanRow) -> Self {
        Self {
            at: row.at,
            state: row.state.to_string(),
            description: row.description,
            completed_at: row.completed_at,
            counts: row.counts.as_ref().map(by_severity),
            findings: row.findings,
            appeared: row.appeared,
            vanished: row.vanished,
        }
    }
}

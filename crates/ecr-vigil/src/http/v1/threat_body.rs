//! What is known of attacks on a vulnerability, as JSON, and how it is asked for.

use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::Threat;
use vigil_core::threat::{Epss, KnownExploited};

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KnownExploited)]
pub(super) struct KnownExploitedBody {
    /// The day on which it was listed.
    #[schema(format = "date", example = "2021-12-10")]
    since: String,
    /// The day by which agencies of the United States have to mend it.
    #[schema(format = "date")]
    due: Option<String>,
    /// Whether it is known to be used in campaigns of ransomware.
    ransomware: bool,
}

/// A score of the Exploit Prediction Scoring System.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Epss)]
pub(super) struct EpssBody {
    /// How likely it is to be exploited within 30 days, from 0 to 1.
    #[schema(example = 0.94358)]
    score: f64,
    /// Which part of all vulnerabilities is at most as likely, from 0 to 1.
    #[schema(example = 0.9996)]
    percentile: f64,
}

/// Both, where they are known.
pub(super) fn threat(of: &Threat) -> (Option<KnownExploitedBody>, Option<EpssBody>) {
    let listed = of.known_exploited.map(|KnownExploited { since, due, ransomware }| KnownExploitedBody {
        since: since.to_string(),
        due: due.map(|due| due.to_string()),
        ransomware,
    });
    let epss = of
        .epss
        .map(|Epss { score, percentile }| EpssBody { score: score.into(), percentile: percentile.into() });
    (listed, epss)
}

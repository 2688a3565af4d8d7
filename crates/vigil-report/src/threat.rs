//! What is known of attacks on a finding, in the words of every format.

use serde::Serialize;
use vigil_core::Finding;
use vigil_core::threat::{Epss, KnownExploited};

/// An entry of CISA's catalogue as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct KnownExploitedView {
    since: String,
    due: Option<String>,
    ransomware: bool,
}

/// A score as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct EpssView {
    score: f64,
    percentile: f64,
}

impl KnownExploitedView {
    pub(crate) fn of(finding: &Finding) -> Option<Self> {
        let KnownExploited { since, due, ransomware } = finding.threat.known_exploited?;
        Some(Self { since: since.to_string(), due: due.map(|due| due.to_string()), ransomware })
    }
}

impl EpssView {
    pub(crate) fn of(finding: &Finding) -> Option<Self> {
        let Epss { score, percentile } = finding.threat.epss?;
        Some(Self { score: score.into(), percentile: percentile.into() })
    }
}

/// What is to be seen at once: that it is listed as known exploited, and that the scanner knows an exploit.
pub(crate) fn marks(finding: &Finding) -> impl Iterator<Item = &'static str> + use<> {
    let listed = finding.threat.known_exploited.is_some().then_some("known exploited");
    let available = (finding.exploit_known == Some(true)).then_some("exploit available");
    listed.into_iter().chain(available)
}

/// Since when it is listed, and what else the catalogue says.
pub(crate) fn listed(finding: &Finding) -> Option<String> {
    let KnownExploited { since, due: _, ransomware } = finding.threat.known_exploited?;
    let ransomware = if ransomware { ", used by ransomware" } else { "" };
    Some(format!("listed by CISA on {since}{ransomware}"))
}

/// How likely it is to be exploited.
pub(crate) fn likely(finding: &Finding) -> Option<String> {
    let Epss { score, percentile } = finding.threat.epss?;
    Some(format!("{} (as much as or more than {} of all)", score.percent(), percentile.percent()))
}

/// The same, in a word.
pub(crate) fn epss(finding: &Finding) -> Option<String> {
    Some(finding.threat.epss?.score.percent())
}

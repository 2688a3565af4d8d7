//! One vulnerability in one package of one image, whichever scanner found it.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Severity;
use crate::threat::{Probability, Threat};

/// A vulnerability that a scan reports. The same CVE appears once for every package that carries it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The vulnerability's id, such as `CVE-2024-3094`.
    pub id: Arc<str>,
    /// The finding's own id, where the scanner gives one: one finding can be in several packages, and counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arc<str>>,
    /// As ECR says it.
    pub severity: Severity,
    /// The package that carries it, where the scanner names one.
    pub package: Option<Package>,
    /// Scores, in the scanner's order; often none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Score>,
    /// What it is about.
    pub description: Option<Arc<str>>,
    /// Where to read more; the first is the scanner's own choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Arc<str>>,
    /// Whether there is an exploit, where the scanner says (Amazon Inspector does).
    pub exploit_known: Option<bool>,
    /// What catalogues know of attacks on it.
    #[serde(default, skip_serializing_if = "Threat::is_unknown")]
    pub threat: Threat,
    /// Whether a suppression rule of Amazon Inspector hides it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suppressed: bool,
}

/// A package as installed in the image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: Arc<str>,
    /// The installed version.
    pub version: Option<Arc<str>>,
    /// The version that fixes the vulnerability, where one is known.
    pub fixed_in: Option<Arc<str>>,
    /// Such as `OS`, `PYTHONPKG`, `JAR`, as the scanner says.
    pub manager: Option<Arc<str>>,
    /// The file it was found in, for language packages.
    pub path: Option<Arc<str>>,
}

/// A CVSS score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The version of CVSS: `2`, `3.1`, `4.0`; or just the major one where the scanner says no more.
    pub version: Arc<str>,
    /// 0.0 to 10.0.
    pub value: f64,
    /// The vector, where given.
    pub vector: Option<Arc<str>>,
}

impl Finding {
    /// What makes it the same finding in two scans of an image: the id, and where in the image it is.
    pub fn identity(&self) -> impl Ord + Clone + use<> {
        let package = self.package.as_ref();
        (
            self.id.clone(),
            package.map(|package| package.name.clone()),
            package.and_then(|package| package.version.clone()),
            package.and_then(|package| package.path.clone()),
        )
    }

    /// The highest of its scores; 0 without any.
    pub fn score(&self) -> f64 {
        self.scores.iter().map(|score| score.value).fold(0.0, f64::max)
    }

    /// Whether it counts as exploited for routes and gates: since it is listed as known exploited, or since the scanner says
    /// that there is an exploit.
    pub fn is_exploited(&self) -> bool {
        self.threat.known_exploited.is_some() || self.exploit_known == Some(true)
    }

    /// Whether it is as likely to be exploited as this. What has no score is not.
    pub fn reaches_epss(&self, least: Probability) -> bool {
        self.threat.epss.is_some_and(|epss| epss.score >= least)
    }

    /// The order of every report: severity, then what is known to be exploited, then score, then id, each worst first; then
    /// the package.
    pub fn report_order(&self, other: &Self) -> Ordering {
        let listed = |finding: &Self| finding.threat.known_exploited.is_some();
        (other.severity.cmp(&self.severity))
            .then_with(|| listed(other).cmp(&listed(self)))
            .then_with(|| other.score().total_cmp(&self.score()))
            .then_with(|| self.id.cmp(&other.id))
            .then_with(|| self.package.cmp(&other.package))
    }
}

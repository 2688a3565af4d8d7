//! One vulnerability in one package of one image, whichever scanner found it.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Severity;

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
    /// Whether an exploit is known, where the scanner says.
    pub exploit_known: Option<bool>,
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

    /// The order of every report: severity, then score, then id, each worst first; then the package.
    pub fn report_order(&self, other: &Self) -> Ordering {
        (other.severity.cmp(&self.severity))
            .then_with(|| other.score().total_cmp(&self.score()))
            .then_with(|| self.id.cmp(&other.id))
            .then_with(|| self.package.cmp(&other.package))
    }
}

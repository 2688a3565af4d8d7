//! Findings as JSON.

use std::sync::Arc;

use serde::Serialize;
use vigil_core::evaluate::AcceptedBy;
use vigil_core::{Accepted, Crossed, Difference, Finding, Package, Score};

use super::serial::Each;
use crate::threat::{EpssView, KnownExploitedView};

#[derive(Serialize)]
pub(super) struct FindingView<'a> {
    id: &'a str,
    severity: &'a str,
    package: Option<PackageView<'a>>,
    scores: Each<'a, Score, ScoreView<'a>>,
    description: Option<&'a str>,
    links: &'a [Arc<str>],
    exploit_known: Option<bool>,
    known_exploited: Option<KnownExploitedView>,
    epss: Option<EpssView>,
}

#[derive(Serialize)]
struct PackageView<'a> {
    name: &'a str,
    version: Option<&'a str>,
    fixed_in: Option<&'a str>,
    manager: Option<&'a str>,
    path: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct ScoreView<'a> {
    version: &'a str,
    value: f64,
    vector: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct AcceptedView<'a> {
    finding: FindingView<'a>,
    by: &'static str,
    /// The exception's place in the list.
    exception: Option<usize>,
    reason: &'a str,
}

#[derive(Serialize)]
pub(super) struct CrossedView<'a> {
    line: &'static str,
    severity: Option<&'a str>,
    count: u64,
    threshold: Option<u64>,
    epss: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct ChangeView<'a> {
    appeared: Each<'a, Finding, FindingView<'a>>,
    gone: Each<'a, Finding, FindingView<'a>>,
}

impl<'a> FindingView<'a> {
    pub(super) fn of(finding: &'a Finding) -> Self {
        let Finding {
            id,
            severity,
            package,
            scores,
            description,
            links,
            exploit_known,
            threat: _,
            arn: _,
            suppressed: _,
        } = finding;
        Self {
            id,
            severity: severity.as_str(),
            package: package.as_ref().map(PackageView::of),
            scores: Each(scores, ScoreView::of),
            description: description.as_deref(),
            links,
            exploit_known: *exploit_known,
            known_exploited: KnownExploitedView::of(finding),
            epss: EpssView::of(finding),
        }
    }
}

impl<'a> PackageView<'a> {
    fn of(package: &'a Package) -> Self {
        let Package { name, version, fixed_in, manager, path } = package;
        Self {
            name,
            version: version.as_deref(),
            fixed_in: fixed_in.as_deref(),
            manager: manager.as_deref(),
            path: path.as_deref(),
        }
    }
}

impl<'a> ScoreView<'a> {
    fn of(score: &'a Score) -> Self {
        Self { version: &score.version, value: score.value, vector: score.vector.as_deref() }
    }
}

impl<'a> AcceptedView<'a> {
    pub(super) fn of(accepted: &'a Accepted) -> Self {
        let (by, exception) = match accepted.by {
            AcceptedBy::Exception(place) => ("exception", Some(place)),
            AcceptedBy::Remembered => ("exception", None),
            AcceptedBy::Inspector => ("inspector", None),
        };
        Self { finding: FindingView::of(&accepted.finding), by, exception, reason: &accepted.reason }
    }
}

impl<'a> CrossedView<'a> {
    pub(super) fn of(crossed: &'a Crossed) -> Self {
        let line = |line, count| Self { line, severity: None, count, threshold: None, epss: None };
        match crossed {
            Crossed::Threshold { severity, count, threshold } => Self {
                severity: Some(severity.as_str()),
                threshold: Some(*threshold),
                ..line("severity", *count)
            },
            Crossed::Exploited { count } => line("exploited", *count),
            Crossed::Epss { count, least } => Self { epss: Some((*least).into()), ..line("epss", *count) },
        }
    }
}

impl<'a> ChangeView<'a> {
    pub(super) fn of(change: &'a Difference) -> Self {
        Self { appeared: Each(&change.appeared, FindingView::of), gone: Each(&change.gone, FindingView::of) }
    }
}

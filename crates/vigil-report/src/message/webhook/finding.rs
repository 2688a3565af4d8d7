//! Changes and findings as JSON.

use serde::Serialize;
use vigil_core::lineage::Worse;
use vigil_core::news::{Change, ChangeKind};
use vigil_core::{Finding, Package, Score};

use crate::json::Text;
use crate::message::cut::{Limits, cut, first, word};
use crate::message::entry::address;
use crate::threat::{EpssView, KnownExploitedView};

#[derive(Serialize)]
pub(super) struct ChangeView<'a> {
    change: &'static str,
    worse: Option<WorseView>,
    at: Text<jiff::Timestamp>,
    lineage: LineageView<'a>,
    finding: FindingView,
}

#[derive(Serialize)]
struct WorseView {
    severity_before: Option<String>,
    exploit_became_known: bool,
    became_known_exploited: bool,
    fix_appeared: bool,
    accepted_before: Option<String>,
}

#[derive(Serialize)]
struct LineageView<'a> {
    name: &'a str,
    platform: Option<&'a str>,
}

#[derive(Serialize)]
struct FindingView {
    id: String,
    severity: String,
    package: Option<PackageView>,
    score: f64,
    scores: Vec<ScoreView>,
    exploit_known: Option<bool>,
    known_exploited: Option<KnownExploitedView>,
    epss: Option<EpssView>,
    description: Option<String>,
    url: Option<String>,
    links: Vec<String>,
}

#[derive(Serialize)]
struct PackageView {
    name: String,
    version: Option<String>,
    fixed_in: Option<String>,
    manager: Option<String>,
    path: Option<String>,
}

#[derive(Serialize)]
struct ScoreView {
    version: String,
    value: f64,
    vector: Option<String>,
}

impl<'a> ChangeView<'a> {
    pub(super) fn of(change: &'a Change, limits: Limits) -> Self {
        let Change { id: _, at, lineage, subject: _, kind, finding } = change;
        let worse = match kind {
            ChangeKind::Worsened(worse) => Some(WorseView::of(worse)),
            ChangeKind::New | ChangeKind::Fixed => None,
        };
        Self {
            change: kind.state().code(),
            worse,
            at: Text(*at),
            lineage: LineageView { name: &lineage.name, platform: lineage.platform.as_deref() },
            finding: FindingView::of(finding, limits),
        }
    }
}

impl WorseView {
    fn of(worse: &Worse) -> Self {
        let Worse {
            severity_before,
            exploit_became_known,
            became_known_exploited,
            fix_appeared,
            accepted_before,
        } = worse;
        Self {
            severity_before: severity_before.as_ref().map(|severity| word(severity.as_str())),
            exploit_became_known: *exploit_became_known,
            became_known_exploited: *became_known_exploited,
            fix_appeared: *fix_appeared,
            accepted_before: accepted_before.as_deref().map(word),
        }
    }
}

impl FindingView {
    fn of(finding: &Finding, limits: Limits) -> Self {
        let Finding {
            id,
            arn: _,
            severity,
            package,
            scores,
            description,
            links,
            exploit_known,
            threat: _,
            suppressed: _,
        } = finding;
        let links: Vec<String> = links.iter().filter_map(|link| address(link)).collect();
        Self {
            id: word(id),
            severity: word(severity.as_str()),
            package: package.as_ref().map(PackageView::of),
            score: finding.score(),
            scores: first(scores, limits.names).0.iter().map(ScoreView::of).collect(),
            exploit_known: *exploit_known,
            known_exploited: KnownExploitedView::of(finding),
            epss: EpssView::of(finding),
            description: description.as_deref().map(|text| cut(text, limits.prose)),
            url: links.first().cloned(),
            links: first(&links, limits.names).0.to_vec(),
        }
    }
}

impl PackageView {
    fn of(package: &Package) -> Self {
        let Package { name, version, fixed_in, manager, path } = package;
        Self {
            name: word(name),
            version: version.as_deref().map(word),
            fixed_in: fixed_in.as_deref().map(word),
            manager: manager.as_deref().map(word),
            path: path.as_deref().map(word),
        }
    }
}

impl ScoreView {
    fn of(score: &Score) -> Self {
        let Score { version, value, vector } = score;
        Self { version: word(version), value: *value, vector: vector.as_deref().map(word) }
    }
}

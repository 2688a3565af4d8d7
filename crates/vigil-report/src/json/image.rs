//! An image and what became of it, as JSON.

use jiff::Timestamp;
use serde::Serialize;
use vigil_core::image::Platform;
use vigil_core::record::ImageRecord;
use vigil_core::{Accepted, Crossed, Decision, Digest, Evaluation, Finding, Tag};

use super::finding::{AcceptedView, ChangeView, CrossedView, FindingView};
use super::serial::{BySeverity, Each, RegistryView, Text};
use crate::name::{Place, PullUri};
use crate::status::{Reason, decision_reason, reason, status};

/// Every member is always there; `null` says that something is not known, or does not apply.
#[derive(Serialize)]
pub(super) struct ImageView<'a> {
    registry: RegistryView<'a>,
    repository: &'a str,
    repository_arn: &'a str,
    digest: Text<Digest>,
    tags: Each<'a, Tag, &'a str>,
    platform: Option<PlatformView<'a>>,
    index: Option<Text<Digest>>,
    pushed_at: Option<Text<Timestamp>>,
    uri: Text<PullUri<'a>>,
    console_url: Option<String>,
    decision: DecisionView,
    status: &'static str,
    reason: ReasonView,
    scan: Option<ScanView>,
    counts: Option<BySeverity<'a>>,
    findings: Option<Each<'a, Finding, FindingView<'a>>>,
    accepted: Option<Each<'a, Accepted, AcceptedView<'a>>>,
    crossed: Option<Each<'a, Crossed, CrossedView<'a>>>,
    change: Option<ChangeView<'a>>,
}

#[derive(Serialize)]
struct PlatformView<'a> {
    os: &'a str,
    architecture: &'a str,
    variant: Option<&'a str>,
}

#[derive(Serialize)]
struct DecisionView {
    code: &'static str,
    reason: ReasonView,
}

#[derive(Serialize)]
struct ReasonView {
    code: &'static str,
    text: String,
    next: Option<Text<Timestamp>>,
}

#[derive(Serialize)]
struct ScanView {
    completed_at: Option<Text<Timestamp>>,
    earlier: bool,
}

impl<'a> ImageView<'a> {
    pub(super) fn of(place: &'a Place<'a>, repository_arn: &'a str, record: &'a ImageRecord) -> Self {
        let ImageRecord { image, decision, evaluation, change, .. } = record;
        let status = status(record);
        let evaluation = evaluation.as_ref();
        Self {
            registry: RegistryView::of(place.registry),
            repository: place.repository.as_str(),
            repository_arn,
            digest: Text(image.digest),
            tags: Each(&image.tags, Tag::as_str),
            platform: image.platform.as_ref().map(PlatformView::of),
            index: image.index.map(Text),
            pushed_at: image.pushed_at.map(Text),
            uri: Text(place.image_uri(image)),
            console_url: place.registry.console_url(place.repository, &image.digest),
            decision: DecisionView::of(decision),
            status: status.code(),
            reason: ReasonView::of(reason(record)),
            scan: evaluation.map(|evaluation| ScanView::of(evaluation, !status.is_settled())),
            counts: evaluation.map(|evaluation| BySeverity(&evaluation.counts)),
            findings: evaluation.map(|evaluation| Each(&evaluation.details, FindingView::of)),
            accepted: evaluation.map(|evaluation| Each(&evaluation.accepted, AcceptedView::of)),
            crossed: evaluation.map(|evaluation| Each(&evaluation.crossed, CrossedView::of)),
            change: change.as_ref().map(ChangeView::of),
        }
    }
}

impl<'a> PlatformView<'a> {
    fn of(platform: &'a Platform) -> Self {
        let Platform { os, architecture, variant } = platform;
        Self { os, architecture, variant: variant.as_deref() }
    }
}

impl DecisionView {
    fn of(decision: &Decision) -> Self {
        let code = match decision {
            Decision::Scan(_) => "scan",
            Decision::Wait => "wait",
            Decision::Rest(_) => "rest",
            Decision::Hold(..) => "hold",
            Decision::Observe => "observe",
            Decision::LeaveOut(_) => "leave_out",
            Decision::Undecided => "undecided",
        };
        Self { code, reason: ReasonView::of(decision_reason(decision)) }
    }
}

impl ReasonView {
    fn of(reason: Reason) -> Self {
        let Reason { code, text, next } = reason;
        Self { code, text, next: next.map(Text) }
    }
}

impl ScanView {
    fn of(evaluation: &Evaluation, earlier: bool) -> Self {
        Self { completed_at: evaluation.scanned_at.map(Text), earlier }
    }
}

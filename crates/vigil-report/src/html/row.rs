//! An image in the page, with its findings folded into it.

use askama::Template;
use vigil_core::record::ImageRecord;
use vigil_core::{Crossed, Evaluation, Finding, Severity};

use crate::gap::Gap;
use crate::layout::PassKind;
use crate::line::{clipped, plain};
use crate::link::web_address;
use crate::name::{Distinct, Place};
use crate::status::{Reason, Status, reason, status};
use crate::text::plan_word;
use crate::threat;

/// A browser holds the whole page: a description longer than this is cut.
const DESCRIPTION: usize = 300;

/// The columns of severities; what is none of them is in a fifth.
const COLUMNS: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

#[derive(Template)]
#[template(path = "row.html")]
pub(super) struct Row {
    /// What the page's script and style know it by.
    state: &'static str,
    /// How bad its worst finding is, 0 without any.
    worst: u8,
    name: String,
    link: Option<String>,
    digest: Option<String>,
    note: Option<String>,
    /// What is folded, in words.
    told: String,
    findings: Vec<Found>,
    platform: String,
    word: String,
    time: String,
    counts: [String; 5],
}

struct Found {
    class: &'static str,
    severity: String,
    id: String,
    link: Option<String>,
    package: String,
    path: Option<String>,
    version: String,
    fixed_in: String,
    score: String,
    description: Option<String>,
    accepted: Option<String>,
    marks: Vec<&'static str>,
    epss: String,
}

impl Row {
    pub(super) fn image(kind: PassKind, place: &Place<'_>, record: &ImageRecord) -> Self {
        let image = &record.image;
        let (status, reason) = (status(record), reason(record));
        let evaluation = record.evaluation.as_ref();
        let (word, time) = match kind {
            PassKind::Plan => (plan_word(record).to_owned(), reason.next),
            PassKind::Scan => (status.to_string(), evaluation.and_then(|told| told.scanned_at)),
        };
        Self {
            state: state(status, evaluation),
            worst: evaluation.map_or(0, worst),
            name: plain(&Distinct(place.image_name(image)).to_string()),
            link: place.registry.console_url(place.repository, &image.digest),
            digest: (!image.tags.is_empty()).then(|| image.digest.to_string()),
            note: note(kind, status, reason, evaluation),
            told: evaluation.map(told).unwrap_or_default(),
            findings: evaluation.map(findings).unwrap_or_default(),
            platform: image
                .platform
                .as_ref()
                .map(|platform| plain(&platform.to_string()))
                .unwrap_or_default(),
            word,
            time: time.map(|at| at.strftime("%F %H:%M").to_string()).unwrap_or_default(),
            counts: evaluation.map(counts).unwrap_or_default(),
        }
    }

    /// A row about something that is no image.
    pub(super) fn gap(place: &Place<'_>, gap: &Gap<'_>) -> Self {
        Self {
            state: "trouble",
            worst: 0,
            name: plain(gap.name.unwrap_or(&place.uri)),
            link: None,
            digest: None,
            note: Some(plain(&gap.reason)),
            told: String::new(),
            findings: Vec::new(),
            platform: String::new(),
            word: gap.word.to_owned(),
            time: String::new(),
            counts: Default::default(),
        }
    }
}

fn state(status: Status, evaluation: Option<&Evaluation>) -> &'static str {
    match evaluation {
        _ if status.is_trouble() => "trouble",
        None if status.is_settled() => "trouble",
        Some(evaluation) if !evaluation.crossed.is_empty() => "over",
        _ => "calm",
    }
}

/// Why a result is missing or old, and which thresholds it reaches.
fn note(kind: PassKind, status: Status, reason: Reason, evaluation: Option<&Evaluation>) -> Option<String> {
    let why = match (status, evaluation) {
        _ if kind == PassKind::Plan => Some(reason.text),
        (Status::Scanned | Status::Current, Some(_)) => None,
        (status, None) if status.is_settled() => Some("its findings are not known".to_owned()),
        (status, Some(_)) if !status.is_settled() => {
            Some(format!("{}; findings of an earlier scan", reason.text))
        }
        _ => Some(reason.text),
    };
    let crossed = evaluation.iter().flat_map(|evaluation| &evaluation.crossed);
    let crossed: Vec<_> = crossed.map(Crossed::line).collect();
    let crossed = (!crossed.is_empty()).then(|| format!("over {}", crossed.join(", ")));
    let parts: Vec<_> = [crossed, why].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| plain(&parts.join("; ")))
}

fn worst(evaluation: &Evaluation) -> u8 {
    let rank = |severity: &Severity| match severity {
        // What a word unknown to us stands for may be worse than anything.
        Severity::Critical | Severity::Unknown(_) => 5,
        Severity::High => 4,
        Severity::Medium => 3,
        Severity::Low => 2,
        Severity::Informational | Severity::Untriaged | Severity::Undefined => 1,
    };
    evaluation.counts.iter().map(|(severity, _)| rank(severity)).max().unwrap_or(0)
}

fn counts(evaluation: &Evaluation) -> [String; 5] {
    let [critical, high, medium, low] = COLUMNS.map(|severity| evaluation.counts.get(&severity));
    let other = evaluation.counts.total() - critical - high - medium - low;
    [critical, high, medium, low, other].map(|count| count.to_string())
}

fn told(evaluation: &Evaluation) -> String {
    let Evaluation { details, accepted, .. } = evaluation;
    match accepted.len() {
        0 => format!("{} in detail", details.len()),
        accepted => format!("{} in detail, {accepted} accepted", details.len()),
    }
}

fn findings(evaluation: &Evaluation) -> Vec<Found> {
    let open = evaluation.details.iter().map(|finding| Found::of(finding, None));
    let accepted = evaluation.accepted.iter();
    let accepted = accepted.map(|accepted| Found::of(&accepted.finding, Some(&accepted.reason)));
    open.chain(accepted).collect()
}

impl Found {
    fn of(finding: &Finding, accepted: Option<&str>) -> Self {
        let Finding { id, severity, package, description, links, .. } = finding;
        let package = package.as_ref();
        let score = finding.score();
        Self {
            class: if accepted.is_some() { "accepted" } else { "open" },
            severity: plain(severity.as_str()),
            id: plain(id),
            link: links.first().and_then(|link| web_address(link)),
            package: package.map(|package| plain(&package.name)).unwrap_or_default(),
            path: package.and_then(|package| package.path.as_deref()).map(plain),
            version: package.and_then(|package| package.version.as_deref()).map(plain).unwrap_or_default(),
            fixed_in: package.and_then(|package| package.fixed_in.as_deref()).map(plain).unwrap_or_default(),
            score: if score > 0.0 { format!("{score:.1}") } else { String::new() },
            description: description.as_deref().map(|said| clipped(&plain(said), DESCRIPTION)),
            accepted: accepted.map(plain),
            marks: threat::marks(finding).collect(),
            epss: threat::epss(finding).unwrap_or_default(),
        }
    }
}

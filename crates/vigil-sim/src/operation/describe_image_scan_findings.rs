//! DescribeImageScanFindings: status and counts on every page, the findings in pages.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dispatch::json;
use super::finding_shapes::{self, BasicFinding, Counts, EnhancedFinding};
use super::resolve;
use crate::clock::Moment;
use crate::content::Image;
use crate::findings::{Drawn, Pool};
use crate::registry::{GivenFindings, Listing, RepositoryRef, State, scan_answer};
use crate::wire::{self, ApiError, ImageIdentifier, PageContext};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    repository_name: Option<String>,
    image_id: Option<ImageIdentifier>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    registry_id: &'a str,
    repository_name: &'a str,
    image_id: ImageIdentifier,
    image_scan_status: Status,
    /// Absent, null or there: the three differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_scan_findings: Option<Option<Findings<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
struct Status {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Findings<'a> {
    findings: Vec<Finding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enhanced_findings: Option<Vec<Finding<'a>>>,
    image_scan_completed_at: Moment,
    vulnerability_source_updated_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding_severity_counts: Option<Counts<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Finding<'a> {
    Basic(BasicFinding<'a>),
    Enhanced(Box<EnhancedFinding<'a>>),
    Given(&'a Value),
}

/// The page that was asked for.
struct Page {
    start: usize,
    size: usize,
}

/// One image of one registry, for whatever needs all of it.
struct Subject<'a> {
    state: &'a State,
    repository: &'a RepositoryRef<'a>,
    image: &'a Image,
}

pub(super) fn answer(state: &State, request: Request, now: Moment) -> Result<Vec<u8>, ApiError> {
    let name = wire::repository_name(request.repository_name)?;
    let asked = resolve::required(request.image_id)?;
    let size = wire::page_size(request.max_results)?;
    let repository = resolve::repository(state, &name)?;
    let image = resolve::image(state, &repository, &asked)?.image;
    let digest = image.digest.to_string();
    let context =
        PageContext::new(&["DescribeImageScanFindings", &state.id.account, &state.id.region, &name, &digest]);
    let (start, _) = context.place(request.next_token.as_deref())?;
    let scan = scan_answer(state, &repository, &image, now)
        .ok_or_else(|| ApiError::scan_not_found(&image, &asked, &name, &state.id))?;

    let listing = scan.read_listing();
    let page = Page { start: start as usize, size };
    let subject = Subject { state, repository: &repository, image: &image };
    let drawn = draw(&subject, &listing);
    let (image_scan_findings, total) = findings(&subject, &listing, &drawn, &page, now);
    let end = page.start + page.size;
    let next = (end < total).then(|| context.token(u32::try_from(end).unwrap_or(u32::MAX), 0));
    json(&Answer {
        registry_id: &state.id.account,
        repository_name: &name,
        image_id: asked.resolved(image.digest),
        image_scan_status: Status { status: scan.status, description: scan.description },
        image_scan_findings,
        next_token: next,
    })
}

fn draw(subject: &Subject<'_>, listing: &Listing) -> Vec<Drawn> {
    let Listing::Findings { completed_at, given: None, .. } = listing else { return Vec::new() };
    let generated = &subject.state.generated;
    let noise = generated.noise.word(subject.repository.name);
    let pool = Pool::new(noise, generated.profile.findings_mean, generated.start);
    pool.draw(subject.image.age_rank, *completed_at)
}

/// The findings of a page, and how many there are on all pages.
fn findings<'a>(
    subject: &Subject<'a>,
    listing: &'a Listing,
    drawn: &'a [Drawn],
    page: &Page,
    now: Moment,
) -> (Option<Option<Findings<'a>>>, usize) {
    match listing {
        Listing::Absent => (None, 0),
        Listing::Null => (Some(None), 0),
        Listing::NotYet(completed_at) => (Some(Some(envelope(*completed_at, vec![], None, None))), 0),
        Listing::Findings { completed_at, given: Some(given), enhanced } => {
            let (found, total) = given_findings(given, page, *completed_at, *enhanced);
            (Some(Some(found)), total)
        }
        Listing::Findings { completed_at, given: None, enhanced: false } => {
            let counts = Counts::of(drawn.iter().map(|finding| finding.severity.name()));
            let listed =
                slice(drawn, page).map(|finding| Finding::Basic(finding_shapes::basic(finding))).collect();
            (Some(Some(envelope(*completed_at, listed, None, Some(counts)))), drawn.len())
        }
        Listing::Findings { completed_at, given: None, enhanced: true } => {
            let Subject { state, repository, image } = subject;
            let counts = Counts::of(drawn.iter().map(finding_shapes::enhanced_severity));
            let shape = |finding| {
                Finding::Enhanced(Box::new(finding_shapes::enhanced(
                    &state.id, repository, image, finding, now,
                )))
            };
            let listed = slice(drawn, page).map(shape).collect();
            (Some(Some(envelope(*completed_at, vec![], Some(listed), Some(counts)))), drawn.len())
        }
    }
}

fn given_findings<'a>(
    given: &'a GivenFindings,
    page: &Page,
    at: Moment,
    enhanced: bool,
) -> (Findings<'a>, usize) {
    let all = if enhanced { &given.enhanced } else { &given.basic };
    let severity = |finding: &'a Value| finding.get("severity").and_then(Value::as_str);
    let counts = Counts::of(all.iter().map(|finding| severity(finding).unwrap_or("UNDEFINED")));
    let listed = slice(all, page).map(Finding::Given).collect();
    let (basic, enhanced) = if enhanced { (vec![], Some(listed)) } else { (listed, None) };
    (envelope(at, basic, enhanced, Some(counts)), all.len())
}

fn slice<'a, T>(all: &'a [T], page: &Page) -> impl Iterator<Item = &'a T> {
    all.iter().skip(page.start).take(page.size)
}

fn envelope<'a>(
    completed_at: Moment,
    findings: Vec<Finding<'a>>,
    enhanced_findings: Option<Vec<Finding<'a>>>,
    finding_severity_counts: Option<Counts<'a>>,
) -> Findings<'a> {
    Findings {
        findings,
        enhanced_findings,
        image_scan_completed_at: completed_at,
        // The sources were fetched some hours before.
        vulnerability_source_updated_at: completed_at + SignedDuration::from_hours(-7),
        finding_severity_counts,
    }
}

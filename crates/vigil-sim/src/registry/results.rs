//! What DescribeImageScanFindings can say about an image at this moment.

use std::sync::Arc;

use jiff::SignedDuration;

use super::overlay::{DictatedStatus, GivenFindings};
use super::scanning::{Frequency, ScanType};
use super::scans::{self, CompletedScan, EmptyReads};
use super::state::{RepositoryRef, State};
use crate::clock::Moment;
use crate::content::Image;

const COMPLETED: &str = "The scan was completed successfully.";
const CONTINUOUS: &str = "Continuous scan is selected for image.";
const UNSUPPORTED: &str =
    "UnsupportedImageError: The operating system and/or package manager are not supported.";

/// The state of a scan, in the words of the wire.
#[derive(Debug)]
pub(crate) struct ScanAnswer<'a> {
    pub(crate) status: String,
    pub(crate) description: Option<String>,
    listing: Listing,
    /// Reads that still come before the findings.
    empty_reads: Option<&'a EmptyReads>,
}

impl ScanAnswer<'_> {
    /// What stands where the findings would be, for one read of the API: it may use up an empty read.
    ///
    /// Whoever only looks at the status changes nothing.
    pub(crate) fn read_listing(&self) -> Listing {
        match self.listing {
            Listing::Findings { completed_at, .. } if self.empty_reads.is_some_and(EmptyReads::take) => {
                Listing::NotYet(completed_at)
            }
            _ => self.listing.clone(),
        }
    }
}

/// What stands where the findings would be.
#[derive(Debug, Clone)]
pub(crate) enum Listing {
    /// No `imageScanFindings` at all.
    Absent,
    /// `"imageScanFindings": null`, as after a failure.
    Null,
    /// `COMPLETE` before its findings: an empty list and no counts.
    NotYet(Moment),
    /// Findings, dictated or drawn.
    Findings { completed_at: Moment, given: Option<Arc<GivenFindings>>, enhanced: bool },
}

/// The answer for an image; `None` when there is no scan of it.
pub(crate) fn scan_answer<'a>(
    state: &'a State,
    repository: &RepositoryRef<'a>,
    image: &Image,
    now: Moment,
) -> Option<ScanAnswer<'a>> {
    let enhanced = state.scanning.scan_type == ScanType::Enhanced;
    let dictated = repository.overlay.and_then(|overlay| overlay.statuses.get(&image.digest));
    if let Some(dictated) = dictated {
        return Some(dictated_answer(state, repository, image, dictated, now));
    }
    if image.archived_at.is_some() {
        return Some(answer("IMAGE_ARCHIVED", None, Listing::Absent));
    }
    if enhanced {
        enhanced_answer(state, repository, image, now)
    } else {
        basic_answer(state, repository, image, now)
    }
}

fn basic_answer<'a>(
    state: &'a State,
    repository: &RepositoryRef<'_>,
    image: &Image,
    now: Moment,
) -> Option<ScanAnswer<'a>> {
    let scan = state.scans.get(&(repository.position, image.digest));
    if let Some(scan) = scan.filter(|scan| scan.completes_at > now) {
        let listing = scan.previous.clone().map_or(Listing::Absent, |previous| listing(previous, false));
        return Some(answer("IN_PROGRESS", None, listing));
    }
    let fails = scan.map_or(image.past_scan.is_some() && image.fails_scan(), |scan| scan.fails);
    if fails {
        return Some(answer("FAILED", Some(UNSUPPORTED), Listing::Null));
    }
    let completed = scans::last_completed(state, repository.position, image, now)?;
    let empty_reads = scan.map(|scan| &scan.empty_reads);
    Some(ScanAnswer { empty_reads, ..answer("COMPLETE", Some(COMPLETED), listing(completed, false)) })
}

fn enhanced_answer<'a>(
    state: &State,
    repository: &RepositoryRef<'a>,
    image: &Image,
    now: Moment,
) -> Option<ScanAnswer<'a>> {
    let (frequency, _) = state.scanning.frequency(repository.name, repository.scan_on_push);
    if frequency == Frequency::Manual || image.kind.refused_media_type().is_some() {
        return None;
    }
    if image.fails_scan() {
        return Some(answer("UNSUPPORTED_IMAGE", Some(UNSUPPORTED), Listing::Absent));
    }
    let eligible = state.scanning.eligible_days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    if eligible.is_some_and(|eligible| now - image.pushed_at > eligible) {
        return Some(answer("SCAN_ELIGIBILITY_EXPIRED", None, Listing::Absent));
    }
    let given = repository.overlay.and_then(|overlay| overlay.findings.get(&image.digest)).cloned();
    Some(match frequency {
        Frequency::ContinuousScan => {
            // Inspector looks again whenever its sources change; here, every hour.
            let at = now.hour().max(image.pushed_at);
            answer("ACTIVE", Some(CONTINUOUS), listing(CompletedScan { at, given }, true))
        }
        _ => {
            let empty_reads = repository.overlay.and_then(|overlay| overlay.empty_reads.get(&image.digest));
            let listing = listing(CompletedScan { at: image.pushed_at, given }, true);
            ScanAnswer { empty_reads, ..answer("COMPLETE", Some(COMPLETED), listing) }
        }
    })
}

/// A dictated status keeps the findings that there are where a status of its name would show them.
fn dictated_answer(
    state: &State,
    repository: &RepositoryRef<'_>,
    image: &Image,
    dictated: &DictatedStatus,
    now: Moment,
) -> ScanAnswer<'static> {
    let enhanced = state.scanning.scan_type == ScanType::Enhanced;
    let given = || repository.overlay.and_then(|overlay| overlay.findings.get(&image.digest)).cloned();
    let completed = match dictated.completed_at {
        Some(at) => Some(CompletedScan { at, given: given() }),
        None => scans::last_completed(state, repository.position, image, now),
    };
    let found = match dictated.status.as_str() {
        "FAILED" => Listing::Null,
        "COMPLETE" | "ACTIVE" => {
            listing(completed.unwrap_or_else(|| CompletedScan { at: now, given: given() }), enhanced)
        }
        "IN_PROGRESS" => completed.map_or(Listing::Absent, |completed| listing(completed, enhanced)),
        _ => Listing::Absent,
    };
    answer(&dictated.status, dictated.description.as_deref(), found)
}

fn answer(status: &str, description: Option<&str>, listing: Listing) -> ScanAnswer<'static> {
    let (status, description) = (status.to_owned(), description.map(str::to_owned));
    ScanAnswer { status, description, listing, empty_reads: None }
}

fn listing(completed: CompletedScan, enhanced: bool) -> Listing {
    Listing::Findings { completed_at: completed.at, given: completed.given, enhanced }
}

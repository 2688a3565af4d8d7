//! Starting a scan, and what becomes of it as time goes by.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;

use super::overlay::GivenFindings;
use super::quota;
use super::scanning::ScanType;
use super::state::State;
use crate::clock::Moment;
use crate::config::ScanBehaviour;
use crate::content::Image;
use crate::digest::Digest;
use crate::noise::Noise;

/// A scan that was started while the simulator ran.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) started_at: Moment,
    pub(super) completes_at: Moment,
    pub(super) fails: bool,
    /// Findings dictated before the start; `None` finds what the image has.
    pub(super) given: Option<Arc<GivenFindings>>,
    /// The last completed scan before this one.
    pub(super) previous: Option<CompletedScan>,
    pub(super) empty_reads: EmptyReads,
}

/// How many reads still come too early to see the findings.
#[derive(Debug)]
pub(super) struct EmptyReads(AtomicU32);

/// A scan whose findings can be read.
#[derive(Debug, Clone)]
pub(super) struct CompletedScan {
    pub(super) at: Moment,
    pub(super) given: Option<Arc<GivenFindings>>,
}

/// Why a scan does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartRefused {
    /// Enhanced scanning is on: scans cannot be started.
    Disabled,
    /// The image is archived.
    Archived,
    /// Artifacts of this media type cannot be scanned.
    Unsupported(&'static str),
    /// The image was scanned within the last 24 hours.
    ImageQuota,
    /// The registry has started as many scans as it may in 24 hours.
    DailyQuota,
}

impl fmt::Display for StartRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("This feature is disabled"),
            Self::Archived => f.write_str("The specified image is archived and cannot be scanned."),
            Self::Unsupported(media_type) => write!(
                f,
                "An artifact with media type '{media_type}' cannot be scanned. For more information, see the Amazon \
                 ECR documentation."
            ),
            Self::ImageQuota => {
                f.write_str("The scan quota per image has been exceeded. Wait and try again.")
            }
            // What AWS says here is not known publicly: this text is ours, and unlike the one above on purpose.
            Self::DailyQuota => {
                f.write_str("The daily scan quota of the registry has been exceeded. Wait and try again.")
            }
        }
    }
}

impl std::error::Error for StartRefused {}

/// Starts a scan of an image of the repository at `position`.
pub(crate) fn start_scan(
    state: &mut State,
    position: u32,
    image: &Image,
    behaviour: &ScanBehaviour,
    now: Moment,
) -> Result<(), StartRefused> {
    if state.scanning.scan_type == ScanType::Enhanced {
        return Err(StartRefused::Disabled);
    }
    if image.archived_at.is_some() {
        return Err(StartRefused::Archived);
    }
    if let Some(media_type) = image.kind.refused_media_type() {
        return Err(StartRefused::Unsupported(media_type));
    }
    let key = (position, image.digest);
    let last = state.scans.get(&key).map(|scan| scan.started_at);
    let last = last.or(image.past_scan.map(|past| past.completed_at));
    if !quota::image_is_free(last, now) {
        return Err(StartRefused::ImageQuota);
    }
    if !state.daily_scans.take(now, behaviour.daily_limit) {
        return Err(StartRefused::DailyQuota);
    }
    let scan = Scan {
        started_at: now,
        completes_at: now + duration(image.digest, behaviour, now),
        fails: image.fails_scan(),
        given: state.overlays.get(&position).and_then(|overlay| overlay.findings.get(&image.digest)).cloned(),
        previous: last_completed(state, position, image, now),
        empty_reads: EmptyReads::of(behaviour),
    };
    state.scans.insert(key, scan);
    Ok(())
}

/// The scan whose findings were last to be had, if there was one.
pub(super) fn last_completed(
    state: &State,
    position: u32,
    image: &Image,
    now: Moment,
) -> Option<CompletedScan> {
    if image.fails_scan() {
        return None;
    }
    match state.scans.get(&(position, image.digest)) {
        Some(scan) if scan.completes_at <= now => {
            Some(CompletedScan { at: scan.completes_at, given: scan.given.clone() })
        }
        Some(scan) => scan.previous.clone(),
        None => image.past_scan.map(|past| CompletedScan {
            at: past.completed_at,
            given: state
                .overlays
                .get(&position)
                .and_then(|overlay| overlay.findings.get(&image.digest))
                .cloned(),
        }),
    }
}

impl EmptyReads {
    /// Those of a scan that starts now.
    pub(super) fn of(behaviour: &ScanBehaviour) -> Self {
        Self(AtomicU32::new(behaviour.empty_reads_after_completion))
    }

    /// Whether this read is one of them.
    pub(super) fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

fn duration(digest: Digest, behaviour: &ScanBehaviour, now: Moment) -> SignedDuration {
    #[expect(clippy::cast_possible_truncation, reason = "scans take less than a million years")]
    let millis = |seconds: f64| (seconds.max(0.0) * 1000.0) as i64;
    let (shortest, longest) = (millis(behaviour.min_seconds), millis(behaviour.max_seconds));
    let spread = u64::try_from(longest - shortest).unwrap_or(0);
    let extra = Noise::new(digest.prefix()).with(now.millis().cast_unsigned()).below(spread + 1);
    SignedDuration::from_millis(shortest.saturating_add_unsigned(extra))
}

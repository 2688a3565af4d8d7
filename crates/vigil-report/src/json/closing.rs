//! The head and the end of a report as JSON.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use vigil_core::port::Mode;
use vigil_core::record::RepositoryRecord;
use vigil_core::stop::Halt;
use vigil_core::{CycleReport, Fault, RegistryId, RepositoryName};

use super::serial::{BySeverity, Each, RegistryView, Text};
use crate::closing::{Closing, NotEntered};
use crate::layout::{Header, PassKind};
use crate::name::Place;
use crate::status::Status;
use crate::totals::Totals;

/// The version that `docs/report-json.md` documents.
const SCHEMA_VERSION: &str = "1";

#[derive(Serialize)]
pub(super) struct HeadView<'a> {
    schema_version: &'static str,
    kind: &'static str,
    title: &'a str,
    as_of: Text<Timestamp>,
    detail: &'a str,
}

#[derive(Serialize)]
pub(super) struct EndView<'a> {
    repositories: Each<'a, Unread, UnreadView<'a>>,
    missing: Each<'a, Missing, MissingView<'a>>,
    registries: Each<'a, CycleReport, PassView<'a>>,
    not_entered: Each<'a, NotEntered, NotEnteredView<'a>>,
    totals: TotalsView<'a>,
    warnings: &'a [String],
}

/// What is kept of the repositories until the images are written.
#[derive(Default)]
pub(super) struct Kept {
    unread: Vec<Unread>,
    missing: Vec<Missing>,
}

struct Unread {
    registry: RegistryId,
    repository: RepositoryName,
    reached: bool,
    faults: Vec<Fault>,
}

struct Missing {
    registry: RegistryId,
    repository: RepositoryName,
    name: String,
}

#[derive(Serialize)]
struct UnreadView<'a> {
    registry: RegistryView<'a>,
    repository: &'a str,
    reached: bool,
    faults: Each<'a, Fault, FaultView<'a>>,
}

#[derive(Serialize)]
struct MissingView<'a> {
    registry: RegistryView<'a>,
    repository: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct FaultView<'a> {
    kind: &'static str,
    during: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct PassView<'a> {
    registry: RegistryView<'a>,
    began: Text<Timestamp>,
    ended: Text<Timestamp>,
    mode: &'static str,
    started: u64,
    halted: Option<&'static str>,
    faults: Each<'a, Fault, FaultView<'a>>,
}

#[derive(Serialize)]
struct NotEnteredView<'a> {
    registry: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct TotalsView<'a> {
    repositories: u64,
    images: u64,
    by_status: ByStatus<'a>,
    left_out: &'a BTreeMap<&'static str, u64>,
    held: &'a BTreeMap<&'static str, u64>,
    findings: BySeverity<'a>,
    accepted: u64,
    crossing: u64,
    missing: u64,
    unread_repositories: u64,
    unreached_repositories: u64,
    exceptions_used: &'a BTreeSet<usize>,
}

/// Every status with its number, zero included.
struct ByStatus<'a>(&'a Totals);

impl Serialize for ByStatus<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Status::ALL.map(|status| (status.code(), self.0.count(status))))
    }
}

impl Kept {
    /// Keeps what a repository's record says beside its images.
    pub(super) fn keep(&mut self, place: &Place<'_>, record: &RepositoryRecord) {
        let (registry, repository) = (place.registry, place.repository);
        if !record.unread.is_empty() || record.not_reached {
            self.unread.push(Unread {
                registry: registry.clone(),
                repository: repository.clone(),
                reached: !record.not_reached,
                faults: record.unread.clone(),
            });
        }
        self.missing.extend(record.missing.iter().map(|name| Missing {
            registry: registry.clone(),
            repository: repository.clone(),
            name: name.clone(),
        }));
    }
}

impl<'a> HeadView<'a> {
    pub(super) fn of(header: &'a Header) -> Self {
        let kind = match header.kind {
            PassKind::Scan => "scan",
            PassKind::Plan => "plan",
        };
        let (title, detail) = (&header.title, header.detail.as_str());
        Self { schema_version: SCHEMA_VERSION, kind, title, as_of: Text(header.as_of), detail }
    }
}

impl<'a> EndView<'a> {
    pub(super) fn of(kept: &'a Kept, totals: &'a Totals, closing: &'a Closing) -> Self {
        Self {
            repositories: Each(&kept.unread, UnreadView::of),
            missing: Each(&kept.missing, MissingView::of),
            registries: Each(&closing.registries, PassView::of),
            not_entered: Each(&closing.not_entered, NotEnteredView::of),
            totals: TotalsView::of(totals),
            warnings: &closing.warnings,
        }
    }
}

impl<'a> UnreadView<'a> {
    fn of(unread: &'a Unread) -> Self {
        Self {
            registry: RegistryView::of(&unread.registry),
            repository: unread.repository.as_str(),
            reached: unread.reached,
            faults: Each(&unread.faults, FaultView::of),
        }
    }
}

impl<'a> MissingView<'a> {
    fn of(missing: &'a Missing) -> Self {
        let Missing { registry, repository, name } = missing;
        Self { registry: RegistryView::of(registry), repository: repository.as_str(), name }
    }
}

impl<'a> FaultView<'a> {
    fn of(fault: &'a Fault) -> Self {
        Self { kind: fault.kind.code(), during: &fault.during, message: &fault.message }
    }
}

impl<'a> PassView<'a> {
    fn of(report: &'a CycleReport) -> Self {
        let mode = match report.mode {
            Mode::OnRequest => "on_request",
            Mode::ByItself => "by_itself",
        };
        let halted = report.halted.map(|halt| match halt {
            Halt::Deadline => "deadline",
            Halt::Interrupted => "interrupted",
        });
        Self {
            registry: RegistryView::of(&report.registry),
            began: Text(report.began),
            ended: Text(report.ended),
            mode,
            started: report.started,
            halted,
            faults: Each(&report.faults, FaultView::of),
        }
    }
}

impl<'a> NotEnteredView<'a> {
    fn of(registry: &'a NotEntered) -> Self {
        Self { registry: &registry.registry, reason: &registry.reason }
    }
}

impl<'a> TotalsView<'a> {
    fn of(totals: &'a Totals) -> Self {
        Self {
            repositories: totals.repositories,
            images: totals.images,
            by_status: ByStatus(totals),
            left_out: &totals.left_out,
            held: &totals.held,
            findings: BySeverity(&totals.findings),
            accepted: totals.accepted,
            crossing: totals.crossing,
            missing: totals.missing,
            unread_repositories: totals.unread_repositories,
            unreached_repositories: totals.unreached_repositories,
            exceptions_used: &totals.exceptions_used,
        }
    }
}

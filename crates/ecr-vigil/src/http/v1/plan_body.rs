//! What a pass would do, image by image, and why: line by line, since it may be as long as a registry is large.

use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::record::{Decision, ImageRecord};

use super::events::ProgressBody;
use super::nouns::RegistryBody;
use crate::http::schedules::{Planned, PlannedRepository};
use crate::pass_report::Trouble;

/// A line of a plan: an object with one member, which says what it is about.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum PlanLine {
    /// How far the looking has come: at once, and then while it goes on.
    Progress(ProgressBody),
    /// What would be done with an image.
    Image(PlannedBody),
    /// What could not be read or is not there.
    Fault(PlanFault),
    /// A registry that could not be looked at, or not as a whole.
    NotEntered(Trouble),
    /// There will be no plan.
    Failed(PlanFailure),
    /// The last line of a plan that is told as a whole.
    End(PlanEnd),
}

/// Why there is no plan.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PlanFailure {
    /// For people.
    pub(super) detail: String,
}

/// How much a plan has told.
#[derive(Serialize, ToSchema, Default)]
pub(in crate::http) struct PlanEnd {
    /// Lines about images.
    images: u64,
    /// Lines about what could not be read or is not there.
    faults: u64,
    /// Lines about registries that could not be looked at.
    not_entered: u64,
}

/// What would be done with one image.
#[derive(Serialize, ToSchema)]
#[schema(as = PlannedImage)]
pub(in crate::http) struct PlannedBody {
    registry: RegistryBody,
    /// The repository.
    repository: String,
    /// The image.
    digest: String,
    /// Its tags.
    tags: Vec<String>,
    /// What would be done.
    #[schema(example = "hold")]
    decision: &'static str,
    /// Why, for programs.
    #[schema(example = "daily_budget")]
    reason: &'static str,
    /// Why, for people.
    detail: String,
}

/// Something that could not be looked at.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PlanFault {
    registry: RegistryBody,
    /// The repository.
    repository: String,
    /// What went wrong.
    detail: String,
}

impl PlanEnd {
    /// Counts a line.
    fn count(&mut self, line: &PlanLine) {
        match line {
            PlanLine::Image(_) => self.images += 1,
            PlanLine::Fault(_) => self.faults += 1,
            PlanLine::NotEntered(_) => self.not_entered += 1,
            PlanLine::Progress(_) | PlanLine::Failed(_) | PlanLine::End(_) => {}
        }
    }
}

/// A plan line by line, and at last how many lines it had; it ends early where it cannot be read back.
pub(super) fn lines(Planned { repositories, not_entered }: Planned) -> impl Iterator<Item = PlanLine> + Send {
    let troubles = not_entered.into_iter().map(PlanLine::NotEntered);
    let repositories = repositories.flat_map(|read| match read {
        Ok(planned) => images(&planned).chain(faults(&planned)).collect(),
        Err(error) => vec![PlanLine::Failed(PlanFailure { detail: error.to_string() })],
    });
    let mut told = Some(PlanEnd::default());
    let mut lines = repositories.chain(troubles);
    std::iter::from_fn(move || {
        let Some(line) = lines.next() else { return told.take().map(PlanLine::End) };
        match &line {
            PlanLine::Failed(_) => told = None,
            line => told.as_mut()?.count(line),
        }
        Some(line)
    })
}

fn images(planned: &PlannedRepository) -> impl Iterator<Item = PlanLine> {
    planned.record.images.iter().map(|record| PlanLine::Image(PlannedBody::of(planned, record)))
}

fn faults(planned: &PlannedRepository) -> impl Iterator<Item = PlanLine> {
    let missing = planned.record.missing.iter().map(|name| format!("there is no {name}"));
    let unread = planned.record.unread.iter().map(ToString::to_string);
    let not_reached = planned.record.not_reached.then(|| "it was not looked at in time".to_owned());
    missing.chain(unread).chain(not_reached).map(|detail| {
        let registry = RegistryBody::from(&planned.registry);
        PlanLine::Fault(PlanFault { registry, repository: planned.repository.to_string(), detail })
    })
}

impl PlannedBody {
    fn of(planned: &PlannedRepository, record: &ImageRecord) -> Self {
        let (decision, reason, detail) = told(&record.decision);
        Self {
            registry: RegistryBody::from(&planned.registry),
            repository: planned.repository.to_string(),
            digest: record.image.digest.to_string(),
            tags: record.image.tags.iter().map(ToString::to_string).collect(),
            decision,
            reason,
            detail,
        }
    }
}

/// A decision and its reason, in codes and for people.
fn told(decision: &Decision) -> (&'static str, &'static str, String) {
    match decision {
        Decision::Scan(due) => ("scan", due.code(), due.to_string()),
        Decision::Wait => ("wait", "under_way", "its scan is under way".to_owned()),
        Decision::Rest(rest) => ("rest", rest.code(), rest.to_string()),
        Decision::Hold(due, hold) => ("hold", hold.code(), format!("{due}; {hold}")),
        Decision::Observe => ("observe", "by_itself", "ECR starts scans by itself".to_owned()),
        Decision::LeaveOut(why) => ("leave_out", why.code(), why.to_string()),
        Decision::Undecided => ("undecided", "undecided", "its last scan could not be read".to_owned()),
    }
}

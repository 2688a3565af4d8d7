//! What a pass would do, image by image, and why.

use serde::Serialize;
use utoipa::ToSchema;
use vigil_core::record::{Decision, ImageRecord};

use super::nouns::RegistryBody;
use crate::http::schedules::{Planned, PlannedRepository};
use crate::pass_report::Trouble;

/// What a pass would do.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub(in crate::http) struct PlanBody {
    /// Image by image.
    items: Vec<PlannedBody>,
    /// What could not be read or is not there.
    faults: Vec<PlanFault>,
    /// Registries that could not be looked at, or not as a whole.
    not_entered: Vec<Trouble>,
}

/// What would be done with one image.
#[derive(Serialize, ToSchema)]
#[schema(as = PlannedImage)]
struct PlannedBody {
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
struct PlanFault {
    registry: RegistryBody,
    /// The repository.
    repository: String,
    /// What went wrong.
    detail: String,
}

impl PlanBody {
    pub(super) fn of(Planned { repositories, not_entered }: Planned) -> Self {
        Self {
            items: repositories.iter().flat_map(images).collect(),
            faults: repositories.iter().flat_map(faults).collect(),
            not_entered,
        }
    }
}

fn images(planned: &PlannedRepository) -> impl Iterator<Item = PlannedBody> {
    planned.record.images.iter().map(|record| PlannedBody::of(planned, record))
}

fn faults(planned: &PlannedRepository) -> impl Iterator<Item = PlanFault> {
    let missing = planned.record.missing.iter().map(|name| format!("there is no {name}"));
    let unread = planned.record.unread.iter().map(ToString::to_string);
    let not_reached = planned.record.not_reached.then(|| "it was not looked at in time".to_owned());
    missing.chain(unread).chain(not_reached).map(|detail| PlanFault {
        registry: RegistryBody::from(&planned.registry),
        repository: planned.repository.to_string(),
        detail,
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
        Decision::Undecided => ("undecided", "unread", "its last scan could not be read".to_owned()),
    }
}

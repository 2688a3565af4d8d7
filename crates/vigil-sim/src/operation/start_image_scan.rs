//! StartImageScan.

use serde::{Deserialize, Serialize};

use super::dispatch::json;
use super::resolve;
use crate::clock::Moment;
use crate::config::ScanBehaviour;
use crate::registry::ScanType;
use crate::registry::{StartRefused, State, start_scan};
use crate::wire::{self, ApiError, ImageIdentifier};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    repository_name: Option<String>,
    image_id: Option<ImageIdentifier>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    registry_id: &'a str,
    repository_name: &'a str,
    image_id: ImageIdentifier,
    image_scan_status: Status,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

pub(super) fn answer(
    state: &mut State,
    request: Request,
    behaviour: &ScanBehaviour,
    now: Moment,
) -> Result<Vec<u8>, ApiError> {
    let name = wire::repository_name(request.repository_name)?;
    let asked = resolve::required(request.image_id)?;
    let repository = resolve::repository(state, &name)?;
    // The registry refuses before it looks for the image.
    if state.scanning.scan_type == ScanType::Enhanced {
        return Err(StartRefused::Disabled.into());
    }
    let (position, image) = (repository.position, resolve::image(state, &repository, &asked)?.image);
    start_scan(state, position, &image, behaviour, now)?;
    json(&Answer {
        registry_id: &state.id.account,
        repository_name: &name,
        image_id: asked.resolved(image.digest),
        image_scan_status: Status { status: "IN_PROGRESS" },
    })
}

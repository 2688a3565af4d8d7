//! Schedules, and when they come next.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vigil_store::{Page, Slice};

use super::page::{PageBody, PageQuery, paged};
use crate::http::api::App;
use crate::http::fields::Asked;
use crate::http::problem::Problem;
use crate::http::schedules::ScheduleState;

/// One schedule.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(in crate::http) struct ScheduleBody {
    /// Its name.
    #[schema(example = "default")]
    name: String,
    /// When it runs, as it was written.
    #[schema(example = "0 0 0 * * *")]
    expression: String,
    /// Its next pass, if there will be one; one that failed is made again.
    next: Option<Timestamp>,
    /// How many of its passes have failed since the last one that did not.
    failed: u32,
    /// The pass that runs now.
    #[schema(format = "uuid")]
    running: Option<String>,
}

/// Lists schedules, by name.
#[utoipa::path(get, path = "/api/v1/schedules", operation_id = "list_schedules", tag = "passes",
    params(PageQuery), responses(
    (status = 200, description = "A page of schedules", body = PageBody<ScheduleBody>)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
    Asked(slice): Asked<Slice>,
) -> Result<Response, Problem> {
    let all = app.api.schedules.all().into_iter().map(|state| (state.name.clone(), state));
    Ok(paged::<_, ScheduleBody>(&uri, Page::of_all(all, &slice, "schedules")?))
}

impl From<ScheduleState> for ScheduleBody {
    fn from(state: ScheduleState) -> Self {
        let ScheduleState { name, expression, next, failed, running } = state;
        Self { name, expression, next, failed, running: running.map(|pass| pass.to_string()) }
    }
}

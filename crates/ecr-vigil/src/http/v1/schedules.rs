//! Schedules, and when they come next.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::App;
use crate::http::fields::Asked;
use crate::http::schedules::ScheduleState;

/// All schedules.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedules)]
pub(in crate::http) struct SchedulesBody {
    /// In the order in which they are configured.
    items: Vec<ScheduleBody>,
}

/// One schedule.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedule)]
struct ScheduleBody {
    /// Its name.
    #[schema(example = "default")]
    name: String,
    /// When it runs, as it was written.
    #[schema(example = "0 0 0 * * *")]
    expression: String,
    /// Its next pass, if there will be one.
    next: Option<Timestamp>,
    /// The pass that runs now.
    #[schema(format = "uuid")]
    running: Option<String>,
}

/// Lists schedules.
#[utoipa::path(get, path = "/api/v1/schedules", operation_id = "list_schedules", tag = "passes", responses(
    (status = 200, description = "All schedules", body = SchedulesBody)))]
pub(in crate::http) async fn list(State(app): State<App>, Asked(()): Asked<()>) -> Json<SchedulesBody> {
    Json(SchedulesBody { items: app.api.schedules.all().into_iter().map(ScheduleBody::from).collect() })
}

impl From<ScheduleState> for ScheduleBody {
    fn from(state: ScheduleState) -> Self {
        let ScheduleState { name, expression, next, running } = state;
        Self { name, expression, next, running: running.map(|pass| pass.to_string()) }
    }
}

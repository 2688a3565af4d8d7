//! Whether the service lives, and whether it can do its work; and its metrics.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::api::App;

/// Whether the service can do its work.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Whether all of it is well.
    ready: bool,
    /// Whether the store answers.
    store: bool,
    /// Whether the schedules go on.
    schedules: bool,
    /// Schedules whose last pass failed: it is made again, and that does not make the service unready.
    failing: Vec<String>,
}

/// That the service lives.
#[derive(Serialize, ToSchema)]
pub(super) struct Liveness {
    /// Always true.
    alive: bool,
}

/// Whether the service lives.
#[utoipa::path(get, path = "/healthz", operation_id = "live", tag = "health", responses(
    (status = 200, description = "It does", body = Liveness)))]
pub(super) async fn live() -> Json<Liveness> {
    Json(Liveness { alive: true })
}

/// Whether the service can do its work.
#[utoipa::path(get, path = "/readyz", operation_id = "ready", tag = "health", responses(
    (status = 200, description = "It can", body = Readiness),
    (status = 503, description = "It cannot", body = Readiness)))]
pub(super) async fn ready(State(app): State<App>) -> impl IntoResponse {
    let store = app.store_answers().await;
    let schedules = app.api.schedules.is_alive();
    let ready = store && schedules;
    let states = app.api.schedules.all().into_iter();
    let failing = states.filter(|schedule| schedule.failed > 0).map(|schedule| schedule.name).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, store, schedules, failing }))
}

/// The metrics, as they are now.
pub(super) async fn metrics(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let rendered = app.api.metrics.expose(accept).await;
    ([(header::CONTENT_TYPE, rendered.content_type), (header::VARY, "Accept")], rendered.body)
}

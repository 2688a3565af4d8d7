//! Whether the service lives, and whether it can do its work; and its metrics.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::api::{App, Scraped};
use super::schedules::ScheduleState;
use crate::metrics::{Format, Rendered};

/// Whether the service can do its work.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Whether all of it is well.
    ready: bool,
    /// Whether the store can be read and written, by this service.
    store: bool,
    /// Whether the schedules go on.
    schedules: bool,
    /// Why it cannot; null if it can.
    reason: Option<String>,
    /// Schedules whose last pass failed: it is made again, and that does not make the service unready.
    failing: Vec<String>,
    /// Schedules that never come around again. Whoever works without them is ready.
    ended: Vec<String>,
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
    let (store, schedules) = (app.store_serves().await, app.api.schedules.is_alive());
    // What kind of fault it is, and no more: strangers may ask.
    let fault = store.as_ref().err().map(|fault| fault.kind.to_string());
    let reason = fault.or_else(|| (!schedules).then(|| "nobody keeps the schedules".to_owned()));
    let (ready, store) = (reason.is_none(), store.is_ok());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let states = app.api.schedules.all();
    let named = |are: fn(&ScheduleState) -> bool| {
        states.iter().filter(|state| are(state)).map(|state| state.name.clone()).collect()
    };
    let (failing, ended) = (named(|state| state.failed > 0), named(ScheduleState::has_ended));
    (status, Json(Readiness { ready, store, schedules, reason, failing, ended }))
}

/// The metrics, as they are now.
pub(super) async fn metrics(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let rendered = scraped(&app, accept).await;
    ([(header::CONTENT_TYPE, rendered.content_type), (header::VARY, "Accept")], rendered.body)
}

/// Gathering reads the memory: it is done once at a time, and whoever asks meanwhile is told what came of it.
async fn scraped(app: &App, accept: Option<&str>) -> Rendered {
    let content_type = Format::preferred(accept).content_type();
    let Scraped { gathered, last } = &*app.scraped;
    let before = gathered.load(Ordering::Acquire);
    let mut last = last.lock().await;
    let is_new = gathered.load(Ordering::Acquire) != before;
    if let Some(told) = last.as_ref().filter(|told| is_new && told.content_type == content_type) {
        return told.clone();
    }
    let rendered = app.api.metrics.expose(accept).await;
    *last = Some(rendered.clone());
    gathered.fetch_add(1, Ordering::Release);
    rendered
}

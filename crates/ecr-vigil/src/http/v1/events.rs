//! How far a running pass has come, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::stream::{self, Stream};
use jiff::SignedDuration;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use vigil_core::RegistryId;

use super::nouns::RegistryBody;
use super::passes_list;
use crate::http::api::App;
use crate::http::fields::Asked;
use crate::http::problem::Problem;
use crate::http::schedules::{PassProgress, RegistryProgress};

/// What a proxy between us and whoever watches may take for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// People do not see more, and a pass has hundreds of milestones a second.
const PACE: SignedDuration = SignedDuration::from_millis(250);

/// How far a pass has come: the data of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PassProgress)]
pub(in crate::http) struct ProgressBody {
    /// Registry by registry.
    registries: Vec<RegistryProgressBody>,
}

/// How far a pass has come in one registry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegistryProgress)]
struct RegistryProgressBody {
    registry: RegistryBody,
    /// Repositories listed.
    repositories: u64,
    /// Images in them that are looked at.
    images: u64,
    /// Images whose last scan was read.
    read: u64,
    /// Scans that will be started; null before the plan stands.
    starts: Option<u64>,
    /// Scans that were under way already; null before the plan stands.
    under_way: Option<u64>,
    /// Scans asked for.
    started: u64,
    /// Scans that ECR refused for its quotas.
    rate_limited: u64,
    /// Scans that could not be asked for.
    not_started: u64,
    /// Images that are done, one way or another.
    settled: u64,
}

/// Tells how far a running pass has come.
///
/// Server-sent events: `progress`, at once and then at most four times a second as it goes on, each with the whole state
/// (schema `PassProgress`) as its data; and `ended`, after which there is nothing more. 204 for a pass that has ended
/// already, so that an `EventSource` does not ask again; 503 for one that neither runs here nor has ended: it was
/// interrupted, and goes on as soon as it can.
#[utoipa::path(get, path = "/api/v1/passes/{id}/events", operation_id = "watch_pass", tag = "passes",
    params(("id" = String, Path, description = "Its id", format = "uuid")), responses(
    (status = 200, description = "Events", content_type = "text/event-stream", body = String),
    (status = 204, description = "The pass has ended"),
))]
pub(in crate::http) async fn watch(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(()): Asked<()>,
) -> Result<Response, Problem> {
    let running = id.parse().ok().and_then(|pass| app.api.schedules.progress(pass));
    let Some(progress) = running else {
        return elsewhere(&app, &id).await.map(IntoResponse::into_response);
    };
    let place = app.watchers.take()?;
    let stop = app.stop.clone();
    let events = events(app, progress).take_until(async move { stop.stopped().await });
    let events = events.map(move |event| {
        let _held = &place;
        Ok::<_, Infallible>(event)
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// What there is to say of a pass that does not run here.
async fn elsewhere(app: &App, id: &str) -> Result<StatusCode, Problem> {
    let (pass, detail) = passes_list::find(app, id).await?;
    match detail.pass.ended {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(Problem::unavailable(format!(
            "pass {pass} does not run here now, and its end is not written down: it goes on as soon as it can"
        ))),
    }
}

fn events(app: App, progress: watch::Receiver<PassProgress>) -> impl Stream<Item = Event> {
    let steps = stream::unfold((app, progress, true), async |(app, mut progress, first)| {
        if !first {
            let earliest = app.api.clock.now().saturating_add(PACE).unwrap_or(jiff::Timestamp::MAX);
            app.api.clock.wait_until(earliest).await;
            progress.changed().await.ok()?;
        }
        let body = ProgressBody::from(&*progress.borrow_and_update());
        Some((told("progress", &body), (app, progress, false)))
    });
    steps.chain(stream::once(async { Event::default().event("ended").data("{}") }))
}

fn told(name: &str, body: &ProgressBody) -> Event {
    let event = Event::default().event(name);
    // Numbers and names can always be written.
    event.json_data(body).unwrap_or_default()
}

impl From<&PassProgress> for ProgressBody {
    fn from(PassProgress(progress): &PassProgress) -> Self {
        Self { registries: progress.iter().map(RegistryProgressBody::from).collect() }
    }
}

impl From<(&RegistryId, &RegistryProgress)> for RegistryProgressBody {
    fn from((registry, progress): (&RegistryId, &RegistryProgress)) -> Self {
        let RegistryProgress {
            repositories,
            images,
            read,
            planned,
            started,
            rate_limited,
            not_started,
            settled,
        } = *progress;
        Self {
            registry: RegistryBody::from(registry),
            repositories,
            images,
            read,
            starts: planned.map(|(starts, _)| starts),
            under_way: planned.map(|(_, under_way)| under_way),
            started,
            rate_limited,
            not_started,
            settled,
        }
    }
}

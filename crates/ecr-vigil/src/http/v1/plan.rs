//! What a pass would do now: told as it is found out, however long that takes.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::time::timeout;

use super::events::ProgressBody;
use super::passes::PassRequestBody;
use super::plan_body::{PlanFailure, PlanLine, lines};
use crate::http::accept;
use crate::http::api::App;
use crate::http::fields::{Asked, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schedules::{Made, NotPlanned, PassProgress, PassRequest, Planning};

/// JSON, line by line.
pub(in crate::http) const LINES: &str = "application/x-ndjson";

/// What a proxy between us and whoever waits may take for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// People do not see more.
const PACE: SignedDuration = SignedDuration::from_secs(1);

/// Says what a pass would do now, and why.
///
/// Nothing is started, and nothing is remembered. But ECR is asked as much as by a pass, out of the same quotas, and it takes
/// as long as a pass takes to look: so it needs the role `operate`, one is made at a time, and the answer is told as it is
/// found out, line by line (schema `PlanLine`): `progress` at once and then at least every 15 seconds, then an `image` for each
/// image, then `end`. What has no `end` is not the whole plan. Whoever goes away ends it.
#[utoipa::path(post, path = "/api/v1/plan", operation_id = "plan", tag = "passes",
    request_body = Option<PassRequestBody>, responses(
    (status = 200, description = "What it would do, line by line", body = PlanLine, content_type = "application/x-ndjson"),
    (status = 404, description = "There is no such schedule", body = crate::http::problem::ProblemBody,
        content_type = "application/problem+json"),
    (status = 409, description = "Another plan is being made", body = crate::http::problem::ProblemBody,
        content_type = "application/problem+json",
        headers(("Retry-After" = String, description = "In how many seconds to try again"))),
))]
pub(in crate::http) async fn make(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(()): Asked<()>,
    Told(request): Told<PassRequest>,
) -> Result<Response, Problem> {
    accept::choose(&headers, &[LINES])?;
    let Planning { progress, made } = app.api.schedules.plan(request).await?;
    let lines = progress_of(app, progress).chain(stream::once(told(made)).flatten());
    let body = Body::from_stream(lines.map(|line| Ok::<_, Infallible>(written(&line))));
    Ok(([(header::CONTENT_TYPE, LINES)], body).into_response())
}

/// How far the looking has come, until it is over.
fn progress_of(app: App, progress: watch::Receiver<PassProgress>) -> impl Stream<Item = PlanLine> + Send {
    stream::unfold((app, progress, true), async |(app, mut progress, first)| {
        if !first {
            let earliest = app.api.clock.now().saturating_add(PACE).unwrap_or(jiff::Timestamp::MAX);
            let paced = async {
                let changed = progress.changed().await;
                app.api.clock.wait_until(earliest).await;
                changed
            };
            // Where nothing has changed for long, the same is told again: somebody may take silence for the end.
            if let Ok(Err(_over)) = timeout(KEEP_ALIVE, paced).await {
                return None;
            }
        }
        let line = PlanLine::Progress(ProgressBody::from(&*progress.borrow_and_update()));
        Some((line, (app, progress, false)))
    })
}

/// What came of it.
async fn told(made: Made) -> impl Stream<Item = PlanLine> + Send {
    let planned = made.planned().await;
    let failure = planned.is_none().then(|| {
        let detail = "the log says more under the id of this request".to_owned();
        PlanLine::Failed(PlanFailure { detail })
    });
    stream::iter(planned.map(lines).into_iter().flatten().chain(failure))
}

fn written(line: &PlanLine) -> Bytes {
    // Numbers and texts can always be written to memory.
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    bytes.into()
}

impl From<NotPlanned> for Problem {
    fn from(why: NotPlanned) -> Self {
        match &why {
            NotPlanned::UnknownSchedule(_) => Self::new(ProblemKind::NotFound, why.to_string()),
            NotPlanned::WhichSchedule => Self::new(ProblemKind::InvalidContent, why.to_string()),
            NotPlanned::Busy => Self::new(ProblemKind::Conflict, why.to_string())
                .with(header::RETRY_AFTER, HeaderValue::from_static("30")),
        }
    }
}

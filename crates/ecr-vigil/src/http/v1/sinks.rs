//! Sinks: what waits for each of them, and the messages that were given up.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use vigil_core::news::SinkName;
use vigil_report::message::headline;
use vigil_store::{DeadLetter, Page, SinkQueue, Slice};

use super::page::{PageBody, PageQuery, away, paged};
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields};
use crate::http::problem::Problem;

/// A place where news is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Sink)]
pub(in crate::http) struct SinkBody {
    /// Its name.
    #[schema(example = "platform")]
    name: String,
    /// What it is, as in the settings; null for one that they do not name any more.
    #[serde(rename = "type")]
    #[schema(example = "slack")]
    kind: Option<&'static str>,
    /// How many messages wait for it, those included whose time has not come.
    waiting: u64,
    /// Since when the first of those waits whose time has come.
    oldest: Option<Timestamp>,
    /// How many messages were given up.
    dead_letters: u64,
}

/// A message that was given up.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(in crate::http) struct DeadLetterBody {
    /// Its id, the same at every attempt.
    #[schema(format = "uuid")]
    id: String,
    /// Where it was to go.
    sink: String,
    /// The route that chose it.
    route: String,
    /// What it says, in a line.
    #[schema(example = "1 new CRITICAL in team/app:v1.2")]
    headline: String,
    /// When it was first to be delivered.
    since: Timestamp,
    /// When it was given up.
    given_up_at: Timestamp,
    /// How often it was tried.
    attempts: u32,
    /// Why it was not taken, the last time.
    failure: String,
}

/// Which messages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct DeadLettersQuery {
    /// Only those for this sink.
    #[param(pattern = "^[A-Za-z0-9._-]{1,64}$", example = "platform")]
    sink: Option<String>,
}

/// Lists the places where news is told, by name.
#[utoipa::path(get, path = "/api/v1/sinks", operation_id = "list_sinks", tag = "news",
    params(PageQuery), responses(
    (status = 200, description = "A page of sinks", body = PageBody<SinkBody>)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
    Asked(slice): Asked<Slice>,
) -> Result<Response, Problem> {
    let queues = app.api.store.sink_queues(app.api.clock.now()).await.map_err(away)?;
    let known =
        app.api.policy.sinks().into_iter().map(|(name, kind)| (name.to_string(), SinkBody::new(name, kind)));
    let mut sinks: BTreeMap<String, SinkBody> = known.collect();
    for queue in queues {
        let SinkQueue { sink, waiting, oldest, dead } = queue;
        let body = sinks.entry(sink.to_string()).or_insert_with(|| SinkBody::new(sink, None));
        (body.waiting, body.oldest, body.dead_letters) = (waiting, oldest, dead);
    }
    Ok(paged::<_, SinkBody>(&uri, Page::of_all(sinks, &slice, "sinks")?))
}

/// Lists messages that were given up, newest first.
#[utoipa::path(get, path = "/api/v1/dead-letters", operation_id = "list_dead_letters", tag = "news",
    params(DeadLettersQuery, PageQuery), responses(
    (status = 200, description = "A page of messages", body = PageBody<DeadLetterBody>)))]
pub(in crate::http) async fn dead_letters(
    State(app): State<App>,
    uri: Uri,
    Asked((OfSink(sink), slice)): Asked<(OfSink, Slice)>,
) -> Result<Response, Problem> {
    Ok(paged::<_, DeadLetterBody>(&uri, app.api.store.dead_letters(sink, slice).await?))
}

/// Has a message delivered after all.
///
/// It is tried again at once, under the same id, and until the deadline of its sink from now on.
#[utoipa::path(post, path = "/api/v1/dead-letters/{id}/retry", operation_id = "retry_dead_letter", tag = "news",
    params(("id" = String, Path, description = "Its id", format = "uuid")), responses(
    (status = 204, description = "It waits for its sink again")))]
pub(in crate::http) async fn retry(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(()): Asked<()>,
) -> Result<StatusCode, Problem> {
    match app.api.store.revive(id.clone(), app.api.clock.now()).await.map_err(away)? {
        true => {
            tracing::info!(message_id = id, "dead letter tried again");
            Ok(StatusCode::NO_CONTENT)
        }
        false => Err(Problem::not_found(format!("there is no dead letter `{id}`"))),
    }
}

/// The sink that a list is about.
pub(in crate::http) struct OfSink(Option<SinkName>);

impl FromFields for OfSink {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.may("sink")))
    }
}

impl SinkBody {
    fn new(name: SinkName, kind: Option<&'static str>) -> Self {
        Self { name: name.to_string(), kind, waiting: 0, oldest: None, dead_letters: 0 }
    }
}

impl From<(String, SinkBody)> for SinkBody {
    fn from((_, body): (String, SinkBody)) -> Self {
        body
    }
}

impl From<DeadLetter> for DeadLetterBody {
    fn from(DeadLetter { parcel, at, failure }: DeadLetter) -> Self {
        Self {
            headline: headline(&parcel.message),
            id: parcel.id,
            sink: parcel.sink.to_string(),
            route: parcel.route.to_string(),
            since: parcel.since,
            given_up_at: at,
            attempts: parcel.attempts,
            failure,
        }
    }
}

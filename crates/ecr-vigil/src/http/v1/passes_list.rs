//! Passes that were, and what each did with the images.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use vigil_store::{PassDetail, PassFilter, PassId, PassImage, PassRow, Slice};

use super::images::{DECISIONS, DecisionName};
use super::nouns::{RegistryBody, StandingBody};
use super::page::{PageBody, PageQuery, away, paged};
use super::words::Word;
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields};
use crate::http::problem::Problem;
use crate::pass_report::PassReport;

/// Which passes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct PassesQuery {
    /// Of this schedule.
    #[param(pattern = "^[!-~]{1,200}$", example = "default")]
    schedule: Option<String>,
    /// That ended so.
    #[param(inline)]
    outcome: Option<OutcomeName>,
}

/// How a pass ended: every registry was read whole; something could not be read; it was told to end before it was done;
/// it could not go on; or it was left unfinished by a service that has no such schedule any more.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents what the memory keeps")]
enum OutcomeName {
    Complete,
    Partial,
    CutShort,
    Failed,
    GivenUp,
}

/// What set off a pass: its schedule came around, the one before failed, the service was told to begin with one, somebody
/// asked for it, or it is the first one of a demonstration.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it documents what the memory keeps")]
enum TriggerName {
    Schedule,
    Retry,
    RunNow,
    Api,
    Demo,
}

/// Which images of a pass.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct PassImagesQuery {
    /// On which this was decided.
    #[param(inline)]
    decision: Option<DecisionName>,
}

/// A pass.
#[derive(Serialize, ToSchema)]
#[schema(as = Pass)]
pub(in crate::http) struct PassBody {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Its schedule.
    #[schema(example = "default")]
    schedule: String,
    /// Which of the schedule's times it was for; null if somebody asked for it.
    tick: Option<Timestamp>,
    #[schema(inline, value_type = TriggerName)]
    trigger: String,
    /// When it began.
    began: Timestamp,
    /// When it ended; null while it is under way.
    ended: Option<Timestamp>,
    #[schema(inline, value_type = Option<OutcomeName>)]
    outcome: Option<String>,
    /// How often it was resumed after a restart.
    resumed: u64,
}

/// A pass, and what it decided.
#[derive(Serialize, ToSchema)]
#[schema(as = PassDetail)]
pub(in crate::http) struct PassDetailBody {
    pass: PassBody,
    /// On how many images what was decided, and why.
    decided: Vec<DecidedBody>,
    /// How it went in each registry; null while it is under way, and if it was given up.
    report: Option<PassReport>,
}

/// On how many images one thing was decided for one reason.
#[derive(Serialize, ToSchema)]
#[schema(as = Decided)]
struct DecidedBody {
    /// What was decided.
    #[schema(example = "hold")]
    decision: String,
    /// Why, by the codes of reports.
    #[schema(example = "daily_budget")]
    reason: String,
    /// On how many images.
    images: u64,
}

/// An image of which a pass did or could not do something.
#[derive(Serialize, ToSchema)]
#[schema(as = PassImage)]
pub(in crate::http) struct PassImageBody {
    registry: RegistryBody,
    /// The repository.
    repository: String,
    /// The image.
    digest: String,
    standing: StandingBody,
}

/// Lists passes, newest first.
#[utoipa::path(get, path = "/api/v1/passes", operation_id = "list_passes", tag = "passes",
    params(PassesQuery, PageQuery), responses(
    (status = 200, description = "A page of passes", body = PageBody<PassBody>)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
    Asked((filter, slice)): Asked<(PassFilter, Slice)>,
) -> Result<Response, Problem> {
    Ok(paged::<_, PassBody>(&uri, app.api.store.passes(filter, slice).await?))
}

/// One pass, and what it decided.
#[utoipa::path(get, path = "/api/v1/passes/{id}", operation_id = "get_pass", tag = "passes",
    params(("id" = String, Path, description = "Its id", format = "uuid")), responses(
    (status = 200, description = "The pass", body = PassDetailBody)))]
pub(in crate::http) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(()): Asked<()>,
) -> Result<Json<PassDetailBody>, Problem> {
    let (_, detail) = find(&app, &id).await?;
    Ok(Json(detail.into()))
}

/// The images of which a pass did or could not do something, with its reasons; those that rest are only counted.
#[utoipa::path(get, path = "/api/v1/passes/{id}/images", operation_id = "list_images_of_pass", tag = "passes",
    params(("id" = String, Path, description = "Its id", format = "uuid"), PassImagesQuery, PageQuery), responses(
    (status = 200, description = "A page of images", body = PageBody<PassImageBody>)))]
pub(in crate::http) async fn images(
    State(app): State<App>,
    uri: Uri,
    Path(id): Path<String>,
    Asked((Decision(decision), slice)): Asked<(Decision, Slice)>,
) -> Result<Response, Problem> {
    let (id, _) = find(&app, &id).await?;
    Ok(paged::<_, PassImageBody>(&uri, app.api.store.images_of_pass(id, decision, slice).await?))
}

/// A pass by its id.
///
/// # Errors
///
/// If there was none.
pub(super) async fn find(app: &App, id: &str) -> Result<(PassId, PassDetail), Problem> {
    let unknown = || Problem::not_found(format!("there is no pass `{id}`"));
    let pass: PassId = id.parse().map_err(|_| unknown())?;
    let detail = app.api.store.pass(pass).await.map_err(away)?;
    detail.map(|detail| (pass, detail)).ok_or_else(unknown)
}

/// The codes of outcomes.
const OUTCOMES: [&str; 5] = ["complete", "partial", "cut_short", "failed", "given_up"];

/// What was decided.
pub(in crate::http) struct Decision(Option<String>);

impl FromFields for Decision {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.one_of("decision", &DECISIONS).map(str::to_owned)))
    }
}

impl FromFields for PassFilter {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let schedule = fields.may("schedule").map(|Word(name)| name);
        let outcome = fields.one_of("outcome", &OUTCOMES).map(str::to_owned);
        Some(Self { schedule, outcome, whole: false })
    }
}

impl From<PassRow> for PassBody {
    fn from(row: PassRow) -> Self {
        Self {
            id: row.id.to_string(),
            schedule: row.schedule,
            tick: row.tick,
            trigger: row.trigger,
            began: row.began,
            ended: row.ended,
            outcome: row.outcome,
            resumed: row.resumed,
        }
    }
}

impl From<PassDetail> for PassDetailBody {
    fn from(PassDetail { pass, decided, report }: PassDetail) -> Self {
        // A report that an older program has written in words of its own is none.
        let report = report.and_then(|report| serde_json::from_str(&report).ok());
        let decided = decided.into_iter();
        let decided = decided.map(|((decision, reason), images)| DecidedBody { decision, reason, images });
        Self { pass: pass.into(), decided: decided.collect(), report }
    }
}

impl From<PassImage> for PassImageBody {
    fn from(PassImage { registry, repository, digest, standing }: PassImage) -> Self {
        Self {
            registry: RegistryBody::from(&registry),
            repository: repository.to_string(),
            digest: digest.to_string(),
            standing: standing.into(),
        }
    }
}

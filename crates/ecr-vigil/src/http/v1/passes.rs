//! Passes that are started by hand.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigil_core::ImageName;
use vigil_core::image::Reference;

use super::words::Word;
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schedules::{NotStarted, PassRequest};

/// A pass that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PassRequest)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct PassRequestBody {
    /// The schedule whose selection and cadence hold; the only one, or `default`, if none is named.
    #[schema(required = false, pattern = "^[!-~]{1,200}$", example = "default")]
    schedule: Option<String>,
    /// The only images to look at: `repository`, `repository:tag` or `repository@digest`. All, if there are none.
    #[schema(required = false, max_items = 100, example = json!(["team/app:v1"]))]
    images: Option<Vec<ImageText>>,
}

/// An image's name.
#[derive(Deserialize, ToSchema)]
#[schema(
    as = ImageName,
    pattern = r"^([a-z0-9]((\.|_|__|-+)?[a-z0-9])+|[a-z0-9]((_|__|-+)?[a-z0-9])*(/[a-z0-9]((\.|_|__|-+)?[a-z0-9])*)+)(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})?$",
    example = "team/app:v1"
)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
struct ImageText(String);

/// A pass that was started.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StartedPass {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
}

/// Starts a pass.
///
/// One of a schedule runs at a time. Its progress is told at `/api/v1/passes/{id}/events`.
#[utoipa::path(post, path = "/api/v1/passes", operation_id = "start_pass", tag = "passes",
    request_body = Option<PassRequestBody>, responses(
    (status = 202, description = "It begins", body = StartedPass,
        headers(("Location" = String, description = "Where its state is"))),
    (status = 404, description = "There is no such schedule", body = crate::http::problem::ProblemBody,
        content_type = "application/problem+json"),
    (status = 409, description = "A pass of this schedule is running", body = crate::http::problem::ProblemBody,
        content_type = "application/problem+json",
        headers(("Location" = String, description = "The running pass"))),
))]
pub(in crate::http) async fn start(
    State(app): State<App>,
    Asked(()): Asked<()>,
    Told(request): Told<PassRequest>,
) -> Result<impl IntoResponse, Problem> {
    let id = app.api.schedules.start_pass(request).await?;
    tracing::info!(pass = %id, "pass started by request");
    let location = [(header::LOCATION, format!("/api/v1/passes/{id}"))];
    Ok((StatusCode::ACCEPTED, location, Json(StartedPass { id: id.to_string() })))
}

/// An image that can be looked at here.
struct OurImage(ImageName);

impl FromFields for PassRequest {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let images = fields.list("images", 100).into_iter().map(|OurImage(name)| name).collect();
        Some(Self { schedule: fields.may("schedule").map(|Word(name)| name), images })
    }
}

impl std::str::FromStr for OurImage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(Reference::Ecr(name)) => Ok(Self(name)),
            Ok(Reference::Foreign(_)) => Err(format!("`{text}` is in no registry of Amazon ECR")),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl From<NotStarted> for Problem {
    fn from(why: NotStarted) -> Self {
        match &why {
            NotStarted::UnknownSchedule(_) => Self::new(ProblemKind::NotFound, why.to_string()),
            NotStarted::WhichSchedule => Self::new(ProblemKind::InvalidContent, why.to_string()),
            NotStarted::Running(pass) => {
                let problem = Self::new(ProblemKind::Conflict, why.to_string());
                let location = format!("/api/v1/passes/{pass}").parse();
                location.into_iter().fold(problem, |problem, value| problem.with(header::LOCATION, value))
            }
            NotStarted::Ending => Self::unavailable(why.to_string()),
            NotStarted::Failed(_) => Self::unreachable("what starts passes", &why),
        }
    }
}

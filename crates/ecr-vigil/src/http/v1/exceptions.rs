//! Exceptions: findings that somebody has accepted.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use vigil_core::policy::Exception;
use vigil_store::{ExceptionFilter, ExceptionId, NewException, StoredException};

use super::page::away;
use super::words::{Day, Flag, RepositoryGlob, Said, TagGlob, VulnerabilityId, Word};
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields, Told};
use crate::http::frame::Visitor;
use crate::http::problem::Problem;

/// Which exceptions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct ExceptionsQuery {
    /// Only those that are in force now.
    in_force: Option<bool>,
    /// About this vulnerability.
    #[param(pattern = "^[!-~]{1,200}$", example = "CVE-2024-3094")]
    vulnerability: Option<String>,
}

/// An exception that somebody makes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewException)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct NewExceptionBody {
    /// The vulnerability that is accepted.
    #[schema(pattern = "^[!-~]{1,200}$", example = "CVE-2024-3094")]
    vulnerability: String,
    /// Only in this package.
    #[schema(required = false, pattern = "^[!-~]{1,200}$", example = "xz-utils")]
    package: Option<String>,
    /// Only in this repository, or in those that match a glob.
    #[schema(required = false, pattern = "^[a-z0-9._/*?-]{1,256}$", example = "team/*")]
    repository: Option<String>,
    /// Only in images with this tag, or one that matches a glob.
    #[schema(required = false, pattern = "^[A-Za-z0-9._*?-]{1,128}$", example = "v*")]
    tag: Option<String>,
    /// Why it is accepted: one line.
    #[schema(pattern = "^[!-~][ -~]{0,999}$", example = "the function is not called")]
    reason: String,
    /// The last day, in UTC, on which it is; for ever, if none is named.
    #[schema(required = false, format = "date", example = "2026-12-31")]
    until: Option<String>,
}

/// Exceptions, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Exceptions)]
pub(in crate::http) struct ExceptionsBody {
    /// All that were asked for.
    items: Vec<ExceptionBody>,
}

/// An exception.
#[derive(Serialize, ToSchema)]
#[schema(as = Exception)]
pub(in crate::http) struct ExceptionBody {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// The vulnerability that is accepted.
    vulnerability: String,
    /// Only in this package.
    package: Option<String>,
    /// Only in repositories that match.
    repository: Option<String>,
    /// Only in images of which a tag matches.
    tag: Option<String>,
    /// Why it is accepted.
    reason: String,
    /// The last day, in UTC, on which it is.
    #[schema(format = "date")]
    until: Option<String>,
    /// Who made it: the name of a token.
    author: String,
    /// When.
    created_at: Timestamp,
    /// When somebody ended it.
    ended_at: Option<Timestamp>,
    /// Whether it is in force now.
    in_force: bool,
}

/// Lists exceptions, newest first.
#[utoipa::path(get, path = "/api/v1/exceptions", operation_id = "list_exceptions", tag = "findings",
    params(ExceptionsQuery), responses((status = 200, description = "Exceptions", body = ExceptionsBody)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    Asked(Wanted { in_force, vulnerability }): Asked<Wanted>,
) -> Result<Json<ExceptionsBody>, Problem> {
    let now = app.api.clock.now();
    let filter = ExceptionFilter { in_force_at: in_force.then_some(now), vulnerability };
    let stored = app.api.store.exceptions(filter).await.map_err(away)?;
    Ok(Json(ExceptionsBody { items: stored.into_iter().map(|one| ExceptionBody::of(one, now)).collect() }))
}

/// Accepts a vulnerability.
///
/// The findings that it is about are counted as accepted when this is answered.
#[utoipa::path(post, path = "/api/v1/exceptions", operation_id = "add_exception", tag = "findings",
    request_body = NewExceptionBody, responses((status = 201, description = "The exception", body = ExceptionBody,
        headers(("Location" = String, description = "Where it is")))))]
pub(in crate::http) async fn add(
    State(app): State<App>,
    visitor: Option<Extension<Visitor>>,
    Asked(()): Asked<()>,
    Told(exception): Told<Exception>,
) -> Result<impl IntoResponse, Problem> {
    // As exactly as the store keeps it.
    let at = app.api.clock.now().round(Unit::Microsecond).unwrap_or(Timestamp::MAX);
    let author = visitor.map_or_else(|| "anonymous".to_owned(), |Extension(visitor)| visitor.name);
    let new = NewException { exception, author, at };
    let stored = app.api.store.create_exception(new).await.map_err(away)?;
    tracing::info!(exception = %stored.id, vulnerability = stored.exception.id, "vulnerability accepted");
    let location = [(header::LOCATION, format!("/api/v1/exceptions/{}", stored.id))];
    Ok((StatusCode::CREATED, location, Json(ExceptionBody::of(stored, at))))
}

/// One exception.
#[utoipa::path(get, path = "/api/v1/exceptions/{id}", operation_id = "get_exception", tag = "findings",
    params(("id" = String, Path, description = "Its id", format = "uuid")), responses(
    (status = 200, description = "The exception", body = ExceptionBody)))]
pub(in crate::http) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(()): Asked<()>,
) -> Result<Json<ExceptionBody>, Problem> {
    let known: ExceptionId = id.parse().map_err(|_| unknown(&id))?;
    let stored = app.api.store.exception(known).await.map_err(away)?.ok_or_else(|| unknown(&id))?;
    Ok(Json(ExceptionBody::of(stored, app.api.clock.now())))
}

/// Ends an exception now.
///
/// The findings that it was about are open again when this is answered. One that has ended stays as it was.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/expire", operation_id = "expire_exception", tag = "findings",
    params(("id" = String, Path, description = "Its id", format = "uuid")), responses(
    (status = 200, description = "The exception", body = ExceptionBody)))]
pub(in crate::http) async fn expire(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(()): Asked<()>,
) -> Result<Json<ExceptionBody>, Problem> {
    let known: ExceptionId = id.parse().map_err(|_| unknown(&id))?;
    let now = app.api.clock.now();
    let ended = app.api.store.end_exception(known, now).await.map_err(away)?;
    let ended = ended.ok_or_else(|| unknown(&id))?;
    tracing::info!(exception = %ended.id, vulnerability = ended.exception.id, "exception ended");
    Ok(Json(ExceptionBody::of(ended, now)))
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("there is no exception `{id}`"))
}

/// Which exceptions are wanted.
pub(in crate::http) struct Wanted {
    in_force: bool,
    vulnerability: Option<String>,
}

impl FromFields for Wanted {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let in_force = fields.may("in_force").is_some_and(|Flag(yes)| yes);
        Some(Self { in_force, vulnerability: fields.may("vulnerability").map(|VulnerabilityId(name)| name) })
    }
}

impl FromFields for Exception {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let id = fields.need("vulnerability").map(|VulnerabilityId(name)| name);
        let package = fields.may("package").map(|Word(name)| name);
        let repository = fields.may("repository").map(|RepositoryGlob(pattern)| pattern);
        let tag = fields.may("tag").map(|TagGlob(pattern)| pattern);
        let reason = fields.need("reason").map(|Said(reason)| reason);
        let until = fields.may("until").map(|Day(day)| day);
        Some(Self { id: id?, package, repository, tag, reason: reason?, until })
    }
}

impl ExceptionBody {
    fn of(stored: StoredException, now: Timestamp) -> Self {
        let StoredException { id, exception, author, created_at, ended_at } = stored;
        Self {
            id: id.to_string(),
            in_force: ended_at.is_none() && !exception.expired(now),
            vulnerability: exception.id,
            package: exception.package,
            repository: exception.repository.map(|pattern| pattern.to_string()),
            tag: exception.tag.map(|pattern| pattern.to_string()),
            reason: exception.reason,
            until: exception.until.map(|until| until.to_string()),
            author,
            created_at,
            ended_at,
        }
    }
}

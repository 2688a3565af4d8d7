//! Exceptions: findings that somebody has accepted.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::{Timestamp, Unit};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use vigil_core::policy::{Exception, VulnerabilityId};
use vigil_store::{CreatedException, Cursor, ExceptionFilter, ExceptionId, NewException, Page, Slice};

use super::exceptions_body::ExceptionBody;
use super::images::SeverityName;
use super::page::{PageBody, PageQuery, away, paged};
use super::words::{Day, Flag, KnownSeverity, RepositoryGlob, Said, TagGlob, Word};
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields, Told};
use crate::http::frame::Visitor;
use crate::http::problem::{MemberFault, Problem, ProblemKind};

/// Which exceptions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct ExceptionsQuery {
    /// Only those that are in force now.
    in_force: Option<bool>,
    /// About this vulnerability.
    #[param(pattern = "^[!-)+->@-~]{1,200}$", example = "CVE-2024-3094")]
    vulnerability: Option<String>,
}

/// An exception that somebody makes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewException)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct NewExceptionBody {
    /// The vulnerability that is accepted.
    #[schema(pattern = "^[!-)+->@-~]{1,200}$", example = "CVE-2024-3094")]
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
    /// Only as severe as this; as severe as it is now, if nothing is said.
    #[schema(required = false, inline)]
    severity: Option<SeverityName>,
    /// Why it is accepted: one line.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"^[^\x00-\x1F\x7F]*[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$",
        example = "the function is not called"
    )]
    reason: String,
    /// The last day, in UTC, on which it is, and not over yet; for ever, if none is named.
    #[schema(required = false, format = "date", example = "2026-12-31")]
    until: Option<String>,
}

/// Lists exceptions.
///
/// Those made here, newest first; then those of the settings' file, by the vulnerability.
#[utoipa::path(get, path = "/api/v1/exceptions", operation_id = "list_exceptions", tag = "findings",
    params(ExceptionsQuery, PageQuery), responses(
    (status = 200, description = "A page of exceptions", body = PageBody<ExceptionBody>)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
    Asked((wanted, slice)): Asked<(Wanted, Slice)>,
) -> Result<Response, Problem> {
    let now = app.api.clock.now();
    let matches = app.api.store.exception_matches().await.map_err(away)?;
    let answer = |mut page: Page<ExceptionBody>| {
        page.items = page.items.into_iter().map(|body| body.matching(&matches)).collect();
        paged::<_, ExceptionBody>(&uri, page)
    };
    let written = |slice: &Slice| Page::of_all(wanted.written(&app, now), slice, WRITTEN);
    // A cursor of theirs leads on among them; any other is the store's to understand.
    if slice.after.is_some()
        && let Ok(page) = written(&slice)
    {
        return Ok(answer(page));
    }
    let filter = ExceptionFilter {
        in_force_at: wanted.in_force.then_some(now),
        vulnerability: wanted.vulnerability.clone(),
    };
    let Page { items, mut next } = app.api.store.exceptions(filter, slice.clone()).await?;
    let mut items: Vec<ExceptionBody> =
        items.into_iter().map(|stored| ExceptionBody::stored(stored, now)).collect();
    if next.is_none() {
        let rest = written(&Slice::first((slice.limit - items.len()).max(1)))?;
        if items.len() < slice.limit {
            items.extend(rest.items);
            next = rest.next;
        } else if !rest.items.is_empty() {
            next = Some(Cursor::first(WRITTEN));
        }
    }
    Ok(answer(Page { items, next }))
}

/// The list of those that the settings' file holds.
const WRITTEN: &str = "exceptions of the settings";

/// Accepts a vulnerability.
///
/// It holds for whatever is judged from now on. What was judged before is counted as accepted when this is answered, unless
/// it is in more than some hundred images: then `counted` is false until that is done. Where an exception in force says the
/// same, it is the answer.
#[utoipa::path(post, path = "/api/v1/exceptions", operation_id = "add_exception", tag = "findings",
    request_body = NewExceptionBody, responses(
    (status = 201, description = "The new exception", body = ExceptionBody,
        headers(("Location" = String, description = "Where it is"))),
    (status = 200, description = "The same exception was in force", body = ExceptionBody,
        headers(("Location" = String, description = "Where it is"))),
))]
pub(in crate::http) async fn add(
    State(app): State<App>,
    visitor: Option<Extension<Visitor>>,
    Asked(()): Asked<()>,
    Told(exception): Told<Exception>,
) -> Result<impl IntoResponse, Problem> {
    let now = app.api.clock.now();
    if let Some(until) = exception.until.filter(|_| exception.expired(now)) {
        let reason = format!("`{until}` is over: it would never be in force");
        let fault = MemberFault { name: "until".to_owned(), reason };
        return Err(Problem::faults(ProblemKind::InvalidContent, vec![fault]));
    }
    // As exactly as the store keeps it.
    let at = now.round(Unit::Microsecond).unwrap_or(Timestamp::MAX);
    let author = visitor.map_or_else(|| "anonymous".to_owned(), |Extension(visitor)| visitor.name);
    let new = NewException { exception, author, at };
    let CreatedException { stored, is_new } = app.api.store.create_exception(new).await.map_err(away)?;
    if is_new {
        tracing::info!(exception = %stored.id, vulnerability = stored.exception.id, "vulnerability accepted");
    }
    let location = [(header::LOCATION, format!("/api/v1/exceptions/{}", stored.id))];
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let matches = app.api.store.exception_matches().await.map_err(away)?;
    Ok((status, location, Json(ExceptionBody::stored(stored, at).matching(&matches))))
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
    let now = app.api.clock.now();
    let stored = app.api.store.exception(known).await.map_err(away)?;
    let stored = stored.map(|stored| ExceptionBody::stored(stored, now));
    let body = stored.or_else(|| written(&app, &id, now)).ok_or_else(|| unknown(&id))?;
    Ok(Json(body.matching(&app.api.store.exception_matches().await.map_err(away)?)))
}

/// Ends an exception now.
///
/// It accepts nothing any more. The findings that it was about are open again when this is answered, unless they are in more
/// than some hundred images: then `counted` is false until that is done. One that has ended stays as it was. One of the
/// settings' file ends there.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/expire", operation_id = "expire_exception", tag = "findings",
    params(("id" = String, Path, description = "Its id", format = "uuid")), responses(
    (status = 200, description = "The exception", body = ExceptionBody),
    (status = 409, description = "It stands in the settings' file", body = crate::http::problem::ProblemBody,
        content_type = "application/problem+json")))]
pub(in crate::http) async fn expire(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(()): Asked<()>,
) -> Result<Json<ExceptionBody>, Problem> {
    let known: ExceptionId = id.parse().map_err(|_| unknown(&id))?;
    let now = app.api.clock.now();
    let ended = app.api.store.end_exception(known, now).await.map_err(away)?;
    let ended = ended.ok_or_else(|| match written(&app, &id, now) {
        Some(written) => in_a_file(&written),
        None => unknown(&id),
    })?;
    tracing::info!(exception = %ended.id, vulnerability = ended.exception.id, "exception ended");
    let matches = app.api.store.exception_matches().await.map_err(away)?;
    Ok(Json(ExceptionBody::stored(ended, now).matching(&matches)))
}

/// The exception of the settings' file with this id.
fn written(app: &App, id: &str, now: Timestamp) -> Option<ExceptionBody> {
    let all = Wanted { in_force: false, vulnerability: None }.written(app, now);
    all.into_iter().map(|(_, body)| body).find(|body| body.id == id.to_ascii_lowercase())
}

fn in_a_file(written: &ExceptionBody) -> Problem {
    let file = written.file.as_deref().unwrap_or_default();
    let detail =
        format!("this exception stands in `{file}`: it ends there, when the settings are read again");
    Problem::new(ProblemKind::Conflict, detail)
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("there is no exception `{id}`"))
}

/// Which exceptions are wanted.
pub(in crate::http) struct Wanted {
    in_force: bool,
    vulnerability: Option<String>,
}

impl Wanted {
    /// Those of the settings' file, each with its place among them.
    fn written(&self, app: &App, now: Timestamp) -> Vec<(String, ExceptionBody)> {
        let exceptions = app.api.policy.accepted();
        let of = |id: &str| self.vulnerability.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(id));
        let wanted = |exception: &&Exception| of(&exception.id) && !(self.in_force && exception.expired(now));
        let bodies = exceptions.iter().filter(wanted).map(|one| ExceptionBody::written(one, now));
        bodies.map(|body| (format!("{} {}", body.vulnerability, body.id), body)).collect()
    }
}

impl FromFields for Wanted {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let in_force = fields.may("in_force").is_some_and(|Flag(yes)| yes);
        Some(Self {
            in_force,
            vulnerability: fields.may::<VulnerabilityId>("vulnerability").map(String::from),
        })
    }
}

impl FromFields for Exception {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let id = fields.need::<VulnerabilityId>("vulnerability").map(String::from);
        let package = fields.may("package").map(|Word(name)| name);
        let repository = fields.may("repository").map(|RepositoryGlob(pattern)| pattern);
        let tag = fields.may("tag").map(|TagGlob(pattern)| pattern);
        let severity = fields.may("severity").map(|KnownSeverity(severity)| severity);
        let reason = fields.need("reason").map(|Said(reason)| reason);
        let until = fields.may("until").map(|Day(day)| day);
        Some(Self { package, repository, tag, severity, until, ..Self::of(id?, reason?) })
    }
}

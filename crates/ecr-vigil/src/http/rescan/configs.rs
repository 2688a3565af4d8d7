//! Scan configurations: list, add, remove.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use vigil_core::policy::{ScanConfig, ScanConfigId, ScanRequest};
use vigil_core::port::ConfigsUnreachable;

use super::configs_body::{ConfigBody, RequestBody};
use crate::http::accept;
use crate::http::api::App;
use crate::http::fields::{Asked, Told};
use crate::http::problem::Problem;

const JSON: [&str; 1] = ["application/json"];

/// Lists scan configurations.
///
/// All of them, oldest first.
#[utoipa::path(get, path = "/configs", operation_id = "list_configs", tag = "re-scan", responses(
    (status = 200, description = "All scan configurations", body = [ConfigBody]),
))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(()): Asked<()>,
) -> Result<impl IntoResponse, Problem> {
    accept::choose(&headers, &JSON)?;
    let configs = app.api.configs.list().await.map_err(unreachable)?;
    Ok(Json(configs.iter().map(ConfigBody::from).collect::<Vec<_>>()))
}

/// Adds a scan configuration.
///
/// Its images take part in passes from the next one on. Where the same configuration is there already, it is the answer.
#[utoipa::path(post, path = "/configs", operation_id = "add_config", tag = "re-scan", request_body = RequestBody, responses(
    (status = 201, description = "The new scan configuration", body = ConfigBody,
        headers(("Location" = String, description = "Where it is"))),
    (status = 200, description = "The same scan configuration was there", body = ConfigBody,
        headers(("Location" = String, description = "Where it is"))),
))]
pub(in crate::http) async fn add(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(()): Asked<()>,
    Told(request): Told<ScanRequest>,
) -> Result<impl IntoResponse, Problem> {
    accept::choose(&headers, &JSON)?;
    let _making = app.making.lock().await;
    let known = app.api.configs.list().await.map_err(unreachable)?;
    if let Some(same) = known.iter().find(|config| config.request == request) {
        return Ok(at_its_place(StatusCode::OK, same));
    }
    let config = new(&app, request)?;
    app.api.configs.put(&config).await.map_err(unreachable)?;
    tracing::info!(config = %config.id, repository = %config.request.repository, "scan configuration added");
    Ok(at_its_place(StatusCode::CREATED, &config))
}

/// One scan configuration.
#[utoipa::path(get, path = "/configs/{id}", operation_id = "get_config", tag = "re-scan",
    params(("id" = String, Path, description = "Its id", format = "uuid")),
    responses((status = 200, description = "The scan configuration", body = ConfigBody)))]
pub(in crate::http) async fn get(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Asked(()): Asked<()>,
) -> Result<impl IntoResponse, Problem> {
    accept::choose(&headers, &JSON)?;
    Ok(Json(ConfigBody::from(&find(&app, &id).await?)))
}

/// Removes a scan configuration.
///
/// What is known of its images stays until it is forgotten with them.
#[utoipa::path(delete, path = "/configs/{id}", operation_id = "remove_config", tag = "re-scan",
    params(("id" = String, Path, description = "Its id", format = "uuid")),
    responses((status = 204, description = "It is removed")))]
pub(in crate::http) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(()): Asked<()>,
) -> Result<StatusCode, Problem> {
    let id: ScanConfigId = id.parse().map_err(|_| unknown(&id))?;
    if !app.api.configs.remove(&id).await.map_err(unreachable)? {
        return Err(unknown(&id.to_string()));
    }
    tracing::info!(config = %id, "scan configuration removed");
    Ok(StatusCode::NO_CONTENT)
}

/// The configuration with this id.
///
/// # Errors
///
/// If there is none.
pub(super) async fn find(app: &App, id: &str) -> Result<ScanConfig, Problem> {
    let parsed: ScanConfigId = id.parse().map_err(|_| unknown(id))?;
    app.api.configs.get(&parsed).await.map_err(unreachable)?.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("there is no scan configuration `{id}`"))
}

pub(super) fn unreachable(error: ConfigsUnreachable) -> Problem {
    Problem::unreachable("the place where scan configurations are kept", &error)
}

fn new(app: &App, request: ScanRequest) -> Result<ScanConfig, Problem> {
    let id = uuid::Uuid::new_v4().to_string();
    let id = id.parse().map_err(|error| Problem::internal(&error))?;
    // To the second, as it is stored.
    let created = jiff::Timestamp::from_second(app.api.clock.now().as_second());
    let created = created.map_err(|error| Problem::internal(&error))?;
    Ok(ScanConfig { id, created, request })
}

fn at_its_place(status: StatusCode, config: &ScanConfig) -> impl IntoResponse + use<> {
    let location = format!("/configs/{}", config.id);
    (status, [(header::LOCATION, location)], Json(ConfigBody::from(config)))
}

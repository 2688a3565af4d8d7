//! Vulnerabilities, and where they are.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use vigil_core::policy::VulnerabilityId;
use vigil_store::{Scope, Slice, VulnerabilityFilter, VulnerabilityOrder};

use super::findings_body::{SightingBody, VulnerabilityBody};
use super::images::SeverityName;
use super::page::{PageBody, PageQuery, ScopeQuery, away, paged};
use super::words::{Flag, KnownSeverity};
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields};
use crate::http::problem::Problem;

/// Which vulnerabilities.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct VulnerabilitiesQuery {
    /// Whose names begin so.
    #[param(pattern = "^[!-)+->@-~]{1,200}$", example = "CVE-2024-")]
    prefix: Option<String>,
    /// At least once found as severe as this.
    #[param(inline)]
    severity: Option<SeverityName>,
    /// Listed as known exploited, or not.
    known_exploited: Option<bool>,
    /// As likely to be exploited as this.
    #[param(minimum = 0, maximum = 1, example = 0.5)]
    min_epss: Option<f64>,
    /// The order: the most severe first, the most likely to be exploited first, or by name.
    #[param(inline)]
    sort: Option<VulnerabilitySort>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
enum VulnerabilitySort {
    Worst,
    Epss,
    Name,
}

/// A vulnerability, and how far it is spread.
#[derive(Serialize, ToSchema)]
#[schema(as = VulnerabilityDetail)]
pub(in crate::http) struct DetailBody {
    vulnerability: VulnerabilityBody,
    /// In how many images it is that are there.
    images: u64,
}

/// Lists vulnerabilities that were ever found.
#[utoipa::path(get, path = "/api/v1/vulnerabilities", operation_id = "list_vulnerabilities", tag = "findings",
    params(VulnerabilitiesQuery, PageQuery), responses(
    (status = 200, description = "A page of vulnerabilities", body = PageBody<VulnerabilityBody>)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
    Asked((filter, (order, slice))): Asked<(VulnerabilityFilter, (VulnerabilityOrder, Slice))>,
) -> Result<Response, Problem> {
    Ok(paged::<_, VulnerabilityBody>(&uri, app.api.store.vulnerabilities(filter, order, slice).await?))
}

/// One vulnerability.
#[utoipa::path(get, path = "/api/v1/vulnerabilities/{name}", operation_id = "get_vulnerability", tag = "findings",
    params(("name" = String, Path, description = "Its name", example = "CVE-2024-3094")), responses(
    (status = 200, description = "The vulnerability", body = DetailBody)))]
pub(in crate::http) async fn get(
    State(app): State<App>,
    Path(name): Path<String>,
    Asked(()): Asked<()>,
) -> Result<Json<DetailBody>, Problem> {
    let (row, images) = find(&app, &name).await?;
    Ok(Json(DetailBody { vulnerability: row.into(), images }))
}

/// Says where a vulnerability is: in which packages of which images.
#[utoipa::path(get, path = "/api/v1/vulnerabilities/{name}/images", operation_id = "list_images_with_vulnerability",
    tag = "findings", params(("name" = String, Path, description = "Its name", example = "CVE-2024-3094"),
    ScopeQuery, PageQuery), responses(
    (status = 200, description = "A page of images", body = PageBody<SightingBody>)))]
pub(in crate::http) async fn images(
    State(app): State<App>,
    uri: Uri,
    Path(name): Path<String>,
    Asked((scope, slice)): Asked<(Scope, Slice)>,
) -> Result<Response, Problem> {
    let (row, _) = find(&app, &name).await?;
    Ok(paged::<_, SightingBody>(&uri, app.api.store.images_with(&row.name, scope, slice).await?))
}

async fn find(app: &App, name: &str) -> Result<(vigil_store::VulnerabilityRow, u64), Problem> {
    let unknown = || Problem::not_found(format!("no vulnerability `{name}` was ever found"));
    let known: VulnerabilityId = name.parse().map_err(|_| unknown())?;
    let known = String::from(known);
    app.api.store.vulnerability(&known).await.map_err(away)?.ok_or_else(unknown)
}

impl FromFields for VulnerabilityFilter {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let prefix = fields.may::<VulnerabilityId>("prefix").map(String::from);
        Some(Self {
            prefix,
            reaches: fields.may("severity").map(|KnownSeverity(severity)| severity),
            known_exploited: fields.may("known_exploited").map(|Flag(yes)| yes),
            min_epss: fields.may("min_epss"),
        })
    }
}

impl FromFields for VulnerabilityOrder {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(match fields.one_of("sort", &["worst", "epss", "name"]) {
            Some("name") => Self::Name,
            Some("epss") => Self::LikeliestFirst,
            _ => Self::WorstFirst,
        })
    }
}

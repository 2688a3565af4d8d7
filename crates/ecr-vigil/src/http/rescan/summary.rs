//! The summary of all scan configurations: text in the re-scan service's layout, or JSON.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use vigil_report::configs::{configs_as_json, configs_as_text};

use super::configs::unreachable;
use super::known;
use crate::http::accept;
use crate::http::api::App;
use crate::http::fields::Asked;
use crate::http::problem::Problem;
use crate::http::v1::BySeverity;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// Sums up the findings of all scan configurations.
///
/// An image without a result is said to have none, and why.
#[utoipa::path(get, path = "/summary", operation_id = "summary", tag = "re-scan", responses(
    (status = 200, description = "The summary: text, or as JSON a list with an object for each image", content(
        (String = "text/plain; charset=utf-8"),
        (Vec<SummaryItem> = "application/json"),
    ))))]
pub(in crate::http) async fn get(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(()): Asked<()>,
) -> Result<impl IntoResponse, Problem> {
    let form = accept::choose(&headers, &[TEXT, JSON])?;
    let mut views = Vec::new();
    for config in app.api.configs.list().await.map_err(unreachable)? {
        views.push(known::with_counts(&app, config).await?);
    }
    let bytes = if form == JSON { configs_as_json(&views) } else { configs_as_text(&views) };
    Ok(([(header::CONTENT_TYPE, form), (header::VARY, "accept")], bytes))
}

/// What is known of one image of one scan configuration.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it documents what the report renders")]
struct SummaryItem {
    /// The scan configuration.
    #[schema(format = "uuid")]
    id: String,
    /// The region.
    region: String,
    /// The account that owns the registry.
    registry: String,
    /// The repository.
    repository: String,
    /// The tag; null if no tagged image is known.
    #[schema(required)]
    tag: Option<String>,
    /// The platform, where an index gives one.
    #[schema(required)]
    platform: Option<String>,
    /// What lies under the tag.
    #[schema(required)]
    digest: Option<String>,
    /// `scanned`, or why there is no result.
    #[schema(example = "scanned")]
    state: String,
    /// Why there is no result, for people.
    #[schema(required)]
    reason: Option<String>,
    /// When the scan was completed.
    #[schema(required)]
    scanned_at: Option<jiff::Timestamp>,
    /// Numbers of open findings by severity; null without a result.
    #[schema(required)]
    findings: Option<BySeverity>,
}

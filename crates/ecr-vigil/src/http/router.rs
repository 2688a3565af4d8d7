//! Which path leads where.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vigil_core::Stop;

use super::api::{Api, App};
use super::frame::{Frame, wrap};
use super::options::Options;
use super::problem::Problem;
use super::rescan::{configs, findings as findings_feed, summary};
use super::revised::{as_json, revised};
use super::v1::{
    events, exceptions, findings, images, passes, passes_list, plan, repositories, schedules, sinks,
    vulnerabilities,
};
use super::watch::Watchers;
use super::{docs, document, health};

/// All routes in their frame, for a service that listens on this address.
pub(super) fn router(
    options: Options,
    api: Api,
    address: SocketAddr,
    scheme: &'static str,
    stop: Stop,
) -> Router {
    let frame = Frame::new(options.clone(), address, api.clock.clone(), api.metrics.clone());
    let (metrics_path, whole) = (options.metrics_path.clone(), options.whole);
    let app = App {
        watchers: Watchers::new(options.limits.watchers),
        api,
        options: Arc::new(options),
        scheme,
        stop,
        making: Arc::default(),
        scraped: Arc::default(),
    };
    let (routes, reference) = match whole {
        true => {
            let (routes, document) = routes(&app);
            (routes, reference(&document))
        }
        false => (health_alone(), Router::new()),
    };
    let routes = routes.route(&metrics_path, get(health::metrics)).with_state(app).merge(reference);
    wrap(routes.fallback(async || Problem::of(axum::http::StatusCode::NOT_FOUND)), frame)
}

/// What is served, and its description.
fn routes(app: &App) -> (Router<App>, OpenApi) {
    let (routes, mut document) = OpenApiRouter::with_openapi(document::head())
        .merge(rescan())
        .merge(remembered().layer(from_fn_with_state(app.clone(), revised)).layer(from_fn(as_json)))
        .merge(living().layer(from_fn(as_json)))
        .routes(routes!(events::watch))
        .routes(routes!(plan::make))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .split_for_parts();
    document::finish(&mut document);
    (routes, document)
}

/// What a worker serves beside its metrics.
fn health_alone() -> Router<App> {
    Router::new().route("/healthz", get(health::live)).route("/readyz", get(health::ready))
}

/// As the re-scan service has them.
fn rescan() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(configs::list, configs::add))
        .routes(routes!(configs::get, configs::remove))
        .routes(routes!(summary::get))
        .routes(routes!(findings_feed::get))
}

/// What the store alone answers.
fn remembered() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(repositories::registries))
        .routes(routes!(repositories::list))
        .routes(routes!(images::list))
        .routes(routes!(images::get))
        .routes(routes!(images::findings))
        .routes(routes!(images::scans))
        .routes(routes!(findings::list))
        .routes(routes!(findings::changes))
        .routes(routes!(vulnerabilities::list))
        .routes(routes!(vulnerabilities::get))
        .routes(routes!(vulnerabilities::images))
        .routes(routes!(passes_list::list, passes::start))
        .routes(routes!(passes_list::get))
        .routes(routes!(passes_list::images))
}

/// What the time or the schedules have a say in.
fn living() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(findings::trend))
        .routes(routes!(exceptions::list, exceptions::add))
        .routes(routes!(exceptions::get))
        .routes(routes!(exceptions::expire))
        .routes(routes!(schedules::list))
        .routes(routes!(sinks::list))
        .routes(routes!(sinks::dead_letters))
        .routes(routes!(sinks::retry))
}

/// The description of what is served, for programs and for people.
fn reference(document: &OpenApi) -> Router {
    let json = serde_json::to_value(document).unwrap_or_default();
    let page = docs::page(&json);
    let text: Arc<str> = serde_json::to_string(&json).unwrap_or_default().into();
    let json = [(header::CONTENT_TYPE, "application/json")];
    let policy = [(header::CONTENT_SECURITY_POLICY, docs::POLICY)];
    let style = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    Router::new()
        .route("/openapi.json", get(async move || (json, text.to_string())))
        .route("/", get(async || Redirect::temporary("/docs")))
        .route("/docs", get(async move || (policy, Html(page.clone())).into_response()))
        .route("/docs/style.css", get(async move || (style, docs::STYLE)))
}

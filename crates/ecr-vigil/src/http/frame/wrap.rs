//! The layers around the routes, from the outermost to the innermost.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::normalize_path::NormalizePath;
use vigil_core::port::Clock;

use super::{body, etag, guard, headers, identify, limits, route, token};
use crate::http::api::Exposition;
use crate::http::options::{Door, Options, is_loopback};
use crate::http::v1::LINES;

/// What the layers know.
pub(in crate::http) struct Frame {
    pub(super) options: Options,
    pub(super) clock: Arc<dyn Clock>,
    /// Told of every answer.
    pub(super) metrics: Arc<dyn Exposition>,
    /// Room for requests.
    pub(super) room: Arc<Semaphore>,
    /// Whether whoever asks under another name than one of this machine is turned away.
    pub(super) only_loopback_names: bool,
}

impl Frame {
    /// The frame of a service that listens on this address.
    pub(in crate::http) fn new(
        options: Options,
        address: SocketAddr,
        clock: Arc<dyn Clock>,
        metrics: Arc<dyn Exposition>,
    ) -> Self {
        let room = Arc::new(Semaphore::new(options.limits.concurrent));
        let only_loopback_names = is_loopback(address) && !options.asks_for_token();
        Self { options, clock, metrics, room, only_loopback_names }
    }

    /// The door of a path that has one of its own.
    pub(super) fn door(&self, path: &str) -> Option<Door> {
        // As the routes are found, whatever slashes stand before and behind.
        match path.trim_matches('/') {
            path if Self::is_health(path) => Some(self.options.health),
            path if path == self.options.metrics_path.trim_matches('/') => Some(self.options.metrics),
            _ => None,
        }
    }

    /// Whether this path tells whether the service lives and can do its work.
    pub(super) fn is_health(path: &str) -> bool {
        matches!(path.trim_matches('/'), "healthz" | "readyz")
    }

    /// Whether machines ask for this path every few seconds.
    pub(super) fn is_probe(&self, path: &str) -> bool {
        self.door(path).is_some()
    }
}

/// The routes within their frame. Every path is also found with a slash at its end.
pub(in crate::http) fn wrap(routes: Router, frame: Frame) -> Router {
    let cors = cors(&frame.options.origins);
    // What is told line by line would be held back until there is enough to compress.
    let compressed = DefaultPredicate::new().and(NotForContentType::const_new(LINES));
    let frame = Arc::new(frame);
    let inner = ServiceBuilder::new()
        .layer(from_fn(route::note))
        .layer(CompressionLayer::new().gzip(true).compress_when(compressed))
        .layer(from_fn(etag::tag))
        .layer(from_fn_with_state(frame.clone(), body::take_body));
    let outer = ServiceBuilder::new()
        .layer(from_fn(headers::secure))
        .layer(from_fn_with_state(frame.clone(), identify::identify))
        .option_layer(cors)
        .layer(from_fn_with_state(frame.clone(), guard::guard))
        .layer(from_fn_with_state(frame.clone(), token::authenticate))
        .layer(from_fn_with_state(frame, limits::limit));
    let routes = NormalizePath::trim_trailing_slash(routes.layer(inner));
    Router::new().fallback_service(routes).layer(outer)
}

/// None without origins: a browser then keeps pages of other sites from reading anything.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let any = origins.iter().any(|origin| origin == "*");
    let listed = origins.iter().filter_map(|origin| origin.parse::<HeaderValue>().ok());
    let allowed = if any { AllowOrigin::any() } else { AllowOrigin::list(listed) };
    let request_id = HeaderName::from_static("x-request-id");
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_NONE_MATCH])
            .expose_headers([header::ETAG, header::LINK, header::LOCATION, request_id])
    })
}

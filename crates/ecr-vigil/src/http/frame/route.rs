//! Which route a request took: only the routes know, and what counts requests stands around them.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

/// The route of a request, once it is known. It stays known if the request then takes too long, or ends in a panic.
#[derive(Debug, Clone, Default)]
pub(super) struct Route(Arc<OnceLock<MatchedPath>>);

impl Route {
    /// As it was declared; `none` if no route was found, or none was asked.
    pub(super) fn as_str(&self) -> &str {
        self.0.get().map_or("none", MatchedPath::as_str)
    }
}

/// Tells whoever asked by which route the request came here.
pub(super) async fn note(request: Request, next: Next) -> Response {
    let (route, taken) = (request.extensions().get::<Route>(), request.extensions().get::<MatchedPath>());
    if let (Some(Route(route)), Some(taken)) = (route, taken) {
        // A request takes one route; were it to take another, the first is what was asked for.
        let _ = route.set(taken.clone());
    }
    next.run(request).await
}

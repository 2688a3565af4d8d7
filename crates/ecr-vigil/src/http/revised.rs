//! Answers that come from the store alone: whoever has one is told so without anything being read.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::accept;
use super::api::App;
use super::frame::{names, tag_of};

/// A newer program may say the same in other words.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Answers 304 where nothing was written since the asker last asked; else marks the answer with the store's revision as it
/// was before anything was read.
pub(super) async fn revised(State(app): State<App>, request: Request, next: Next) -> Response {
    let revision = match app.api.store.revision().await {
        Ok(revision) if request.method().is_safe() => revision.to_string(),
        // The question itself will tell that the store is away.
        _ => return next.run(request).await,
    };
    let tag = tag_of([PROGRAM, &revision, &request.uri().to_string()].join("\n").as_bytes());
    let Ok(mark) = HeaderValue::from_str(&tag) else { return next.run(request).await };
    // That `*` is asked for says nothing of whether there is such a thing: who answers finds out.
    let mut response = match names(request.headers(), &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => next.run(request).await,
    };
    if matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED) {
        response.headers_mut().insert(header::ETAG, mark);
    }
    response
}

/// Refuses whoever does not take JSON.
pub(super) async fn as_json(request: Request, next: Next) -> Response {
    match accept::choose(request.headers(), &["application/json"]) {
        Ok(_) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

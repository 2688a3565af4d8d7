//! How many requests are under way, and how long one may take: more are turned away, never queued.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::wrap::Frame;
use crate::http::held::hold;
use crate::http::problem::Problem;

/// Lets a request happen if there is room, for so long.
pub(super) async fn limit(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    // Whoever looks whether the service lives must not be told that it is busy.
    if Frame::is_health(request.uri().path()) {
        return in_time(&frame, request, next).await;
    }
    let Ok(permit) = frame.room.clone().try_acquire_owned() else {
        return Problem::unavailable("too many requests are under way").into_response();
    };
    let response = in_time(&frame, request, next).await;
    // Watchers stay as long as they like, and are counted where they are served.
    let watches =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    // Whoever reads slowly is under way, too.
    if watches { response } else { hold(response, permit) }
}

async fn in_time(frame: &Frame, request: Request, next: Next) -> Response {
    let took_too_long = |_| Problem::unavailable("the answer takes too long").into_response();
    timeout(frame.options.limits.time, next.run(request)).await.unwrap_or_else(took_too_long)
}

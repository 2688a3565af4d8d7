//! Bodies of requests: small, in time, and JSON.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::wrap::Frame;
use crate::http::problem::{Problem, ProblemKind};

/// Takes the whole body before anything is done with it, so that whoever sends slowly holds nothing up but this.
pub(super) async fn take_body(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let limits = frame.options.limits;
    if declared(&parts.headers).is_some_and(|length| length > limits.body as u64) {
        return too_large(limits.body).into_response();
    }
    let bytes = match timeout(limits.time, to_bytes(body, limits.body)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if is_too_large(&error) => return too_large(limits.body).into_response(),
        Ok(Err(_)) => {
            return Problem::new(ProblemKind::InvalidRequest, "the body broke off").into_response();
        }
        Err(_) => {
            return Problem::new(ProblemKind::SlowRequest, "the body did not arrive in time").into_response();
        }
    };
    if !bytes.is_empty() && !is_json(&parts.headers) {
        let detail = "send JSON, with the header `Content-Type: application/json`";
        return Problem::new(ProblemKind::UnsupportedMediaType, detail).into_response();
    }
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Problem {
    Problem::new(ProblemKind::TooLarge, format!("at most {limit} bytes are read"))
}

/// The only other thing that goes wrong is the connection, or what the asker makes of it.
fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("length limit"))
}

/// A form of another site can send text and forms, but not this without asking first.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

//! The id of a request, its one line in the log, and its problem, if it ends in one.
//!
//! Fields of the line: `request_id`, `method`, `path`, `status`, `duration_ms`, `client` (address), `token` (the name of the
//! token that was presented, if any). Probes and scrapes that succeed are told at level debug.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::Instrument;

use super::route::Route;
use super::token::Visitor;
use super::wrap::Frame;
use crate::http::problem::{MEDIA_TYPE, Problem, ProblemKind};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id, lets it happen, and tells how it ended.
pub(super) async fn identify(State(frame): State<Arc<Frame>>, mut request: Request, next: Next) -> Response {
    let id = sane(request.headers()).unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let asked = Asked::of(&request);
    let route = Route::default();
    request.extensions_mut().insert(route.clone());
    let begun = frame.clock.now();
    let span = tracing::info_span!("request", request_id = id);
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let response = answering.await.unwrap_or_else(|_| panicked(&span));
    let mut response = with_problem(response, &asked, &id);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let took = frame.clock.now().duration_since(begun);
    frame.metrics.answered(asked.method.as_str(), route.as_str(), response.status().as_u16(), took);
    span.in_scope(|| asked.log(&response, took.as_millis(), frame.is_probe(&asked.path)));
    response
}

/// What the log says of a request.
struct Asked {
    method: Method,
    path: String,
    client: String,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let client = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>();
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            client: client.map(|ConnectInfo(address)| address.to_string()).unwrap_or_default(),
        }
    }

    fn log(&self, response: &Response, duration_ms: i128, probe: bool) {
        let Self { method, path, client } = self;
        let status = response.status().as_u16();
        let token = response.extensions().get::<Visitor>().map(|visitor| visitor.name.as_str());
        if probe && response.status().is_success() {
            tracing::debug!(%method, path, status, duration_ms, client, token, "answered");
        } else {
            tracing::info!(%method, path, status, duration_ms, client, token, "answered");
        }
    }
}

/// An id that the asker has given, if it can stand in a log line.
fn sane(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    ((1..=64).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn panicked(span: &tracing::Span) -> Response {
    span.in_scope(|| tracing::error!("a request ended in a panic"));
    let said = "the log says more under the id of this request";
    Problem::new(ProblemKind::Internal, said).into_response()
}

/// The same answer, with its problem written out. A refusal that nobody has explained is explained by its status.
fn with_problem(mut response: Response, asked: &Asked, id: &str) -> Response {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if (status.is_client_error() || status.is_server_error()) && !is_told(&response) => {
            Problem::of(status)
        }
        None => return response,
    };
    let told = Json(problem.body(&asked.path, id)).into_response();
    let (mut parts, _) = response.into_parts();
    for name in [header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
        parts.headers.remove(name);
    }
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let body = if asked.method == Method::HEAD { Body::empty() } else { told.into_body() };
    Response::from_parts(parts, body)
}

/// Whether an answer explains itself, as that of `/readyz` does.
fn is_told(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

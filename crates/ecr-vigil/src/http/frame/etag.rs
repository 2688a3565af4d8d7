//! Answers that the asker has already: a hash of the body tells, and saves sending it again.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::http::problem::Problem;

/// Marks an answer, and leaves its body out where the asker has it.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    let asks = request.method().is_safe();
    let known = request.headers().clone();
    let response = next.run(request).await;
    if !asks || response.status() != StatusCode::OK || is_stream(&response) {
        return response;
    }
    match with_tag(response).await {
        Ok((tag, response)) if wants_none(&known) || names(&known, &tag) => not_modified(response),
        Ok((_, response)) => response,
        Err(error) => Problem::internal(&error).into_response(),
    }
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// A tag that follows from these bytes. It is a weak one: it is the same for the compressed body.
pub(in crate::http) fn tag_of(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{hex}\"")
}

async fn with_tag(response: Response) -> Result<(String, Response), axum::Error> {
    if let Some(tag) = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()) {
        return Ok((tag.to_owned(), response));
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await?;
    let tag = tag_of(&bytes);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    Ok((tag, Response::from_parts(parts, Body::from(bytes))))
}

/// Whether the asker names this tag among those that it has. RFC 9110, section 13.1.2: weak comparison.
pub(in crate::http) fn names(headers: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let wanted = bare(tag);
    // No tag of ours has a comma in it, so what is cut into pieces by one is another's.
    let listed = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut listed = listed.flat_map(|value| value.split(','));
    listed.any(|known| bare(known.trim()) == wanted)
}

/// Whether the asker wants nothing that there is at all: `*` alone, and not as one of a list.
fn wants_none(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(header::IF_NONE_MATCH).iter();
    said.next().is_some_and(|value| value.as_bytes().trim_ascii() == b"*") && said.next().is_none()
}

fn not_modified(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        parts.headers.remove(name);
    }
    Response::from_parts(parts, Body::empty())
}

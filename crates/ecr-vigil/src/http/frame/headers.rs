//! Headers that keep browsers and caches from doing more with an answer than is meant.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Nothing may be loaded from here into a page, and nothing here loads anything.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Adds what is not said otherwise.
pub(super) async fn secure(request: Request, next: Next) -> Response {
    let asks = request.method().is_safe();
    let mut response = next.run(request).await;
    // What is refused today may be given tomorrow; what is given may be kept, but must be asked about again.
    let kept = asks && (response.status().is_success() || response.status().is_redirection());
    let cache = HeaderValue::from_static(if kept { "private, no-cache" } else { "no-store" });
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NOTHING);
    headers.entry(header::CACHE_CONTROL).or_insert(cache);
    headers.extend(ALWAYS);
    response
}

//! Browsers: what a page of another site may not make them do to us.
//!
//! A service on a loopback address without tokens is open to every program of this machine, browsers included. A page of
//! another site could reach it under a name of its own that points to 127.0.0.1, or by forms sent across sites.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use vigil_report::feed::BaseUrl;

use super::wrap::Frame;
use crate::http::problem::{Problem, ProblemKind};

/// Turns away what pages of other sites ask for.
pub(super) async fn guard(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    match check(&frame, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(frame: &Frame, request: &Request) -> Result<(), Problem> {
    one_host(request)?;
    let host = host(request);
    let base = frame.options.base_url.as_ref().map(BaseUrl::to_string);
    let base = base.as_deref().map(authority);
    if frame.only_loopback_names && host.is_some_and(|host| !is_loopback_name(host) && Some(host) != base) {
        let detail =
            "without tokens, this service answers to the names of this machine only, such as localhost";
        return Err(Problem::new(ProblemKind::Misdirected, detail));
    }
    if request.method().is_safe() || comes_from_here(frame, request.headers(), host) {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::CrossSite, "a page of another site may not change anything here"))
}

/// RFC 9112, 3.2: in HTTP/1.1 the header `Host` is there exactly once. What stands in front may have gone by another one.
fn one_host(request: &Request) -> Result<(), Problem> {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    let detail = match (request.version(), hosts) {
        (_, 2..) => "there are several headers `Host`",
        (Version::HTTP_11, 0) => "there is no header `Host`",
        _ => return Ok(()),
    };
    Err(Problem::new(ProblemKind::InvalidRequest, detail))
}

/// Whether a change is asked for by a program, or by a page of ours or of a site that is trusted by setting.
fn comes_from_here(frame: &Frame, headers: &HeaderMap, host: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    if let Some(origin) = text("origin") {
        let base = frame.options.base_url.as_ref().map(BaseUrl::to_string);
        let ours = [base.as_deref().map(authority), host];
        let trusted = frame
            .options
            .origins
            .iter()
            .any(|trusted| trusted == origin || (trusted == "*" && frame.options.asks_for_token()));
        return trusted || ours.contains(&Some(authority(origin)));
    }
    text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"))
}

/// The host that is asked, with its port: in HTTP/2 it is part of the target.
fn host(request: &Request) -> Option<&str> {
    let target = request.uri().authority().map(|authority| authority.as_str());
    target.or_else(|| request.headers().get(header::HOST).map(|value| value.to_str().unwrap_or("?")))
}

/// The host and port of a URL.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        for name in
            ["localhost", "LOCALHOST:2112", "vigil.localhost:1", "127.0.0.1:2112", "[::1]:2112", "127.1.2.3"]
        {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in
            ["evil.example", "localhost.evil.example:2112", "10.0.0.1", "[2001:db8::1]:1", "0.0.0.0", ""]
        {
            assert!(!is_loopback_name(name), "{name}");
        }
    }
}

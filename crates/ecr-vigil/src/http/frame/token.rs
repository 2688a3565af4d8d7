//! Bearer tokens: whoever presents one is let in as far as its role goes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::wrap::Frame;
use crate::http::options::{Door, Role, Token};
use crate::http::problem::{Problem, ProblemKind};

/// Who asks.
#[derive(Debug, Clone)]
pub(in crate::http) struct Visitor {
    /// The name of the token.
    pub(in crate::http) name: String,
}

/// Lets in whoever may come in.
pub(super) async fn authenticate(
    State(frame): State<Arc<Frame>>,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&frame, &request) {
        Ok(None) => next.run(request).await,
        Ok(Some(visitor)) => {
            request.extensions_mut().insert(visitor.clone());
            let mut response = next.run(request).await;
            response.extensions_mut().insert(visitor);
            response
        }
        Err(problem) => problem.into_response(),
    }
}

fn admit(frame: &Frame, request: &Request) -> Result<Option<Visitor>, Problem> {
    let wanted = match frame.door(request.uri().path()) {
        Some(Door::Off) => return Err(Problem::not_found("this is switched off")),
        Some(Door::Open) => return Ok(None),
        Some(Door::Token) | None if !frame.options.asks_for_token() => return Ok(None),
        Some(Door::Token) => Role::Read,
        None => needed(request.method()),
    };
    let token = presented(request.headers()).and_then(|text| find(&frame.options.tokens, text));
    let token = token.ok_or_else(unauthenticated)?;
    if token.role < wanted {
        let detail =
            format!("the token `{}` has the role `{}`; this needs `{wanted}`", token.name, token.role);
        return Err(Problem::new(ProblemKind::Forbidden, detail));
    }
    Ok(Some(Visitor { name: token.name.clone() }))
}

/// The role that a method needs.
fn needed(method: &Method) -> Role {
    if method.is_safe() { Role::Read } else { Role::Operate }
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The token that was presented. Each is compared to its end, so that time tells nothing of any of them.
fn find<'a>(tokens: &'a [Token], presented: &str) -> Option<&'a Token> {
    let hash = Sha256::digest(presented.as_bytes());
    let mut found = None;
    for token in tokens {
        if bool::from(token.sha256.ct_eq(hash.as_slice())) {
            found = Some(token);
        }
    }
    found
}

fn unauthenticated() -> Problem {
    Problem::new(
        ProblemKind::Unauthenticated,
        "send `Authorization: Bearer …` with a token that is configured here",
    )
    .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="ecr-vigil""#))
}

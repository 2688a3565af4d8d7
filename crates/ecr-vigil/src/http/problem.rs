//! What goes wrong, told as RFC 9457 has it. A problem carries what the asker needs, and nothing of what lies behind.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// The kinds of problem; each has a status, a name that programs can go by, and a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request cannot be read.
    InvalidRequest,
    /// No token, or none that we know.
    Unauthenticated,
    /// The token does not allow it.
    Forbidden,
    /// A page of another site asks.
    CrossSite,
    /// It is not here.
    NotFound,
    /// It is here, but cannot be done so.
    MethodNotAllowed,
    /// No form of the answer is acceptable to the asker.
    NotAcceptable,
    /// The body did not arrive in time.
    SlowRequest,
    /// Something stands in the way that may go.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// The body is of a kind that we do not read.
    UnsupportedMediaType,
    /// Somebody else is meant.
    Misdirected,
    /// The body can be read, but says something impossible.
    InvalidContent,
    /// Our fault.
    Internal,
    /// Not now.
    Unavailable,
}

/// One thing that went wrong, as a value; what the asker is sent is made of it at the outermost layer, which knows the
/// request's id.
#[derive(Debug, Clone)]
pub struct Problem(Box<Said>);

/// What a problem consists of; in a box, since most answers have none.
#[derive(Debug, Clone)]
struct Said {
    kind: ProblemKind,
    detail: String,
    faults: Vec<MemberFault>,
    headers: HeaderMap,
}

/// What is wrong with one parameter or member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberFault {
    /// The query parameter or the member of the body.
    #[schema(example = "region")]
    pub name: String,
    /// What is wrong with it, and what is accepted.
    #[schema(example = "`eu` is not an AWS region such as `eu-west-1`")]
    pub reason: String,
}

/// Problem details (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// What kind of problem it is, for programs: `urn:ecr-vigil:problem:` and a name.
    #[schema(example = "urn:ecr-vigil:problem:invalid-request")]
    r#type: String,
    /// The kind, for people.
    #[schema(example = "The request cannot be understood")]
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status: u16,
    /// This one, for people.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// The id under which the log knows the request.
    request_id: String,
    /// Everything that is wrong with the request, parameter by parameter, where it is that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<MemberFault>,
}

impl ProblemKind {
    fn told(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => {
                (StatusCode::BAD_REQUEST, "invalid-request", "The request cannot be understood")
            }
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "A token is needed"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "The token does not allow this"),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross-site", "Pages of other sites may not do this"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing here"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This cannot be done here")
            }
            Self::NotAcceptable => {
                (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "No acceptable form of the answer")
            }
            Self::SlowRequest => (StatusCode::REQUEST_TIMEOUT, "slow-request", "The request took too long"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Something stands in the way"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Not a body that is read here")
            }
            Self::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "misdirected", "The request is meant for another host")
            }
            Self::InvalidContent => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid-content", "The request says something impossible")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong here"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not possible at the moment")
            }
        }
    }

    /// The kind that is told with a status where nobody has said more.
    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::NOT_ACCEPTABLE => Self::NotAcceptable,
            StatusCode::REQUEST_TIMEOUT => Self::SlowRequest,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::InvalidRequest,
            _ => Self::Internal,
        }
    }
}

impl Problem {
    /// A problem of this kind, in these words.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Said { kind, detail: detail.into(), faults: Vec::new(), headers: HeaderMap::new() }))
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::NotFound, detail)
    }

    /// Several things are wrong with a request. Only the kinds for requests make sense.
    pub fn faults(kind: ProblemKind, faults: Vec<MemberFault>) -> Self {
        let detail: Vec<String> =
            faults.iter().map(|fault| format!("{}: {}", fault.name, fault.reason)).collect();
        let mut problem = Self::new(kind, detail.join("; "));
        problem.0.faults = faults;
        problem
    }

    /// Our own fault. The cause goes to the log; the asker is given the id under which it is found there.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = chain(cause), "a request could not be answered");
        Self::new(ProblemKind::Internal, "the log says more under the id of this request")
    }

    /// Something that the answer needs does not answer. The cause goes to the log.
    pub fn unreachable(what: &str, cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = chain(cause), "a request could not be answered");
        Self::unavailable(format!("{what} does not answer; the log says more under the id of this request"))
    }

    /// Not now, but soon.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Unavailable, detail).with(header::RETRY_AFTER, HeaderValue::from_static("5"))
    }

    /// What the answer to a status is that nobody has explained.
    pub(super) fn of(status: StatusCode) -> Self {
        let kind = ProblemKind::of(status);
        let detail = match kind {
            ProblemKind::NotFound => "the reference page at /docs lists what there is",
            ProblemKind::MethodNotAllowed => "the header `Allow` says what can be done here",
            // Whoever reads queries and bodies says more.
            ProblemKind::InvalidRequest => "the path cannot be read: it must be UTF-8, percent-encoded",
            _ => status.canonical_reason().unwrap_or("refused"),
        };
        Self::new(kind, detail)
    }

    /// The same with a header of the answer.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The status that it is told with.
    pub fn status(&self) -> StatusCode {
        self.0.kind.told().0
    }

    /// What is sent for it.
    pub(super) fn body(&self, instance: &str, request_id: &str) -> ProblemBody {
        let (status, name, title) = self.0.kind.told();
        ProblemBody {
            r#type: format!("urn:ecr-vigil:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: self.0.detail.clone(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.0.faults.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.headers_mut().extend(self.0.headers.clone());
        response.extensions_mut().insert(self);
        response
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

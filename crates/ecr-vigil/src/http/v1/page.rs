//! Pages: so many items, and where the next ones are.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use vigil_store::{Cursor, DatabaseFault, Page, Scope, Slice, Unanswered};

use super::words::{Limit, RegistryKey, RepositoryGlob};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{MemberFault, Problem, ProblemKind};

/// Where a list goes on.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct PageQuery {
    /// How many items at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
    /// Where the page before ended, as its link says it.
    #[param(pattern = "^([0-9a-f]{2})+$")]
    cursor: Option<String>,
}

/// Which repositories a list is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct ScopeQuery {
    /// Only in this registry: account and region.
    #[param(
        pattern = "^[0-9]{12}/[a-z]{2,8}(-[a-z]{2,12}){1,2}-[0-9]{1,2}$",
        example = "123456789012/eu-west-1"
    )]
    registry: Option<String>,
    /// Only in this repository, or in those that match a glob.
    #[param(pattern = "^[a-z0-9._/*?-]{1,256}$", example = "team/*")]
    repository: Option<String>,
}

/// A page.
#[derive(Serialize, ToSchema)]
#[schema(as = Page)]
pub(in crate::http) struct PageBody<T> {
    /// The items.
    items: Vec<T>,
    /// Where the next ones are; null if there are none. The header `Link` says it too.
    next: Option<String>,
}

/// The page of a list that was asked for under this address.
pub(super) fn paged<T, Body>(uri: &Uri, page: Page<T>) -> Response
where
    Body: From<T> + Serialize,
{
    let next = page.next.map(|cursor| next(uri, &cursor));
    let mut headers = HeaderMap::new();
    if let Some(link) =
        next.as_ref().and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok())
    {
        headers.insert(header::LINK, link);
    }
    let items: Vec<Body> = page.items.into_iter().map(Body::from).collect();
    (headers, Json(PageBody { items, next })).into_response()
}

/// The same question with another cursor.
fn next(uri: &Uri, cursor: &Cursor) -> String {
    let said = uri.query().unwrap_or_default().split('&');
    let mut said: Vec<&str> = said.filter(|pair| !pair.is_empty() && !pair.starts_with("cursor=")).collect();
    let cursor = format!("cursor={cursor}");
    said.push(&cursor);
    format!("{}?{}", uri.path(), said.join("&"))
}

/// What does not answer is the store; what it says of it is for the log.
pub(in crate::http) fn away(fault: DatabaseFault) -> Problem {
    Problem::unreachable("the store", &fault)
}

impl From<Unanswered> for Problem {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Cursor => {
                let fault = MemberFault { name: "cursor".to_owned(), reason: why.to_string() };
                Self::faults(ProblemKind::InvalidRequest, vec![fault])
            }
            Unanswered::Database(fault) => away(fault),
        }
    }
}

impl FromFields for Slice {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let after = fields.may::<String>("cursor").map(Cursor);
        let limit = fields.may("limit").map_or(100, |Limit(limit)| limit);
        Some(Self { after, limit })
    }
}

impl FromFields for Scope {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let registry = fields.may("registry").map(|RegistryKey(registry)| registry);
        let repository = fields.may("repository").map(|RepositoryGlob(pattern)| pattern);
        Some(Self { registry, repository })
    }
}

impl<A: FromFields, B: FromFields> FromFields for (A, B) {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let (a, b) = (A::take_from(fields), B::take_from(fields));
        a.zip(b)
    }
}

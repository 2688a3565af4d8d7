//! The findings of one scan configuration as an Atom feed.

use std::num::NonZeroUsize;
use std::str::FromStr;

use axum::extract::{Path, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::response::IntoResponse;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use vigil_core::Tag;
use vigil_report::feed::{BaseUrl, Feed, PageNumber, Paging, entries, feed};

use super::{configs, known};
use crate::http::accept;
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields};
use crate::http::problem::{MemberFault, Problem, ProblemKind};

const ATOM: &str = "application/atom+xml; charset=utf-8";

/// Feed readers ask for these, too, and take Atom for either.
const FORMS: [&str; 3] = [ATOM, "application/xml", "text/xml"];

/// As many entries as a reader shows.
const ENTRIES: NonZeroUsize = NonZeroUsize::new(100).expect("it is not zero");

/// A page by its number.
struct WhichPage(PageNumber);

/// Which page of the feed.
pub(in crate::http) struct FeedPage(PageNumber);

/// The findings of one scan configuration.
///
/// An Atom feed, newest first, in pages that are linked to each other (RFC 5005).
#[utoipa::path(get, path = "/findings/{id}", operation_id = "feed", tag = "re-scan", params(
    ("id" = String, Path, description = "The scan configuration", format = "uuid"),
    ("page" = Option<u32>, Query, description = "Which page", minimum = 1),
    ), responses(
    (status = 200, description = "The feed", body = String, content_type = "application/atom+xml; charset=utf-8",
        headers(("Last-Modified" = String, description = "When the newest entry changed"))),
))]
pub(in crate::http) async fn get(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    Path(id): Path<String>,
    Asked(FeedPage(number)): Asked<FeedPage>,
) -> Result<impl IntoResponse, Problem> {
    accept::choose(&headers, &FORMS)?;
    let config = configs::find(&app, &id).await?;
    let images = known::with_findings(&app, &config).await?;
    let mut tags: Vec<Tag> = images.iter().map(|image| image.tag.clone()).collect();
    tags.sort();
    tags.dedup();
    let all = entries(images);
    let (page, paging) = Paging::cut(&all, number, ENTRIES)
        .ok_or_else(|| Problem::not_found(format!("the feed has no page {number}")))?;
    let updated = all.iter().map(|entry| entry.updated).max();
    let registry = known::registry(&config.request);
    let base = base(&app, &uri, &headers)?;
    let about = Feed { config: &config, registry: &registry, tags: &tags, updated, base: &base };
    let bytes = feed(&about, page, paging).map_err(|error| Problem::internal(&error))?;
    let modified = http_date(updated.unwrap_or(config.created));
    Ok(([(header::CONTENT_TYPE, ATOM.to_owned()), (header::LAST_MODIFIED, modified)], bytes))
}

/// Where the service is reached: as it is set, or as it was just reached.
fn base(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<BaseUrl, Problem> {
    if let Some(base) = &app.options.base_url {
        return Ok(base.clone());
    }
    // In HTTP/2 it is part of the target.
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(Authority::as_str).or(named).unwrap_or("localhost");
    format!("{}://{host}", app.scheme).parse().map_err(|_| {
        let reason = format!("`{host}` is not a host");
        Problem::faults(ProblemKind::InvalidRequest, vec![MemberFault { name: "host".to_owned(), reason }])
    })
}

/// RFC 9110, section 5.6.7.
fn http_date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

impl FromStr for WhichPage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is not the number of a page: 1, 2, 3 and so on"))
    }
}

impl FromFields for FeedPage {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.may("page").map_or(PageNumber::MIN, |WhichPage(number)| number)))
    }
}

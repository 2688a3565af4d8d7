//! Findings along lineages, and what has changed there.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use vigil_core::lineage::FindingState;
use vigil_core::policy::VulnerabilityId;
use vigil_store::{ChangeFilter, FindingFilter, FindingOrder, Scope, Slice, TrendPoint};

use super::findings_body::{ChangeBody, LineageFindingBody};
use super::images::SeverityName;
use super::page::{PageBody, PageQuery, ScopeQuery, away, paged};
use super::words::{Day, Flag, KnownSeverity, Moment, PassKey, States, Word};
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields};
use crate::http::problem::Problem;

/// Which findings along lineages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct FindingsQuery {
    /// Of this lineage: a tag, or a pattern as it was written.
    #[param(pattern = "^[!-~]{1,200}$", example = "v*")]
    lineage: Option<String>,
    /// Of the lineages that stand at this image.
    #[param(pattern = "^sha256:[0-9a-f]{64}$")]
    digest: Option<String>,
    /// At least this severe.
    #[param(inline)]
    severity: Option<SeverityName>,
    /// In one of these states, with commas between them; in any but `fixed`, if none is named.
    #[param(
        pattern = "^(new|open|worsened|fixed|excepted)(,(new|open|worsened|fixed|excepted)){0,4}$",
        example = "new,worsened"
    )]
    state: Option<String>,
    /// Of this vulnerability.
    #[param(pattern = "^[!-)+->@-~]{1,200}$", example = "CVE-2024-3094")]
    vulnerability: Option<String>,
    /// In this package.
    #[param(pattern = "^[!-~]{1,200}$", example = "xz-utils")]
    package: Option<String>,
    /// With a version that fixes it, or without.
    fixable: Option<bool>,
    /// With an exploit that the scanner knows, or without.
    exploit_known: Option<bool>,
    /// Listed as known exploited, or not.
    known_exploited: Option<bool>,
    /// As likely to be exploited as this.
    #[param(minimum = 0, maximum = 1, example = 0.5)]
    min_epss: Option<f64>,
    /// The order: the most severe, the oldest, or the most likely to be exploited first.
    #[param(inline)]
    sort: Option<FindingSort>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
enum FindingSort {
    Worst,
    Oldest,
    Epss,
}

/// Which changes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct ChangesQuery {
    /// Seen at this time or later.
    #[param(format = "date-time", example = "2026-11-20T00:00:00Z")]
    since: Option<String>,
    /// Seen by this pass.
    #[param(format = "uuid")]
    pass: Option<String>,
    /// Of these kinds, with commas between them; of all, if none is named.
    #[param(pattern = "^(new|worsened|fixed)(,(new|worsened|fixed)){0,2}$", example = "new,worsened")]
    kind: Option<String>,
    /// At least this severe.
    #[param(inline)]
    severity: Option<SeverityName>,
    /// Along this lineage: a tag, or a pattern as it was written.
    #[param(pattern = "^[!-~]{1,200}$", example = "v*")]
    lineage: Option<String>,
}

/// From when on.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct TrendQuery {
    /// The first day; 30 days ago, if none is named.
    #[param(format = "date", example = "2026-11-01")]
    since: Option<String>,
}

/// Day by day.
#[derive(Serialize, ToSchema)]
#[schema(as = Trend)]
pub(in crate::http) struct TrendBody {
    /// Oldest day first, worst severity first within a day; a day without any pass has no points.
    items: Vec<TrendItem>,
}

/// One severity on one day.
#[derive(Serialize, ToSchema)]
#[schema(as = TrendPoint)]
struct TrendItem {
    /// The day, in UTC.
    #[schema(format = "date")]
    day: String,
    /// The severity.
    severity: String,
    /// Findings that were open when the last pass of the day ended.
    open: u64,
    /// Findings that appeared on this day.
    new: u64,
    /// Findings that went on this day.
    fixed: u64,
}

/// Lists findings along lineages.
///
/// A lineage is what has followed one another under a tag or a pattern of tags; a finding's age belongs to it, and
/// survives new images. With `sort=oldest`: what has stood unfixed for longest.
#[utoipa::path(get, path = "/api/v1/findings", operation_id = "list_findings", tag = "findings",
    params(ScopeQuery, FindingsQuery, PageQuery), responses(
    (status = 200, description = "A page of findings", body = PageBody<LineageFindingBody>)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
    Asked((filter, (order, slice))): Asked<(FindingFilter, (FindingOrder, Slice))>,
) -> Result<Response, Problem> {
    Ok(paged::<_, LineageFindingBody>(&uri, app.api.store.findings(filter, order, slice).await?))
}

/// Lists what is new, worse or fixed, newest first.
///
/// A lineage's first scan changes nothing.
#[utoipa::path(get, path = "/api/v1/changes", operation_id = "list_changes", tag = "findings",
    params(ScopeQuery, ChangesQuery, PageQuery), responses(
    (status = 200, description = "A page of changes", body = PageBody<ChangeBody>)))]
pub(in crate::http) async fn changes(
    State(app): State<App>,
    uri: Uri,
    Asked((filter, slice)): Asked<(ChangeFilter, Slice)>,
) -> Result<Response, Problem> {
    Ok(paged::<_, ChangeBody>(&uri, app.api.store.changes(filter, slice).await?))
}

/// Says how many findings were open, new and fixed, day by day.
#[utoipa::path(get, path = "/api/v1/trend", operation_id = "trend", tag = "findings",
    params(ScopeQuery, TrendQuery), responses((status = 200, description = "The trend", body = TrendBody)))]
pub(in crate::http) async fn trend(
    State(app): State<App>,
    Asked((scope, Since(since))): Asked<(Scope, Since)>,
) -> Result<Json<TrendBody>, Problem> {
    let today = app.api.clock.now().to_zoned(TimeZone::UTC).date();
    let since = since.unwrap_or_else(|| today.saturating_sub(30.days()));
    let points = app.api.store.trend(scope, since).await.map_err(away)?;
    Ok(Json(TrendBody { items: points.into_iter().map(TrendItem::from).collect() }))
}

/// The first day.
pub(in crate::http) struct Since(Option<jiff::civil::Date>);

impl FromFields for FindingFilter {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            scope: Scope::take_from(fields)?,
            lineage: fields.may("lineage").map(|Word(name)| name),
            digest: fields.may("digest"),
            reaches: fields.may("severity").map(|KnownSeverity(severity)| severity),
            states: fields.may("state").map(|States(states)| states).unwrap_or_default(),
            vulnerability: fields.may::<VulnerabilityId>("vulnerability").map(String::from),
            package: fields.may("package").map(|Word(name)| name),
            fixable: fields.may("fixable").map(|Flag(yes)| yes),
            exploit_known: fields.may("exploit_known").map(|Flag(yes)| yes),
            known_exploited: fields.may("known_exploited").map(|Flag(yes)| yes),
            min_epss: fields.may("min_epss"),
        })
    }
}

impl FromFields for FindingOrder {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(match fields.one_of("sort", &["worst", "oldest", "epss"]) {
            Some("oldest") => Self::OldestFirst,
            Some("epss") => Self::LikeliestFirst,
            _ => Self::WorstFirst,
        })
    }
}

impl FromFields for ChangeFilter {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let scope = Scope::take_from(fields)?;
        let kinds = fields.may("kind").map(|States(kinds)| kinds).unwrap_or_default();
        let told = [FindingState::New, FindingState::Worsened, FindingState::Fixed];
        if kinds.iter().any(|kind| !told.contains(kind)) {
            fields.refuse::<()>("kind", "a change is new, worsened or fixed");
        }
        Some(Self {
            scope,
            since: fields.may("since").map(|Moment(at)| at),
            pass: fields.may("pass").map(|PassKey(pass)| pass),
            kinds,
            reaches: fields.may("severity").map(|KnownSeverity(severity)| severity),
            lineage: fields.may("lineage").map(|Word(name)| name),
        })
    }
}

impl FromFields for Since {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.may("since").map(|Day(day)| day)))
    }
}

impl From<TrendPoint> for TrendItem {
    fn from(TrendPoint { day, severity, open, new, fixed }: TrendPoint) -> Self {
        Self { day: day.to_string(), severity: severity.to_string(), open, new, fixed }
    }
}

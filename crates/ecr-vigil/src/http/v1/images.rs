//! Images: all, one, its findings, its scans.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use utoipa::IntoParams;
use vigil_core::image::{AccountId, Digest, Region, RegistryId, RepositoryName};
use vigil_core::scan::ScanState;
use vigil_store::{ImageFilter, ImageFindingFilter, ImageOrder, Scope, Slice};

use super::findings_body::ImageFindingBody;
use super::image_body::{ImageBody, ImageDetailBody, ScanBody};
use super::page::{PageBody, PageQuery, ScopeQuery, away, paged};
use super::words::{Flag, KnownSeverity, StateWord, TagGlob, registry_of};
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields};
use crate::http::problem::Problem;

/// Which images.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct ImagesQuery {
    /// With this tag, or one that matches a glob.
    #[param(pattern = "^[A-Za-z0-9._*?-]{1,128}$", example = "v*")]
    tag: Option<String>,
    /// With this digest.
    #[param(pattern = "^sha256:[0-9a-f]{64}$")]
    digest: Option<String>,
    /// Whose last scan is in this state, in ECR's word.
    #[param(pattern = "^[A-Z_]{1,64}$", example = "COMPLETE")]
    scan_state: Option<String>,
    /// With an open finding at least this severe.
    #[param(inline)]
    severity: Option<SeverityName>,
    /// On which this was last decided.
    #[param(inline)]
    decision: Option<DecisionName>,
    /// Those that are gone from ECR, instead of those that are there.
    gone: Option<bool>,
    /// Indexes, attestations and whatever else is no container image, too.
    all_kinds: Option<bool>,
    /// The order: open findings, worst first; by repository; or those first that were scanned longest ago.
    #[param(inline)]
    sort: Option<ImageSort>,
}

/// A severity that has a rank.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(rename_all = "UPPERCASE")]
pub(super) enum SeverityName {
    Critical,
    High,
    Medium,
    Low,
    Informational,
    Untriaged,
    Undefined,
}

/// What was decided.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(super) enum DecisionName {
    Scan,
    Wait,
    Rest,
    Hold,
    Observe,
    LeaveOut,
    Undecided,
}

#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
enum ImageSort {
    Worst,
    Name,
    OldestScan,
}

/// Which findings of an image.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct ImageFindingsQuery {
    /// At least this severe.
    #[param(inline)]
    severity: Option<SeverityName>,
    /// With a version that fixes it, or without.
    fixable: Option<bool>,
    /// Accepted ones, or open ones.
    accepted: Option<bool>,
}

/// Where an image is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it documents the path")]
pub(in crate::http) struct ImagePath {
    /// The account that owns the registry.
    #[param(pattern = "^[0-9]{12}$", example = "123456789012")]
    account: String,
    /// The region it lies in.
    #[param(example = "eu-west-1")]
    region: String,
    /// The repository; a slash in its name is written as `%2F`.
    #[param(example = "team%2Fapp")]
    repository: String,
    /// The image's digest; or a tag under which only one image lies.
    #[param(example = "v1")]
    image: String,
}

/// Lists images.
#[utoipa::path(get, path = "/api/v1/images", operation_id = "list_images", tag = "images",
    params(ScopeQuery, ImagesQuery, PageQuery), responses(
    (status = 200, description = "A page of images", body = PageBody<ImageBody>)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
    Asked((filter, (order, slice))): Asked<(ImageFilter, (ImageOrder, Slice))>,
) -> Result<Response, Problem> {
    let mut page = app.api.store.images(filter, order, slice).await?;
    let owners = app.api.policy.owners();
    for row in &mut page.items {
        row.owner = owners.of(&row.registry, &row.repository, row.owner.take());
    }
    Ok(paged::<_, ImageBody>(&uri, page))
}

/// One image, with its tags and lineages.
#[utoipa::path(get, path = "/api/v1/images/{account}/{region}/{repository}/{image}", operation_id = "get_image",
    tag = "images", params(ImagePath), responses((status = 200, description = "The image", body = ImageDetailBody)))]
pub(in crate::http) async fn get(
    State(app): State<App>,
    Path(path): Path<[String; 4]>,
    Asked(()): Asked<()>,
) -> Result<Json<ImageDetailBody>, Problem> {
    let (registry, repository, digest) = find(&app, &path).await?;
    let detail = app.api.store.image(registry, repository, digest).await.map_err(away)?;
    let mut detail = detail.ok_or_else(|| unknown(&path))?;
    let row = &mut detail.image;
    row.owner = app.api.policy.owners().of(&row.registry, &row.repository, row.owner.take());
    Ok(Json(detail.into()))
}

/// The findings of an image, worst first.
#[utoipa::path(get, path = "/api/v1/images/{account}/{region}/{repository}/{image}/findings",
    operation_id = "list_findings_of_image", tag = "images",
    params(ImagePath, ImageFindingsQuery, PageQuery), responses(
    (status = 200, description = "A page of findings", body = PageBody<ImageFindingBody>)))]
pub(in crate::http) async fn findings(
    State(app): State<App>,
    uri: Uri,
    Path(path): Path<[String; 4]>,
    Asked((filter, slice)): Asked<(ImageFindingFilter, Slice)>,
) -> Result<Response, Problem> {
    let (registry, repository, digest) = find(&app, &path).await?;
    let page = app.api.store.findings_of_image(registry, repository, digest, filter, slice).await?;
    page.map(|page| paged::<_, ImageFindingBody>(&uri, page)).ok_or_else(|| unknown(&path))
}

/// The scans of an image that are over, newest first.
#[utoipa::path(get, path = "/api/v1/images/{account}/{region}/{repository}/{image}/scans",
    operation_id = "list_scans_of_image", tag = "images", params(ImagePath, PageQuery), responses(
    (status = 200, description = "A page of scans", body = PageBody<ScanBody>)))]
pub(in crate::http) async fn scans(
    State(app): State<App>,
    uri: Uri,
    Path(path): Path<[String; 4]>,
    Asked(slice): Asked<Slice>,
) -> Result<Response, Problem> {
    let (registry, repository, digest) = find(&app, &path).await?;
    let page = app.api.store.scans_of_image(registry, repository, digest, slice).await?;
    page.map(|page| paged::<_, ScanBody>(&uri, page)).ok_or_else(|| unknown(&path))
}

/// The image that a path means.
async fn find(app: &App, path: &[String; 4]) -> Result<(RegistryId, RepositoryName, Digest), Problem> {
    let [account, region, name, image] = path;
    let registry = parsed::<AccountId>(account).zip(parsed::<Region>(region));
    let registry = registry.map(|(account, region)| registry_of(account, region));
    let (registry, repository) = registry.zip(parsed::<RepositoryName>(name)).ok_or_else(|| unknown(path))?;
    if let Some(digest) = parsed(image) {
        return Ok((registry, repository, digest));
    }
    let TagGlob(tag) = parsed(image).filter(|_| !image.contains(['*', '?'])).ok_or_else(|| unknown(path))?;
    let scope = Scope { registry: Some(registry.clone()), repository: parsed(name) };
    let filter = ImageFilter { scope, tag: Some(tag), ..ImageFilter::default() };
    let found = app.api.store.images(filter, ImageOrder::Name, Slice::first(20)).await?.items;
    match found.as_slice() {
        [] => Err(unknown(path)),
        [one] => Ok((registry, repository, one.image.digest)),
        several => {
            let digests: Vec<String> = several.iter().map(|row| row.image.digest.to_string()).collect();
            let detail =
                format!("several images lie under the tag `{image}`; ask for one of {}", digests.join(", "));
            Err(Problem::not_found(detail))
        }
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn unknown([account, region, repository, image]: &[String; 4]) -> Problem {
    Problem::not_found(format!("no image `{image}` was ever seen in `{repository}` of {account}/{region}"))
}

impl FromFields for ImageFilter {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            scope: Scope::take_from(fields)?,
            tag: fields.may("tag").map(|TagGlob(pattern)| pattern),
            digest: fields.may("digest"),
            scan_state: fields.may("scan_state").map(|StateWord(state)| ScanState::from(state.as_str())),
            reaches: fields.may("severity").map(|KnownSeverity(severity)| severity),
            decision: fields.one_of("decision", &DECISIONS).map(str::to_owned),
            gone: fields.may("gone").is_some_and(|Flag(yes)| yes),
            all_kinds: fields.may("all_kinds").is_some_and(|Flag(yes)| yes),
        })
    }
}

/// The codes of decisions.
pub(super) const DECISIONS: [&str; 7] = ["scan", "wait", "rest", "hold", "observe", "leave_out", "undecided"];

impl FromFields for ImageOrder {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(match fields.one_of("sort", &["worst", "name", "oldest_scan"]) {
            Some("name") => Self::Name,
            Some("oldest_scan") => Self::OldestScan,
            _ => Self::WorstFirst,
        })
    }
}

impl FromFields for ImageFindingFilter {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        let reaches = fields.may("severity").map(|KnownSeverity(severity)| severity);
        Some(Self {
            reaches,
            fixable: fields.may("fixable").map(|Flag(yes)| yes),
            accepted: fields.may("accepted").map(|Flag(yes)| yes),
        })
    }
}

//! Registries and repositories.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use vigil_store::{Page, RegistryRow, RepositoryRow, Scope, Slice};

use super::nouns::{BySeverity, RegistryBody, by_severity};
use super::page::{PageBody, PageQuery, ScopeQuery, away, paged};
use super::words::Flag;
use crate::http::api::App;
use crate::http::fields::{Asked, Fields, FromFields};
use crate::http::problem::Problem;

/// A registry, and how much is in it.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RegistryItem {
    registry: RegistryBody,
    /// Repositories that are there.
    repositories: u64,
    /// Container images that are there.
    images: u64,
}

/// A repository.
#[derive(Serialize, ToSchema)]
#[schema(as = Repository)]
pub(in crate::http) struct RepositoryBody {
    registry: RegistryBody,
    /// Its name.
    #[schema(example = "team/app")]
    repository: String,
    /// When it was made, where ECR says.
    created_at: Option<Timestamp>,
    /// Whether images are scanned when they are pushed, where ECR says.
    scan_on_push: Option<bool>,
    /// Whether tags can move, in ECR's word.
    tag_mutability: Option<String>,
    /// When it was first seen.
    first_seen: Timestamp,
    /// When all its images were last listed.
    listed_at: Option<Timestamp>,
    /// When it was first missed.
    gone_at: Option<Timestamp>,
    /// Why it could not be read the last time, if it could not.
    unread: Option<String>,
    /// Who looks after it, by the settings or by its tags.
    #[schema(example = "team-payments")]
    owner: Option<String>,
    /// Container images that are there.
    images: u64,
    /// Those of them that were scanned with a result.
    scanned: u64,
    /// Open findings by severity, of the images that the newest tags point to.
    counts: BySeverity,
}

/// Which repositories.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it documents what `Fields` reads")]
pub(in crate::http) struct GoneQuery {
    /// Those that are gone from ECR, too.
    gone: Option<bool>,
}

/// Whether those that are gone are wanted, too.
pub(in crate::http) struct GoneToo(bool);

/// Lists registries, by account and region.
#[utoipa::path(get, path = "/api/v1/registries", operation_id = "list_registries", tag = "images",
    params(PageQuery), responses(
    (status = 200, description = "A page of registries", body = PageBody<RegistryItem>)))]
pub(in crate::http) async fn registries(
    State(app): State<App>,
    uri: Uri,
    Asked(slice): Asked<Slice>,
) -> Result<Response, Problem> {
    let all = app.api.store.registries().await.map_err(away)?.into_iter();
    let all = all.map(|row| (row.registry.to_string(), row));
    Ok(paged::<_, RegistryItem>(&uri, Page::of_all(all, &slice, "registries")?))
}

/// Lists repositories, by name.
#[utoipa::path(get, path = "/api/v1/repositories", operation_id = "list_repositories", tag = "images",
    params(ScopeQuery, GoneQuery, PageQuery), responses(
    (status = 200, description = "A page of repositories", body = PageBody<RepositoryBody>)))]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
    Asked((scope, (GoneToo(gone), slice))): Asked<(Scope, (GoneToo, Slice))>,
) -> Result<Response, Problem> {
    let mut page = app.api.store.repositories(scope, gone, slice).await?;
    let owners = app.api.policy.owners();
    for row in &mut page.items {
        row.owner = owners.of(&row.registry, &row.repository.name, row.owner.take());
    }
    Ok(paged::<_, RepositoryBody>(&uri, page))
}

impl FromFields for GoneToo {
    fn take_from(fields: &mut Fields) -> Option<Self> {
        Some(Self(fields.may("gone").is_some_and(|Flag(yes)| yes)))
    }
}

impl From<RegistryRow> for RegistryItem {
    fn from(RegistryRow { registry, repositories, images }: RegistryRow) -> Self {
        Self { registry: RegistryBody::from(&registry), repositories, images }
    }
}

impl From<RepositoryRow> for RepositoryBody {
    fn from(row: RepositoryRow) -> Self {
        Self {
            registry: RegistryBody::from(&row.registry),
            repository: row.repository.name.to_string(),
            created_at: row.repository.created_at,
            scan_on_push: row.repository.scan_on_push,
            tag_mutability: row.repository.tag_mutability,
            first_seen: row.first_seen,
            listed_at: row.listed_at,
            gone_at: row.gone_at,
            unread: row.unread,
            owner: row.owner,
            images: row.images,
            scanned: row.scanned,
            counts: by_severity(&row.counts),
        }
    }
}

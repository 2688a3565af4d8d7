//! What is known of the images that a scan configuration means.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::policy::{ScanConfig, ScanRequest};
use vigil_core::scan::Meaning;
use vigil_core::{Counts, Digest, RegistryId, Scan, Tag};
use vigil_report::configs::{ConfigImage, ConfigView, Known, NoResult};
use vigil_report::feed::Found;
use vigil_store::{
    ImageFilter, ImageFindingFilter, ImageOrder, ImageRow, LastScan, Renewed, Scope, Slice, Standing,
};

use crate::http::api::App;
use crate::http::problem::Problem;
use crate::http::v1::{away, registry_of};

/// As many items as the store gives at once.
const PAGE: usize = 1000;

/// The registry that a configuration names.
pub(super) fn registry(request: &ScanRequest) -> RegistryId {
    registry_of(request.registry.clone(), request.region.clone())
}

/// The configuration with the numbers of findings of its images.
pub(super) async fn with_counts(app: &App, config: ScanConfig) -> Result<ConfigView<Counts>, Problem> {
    let mut images = Vec::new();
    for (tag, row) in tagged(app, &config.request).await? {
        images.push(image(&config, tag, row.as_ref(), |row| row.counts.clone()));
    }
    Ok(ConfigView { config, images })
}

/// The images of a configuration with their findings, open ones only.
pub(super) async fn with_findings(
    app: &App,
    config: &ScanConfig,
) -> Result<Vec<ConfigImage<Vec<Found>>>, Problem> {
    let tagged = tagged(app, &config.request).await?;
    // An image may have many tags.
    let scanned = tagged.iter().filter_map(|(_, row)| row.as_ref()).filter(|row| row.counts.is_some());
    let scanned: BTreeMap<Digest, &ImageRow> = scanned.map(|row| (row.image.digest, row)).collect();
    let (registry, repository) = (registry(&config.request), config.request.repository.clone());
    let digests = scanned.keys().copied().collect();
    let renewed = app.api.store.renewed(registry, repository, digests).await.map_err(away)?;
    let mut found_in = BTreeMap::new();
    for (digest, row) in &scanned {
        found_in.insert(*digest, found(app, row, &renewed).await?);
    }
    let found = |row: &ImageRow| found_in.get(&row.image.digest).cloned();
    Ok(tagged.iter().map(|(tag, row)| image(config, tag.clone(), row.as_ref(), found)).collect())
}

/// Each tag that is meant, with each image that lies under it; with none, where a tag is named and not there.
async fn tagged(app: &App, request: &ScanRequest) -> Result<Vec<(Tag, Option<ImageRow>)>, Problem> {
    let mut tagged = Vec::new();
    for row in rows(app, request).await? {
        let meant = |tag: &&Tag| request.tags.is_empty() || request.tags.contains(tag);
        let tags: Vec<Tag> = row.image.tags.iter().filter(meant).cloned().collect();
        tagged.extend(tags.into_iter().map(|tag| (tag, Some(row.clone()))));
    }
    let missing = request.tags.iter().filter(|tag| !tagged.iter().any(|(known, _)| known == *tag));
    let missing: Vec<(Tag, Option<ImageRow>)> = missing.map(|tag| (tag.clone(), None)).collect();
    tagged.extend(missing);
    Ok(tagged)
}

/// All images of the repository that are there.
async fn rows(app: &App, request: &ScanRequest) -> Result<Vec<ImageRow>, Problem> {
    let (mut rows, mut slice) = (Vec::new(), Slice::first(PAGE));
    loop {
        let filter = ImageFilter { scope: scope(request), ..ImageFilter::default() };
        let page = app.api.store.images(filter, ImageOrder::Name, slice).await?;
        rows.extend(page.items);
        match page.next {
            Some(next) => slice = Slice { after: Some(next), limit: PAGE },
            None => return Ok(rows),
        }
    }
}

fn scope(request: &ScanRequest) -> Scope {
    // The name of a repository is a glob that matches it alone.
    Scope { registry: Some(registry(request)), repository: request.repository.as_str().parse().ok() }
}

fn image<T>(
    config: &ScanConfig,
    tag: Tag,
    row: Option<&ImageRow>,
    found: impl FnOnce(&ImageRow) -> Option<T>,
) -> ConfigImage<T> {
    let known = row.and_then(found).zip(row).map(|(found, row)| {
        let at = row.scan.as_ref().and_then(|scan| scan.completed_at);
        Known::Scanned { at, found }
    });
    let known = known.unwrap_or_else(|| {
        let since = row.map_or(config.created, since);
        Known::Without { why: row.map_or(NoResult::Missing, why), since }
    });
    let image = row.map(|row| &row.image);
    ConfigImage {
        tag,
        digest: image.map(|image| image.digest),
        platform: image.and_then(|image| image.platform.clone()),
        known,
    }
}

/// Since when it is known that there is no result.
fn since(row: &ImageRow) -> Timestamp {
    row.scan.as_ref().and_then(|scan| scan.completed_at).or(row.asked_at).unwrap_or(row.first_seen)
}

/// Why there is no result.
fn why(row: &ImageRow) -> NoResult {
    let Some(LastScan { state, description, completed_at }) = row.scan.clone() else {
        return match &row.standing {
            Standing { ending: Some(ending), said, .. } if ending == "unscannable" => {
                NoResult::Unscannable { said: said.clone().unwrap_or_default() }
            }
            Standing { decision: Some(decision), .. } if decision == "wait" => NoResult::Running,
            _ => NoResult::NotYetScanned,
        };
    };
    let scan = Scan { state, description, completed_at, counts: None, findings: Vec::new() };
    let said = scan.said();
    match scan.meaning() {
        Meaning::Running => NoResult::Running,
        // It is over, and its findings were not read yet.
        Meaning::Finished => NoResult::NotYetScanned,
        Meaning::Failed => NoResult::Failed { said },
        Meaning::Unscannable => NoResult::Unscannable { said },
        Meaning::Unavailable => NoResult::Unavailable { said },
    }
}

/// The open findings of an image, with what its lineages know of each.
async fn found(app: &App, row: &ImageRow, renewed: &Renewed) -> Result<Vec<Found>, Problem> {
    let filter = ImageFindingFilter { accepted: Some(false), ..ImageFindingFilter::default() };
    let (mut found, mut slice) = (Vec::new(), Slice::first(PAGE));
    loop {
        let (registry, repository) = (row.registry.clone(), row.repository.clone());
        let store = &app.api.store;
        let page =
            store.findings_of_image(registry, repository, row.image.digest, filter.clone(), slice).await?;
        let Some(page) = page else { return Ok(found) };
        found.extend(page.items.into_iter().map(|one| {
            let package = one.finding.package.as_ref().map(|package| &*package.name);
            let updated = renewed.at(row.image.digest, &one.finding.id, package);
            let updated = updated.unwrap_or(one.first_seen).max(one.first_seen);
            Found { finding: one.finding, first_seen: one.first_seen, updated }
        }));
        match page.next {
            Some(next) => slice = Slice { after: Some(next), limit: PAGE },
            None => return Ok(found),
        }
    }
}

//! What the companion exporter of the operator before told, under its names: repositories and images.
//!
//! With labels that say what they name, and with the registry and region, since two of them can hold the same repository.

use vigil_core::{Counts, Severity};

use super::catalogue as families;
use super::exposition::{Exposition, Samples};
use super::gathered::{Gathered, ImageSeries};
use super::limits::{Limits, limited};

/// Severities that are told also where nothing was found, so that a fall to zero shows as zero.
const ALWAYS: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Informational];

/// Writes repositories and images.
pub(super) fn write(to: &mut Exposition, gathered: &Gathered, limits: &Limits) {
    to.family(&families::REPOSITORY_COUNT, |samples| {
        for state in &gathered.registries {
            let place = [state.registry.account.as_str(), state.registry.region.as_str()];
            samples.put(&place, state.repositories);
        }
    });
    write_repositories(to, gathered);
    let limited = limited(&gathered.images, limits);
    let images = limited.images;
    let each = |to: &mut Exposition, family, put: &dyn Fn(&mut Samples<'_>, &Labels<'_>, &ImageSeries)| {
        to.family(family, |samples| {
            images.iter().for_each(|image| put(samples, &Labels::of(image), image));
        });
    };
    each(to, &families::IMAGE_SIZE, &|samples, labels, image| {
        image.size_bytes.into_iter().for_each(|size| samples.put(&labels.tag_first(), size));
    });
    each(to, &families::IMAGE_PUSHED, &|samples, labels, image| {
        image.pushed_at.into_iter().for_each(|at| samples.put(&labels.tag_first(), at));
    });
    each(to, &families::IMAGE_FINDINGS, &|samples, labels, image| {
        image.scanned.iter().for_each(|(_, counts)| put_findings(samples, labels, counts, &limits.least));
    });
    each(to, &families::IMAGE_SCANNED, &|samples, labels, image| {
        let at = image.scanned.as_ref().and_then(|(at, _)| *at);
        at.into_iter().for_each(|at| samples.put(&labels.digest_first(), at));
    });
    to.single(&families::IMAGE_SERIES_DROPPED, Some(limited.over_cap));
}

fn write_repositories(to: &mut Exposition, gathered: &Gathered) {
    to.family(&families::REPOSITORY_INFO, |samples| {
        for series in &gathered.repositories {
            let (registry, repository) = (&series.registry, &series.repository);
            let uri = format!("{}/{}", registry.host(), repository.name);
            let scan_on_push = repository.scan_on_push.map(|on| on.to_string()).unwrap_or_default();
            let labels = [
                repository.name.as_str(),
                registry.account.as_str(),
                registry.region.as_str(),
                &scan_on_push,
                repository.tag_mutability.as_deref().unwrap_or_default(),
                &uri,
            ];
            samples.put(&labels, 1_u64);
        }
    });
}

fn put_findings(samples: &mut Samples<'_>, labels: &Labels<'_>, counts: &Counts, least: &Severity) {
    let others = counts.iter().map(|(severity, _)| severity).filter(|severity| !ALWAYS.contains(severity));
    for severity in ALWAYS.iter().chain(others).filter(|severity| severity.reaches(least)) {
        let word = severity.as_str().to_ascii_lowercase();
        let [registry, region, repository, digest, tag] = labels.digest_first();
        samples.put(&[registry, region, repository, digest, tag, &word], counts.get(severity));
    }
}

/// The labels of an image.
struct Labels<'a> {
    image: &'a ImageSeries,
    digest: String,
}

impl<'a> Labels<'a> {
    fn of(image: &'a ImageSeries) -> Self {
        Self { image, digest: image.digest.to_string() }
    }

    fn digest_first(&self) -> [&str; 5] {
        let [registry, region, repository, tag, digest] = self.tag_first();
        [registry, region, repository, digest, tag]
    }

    fn tag_first(&self) -> [&str; 5] {
        let ImageSeries { registry, repository, tag, .. } = self.image;
        let (account, region) = (registry.account.as_str(), registry.region.as_str());
        [account, region, repository.as_str(), tag.as_str(), &self.digest]
    }
}

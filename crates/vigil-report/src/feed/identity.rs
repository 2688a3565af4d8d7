//! Ids of entries: URNs that follow from what an entry is about, so that nobody has to keep them.

use vigil_core::policy::ScanRequest;

use super::entry::{Entry, What};
use crate::hash::Parts;

/// Tells these names apart from others that may be made by hash.
const NAMESPACE: &str = "ecr-vigil feed entry 1";

/// The id of an entry. A finding's follows from the image's place (registry, repository, tag, platform) and from what
/// makes it the same finding along a lineage, so that it survives new scans, new digests and our own re-installation.
pub(super) fn id(request: &ScanRequest, entry: &Entry) -> String {
    let platform = entry.platform.as_ref().map(ToString::to_string).unwrap_or_default();
    let (kind, about, package) = match &entry.what {
        What::Found(found) => {
            let package = found.finding.package.as_ref();
            ("finding", &*found.finding.id, package.map(|package| &*package.name))
        }
        What::Without(why) => ("without result", why.code(), None),
    };
    let (account, region) = (request.registry.as_str(), request.region.as_str());
    let image = [account, region, request.repository.as_str(), entry.tag.as_str(), &platform];
    of(image, kind, about, package)
}

/// The same from its parts: of what image (account, region, repository, tag, platform), and what about it.
pub(super) fn of(image: [&str; 5], kind: &str, about: &str, package: Option<&str>) -> String {
    let mut name = Parts::of(&[NAMESPACE]);
    let known = if package.is_some() { "package" } else { "no package" };
    for part in image.iter().chain(&[kind, about, known, package.unwrap_or_default()]) {
        name.add(part.as_bytes());
    }
    name.urn()
}

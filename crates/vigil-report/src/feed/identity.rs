//! Ids of entries: URNs that follow from what an entry is about, so that nobody has to keep them.

use sha2::{Digest as _, Sha256};
use vigil_core::policy::ScanRequest;

use super::entry::{Entry, What};

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
    urn(&[
        NAMESPACE,
        request.registry.as_str(),
        request.region.as_str(),
        request.repository.as_str(),
        entry.tag.as_str(),
        &platform,
        kind,
        about,
        if package.is_some() { "package" } else { "no package" },
        package.unwrap_or_default(),
    ])
}

/// A UUID made from the parts: version 8 (RFC 9562), since the versions made for names stop at SHA-1.
fn urn(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length in front, no part runs into the next.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_for_ever() {
        assert_eq!(urn(&["a", "bc"]), "urn:uuid:3fafa1cf-2f19-87c1-929b-eb20cf0983f7");
        assert_ne!(urn(&["a", "bc"]), urn(&["ab", "c"]));
    }
}

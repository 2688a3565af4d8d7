//! Real vulnerabilities from CISA's Known Exploited Vulnerabilities Catalog (CC0; see `data/README.md`).

use std::sync::LazyLock;

use serde::Deserialize;

use super::cvss::{self, Score};
use super::packages::{self, Package};

/// One vulnerability, with the score and the package that we give it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) cve: String,
    pub(super) description: String,
    pub(super) tracker: String,
    pub(super) score: Score,
    pub(super) package: Package,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(rename = "cveID")]
    cve_id: String,
    vendor_project: String,
    product: String,
    vulnerability_name: String,
    short_description: String,
}

/// The vulnerabilities, in the order of their ids.
pub(super) fn entries() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        // The file is part of the program, and a test reads it; an empty catalogue would only mean no findings.
        let written: Vec<Written> =
            serde_json::from_str(include_str!("../../data/kev.json")).unwrap_or_default();
        written.into_iter().map(entry).collect()
    });
    &ENTRIES
}

fn entry(written: Written) -> Entry {
    Entry {
        tracker: format!("https://security-tracker.debian.org/tracker/{}", written.cve_id),
        score: cvss::score(&written.cve_id, &written.vulnerability_name),
        package: packages::package(&written.vendor_project, &written.product),
        description: written.short_description,
        cve: written.cve_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_holds_real_ids_and_texts() {
        assert!(entries().len() > 140);
        for entry in entries() {
            assert!(entry.cve.starts_with("CVE-") && entry.description.len() > 20, "{}", entry.cve);
        }
    }
}

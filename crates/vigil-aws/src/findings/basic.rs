//! A finding of basic scanning: package and scores are attributes, in any order, as text.

use aws_sdk_ecr::types::{FindingSeverity, ImageScanFinding};
use std::sync::Arc;
use vigil_core::finding::{Finding, Package, Score, Severity};

/// The major versions of CVSS that attributes are named after.
const CVSS: [&str; 3] = ["2", "3", "4"];

pub(super) fn finding(found: &ImageScanFinding) -> Finding {
    Finding {
        id: found.name().unwrap_or_default().into(),
        arn: None,
        severity: found.severity().map_or(Severity::Undefined, |said: &FindingSeverity| said.as_str().into()),
        package: attribute(found, "package_name").map(|name| package(found, name)),
        scores: CVSS.into_iter().filter_map(|major| score(found, major)).collect(),
        description: text(found.description()),
        links: text(found.uri()).into_iter().collect(),
        exploit_known: None,
        threat: Default::default(),
        suppressed: false,
    }
}

fn package(found: &ImageScanFinding, name: &str) -> Package {
    let version = attribute(found, "package_version");
    Package { name: name.into(), version: text(version), fixed_in: None, manager: None, path: None }
}

fn score(found: &ImageScanFinding, major: &str) -> Option<Score> {
    let value = attribute(found, &format!("CVSS{major}_SCORE"))?
        .trim()
        .parse()
        .ok()
        .filter(|score: &f64| score.is_finite())?;
    let vector = text(attribute(found, &format!("CVSS{major}_VECTOR")));
    // A vector begins with its full version, except those of CVSS 2.
    let named = vector.as_ref().and_then(|vector| vector.strip_prefix("CVSS:")?.split('/').next());
    Some(Score { version: named.unwrap_or(major).into(), value, vector })
}

fn attribute<'a>(found: &'a ImageScanFinding, key: &str) -> Option<&'a str> {
    found.attributes().iter().find(|attribute| attribute.key() == key)?.value()
}

/// Text without the white space around it, which ECR's links are known to have; `None` if nothing is left.
pub(super) fn text(said: Option<&str>) -> Option<Arc<str>> {
    said.map(str::trim).filter(|said| !said.is_empty()).map(Into::into)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::Attribute;

    use super::*;

    #[test]
    fn a_score_that_is_no_number_is_none() {
        for (said, expected) in [
            ("7.5", Some(7.5)),
            (" 10.0 ", Some(10.0)),
            ("NaN", None),
            ("inf", None),
            ("1e400", None),
            ("7,5", None),
        ] {
            let said = Attribute::builder().key("CVSS3_SCORE").value(said).build().unwrap();
            let found = ImageScanFinding::builder().attributes(said).build();
            assert_eq!(score(&found, "3").map(|score| score.value), expected);
        }
    }
}

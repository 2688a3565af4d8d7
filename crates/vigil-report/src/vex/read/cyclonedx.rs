//! CycloneDX: the analysis of vulnerabilities, and the components that they affect.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{UnreadableVex, ids, items, text, time, wrong};
use super::meant::Meant;
use super::stated::Statement;

/// The property in which our own reports name the package exactly.
const PACKAGE: &str = "ecr-vigil:package";

/// What the document is about, and what it names in that.
struct Parts<'v> {
    subject: Option<&'v Value>,
    components: BTreeMap<&'v str, &'v Value>,
}

pub(super) fn read(document: &Value) -> Result<Vec<Statement>, UnreadableVex> {
    let metadata = document.get("metadata").unwrap_or(&Value::Null);
    let of_document = time(metadata, "timestamp", "metadata")?;
    let subject = metadata.get("component");
    let mut components = BTreeMap::new();
    for component in items(document, "components").iter().chain(subject) {
        if let Some(reference) = text(component, "bom-ref") {
            components.insert(reference, component);
        }
    }
    let parts = Parts { subject, components };
    let mut statements = Vec::new();
    for (n, vulnerability) in items(document, "vulnerabilities").iter().enumerate() {
        let place = format!("vulnerabilities[{n}]");
        // One without an analysis says that it is there, and nothing else.
        let Some(analysis) = vulnerability.get("analysis") else { continue };
        let of_analysis = time(analysis, "lastUpdated", &format!("{place}.analysis"))?;
        let id = text(vulnerability, "id").ok_or_else(|| {
            wrong(format!("{place}.id"), "it is missing: expected an id such as CVE-2024-3094")
        })?;
        let others = items(vulnerability, "references").iter().filter_map(|one| text(one, "id"));
        statements.push(Statement {
            at: of_analysis.or(of_document),
            ids: ids(&format!("{place}.id"), std::iter::once(id).chain(others))?,
            of: meant(vulnerability, &parts),
            reason: reason(&place, analysis)?,
            place,
        });
    }
    Ok(statements)
}

/// What a vulnerability affects.
fn meant(vulnerability: &Value, parts: &Parts<'_>) -> Vec<Meant> {
    let mut properties = items(vulnerability, "properties").iter();
    let package = properties.find(|one| text(one, "name") == Some(PACKAGE));
    let package = package.and_then(|property| text(property, "value"));
    let affects = items(vulnerability, "affects").iter();
    let affects = affects.filter_map(|one| Some((text(one, "ref")?, items(one, "versions").first())));
    let told = |version: &Value| {
        text(version, "version").or_else(|| text(version, "range")).unwrap_or("versions").to_owned()
    };
    affects
        .map(|(reference, version)| {
            affected(reference, parts, package).of_version(version.map(told).as_deref())
        })
        .collect()
}

/// Why it is accepted, if it is.
fn reason(place: &str, analysis: &Value) -> Result<Option<String>, UnreadableVex> {
    let said = text(analysis, "detail").map(str::to_owned);
    let said = said.or_else(|| text(analysis, "justification").map(|word| word.replace('_', " ")));
    match text(analysis, "state") {
        Some(state @ ("not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree")) => {
            Ok(Some(said.unwrap_or_else(|| format!("{}, as VEX states", state.replace('_', " ")))))
        }
        Some("exploitable" | "in_triage") | None => Ok(None),
        Some(other) => {
            let expected = "expected not_affected, false_positive, resolved, resolved_with_pedigree, exploitable or in_triage";
            Err(wrong(format!("{place}.analysis.state"), format!("it is `{other}`: {expected}")))
        }
    }
}

/// What is affected: an image; or a package of the image that the document is about.
fn affected(reference: &str, Parts { subject, components }: &Parts<'_>, package: Option<&str>) -> Meant {
    // A link from another document names the component behind the mark.
    let local = reference.rsplit_once('#').filter(|_| reference.starts_with("urn:cdx:"));
    let local = local.map_or(reference, |(_, local)| local);
    let component = components.get(local).copied();
    let purl = component.and_then(|component| text(component, "purl"));
    let name = purl.unwrap_or(local);
    let image = Meant::image(name);
    if image.product.is_some() {
        return image.only_in_names(package);
    }
    let subject = subject.and_then(|subject| text(subject, "purl").or_else(|| text(subject, "bom-ref")));
    let (Some(component), Some(subject)) = (component, subject) else { return Meant::nothing(name) };
    if name.starts_with("pkg:oci/") {
        return Meant::nothing(name);
    }
    let package = purl.or_else(|| text(component, "name")).unwrap_or_default();
    Meant::found(name, subject).only_in([package]).of_version(text(component, "version"))
}

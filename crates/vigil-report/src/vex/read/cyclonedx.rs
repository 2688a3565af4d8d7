//! CycloneDX: the analysis of vulnerabilities, and the components that they affect.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{ReadVex, UnreadableVex, items, text, wrong};
use super::product::{Product, package_name};
use super::stated::{Stated, Statement};

/// The property in which our own reports name the package exactly.
const PACKAGE: &str = "ecr-vigil:package";

pub(super) fn read(document: &Value) -> Result<ReadVex, UnreadableVex> {
    let subject = document.get("metadata").and_then(|metadata| metadata.get("component"));
    let mut components = BTreeMap::new();
    for component in items(document, "components").iter().chain(subject) {
        if let Some(reference) = text(component, "bom-ref") {
            components.insert(reference, component);
        }
    }
    let mut stated = Stated::default();
    for (n, vulnerability) in items(document, "vulnerabilities").iter().enumerate() {
        let place = format!("vulnerabilities[{n}]");
        // One without an analysis says that it is there, and nothing else.
        let Some(analysis) = vulnerability.get("analysis") else { continue };
        let affects = items(vulnerability, "affects").iter().filter_map(|one| text(one, "ref"));
        let package =
            items(vulnerability, "properties").iter().find(|one| text(one, "name") == Some(PACKAGE));
        let package = package.and_then(|property| text(property, "value"));
        let products = affects.map(|reference| affected(reference, &components, subject, package));
        let id = text(vulnerability, "id").ok_or_else(|| {
            wrong(format!("{place}.id"), "it is missing: expected an id such as CVE-2024-3094")
        })?;
        let others = items(vulnerability, "references").iter().filter_map(|one| text(one, "id"));
        stated.state(Statement {
            place: &place,
            names: std::iter::once(id).chain(others).collect(),
            products: products.collect(),
            reason: reason(&place, analysis)?,
        })?;
    }
    Ok(stated.read())
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
fn affected<'v>(
    reference: &'v str,
    components: &BTreeMap<&str, &'v Value>,
    subject: Option<&'v Value>,
    package: Option<&str>,
) -> (&'v str, Option<Product>, Vec<String>) {
    // A link from another document names the component behind the mark.
    let local = reference.rsplit_once('#').filter(|_| reference.starts_with("urn:cdx:"));
    let local = local.map_or(reference, |(_, local)| local);
    let component = components.get(local).copied();
    let name = component.and_then(|component| text(component, "purl")).unwrap_or(local);
    let packages = package.map(str::to_owned).into_iter().collect();
    if let Some(product) = Product::named(name) {
        return (name, Some(product), packages);
    }
    let image = subject.and_then(|subject| text(subject, "purl").or_else(|| text(subject, "bom-ref")));
    let product = image.and_then(Product::named).filter(|_| component.is_some());
    let packages = component.and_then(|component| {
        text(component, "purl").and_then(package_name).or_else(|| text(component, "name").map(str::to_owned))
    });
    (name, product.filter(|_| packages.is_some()), packages.into_iter().collect())
}

//! OpenVEX 0.2.0: statements, the last of which counts.

use jiff::Timestamp;
use serde_json::Value;

use super::document::{ReadVex, UnreadableVex, items, text, wrong};
use super::product::{Product, package_name};
use super::stated::{Stated, Statement};

pub(super) fn read(document: &Value) -> Result<ReadVex, UnreadableVex> {
    let Some(statements) = document.get("statements").and_then(Value::as_array) else {
        return Err(wrong("statements", "it is missing: expected a list of statements"));
    };
    let of_document = time(document, "")?;
    let mut ordered = Vec::new();
    for (n, statement) in statements.iter().enumerate() {
        let place = format!("statements[{n}]");
        ordered.push((time(statement, &place)?.or(of_document), place, statement));
    }
    // Those of one time stay in their order.
    ordered.sort_by_key(|(at, ..)| *at);
    let mut stated = Stated::default();
    for (_, place, statement) in &ordered {
        stated.state(understood(place, statement)?)?;
    }
    Ok(stated.read())
}

fn time(value: &Value, place: &str) -> Result<Option<Timestamp>, UnreadableVex> {
    let last = text(value, "last_updated").or_else(|| text(value, "timestamp"));
    let bad = |said: &str| wrong(format!("{place}.timestamp"), format!("`{said}` is no time of RFC 3339"));
    last.map(|said| said.parse().map_err(|_| bad(said))).transpose()
}

fn understood<'v>(place: &'v str, statement: &'v Value) -> Result<Statement<'v>, UnreadableVex> {
    let vulnerability = statement.get("vulnerability").unwrap_or(&Value::Null);
    let name = vulnerability.as_str().or_else(|| text(vulnerability, "name"));
    let name = name.ok_or_else(|| {
        wrong(format!("{place}.vulnerability.name"), "it is missing: expected an id such as CVE-2024-3094")
    })?;
    let aliases = items(vulnerability, "aliases").iter().filter_map(Value::as_str);
    let said = text(statement, "impact_statement").map(str::to_owned);
    let reason = said.or_else(|| text(statement, "justification").map(|word| word.replace('_', " ")));
    let reason = match text(statement, "status").unwrap_or_default() {
        "not_affected" => Some(reason.unwrap_or_else(|| "not affected, as VEX states".to_owned())),
        "fixed" => Some(reason.unwrap_or_else(|| "fixed, as VEX states".to_owned())),
        "affected" | "under_investigation" => None,
        other => {
            let expected = "expected not_affected, affected, fixed or under_investigation";
            return Err(wrong(format!("{place}.status"), format!("it is `{other}`: {expected}")));
        }
    };
    let products = items(statement, "products").iter().map(product).collect::<Vec<_>>();
    if products.is_empty() {
        return Err(wrong(format!("{place}.products"), "it is empty: expected the images that are meant"));
    }
    Ok(Statement { place, names: std::iter::once(name).chain(aliases).collect(), products, reason })
}

/// An image by its package URL, or else by its id; with its parts.
fn product(product: &Value) -> (&str, Option<Product>, Vec<String>) {
    let parts = items(product, "subcomponents").iter().filter_map(|part| package_name(name(part)));
    let packages = parts.collect();
    (name(product), Product::named(name(product)), packages)
}

fn name(component: &Value) -> &str {
    let purl = component.get("identifiers").and_then(|identifiers| text(identifiers, "purl"));
    purl.or_else(|| component.as_str()).or_else(|| text(component, "@id")).unwrap_or_default()
}

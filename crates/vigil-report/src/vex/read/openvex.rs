//! OpenVEX 0.2.0: statements, the last of which counts.

use jiff::Timestamp;
use serde_json::Value;

use super::document::{UnreadableVex, ids, items, text, time, wrong};
use super::meant::Meant;
use super::stated::Statement;

pub(super) fn read(document: &Value) -> Result<Vec<Statement>, UnreadableVex> {
    let Some(statements) = document.get("statements").and_then(Value::as_array) else {
        return Err(wrong("statements", "it is missing: expected a list of statements"));
    };
    let of_document = last(document, "")?;
    let numbered = statements.iter().enumerate();
    numbered.map(|(n, statement)| understood(format!("statements[{n}]"), statement, of_document)).collect()
}

fn last(value: &Value, place: &str) -> Result<Option<Timestamp>, UnreadableVex> {
    Ok(time(value, "last_updated", place)?.or(time(value, "timestamp", place)?))
}

fn understood(
    place: String,
    statement: &Value,
    of_document: Option<Timestamp>,
) -> Result<Statement, UnreadableVex> {
    let at = last(statement, &place)?.or(of_document);
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
    let of = items(statement, "products").iter().map(product).collect::<Vec<_>>();
    if of.is_empty() {
        return Err(wrong(format!("{place}.products"), "it is empty: expected the images that are meant"));
    }
    let ids = ids(&format!("{place}.vulnerability"), std::iter::once(name).chain(aliases))?;
    Ok(Statement { at, place, ids, of, reason })
}

/// An image by its package URL, or else by its id; with its parts.
fn product(product: &Value) -> Meant {
    let meant = Meant::image(name(product));
    match product.get("subcomponents") {
        None | Some(Value::Null) => meant,
        Some(Value::Array(parts)) => meant.only_in(parts.iter().map(name)),
        Some(_) => meant.only_in([""]),
    }
}

fn name(component: &Value) -> &str {
    let purl = component.get("identifiers").and_then(|identifiers| text(identifiers, "purl"));
    purl.or_else(|| component.as_str()).or_else(|| text(component, "@id")).unwrap_or_default()
}

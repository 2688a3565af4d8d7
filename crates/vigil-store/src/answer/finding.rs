//! A finding, as the rows of its content, vulnerability, severity and package tell it. Its ARN is not kept.

use vigil_core::finding::{Finding, Package, Score};

use crate::sql::{DatabaseFault, Row};

/// The columns of a finding: contents are `c`, vulnerabilities `v`, severities `s`, packages `k`.
pub(crate) const FINDING: &str = "v.name, s.word, k.name, c.version, c.fixed_in, c.manager, c.path, c.scores,
    v.description, v.links, c.exploit_known, c.suppressed";

/// Reads these columns.
pub(crate) fn finding(row: &mut Row) -> Result<Finding, DatabaseFault> {
    let (id, severity) = (row.take::<String>()?, row.take()?);
    let text = |text: Option<String>| text.map(Into::into);
    let (name, version, fixed_in) = (row.take::<Option<String>>()?, text(row.take()?), text(row.take()?));
    let (manager, path) = (text(row.take()?), text(row.take()?));
    let package = name.map(|name| Package { name: name.into(), version, fixed_in, manager, path });
    let scores: Vec<Score> = json(row.take()?);
    Ok(Finding {
        id: id.into(),
        arn: None,
        severity,
        package,
        scores,
        description: text(row.take()?),
        links: json::<Vec<String>>(row.take()?).into_iter().map(Into::into).collect(),
        exploit_known: row.take()?,
        suppressed: row.take()?,
    })
}

/// What was stored as JSON; nothing, if there is none.
pub(super) fn json<T: serde::de::DeserializeOwned + Default>(stored: Option<String>) -> T {
    stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

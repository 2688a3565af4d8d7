//! A finding, as the rows of its content, vulnerability, severity and package tell it. Its ARN is not kept.

use vigil_core::finding::{Finding, Package, Score};
use vigil_core::threat::{Epss, KnownExploited, Probability, Threat};

use crate::sql::{DatabaseFault, Row};
use crate::trend::date_of;

/// The columns of a finding: contents are `c`, vulnerabilities `v`, severities `s`, packages `k`.
pub(crate) const FINDING: &str = "v.name, s.word, k.name, c.version, c.fixed_in, c.manager, c.path, c.scores,
    v.description, v.links, c.exploit_known, c.suppressed,
    v.listed_on, v.due_on, v.ransomware, v.epss, v.epss_percentile";

/// The columns of what is known of attacks on a vulnerability, which is `v`.
pub(crate) const THREAT: &str = "v.listed_on, v.due_on, v.ransomware, v.epss, v.epss_percentile";

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
        threat: threat(row)?,
    })
}

/// Reads those columns.
pub(crate) fn threat(row: &mut Row) -> Result<Threat, DatabaseFault> {
    let (listed_on, due_on) = (row.take::<Option<i64>>()?, row.take::<Option<i64>>()?);
    let (ransomware, score, percentile) = (row.take()?, row.take::<i64>()?, row.take::<i64>()?);
    let listed = |since| KnownExploited { since: date_of(since), due: due_on.map(date_of), ransomware };
    let probability = |parts: i64| u32::try_from(parts).ok().and_then(Probability::of_parts);
    let epss = Option::zip(probability(score), probability(percentile));
    Ok(Threat {
        known_exploited: listed_on.map(listed),
        epss: epss.map(|(score, percentile)| Epss { score, percentile }),
    })
}

/// What was stored as JSON; nothing, if there is none.
pub(super) fn json<T: serde::de::DeserializeOwned + Default>(stored: Option<String>) -> T {
    stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

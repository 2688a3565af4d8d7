//! CISA's catalogue of known exploited vulnerabilities, as it is published in JSON.

use std::io::Read;

use jiff::civil::Date;
use serde::Deserialize;
use vigil_core::threat::{CveId, KevListing, KnownExploited};

#[derive(Deserialize)]
struct Written {
    /// How many entries there are: a catalogue that was cut short does not say so otherwise.
    count: Option<usize>,
    vulnerabilities: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    cve_id: String,
    date_added: String,
    due_date: Option<String>,
    known_ransomware_campaign_use: Option<String>,
}

/// Reads all of it.
pub(crate) fn read(text: impl Read) -> Result<KevListing, String> {
    let Written { count, vulnerabilities } =
        serde_json::from_reader(text).map_err(|error| format!("it is not the catalogue: {error}"))?;
    let found = vulnerabilities.len();
    if let Some(count) = count.filter(|count| *count != found) {
        return Err(format!("it says that it has {count} entries, and has {found}"));
    }
    vulnerabilities.iter().map(entry).collect()
}

fn entry(written: &Entry) -> Result<(CveId, KnownExploited), String> {
    let id: CveId = written.cve_id.parse().map_err(|error| format!("{error}"))?;
    let date = |text: &str| text.parse::<Date>().map_err(|_| format!("`{text}` of {id} is not a date"));
    let due = written.due_date.as_deref().filter(|text| !text.is_empty()).map(date).transpose()?;
    let ransomware = written.known_ransomware_campaign_use.as_deref() == Some("Known");
    Ok((id, KnownExploited { since: date(&written.date_added)?, due, ransomware }))
}

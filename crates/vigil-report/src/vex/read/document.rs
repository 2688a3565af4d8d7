//! A document of either format, as exceptions.
//!
//! It refuses to know where the bytes come from. What cannot be said of an image is told, and accepted nowhere.

use jiff::Timestamp;
use serde_json::Value;
use vigil_core::policy::{Exception, VulnerabilityId};

use super::stated::Statement;
use super::{cyclonedx, openvex};

/// A document that was understood, and weighed against no other yet.
#[derive(Debug, Clone)]
pub struct VexDocument {
    pub(super) statements: Vec<Statement>,
}

/// What documents say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadVex {
    /// What they accept, each in one image or repository.
    pub exceptions: Vec<Exception>,
    /// What of them is not accepted although they say so, statement by statement.
    pub warnings: Vec<String>,
}

/// A document that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableVex {
    /// It is no JSON.
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// It is JSON of another kind.
    #[error(
        "neither OpenVEX (`@context`: https://openvex.dev/ns/v0.2.0) nor CycloneDX (`bomFormat`: CycloneDX)"
    )]
    NotVex,
    /// It is of a version that we do not know.
    #[error("`{member}` is `{said}`: expected {expected}")]
    Version {
        /// The member that says so.
        member: &'static str,
        /// What it says.
        said: String,
        /// What we know.
        expected: &'static str,
    },
    /// A member is missing or wrong.
    #[error("{place}: {problem}")]
    Member {
        /// Where it is, such as `statements[3].status`.
        place: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

/// Reads a document of either format.
///
/// # Errors
///
/// If it is of neither, or broken.
pub fn read_vex(bytes: &[u8]) -> Result<VexDocument, UnreadableVex> {
    let document: Value = serde_json::from_slice(bytes)?;
    let said = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or_default();
    if said("bomFormat") == "CycloneDX" {
        let version = said("specVersion");
        if !["1.4", "1.5", "1.6"].contains(&version) {
            let (said, expected) = (version.to_owned(), "1.4, 1.5 or 1.6");
            return Err(UnreadableVex::Version { member: "specVersion", said, expected });
        }
        return cyclonedx::read(&document).map(|statements| VexDocument { statements });
    }
    let context = said("@context");
    match context.strip_prefix("https://openvex.dev/ns") {
        None => Err(UnreadableVex::NotVex),
        Some("" | "/v0.2.0") => openvex::read(&document).map(|statements| VexDocument { statements }),
        Some(_) => {
            let (said, expected) = (context.to_owned(), "https://openvex.dev/ns/v0.2.0");
            Err(UnreadableVex::Version { member: "@context", said, expected })
        }
    }
}

pub(super) fn wrong(place: impl Into<String>, problem: impl Into<String>) -> UnreadableVex {
    UnreadableVex::Member { place: place.into(), problem: problem.into() }
}

/// The text of a member, if it is there and not empty.
pub(super) fn text<'v>(value: &'v Value, member: &str) -> Option<&'v str> {
    value.get(member)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The items of a list; none where there is no such list.
pub(super) fn items<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The time that a member says.
pub(super) fn time(value: &Value, member: &str, place: &str) -> Result<Option<Timestamp>, UnreadableVex> {
    let bad = |said: &str| wrong(format!("{place}.{member}"), format!("`{said}` is no time of RFC 3339"));
    text(value, member).map(|said| said.parse().map_err(|_| bad(said))).transpose()
}

/// The ids of one vulnerability, each once.
pub(super) fn ids<'v>(
    place: &str,
    written: impl Iterator<Item = &'v str>,
) -> Result<Vec<String>, UnreadableVex> {
    let mut ids: Vec<String> = Vec::new();
    for text in written {
        let id: VulnerabilityId = text.parse().map_err(|error| wrong(place, format!("{error}")))?;
        let id = String::from(id);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

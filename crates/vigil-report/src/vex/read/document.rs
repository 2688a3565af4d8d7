//! A document of either format, as exceptions.
//!
//! It refuses to know where the bytes come from. What cannot be said of an image is told, and accepted nowhere.

use serde_json::Value;
use vigil_core::policy::Exception;

use super::{cyclonedx, openvex};

/// What a document says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadVex {
    /// What it accepts, each in one image or repository.
    pub exceptions: Vec<Exception>,
    /// What it says of anything that is no image in ECR, statement by statement.
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
pub fn read_vex(bytes: &[u8]) -> Result<ReadVex, UnreadableVex> {
    let document: Value = serde_json::from_slice(bytes)?;
    let said = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or_default();
    if said("bomFormat") == "CycloneDX" {
        let version = said("specVersion");
        if !["1.4", "1.5", "1.6"].contains(&version) {
            let (said, expected) = (version.to_owned(), "1.4, 1.5 or 1.6");
            return Err(UnreadableVex::Version { member: "specVersion", said, expected });
        }
        return cyclonedx::read(&document);
    }
    let context = said("@context");
    match context.strip_prefix("https://openvex.dev/ns") {
        None => Err(UnreadableVex::NotVex),
        Some("" | "/v0.2.0") => openvex::read(&document),
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

//! Why a control did nothing.

use std::fmt::Display;

use crate::digest::NotADigest;
use crate::registry::RefusedChange;

/// HTTP status and reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) u16, pub(super) String);

impl Refused {
    /// Names what was given and what would have been accepted.
    pub(super) fn should_be(input: &str, given: impl Display, accepted: impl Display) -> Self {
        Self(400, format!("{input} '{given}' should be {accepted}"))
    }
}

impl From<RefusedChange> for Refused {
    fn from(refused: RefusedChange) -> Self {
        Self(409, refused.to_string())
    }
}

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Self {
        Self(400, error.to_string())
    }
}

impl From<NotADigest> for Refused {
    fn from(error: NotADigest) -> Self {
        Self(400, error.to_string())
    }
}

//! Ids that are drawn by chance, so that whoever begins something can name it before it is kept.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::sql::{Field, Value};

/// The id of a pass: a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassId(pub(crate) Uuid);

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: a UUID such as 4471c156-29f5-40fe-883b-3cd26738d5a6")]
pub struct InvalidId(pub(crate) String);

impl PassId {
    pub(crate) fn draw() -> Self {
        Self(Uuid::new_v4())
    }
}

impl FromStr for PassId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidId(text.to_owned()))
    }
}

impl fmt::Display for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Field for PassId {
    fn read(value: Value) -> Option<Self> {
        String::read(value)?.parse().ok()
    }
}

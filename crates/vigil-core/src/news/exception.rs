//! What people should know of an exception: that it is about to lapse, or accepts nothing any more.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ChangeId, Subject};

/// News of an exception.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExceptionNews {
    /// Its number, among those of all such news.
    pub id: ChangeId,
    /// When it was noticed.
    pub at: Timestamp,
    /// What there is to know.
    pub notice: ExceptionNotice,
    /// The vulnerability that it accepts.
    pub vulnerability: String,
    /// Only in this package.
    pub package: Option<String>,
    /// Only in repositories that match.
    pub repository: Option<String>,
    /// Only in images of which a tag matches.
    pub tag: Option<String>,
    /// Why.
    pub reason: String,
    /// Who made it; nobody, for one of the settings.
    pub author: Option<String>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// How many findings it accepts now.
    pub findings: u64,
    /// In how many images.
    pub images: u64,
    /// Some of these images.
    #[serde(default)]
    pub subjects: Vec<Subject>,
}

/// What there is to know of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionNotice {
    /// Its last day is so many days away.
    Lapses {
        /// Days; 0 is today.
        days: i64,
    },
    /// Nothing matches it any more, since then; or nothing ever did.
    Idle {
        /// When something last did.
        since: Option<Timestamp>,
    },
}

impl ExceptionNotice {
    /// Its name in machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Lapses { .. } => "lapses",
            Self::Idle { .. } => "idle",
        }
    }
}

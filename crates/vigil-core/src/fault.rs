//! What the outside did to us. Adapters read foreign error codes; from there on a fault is one of these.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A call that did not give an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{kind} ({during}): {message}")]
pub struct Fault {
    /// What went wrong, as far as it matters for what to do next.
    pub kind: FaultKind,
    /// The operation that was under way, such as `StartImageScan`.
    pub during: String,
    /// The other side's own words.
    pub message: String,
}

/// The kinds of fault. By the time one reaches the core, whatever could be retried has been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The credentials are missing, expired or wrong: nothing in this registry will work.
    Credentials,
    /// The credentials do not allow this call.
    Denied,
    /// The repository is not there, or no longer.
    RepositoryGone,
    /// The image is not there, or no longer.
    ImageGone,
    /// Refused for being too fast, again and again.
    Throttled,
    /// No answer, a broken one, or an error of the service itself, again and again.
    Unreachable,
    /// Any other refusal.
    Refused,
    /// It was not even asked, since the pass is to end: nothing went wrong, and nothing was done.
    NotSent,
}

impl Fault {
    /// A fault of this kind during this operation, in these words.
    pub fn new(kind: FaultKind, during: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, during: during.into(), message: message.into() }
    }

    /// Whether the call was not even sent, so that what it was about is as it was.
    pub fn is_not_sent(&self) -> bool {
        self.kind == FaultKind::NotSent
    }
}

impl FaultKind {
    /// The kind's name in machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Denied => "denied",
            Self::RepositoryGone => "repository_gone",
            Self::ImageGone => "image_gone",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::NotSent => "not_sent",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => "credentials not accepted",
            Self::Denied => "access denied",
            Self::RepositoryGone => "repository not found",
            Self::ImageGone => "image not found",
            Self::Throttled => "throttled",
            Self::Unreachable => "no usable answer",
            Self::Refused => "refused",
            Self::NotSent => "not sent",
        })
    }
}

//! Where catalogues of threats come from.

use async_trait::async_trait;

use crate::threat::{Catalogue, CatalogueKind};

/// The sources of catalogues. Each is read as a whole, and never taken in part.
#[async_trait]
pub trait Catalogues: Send + Sync {
    /// Where this catalogue is read from; `None` if nobody has said.
    fn source(&self, kind: CatalogueKind) -> Option<String>;

    /// Reads a catalogue from its source. That it is as it was when it had this mark is not a fault.
    async fn read(&self, kind: CatalogueKind, mark: Option<&Mark>) -> Result<Reading, NotRead>;
}

/// By what a source tells whether a catalogue is still the same; opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(pub String);

/// What came of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It is as it was.
    Same,
    /// It is this, and has this mark from now on, if the source gives one.
    Read(Catalogue, Option<Mark>),
}

/// A catalogue that could not be read, or is none: what was known before stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} cannot be read from {from}: {problem}")]
pub struct NotRead {
    /// Which one.
    pub kind: CatalogueKind,
    /// Where it should have come from.
    pub from: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

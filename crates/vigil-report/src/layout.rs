//! What every format is given and has to write. It refuses to know which formats there are.

use std::io::{self, Write};

use jiff::Timestamp;
use vigil_core::Severity;
use vigil_core::record::RepositoryRecord;

use crate::closing::Closing;
use crate::name::Place;
use crate::totals::Totals;

/// What stands at the head of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What it is a report of, such as `Container security updates`.
    pub title: String,
    /// The time by which everything was decided.
    pub as_of: Timestamp,
    /// Findings of this severity and worse are told in detail.
    pub detail: Severity,
    /// What was done.
    pub kind: PassKind,
    /// Whether images were named: then those that were left out are told one by one in every format.
    pub named: bool,
    /// How many characters a line of a table may have.
    pub width: Option<u16>,
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassKind {
    /// Images were scanned, and this is what came of it.
    Scan,
    /// Nothing was done: this is what would be.
    Plan,
}

/// What a format writes where. Nothing may be kept that grows with the number of images.
pub(crate) trait Layout: Send {
    /// The head; none, unless a format says so.
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
    /// One repository.
    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()>;
    /// The end.
    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()>;
}

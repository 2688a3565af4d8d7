//! A report from its head to its end, whatever its format.

use std::io::{self, Write};

use vigil_core::record::RepositoryRecord;
use vigil_core::{RegistryId, RepositoryName};

use crate::closing::Closing;
use crate::csv::Sheet;
use crate::feed::Entries;
use crate::format::Format;
use crate::html::Page;
use crate::json::Stream;
use crate::junit::Suites;
use crate::layout::{Header, Layout, PassKind};
use crate::markdown::Comment;
use crate::name::Place;
use crate::sarif::Log;
use crate::summary::{PlanSummary, Summary};
use crate::table::Rows;
use crate::text::{Blocks, PlanLines};
use crate::totals::Totals;
use crate::vex::{Bom, Statements};

/// A report that could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum RenderError<E: std::error::Error + 'static> {
    /// The records could not be read.
    #[error("cannot read the records of the pass")]
    Records(#[source] E),
    /// The bytes could not be written.
    #[error("cannot write the report")]
    Write(#[from] io::Error),
}

/// Writes a whole report. Repositories come in the order in which they are given; what is said at the end may depend on
/// the totals.
///
/// # Errors
///
/// If the records cannot be read, or the report cannot be written.
pub fn render<W: Write, E: std::error::Error + 'static>(
    format: Format,
    header: &Header,
    records: impl IntoIterator<Item = Result<(RegistryId, RepositoryName, RepositoryRecord), E>>,
    closing: impl FnOnce(&Totals) -> Closing,
    mut out: W,
) -> Result<Totals, RenderError<E>> {
    let mut layout = layout(format, header.clone());
    let mut totals = Totals::default();
    layout.begin(&mut out)?;
    for record in records {
        let (registry, repository, record) = record.map_err(RenderError::Records)?;
        totals.add(&record);
        layout.repository(&mut out, &Place::new(&registry, &repository), &record)?;
    }
    layout.end(&mut out, &totals, &closing(&totals))?;
    out.flush()?;
    Ok(totals)
}

fn layout(format: Format, header: Header) -> Box<dyn Layout> {
    match (format, header.kind) {
        (Format::Text, PassKind::Scan) => Box::new(Blocks::new(header)),
        (Format::Text, PassKind::Plan) => Box::new(PlanLines::new(header)),
        (Format::Summary, PassKind::Scan) => Box::new(Summary { left_out: header.named }),
        (Format::Summary, PassKind::Plan) => Box::new(PlanSummary),
        (Format::Json, _) => Box::new(Stream::new(header)),
        (Format::Table, _) => Box::new(Rows::new(&header)),
        (Format::Markdown, _) => Box::new(Comment::new(header)),
        (Format::Html, _) => Box::new(Page::new(header)),
        (Format::Csv, _) => Box::new(Sheet),
        (Format::Sarif, _) => Box::new(Log::new(header)),
        (Format::JUnit, _) => Box::new(Suites::new(header)),
        (Format::OpenVex, _) => Box::new(Statements::new(header)),
        (Format::CycloneDx, _) => Box::new(Bom::new(header)),
        (Format::Atom, _) => Box::new(Entries::new(header)),
    }
}

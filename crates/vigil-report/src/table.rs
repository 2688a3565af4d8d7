//! A line for each image, for people at a terminal.
//!
//! A table as a whole would have to stand in memory to measure its columns; so the columns' widths are fixed, and every
//! repository is a table of its own that lines up with the one before.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use vigil_core::record::{ImageRecord, RepositoryRecord};
use vigil_core::{Counts, Crossed, RegistryId, Severity};

use crate::closing::{Closing, write_closing};
use crate::gap::{Gap, gaps};
use crate::layout::{Header, Layout, PassKind};
use crate::line::{Lines, plain};
use crate::name::{Name, Place};
use crate::status::{Reason, Status, reason, status};
use crate::text::plan_word;
use crate::totals::Totals;

/// How wide a table is if nobody says: what fits on a wide terminal.
const WIDTH: u16 = 160;
/// Narrower than this, an image's name or a reason is a column of single words.
const NARROWEST: u16 = 16;

/// The width of a column that takes what the others leave.
const OPEN: u16 = 0;
/// What stands between two columns; it counts as part of the first.
const GAP: u16 = 2;

/// A table in pieces.
pub(crate) struct Rows {
    kind: PassKind,
    /// Whether images that were left out have a row.
    left_out: bool,
    columns: Vec<Column>,
    /// The registry that the rows before belong to.
    registry: Option<RegistryId>,
}

struct Column {
    title: &'static str,
    width: u16,
    right: bool,
}

const fn column(title: &'static str, width: u16) -> Column {
    let width = if width == OPEN { OPEN } else { width + GAP };
    Column { title, width, right: false }
}

const fn number(title: &'static str) -> Column {
    Column { title, width: 5 + GAP, right: true }
}

impl Rows {
    pub(crate) fn new(header: &Header) -> Self {
        let mut columns = match header.kind {
            PassKind::Scan => vec![
                column("IMAGE", OPEN),
                column("PLATFORM", 15),
                column("STATUS", 13),
                column("SCANNED", 16),
                number("CRIT"),
                number("HIGH"),
                number("MED"),
                number("LOW"),
                number("OTHER"),
                column("REASON", OPEN),
            ],
            PassKind::Plan => vec![
                column("IMAGE", OPEN),
                column("PLATFORM", 15),
                column("DECISION", 11),
                column("NEXT", 17),
                column("REASON", OPEN),
            ],
        };
        let fixed: u16 = columns.iter().map(|column| column.width).sum();
        let open = header.width.unwrap_or(WIDTH).saturating_sub(fixed) / 2;
        let open = open.max(NARROWEST);
        columns.iter_mut().filter(|column| column.width == OPEN).for_each(|column| column.width = open);
        let left_out = header.named || header.kind == PassKind::Plan;
        Self { kind: header.kind, left_out, columns, registry: None }
    }

    /// Writes rows that line up with those before.
    fn write(&self, lines: &mut Lines<'_>, rows: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
        let mut table = Table::new();
        // What is given is what is used: a library that measured the terminal would make the output depend on it.
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        for row in rows {
            let aligned = row.iter().zip(&self.columns).map(|(text, column)| {
                let align = if column.right { CellAlignment::Right } else { CellAlignment::Left };
                Cell::new(plain(text)).set_alignment(align)
            });
            table.add_row(aligned.collect::<Vec<_>>());
        }
        table.set_constraints(
            self.columns.iter().map(|column| ColumnConstraint::Absolute(Width::Fixed(column.width))),
        );
        for column in table.column_iter_mut() {
            column.set_padding((0, GAP));
        }
        table.lines().try_for_each(|line| lines.line(line.trim_end()))
    }

    fn write_titles(&self, lines: &mut Lines<'_>, registry: &RegistryId) -> io::Result<()> {
        if self.registry.is_some() {
            lines.blank()?;
        }
        lines.line(format_args!("Registry {registry}"))?;
        let titles = self.columns.iter().map(|column| column.title.to_owned()).collect();
        self.write(lines, std::iter::once(titles))
    }

    fn row(&self, place: &Place<'_>, record: &ImageRecord) -> Vec<String> {
        let name = Name { repository: place.repository.as_str(), image: &record.image, short: true };
        let platform = record.image.platform.as_ref().map(ToString::to_string).unwrap_or_default();
        let Reason { text, next, .. } = reason(record);
        let mut row = vec![name.to_string(), platform];
        match self.kind {
            PassKind::Scan => row.extend(result_cells(record)),
            PassKind::Plan => {
                let next = next.map(|next| next.strftime("%F %H:%MZ").to_string()).unwrap_or_default();
                row.extend([plan_word(record).to_owned(), next, text]);
            }
        }
        row
    }

    /// A row about something that is no image.
    fn gap(&self, place: &Place<'_>, gap: Gap<'_>) -> Vec<String> {
        let Gap { name, word, reason } = gap;
        let mut row = vec![String::new(); self.columns.len()];
        let last = row.len() - 1;
        row[0] = name.unwrap_or(place.repository.as_str()).to_owned();
        (row[2], row[last]) = (word.to_owned(), reason);
        row
    }
}

impl Layout for Rows {
    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        let mut lines = Lines::new(out);
        let listed = |image: &&ImageRecord| self.left_out || status(image) != Status::LeftOut;
        let images = record.images.iter().filter(listed).map(|image| self.row(place, image));
        let rows: Vec<_> = images.chain(gaps(record).map(|gap| self.gap(place, gap))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        if self.registry.as_ref() != Some(place.registry) {
            self.write_titles(&mut lines, place.registry)?;
            self.registry = Some(place.registry.clone());
        }
        self.write(&mut lines, rows.into_iter())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()> {
        let mut lines = Lines::new(out);
        if self.registry.is_some() {
            lines.blank()?;
        }
        write_closing(&mut lines, totals, closing)
    }
}

/// The cells of a scanned image. Without findings to show, the counts are empty: a zero would be an answer.
fn result_cells(record: &ImageRecord) -> Vec<String> {
    let status = status(record);
    let evaluation = record.evaluation.as_ref();
    let scanned = evaluation.and_then(|evaluation| evaluation.scanned_at);
    let scanned = scanned.map(|at| at.strftime("%F %H:%M").to_string()).unwrap_or_default();
    let mut cells = vec![status.to_string(), scanned];
    match evaluation {
        Some(evaluation) => cells.extend(columns_of(&evaluation.counts)),
        None => cells.extend(std::iter::repeat_n(String::new(), 5)),
    }
    cells.push(result_reason(record, status));
    cells
}

fn columns_of(counts: &Counts) -> impl Iterator<Item = String> {
    let named = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let named = named.map(|severity| counts.get(&severity));
    let other = counts.total() - named.iter().sum::<u64>();
    named.into_iter().chain([other]).map(|count| count.to_string())
}

/// Why a result is missing or old, and which thresholds it reaches.
fn result_reason(record: &ImageRecord, status: Status) -> String {
    let why = match (status, &record.evaluation) {
        (Status::Scanned | Status::Current, Some(_)) => None,
        (status, None) if status.is_settled() => Some("its findings are not known".to_owned()),
        (status, Some(_)) if !status.is_settled() => {
            Some(format!("{}; findings of an earlier scan", reason(record).text))
        }
        _ => Some(reason(record).text),
    };
    let crossed = record.evaluation.iter().flat_map(|evaluation| &evaluation.crossed);
    let crossed: Vec<_> = crossed.map(Crossed::line).collect();
    let crossed = (!crossed.is_empty()).then(|| format!("over {}", crossed.join(", ")));
    [crossed, why].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

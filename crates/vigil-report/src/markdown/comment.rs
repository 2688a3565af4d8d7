//! The comment as a whole: what it adds up to, the worst images, what has no result, and the findings folded.

use std::io::{self, Write};

use vigil_core::record::RepositoryRecord;

use super::escape::escaped;
use super::image::{Rank, Shown, head, rank, short, shown};
use super::worst::Worst;
use crate::closing::{Closing, alerts, totals_of};
use crate::gap::gaps;
use crate::layout::{Header, Layout};
use crate::name::Place;
use crate::totals::Totals;

/// GitHub takes 65,536 characters. Bytes are never fewer, and something may be added around ours.
const ROOM: usize = 60_000;
/// Rows and details of so many images are kept until it is known what fits.
const IMAGES: usize = 100;
/// So many gaps and alerts are told one by one.
const GAPS: usize = 50;
/// What is kept free of details for rows, and of rows for what follows.
const ROOM_FOR_ROWS: usize = 30_000;

/// A comment on its way.
pub(crate) struct Comment {
    header: Header,
    images: Worst<Rank, Shown>,
    gaps: Worst<(), String>,
}

impl Comment {
    pub(crate) fn new(header: Header) -> Self {
        Self { header, images: Worst::new(IMAGES), gaps: Worst::new(GAPS) }
    }

    fn write_rows(&self, text: &mut String) {
        if self.images.came() == 0 {
            return;
        }
        text.push_str(head(self.header.kind));
        let told = fitting(text, self.images.iter().map(|image| &image.row), ROOM_FOR_ROWS);
        more(text, self.images.came() - told, "images");
        text.push('\n');
    }

    fn write_gaps(&mut self, text: &mut String, closing: &Closing) {
        for alert in alerts(closing) {
            let word = if alert.is_error { "Error" } else { "Warning" };
            self.gaps.add((), || format!("- {word}: {}\n", short(&alert.text)));
        }
        let told = fitting(text, self.gaps.iter(), ROOM_FOR_ROWS + 12_000);
        more(text, self.gaps.came() - told, "problems");
        if self.gaps.came() > 0 {
            text.push('\n');
        }
    }
}

impl Layout for Comment {
    fn repository(
        &mut self,
        _: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        for image in &record.images {
            if let Some(rank) = rank(&self.header, image) {
                self.images.add(rank, || shown(&self.header, place, image));
            }
        }
        for gap in gaps(record) {
            let name = gap.name.unwrap_or(&place.uri);
            self.gaps.add((), || format!("- Error: {}: {}\n", short(name), short(&gap.reason)));
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()> {
        let as_of = self.header.as_of.strftime("%F %H:%M UTC");
        let mut text = format!("### {} as of {as_of}\n\n", escaped(&self.header.title));
        text.push_str(&summary(totals));
        self.write_rows(&mut text);
        self.write_gaps(&mut text, closing);
        let details = self.images.iter().map(|image| &image.details);
        let details: Vec<_> = details.filter(|details| !details.is_empty()).collect();
        let told = fitting(&mut text, details.iter().copied(), ROOM);
        more(&mut text, details.len() - told, "images with findings in detail");
        out.write_all(text.as_bytes())
    }
}

/// What everything adds up to, in a line.
fn summary(totals: &Totals) -> String {
    let parts = totals_of(totals).into_iter().map(|total| {
        let parts =
            if total.parts.is_empty() { String::new() } else { format!(" ({})", short(&total.parts)) };
        format!("{} {}{parts}", total.count, escaped(&total.words))
    });
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() {
        "There is nothing to tell.\n\n".to_owned()
    } else {
        format!("{}\n\n", parts.join(" · "))
    }
}

/// Adds what fits into so many bytes, and says how many that were.
fn fitting<'t>(text: &mut String, parts: impl Iterator<Item = &'t String>, room: usize) -> usize {
    let mut told = 0;
    for part in parts {
        if text.len() + part.len() > room {
            break;
        }
        text.push_str(part);
        told += 1;
    }
    told
}

fn more(text: &mut String, count: usize, of_what: &str) {
    if count > 0 {
        text.push_str(&format!("\n… and {count} more {of_what}, for which there is no room here.\n"));
    }
}

//! What a pass would do, image by image and with the reason, in one block for each repository.

use std::io::{self, Write};

use vigil_core::Decision;
use vigil_core::record::{ImageRecord, RepositoryRecord};

use super::blocks::{RULE, write_head};
use crate::closing::{Closing, write_closing};
use crate::line::Lines;
use crate::name::{Place, WithPlatform};
use crate::report::{Header, Layout};
use crate::status::{Status, reason, status};
use crate::totals::Totals;

/// The lines of a plan.
pub(crate) struct PlanLines {
    header: Header,
    /// The first block follows its rule without an empty line; all others have one.
    any: bool,
}

impl PlanLines {
    pub(crate) fn new(header: Header) -> Self {
        Self { header, any: false }
    }

    fn open(&mut self, lines: &mut Lines<'_>) -> io::Result<()> {
        if std::mem::replace(&mut self.any, true) { lines.blank() } else { Ok(()) }
    }
}

impl Layout for PlanLines {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write_head(&mut Lines::new(out), &self.header)
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        if *record == RepositoryRecord::default() {
            return Ok(());
        }
        let mut lines = Lines::new(out);
        self.open(&mut lines)?;
        lines.line(format_args!("Repository: {}", place.uri))?;
        let uri = |image: &ImageRecord| WithPlatform(place.image_uri(&image.image)).to_string();
        // A digest is so long that lining up with it would push every reason off the screen.
        let tagged = record.images.iter().filter(|image| !image.image.tags.is_empty());
        let width = tagged.map(|image| uri(image).len()).max().unwrap_or(0);
        for image in &record.images {
            let (word, uri) = (plan_word(image), uri(image));
            lines.line(format_args!("{word:<9} {uri:<width$}  {}", reason(image).text))?;
        }
        for missing in &record.missing {
            lines.line(format_args!("missing   {missing:<width$}  there is no such image or repository"))?;
        }
        for fault in &record.unread {
            lines.line(format_args!("error     {fault}"))?;
        }
        if record.not_reached {
            lines.line("error     the pass ended before it was looked at")?;
        }
        lines.line(RULE)
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()> {
        let mut lines = Lines::new(out);
        self.open(&mut lines)?;
        write_closing(&mut lines, totals, closing)
    }
}

/// What is to be done with an image, in a word.
pub(crate) fn plan_word(record: &ImageRecord) -> &'static str {
    match (status(record), &record.decision) {
        (Status::Fault | Status::Unfinished, _) | (_, Decision::Undecided) => "error",
        (Status::NeverScanned, _) => "no scan",
        (Status::Running, _) | (_, Decision::Wait) => "running",
        (_, Decision::Scan(_)) => "scan",
        (_, Decision::Rest(_)) => "rest",
        (_, Decision::Hold(..)) => "held",
        (_, Decision::Observe) => "read",
        (_, Decision::LeaveOut(_)) => "left out",
    }
}

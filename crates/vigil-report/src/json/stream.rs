//! One JSON object, written piece by piece: the images as they come, one on a line, and the rest around them.

use std::io::{self, Write};

use serde::Serialize;
use vigil_core::record::RepositoryRecord;

use super::closing::{EndView, HeadView, Kept};
use super::image::ImageView;
use crate::closing::Closing;
use crate::layout::{Header, Layout};
use crate::name::Place;
use crate::totals::Totals;

/// A report on its way.
pub(crate) struct Stream {
    header: Header,
    kept: Kept,
    /// Whether an image was written, which the next one is parted from by a comma.
    any: bool,
    /// One image's line: the serialiser writes in many small pieces, the report's reader gets whole lines.
    line: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(header: Header) -> Self {
        Self { header, kept: Kept::default(), any: false, line: Vec::new() }
    }
}

impl Layout for Stream {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{{},\n\"images\":[", members(&HeadView::of(&self.header))?)
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        let arn = place.registry.repository_arn(place.repository);
        for image in &record.images {
            self.line.clear();
            self.line.extend_from_slice(if self.any { b",\n" } else { b"\n" });
            serde_json::to_writer(&mut self.line, &ImageView::of(place, &arn, image))?;
            out.write_all(&self.line)?;
            self.any = true;
        }
        self.kept.keep(place, record);
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()> {
        writeln!(out, "\n],\n{}}}", members(&EndView::of(&self.kept, totals, closing))?)
    }
}

/// The members of an object without its braces.
fn members(view: &impl Serialize) -> io::Result<String> {
    let object = serde_json::to_string(view)?;
    let inner = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    Ok(inner.unwrap_or_default().to_owned())
}

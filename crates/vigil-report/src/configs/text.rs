//! The summary of all scan configurations as text, in the layout of the re-scan service.
//!
//! An image takes a head line, a line for each severity and two empty lines; one without a result has a line that says why.

use std::io::{self, Write};

use vigil_core::Counts;

use super::view::{ConfigImage, ConfigView, Known};
use crate::line::Lines;

/// The summary: configurations as they are given, their images by tag, severities worst first.
pub fn configs_as_text(views: &[ConfigView<Counts>]) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = write(&mut out, views);
    out
}

fn write(out: &mut dyn Write, views: &[ConfigView<Counts>]) -> io::Result<()> {
    let mut lines = Lines::new(out);
    for view in views {
        let request = &view.config.request;
        let (repository, region) = (&request.repository, &request.region);
        if view.images.is_empty() {
            lines.line(format_args!("Results for {repository} in {region}:"))?;
            lines.line(" (not scanned: no tagged image is known there)")?;
            write_end(&mut lines)?;
        }
        for image in view.in_order() {
            lines.line(format_args!("Results for {repository}:{} in {region}:", image.name()))?;
            write_image(&mut lines, image)?;
            write_end(&mut lines)?;
        }
    }
    Ok(())
}

fn write_image(lines: &mut Lines<'_>, image: &ConfigImage<Counts>) -> io::Result<()> {
    match &image.known {
        Known::Scanned { found, .. } => {
            found.iter().try_for_each(|(severity, count)| lines.line(format_args!(" {severity}: {count}")))
        }
        Known::Without { why, .. } => lines.line(format_args!(" (not scanned: {why})")),
    }
}

fn write_end(lines: &mut Lines<'_>) -> io::Result<()> {
    lines.blank()?;
    lines.blank()
}

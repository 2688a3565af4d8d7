//! The summary of all scan configurations as text, in the layout of the re-scan service.
//!
//! An image takes a head line, a line for each severity and two empty lines; one without a result has a line that says why. Where head
//! lines of two accounts would be the same, the account follows.

use std::io::{self, Write};

use vigil_core::Counts;
use vigil_core::image::AccountId;
use vigil_core::policy::ScanRequest;

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
        let account = views.iter().any(|other| is_its_namesake(request, &other.config.request));
        let account = account.then_some(&request.registry);
        let (repository, region) = (&request.repository, &request.region);
        if view.images.is_empty() {
            lines.line(format_args!("Results for {repository} in {region}:"))?;
            write_account(&mut lines, account)?;
            lines.line(" (not scanned: no tagged image is known there)")?;
            write_end(&mut lines)?;
        }
        for image in view.in_order() {
            lines.line(format_args!("Results for {repository}:{} in {region}:", image.name()))?;
            write_account(&mut lines, account)?;
            write_image(&mut lines, image)?;
            write_end(&mut lines)?;
        }
    }
    Ok(())
}

/// Whether both name the same repository and region, of different accounts: the head lines do not tell them apart.
fn is_its_namesake(one: &ScanRequest, other: &ScanRequest) -> bool {
    one.repository == other.repository && one.region == other.region && one.registry != other.registry
}

fn write_account(lines: &mut Lines<'_>, account: Option<&AccountId>) -> io::Result<()> {
    account.map_or(Ok(()), |account| lines.line(format_args!(" (in the registry of {account})")))
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

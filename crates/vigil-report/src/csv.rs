//! CSV, for spreadsheets: a row for each image, for each of its findings, and for everything that has no result.

use std::io::{self, Write};

use csv::{ByteRecord, WriterBuilder};
use vigil_core::evaluate::AcceptedBy;
use vigil_core::record::{ImageRecord, RepositoryRecord};
use vigil_core::{Crossed, Finding, Image, Severity};

use crate::closing::{Closing, alerts};
use crate::gap::gaps;
use crate::layout::Layout;
use crate::line::plain;
use crate::moment::utc;
use crate::name::Place;
use crate::status::{reason, status};
use crate::text::plan_word;
use crate::totals::Totals;

/// The columns, in their order; `docs/formats.md` says what is in them.
const COLUMNS: [&str; 36] = [
    "row",
    "account",
    "region",
    "repository",
    "image",
    "tags",
    "digest",
    "platform",
    "pushed_at",
    "decision",
    "status",
    "reason",
    "next",
    "scanned_at",
    "earlier_scan",
    "critical",
    "high",
    "medium",
    "low",
    "other",
    "crossed",
    "severity",
    "id",
    "package",
    "version",
    "fixed_in",
    "manager",
    "path",
    "score",
    "exploit_known",
    "known_exploited",
    "epss",
    "epss_percentile",
    "accepted_by",
    "link",
    "description",
];

/// A table of rows.
pub(crate) struct Sheet;

/// One row on its way: the cells that are not set are empty.
struct Row(Vec<String>);

impl Layout for Sheet {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write(out, COLUMNS.map(str::to_owned).iter())
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        for image in &record.images {
            image_row(place, image).write(out)?;
            let Some(evaluation) = &image.evaluation else { continue };
            for finding in &evaluation.details {
                named("finding", place, &image.image).finding(finding).write(out)?;
            }
            for accepted in &evaluation.accepted {
                let by = match accepted.by {
                    AcceptedBy::Exception(_) | AcceptedBy::Remembered => "exception",
                    AcceptedBy::Inspector => "inspector",
                };
                let row = named("accepted", place, &image.image).finding(&accepted.finding);
                row.set("accepted_by", by).set("reason", &accepted.reason).write(out)?;
            }
        }
        for gap in gaps(record) {
            let kind = if gap.name.is_some() { "missing" } else { "repository" };
            let row = at(kind, place).set("image", gap.name.unwrap_or_default());
            row.set("status", gap.word).set("reason", &gap.reason).write(out)?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, _: &Totals, closing: &Closing) -> io::Result<()> {
        alerts(closing).try_for_each(|alert| {
            let kind = if alert.is_error { "error" } else { "warning" };
            Row::new().set("row", kind).set("reason", &alert.text).write(out)
        })
    }
}

fn at(kind: &str, place: &Place<'_>) -> Row {
    let registry = place.registry;
    Row::new()
        .set("row", kind)
        .set("account", registry.account.as_str())
        .set("region", registry.region.as_str())
        .set("repository", place.repository.as_str())
}

fn named(kind: &str, place: &Place<'_>, image: &Image) -> Row {
    let tags: Vec<_> = image.tags.iter().map(|tag| tag.as_str()).collect();
    let platform = image.platform.as_ref().map(ToString::to_string);
    at(kind, place)
        .set("image", &place.image_uri(image).to_string())
        .set("tags", &tags.join(" "))
        .set("digest", &image.digest.to_string())
        .set("platform", &platform.unwrap_or_default())
        .set("pushed_at", &image.pushed_at.map(utc).unwrap_or_default())
}

fn image_row(place: &Place<'_>, record: &ImageRecord) -> Row {
    let (status, reason) = (status(record), reason(record));
    let row = named("image", place, &record.image)
        .set("decision", plan_word(record))
        .set("status", status.code())
        .set("reason", &reason.text)
        .set("next", &reason.next.map(utc).unwrap_or_default());
    let Some(evaluation) = &record.evaluation else { return row };
    let known = [
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("medium", Severity::Medium),
        ("low", Severity::Low),
    ];
    let count = |severity: &Severity| evaluation.counts.get(severity);
    let other = evaluation.counts.total() - known.iter().map(|(_, severity)| count(severity)).sum::<u64>();
    let crossed: Vec<_> = evaluation.crossed.iter().map(Crossed::line).collect();
    known
        .iter()
        .fold(row, |row, (column, severity)| row.set(column, &count(severity).to_string()))
        .set("other", &other.to_string())
        .set("crossed", &crossed.join(" "))
        .set("scanned_at", &evaluation.scanned_at.map(utc).unwrap_or_default())
        .set("earlier_scan", yes_or_no(!status.is_settled()))
}

fn yes_or_no(said: bool) -> &'static str {
    if said { "yes" } else { "no" }
}

impl Row {
    fn new() -> Self {
        Self(vec![String::new(); COLUMNS.len()])
    }

    /// Fills a cell. A column that does not exist is a slip that the golden file shows.
    fn set(mut self, column: &str, text: &str) -> Self {
        if let Some(place) = COLUMNS.iter().position(|known| *known == column) {
            self.0[place] = cell(text);
        }
        self
    }

    fn finding(self, finding: &Finding) -> Self {
        let score = finding.score();
        let row = self
            .set("severity", finding.severity.as_str())
            .set("id", &finding.id)
            .set("score", &if score > 0.0 { format!("{score:.1}") } else { String::new() })
            .set("exploit_known", finding.exploit_known.map(yes_or_no).unwrap_or_default())
            .set("known_exploited", &said(finding.threat.known_exploited.map(|listed| listed.since)))
            .set("epss", &said(finding.threat.epss.map(|epss| epss.score)))
            .set("epss_percentile", &said(finding.threat.epss.map(|epss| epss.percentile)))
            .set("link", finding.links.first().map_or("", |link| link))
            .set("description", finding.description.as_deref().unwrap_or_default());
        let Some(package) = &finding.package else { return row };
        row.set("package", &package.name)
            .set("version", package.version.as_deref().unwrap_or_default())
            .set("fixed_in", package.fixed_in.as_deref().unwrap_or_default())
            .set("manager", package.manager.as_deref().unwrap_or_default())
            .set("path", package.path.as_deref().unwrap_or_default())
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write(out, self.0.iter())
    }
}

fn said(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Writes one row, as RFC 4180 quotes it.
fn write<'c>(out: &mut dyn Write, cells: impl Iterator<Item = &'c String>) -> io::Result<()> {
    let row: ByteRecord = cells.map(String::as_bytes).collect();
    let mut writer = WriterBuilder::new().from_writer(out);
    writer.write_byte_record(&row)?;
    writer.flush()
}

/// A text that no spreadsheet takes for a formula: on one line, and with an apostrophe before what begins like one.
fn cell(text: &str) -> String {
    let text = plain(text);
    let text = text.trim();
    if text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_formula() {
        for begin in ["=", "+", "-", "@", "\t=", "\r=", "\n =", "\u{202e}=", "＝"] {
            let told = cell(&format!("{begin}HYPERLINK(\"http://evil\")"));
            assert!(told.starts_with('\''), "{told}");
        }
        assert_eq!(cell("1.0-r3"), "1.0-r3");
        assert_eq!(cell("two\r\nlines"), "two lines");
    }

    #[test]
    fn every_column_is_filled_by_its_name() {
        let names: Vec<String> = COLUMNS.map(|column| Row::new().set(column, "x").0.concat()).into();
        assert!(names.iter().all(|cell| cell == "x"));
    }
}

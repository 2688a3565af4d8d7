//! OpenVEX 0.2.0: a statement for each finding of an image.

use std::io::{self, Write};

use serde::Serialize;
use vigil_core::record::RepositoryRecord;

use super::items::Items;
use super::statement::Statement;
use crate::closing::Closing;
use crate::layout::{Header, Layout};
use crate::moment::utc;
use crate::name::Place;
use crate::purl;
use crate::status::status;
use crate::totals::Totals;

/// A document on its way. Its id follows from what it says, so it stands at the end.
pub(crate) struct Statements {
    header: Header,
    items: Items,
}

#[derive(Serialize)]
struct End {
    tooling: String,
    #[serde(rename = "@id")]
    id: String,
}

impl Statements {
    pub(crate) fn new(header: Header) -> Self {
        Self { header, items: Items::of("ecr-vigil OpenVEX document 1") }
    }
}

impl Layout for Statements {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let timestamp = utc(self.header.as_of);
        self.items.say(&timestamp);
        write!(
            out,
            "{{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"author\":\"ecr-vigil\",\"role\":\"Document Creator\",\"timestamp\":\"{timestamp}\",\
             \"version\":1,\n\"statements\":["
        )
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        for image in &record.images {
            let Some(evaluation) = &image.evaluation else { continue };
            let product = purl::image(place, &image.image);
            let settled = status(image).is_settled();
            let at = evaluation.scanned_at.unwrap_or(self.header.as_of);
            for finding in &evaluation.details {
                self.items.put(out, &Statement::open(&product, finding, at, settled))?;
            }
            for accepted in &evaluation.accepted {
                self.items.put(out, &Statement::accepted(&product, accepted, at))?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, _: &Closing) -> io::Result<()> {
        let tooling = tooling(totals);
        self.items.say(&tooling);
        let id = self.items.urn();
        let end = serde_json::to_string(&End { tooling, id })?;
        writeln!(out, "\n],\n{}", &end[1..])
    }
}

/// Who wrote it; and that nothing is said of images without a result, for which the format has no other place.
fn tooling(totals: &Totals) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let without = crate::Status::ALL.into_iter().filter(|status| status.is_trouble());
    let without = without.map(|status| totals.count(status)).sum::<u64>() + totals.missing;
    let unread = totals.unread_repositories + totals.unreached_repositories;
    match (without, unread) {
        (0, 0) => format!("ecr-vigil {version}"),
        _ => format!(
            "ecr-vigil {version}; incomplete: images without a valid result: {without}, repositories not read: {unread}"
        ),
    }
}

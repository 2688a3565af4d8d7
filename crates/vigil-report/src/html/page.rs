//! The page around the images.

use std::io::{self, Write};

use askama::Template;
use vigil_core::record::RepositoryRecord;

use super::row::Row;
use crate::Status;
use crate::closing::{Alert, Closing, Total, alerts, totals_of};
use crate::gap::gaps;
use crate::layout::{Header, Layout, PassKind};
use crate::line::plain;
use crate::moment::utc;
use crate::name::Place;
use crate::status::status;
use crate::totals::Totals;

const STYLE: &str = include_str!("../../templates/page.css");
const SCRIPT: &str = include_str!("../../templates/page.js");
/// Nothing runs in the page but what has one of these: what ECR says could not, even if it came through the escaping.
const STYLE_HASH: &str = "sha256-jWo4VnIBUSP2MhziGFviO4YS9xIkVhyc4YCY29ethsY=";
const SCRIPT_HASH: &str = "sha256-stgNNdHx3lMK7KtPKYxj354cMvQ5+GUirUKo8Yqa3PY=";

/// A page on its way.
pub(crate) struct Page {
    header: Header,
}

#[derive(Template)]
#[template(path = "head.html")]
struct Head {
    title: String,
    as_of: String,
    day: String,
    detail: String,
    word: &'static str,
    time: &'static str,
    style: &'static str,
    style_hash: &'static str,
    script_hash: &'static str,
}

#[derive(Template)]
#[template(path = "end.html")]
struct End {
    totals: Vec<Total>,
    alerts: Vec<Alert>,
    script: &'static str,
}

impl Page {
    pub(crate) fn new(header: Header) -> Self {
        Self { header }
    }
}

impl Layout for Page {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let (word, time) = match self.header.kind {
            PassKind::Scan => ("Status", "Scanned"),
            PassKind::Plan => ("Decision", "Next"),
        };
        let head = Head {
            title: plain(&self.header.title),
            as_of: utc(self.header.as_of),
            day: self.header.as_of.strftime("%F %H:%M UTC").to_string(),
            detail: plain(self.header.detail.as_str()),
            word,
            time,
            style: STYLE,
            style_hash: STYLE_HASH,
            script_hash: SCRIPT_HASH,
        };
        write(out, &head)
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        let all = self.header.named || self.header.kind == PassKind::Plan;
        for image in record.images.iter().filter(|image| all || status(image) != Status::LeftOut) {
            write(out, &Row::image(self.header.kind, place, image))?;
        }
        gaps(record).try_for_each(|gap| write(out, &Row::gap(place, &gap)))
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals, closing: &Closing) -> io::Result<()> {
        let alerts = alerts(closing).map(|alert| Alert { text: plain(&alert.text), ..alert }).collect();
        write(out, &End { totals: totals_of(totals), alerts, script: SCRIPT })
    }
}

/// Writes a template as one piece: it comes in many small ones.
fn write(out: &mut dyn Write, template: &impl Template) -> io::Result<()> {
    let mut piece = template.render().map_err(io::Error::other)?;
    piece.push('\n');
    out.write_all(piece.as_bytes())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_page_lets_its_own_style_and_script_run() {
        let hash = |text: &str| format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)));
        assert_eq!((STYLE_HASH, SCRIPT_HASH), (&*hash(STYLE), &*hash(SCRIPT)));
    }
}

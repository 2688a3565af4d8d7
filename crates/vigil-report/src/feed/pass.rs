//! The report of a pass as one Atom feed: an entry for each finding of an image, and for each image without a result.
//!
//! Readers know an entry of an earlier report by its id. The library writes whole feeds only, so each entry is written as
//! a feed of its own, of which the rest is cut away: none but the last is ever kept.

use std::collections::BTreeSet;
use std::io::{self, Write};

use atom_syndication::Person;
use vigil_core::record::{ImageRecord, RepositoryRecord};

use super::atom::{Tells, Told, atom_entry, time, written};
use super::identity;
use crate::closing::{Closing, alerts};
use crate::gap::gaps;
use crate::hash::Parts;
use crate::layout::{Header, Layout};
use crate::line::plain;
use crate::name::{Name, Place, WithPlatform};
use crate::status::{reason, status};
use crate::totals::Totals;
use crate::xml;

const ENTRY: &str = "  <entry>";
const ENTRY_END: &str = "</entry>\n";

/// A feed on its way.
pub(crate) struct Entries {
    header: Header,
}

impl Entries {
    pub(crate) fn new(header: Header) -> Self {
        Self { header }
    }

    fn image(
        &self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &ImageRecord,
        ids: &mut BTreeSet<String>,
    ) -> io::Result<()> {
        let (status, image) = (status(record), &record.image);
        let name = WithPlatform(Name { repository: place.repository.as_str(), image, short: false });
        let evaluation = record.evaluation.as_ref();
        let told = |id, what| Told {
            id,
            image: name.to_string(),
            published: None,
            updated: evaluation.and_then(|told| told.scanned_at).unwrap_or(self.header.as_of),
            page: place.registry.console_url(place.repository, &image.digest),
            what,
        };
        if status.is_trouble() {
            let reason = reason(record);
            let id = new_id(place, record, ("without result", reason.code, None), ids);
            let updated = self.header.as_of;
            write_entry(out, Told { updated, ..told(id, Tells::Without(reason.text)) })?;
        }
        for finding in evaluation.iter().flat_map(|told| &told.details) {
            let package = finding.package.as_ref().map(|package| &*package.name);
            let id = new_id(place, record, ("finding", &finding.id, package), ids);
            write_entry(out, told(id, Tells::Found(finding)))?;
        }
        Ok(())
    }

    /// An entry about something that is no image.
    fn other(&self, out: &mut dyn Write, registry: &str, about: &str, why: String) -> io::Result<()> {
        let id = identity::of([registry, "", "", about, ""], "without result", &why, None);
        let (image, what) = (about.to_owned(), Tells::Unknown(why));
        let updated = self.header.as_of;
        write_entry(out, Told { id, image, published: None, updated, page: None, what })
    }
}

impl Layout for Entries {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut feed = atom_syndication::Feed::default();
        let title = plain(&xml::text(&self.header.title));
        feed.set_id(Parts::of(&["ecr-vigil report feed 1", &title]).urn());
        feed.set_title(title);
        feed.set_updated(time(self.header.as_of));
        feed.set_authors(vec![Person { name: "ECR".into(), ..Person::default() }]);
        let text = text(&feed)?;
        out.write_all(text.trim_end().trim_end_matches("</feed>").as_bytes())
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        let mut ids = BTreeSet::new();
        record.images.iter().try_for_each(|image| self.image(out, place, image, &mut ids))?;
        let registry = place.registry.to_string();
        gaps(record)
            .try_for_each(|gap| self.other(out, &registry, gap.name.unwrap_or(&place.uri), gap.reason))
    }

    fn end(&mut self, out: &mut dyn Write, _: &Totals, closing: &Closing) -> io::Result<()> {
        for alert in alerts(closing).filter(|alert| alert.is_error) {
            let (about, why) = alert.text.split_once(": ").unwrap_or(("registry", &alert.text));
            self.other(out, "", about, why.to_owned())?;
        }
        out.write_all(b"</feed>\n")
    }
}

/// An id that follows from the lineage. Where two images or two versions of a package share one, the digest and their
/// number tell them apart.
fn new_id(
    place: &Place<'_>,
    record: &ImageRecord,
    (kind, about, package): (&str, &str, Option<&str>),
    ids: &mut BTreeSet<String>,
) -> String {
    let image = &record.image;
    let platform = image.platform.as_ref().map(ToString::to_string).unwrap_or_default();
    let digest = image.digest.to_string();
    let tag = image.tags.first().map_or(&*digest, |tag| tag.as_str());
    let (account, region) = (place.registry.account.as_str(), place.registry.region.as_str());
    let of = |tag: &str| {
        identity::of([account, region, place.repository.as_str(), tag, &platform], kind, about, package)
    };
    let mut id = of(tag);
    let mut twin = 0;
    while !ids.insert(id.clone()) {
        twin += 1;
        id = of(&format!("{digest} {twin}"));
    }
    id
}

fn write_entry(out: &mut dyn Write, told: Told<'_>) -> io::Result<()> {
    let feed = atom_syndication::Feed { entries: vec![atom_entry(told)], ..Default::default() };
    let text = text(&feed)?;
    // What stands in an entry is escaped: these are its tags.
    let entry = text.find(ENTRY).zip(text.find(ENTRY_END));
    let (from, to) = entry.ok_or_else(|| io::Error::other("the entry was not written"))?;
    out.write_all(&text.as_bytes()[from..to + ENTRY_END.len()])
}

fn text(feed: &atom_syndication::Feed) -> io::Result<String> {
    let bytes = written(feed).map_err(io::Error::other)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

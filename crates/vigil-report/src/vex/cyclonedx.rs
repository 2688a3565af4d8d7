//! CycloneDX 1.6: images as components, their findings as vulnerabilities.

use std::io::{self, Write};

use vigil_core::record::RepositoryRecord;

use super::components::Components;
use super::items::Items;
use super::vulnerability::{Property, Vulnerability};
use crate::closing::{Closing, alerts};
use crate::gap::gaps;
use crate::layout::{Header, Layout};
use crate::moment::utc;
use crate::name::Place;
use crate::purl;
use crate::status::{Status, status};
use crate::totals::Totals;

/// A document on its way. Its serial number follows from what it says, so it stands at the end.
pub(crate) struct Bom {
    header: Header,
    components: Components,
    /// What has no result beside images.
    gaps: Vec<Property>,
    items: Items,
}

impl Bom {
    pub(crate) fn new(header: Header) -> Self {
        Self {
            header,
            components: Components::default(),
            gaps: Vec::new(),
            items: Items::of("ecr-vigil CycloneDX document 1"),
        }
    }
}

impl Layout for Bom {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let timestamp = utc(self.header.as_of);
        self.items.say(&timestamp);
        let version = env!("CARGO_PKG_VERSION");
        write!(
            out,
            "{{\"$schema\":\"http://cyclonedx.org/schema/bom-1.6.schema.json\",\"bomFormat\":\"CycloneDX\",\
             \"specVersion\":\"1.6\",\"version\":1,\n\"metadata\":{{\"timestamp\":\"{timestamp}\",\"tools\":{{\
             \"components\":[{{\"type\":\"application\",\"name\":\"ecr-vigil\",\"version\":\"{version}\"}}]}}}},\n\
             \"vulnerabilities\":["
        )
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        for image in record.images.iter().filter(|image| status(image) != Status::LeftOut) {
            self.components.keep(place, image);
            let Some(evaluation) = &image.evaluation else { continue };
            let component = purl::image(place, &image.image);
            let is_earlier = !status(image).is_settled();
            for finding in &evaluation.details {
                self.items.put(out, &Vulnerability::open(&component, finding, is_earlier))?;
            }
            for accepted in &evaluation.accepted {
                self.items.put(out, &Vulnerability::accepted(&component, accepted))?;
            }
        }
        for gap in gaps(record) {
            let name = gap.name.unwrap_or(&place.uri);
            self.gaps.push(Property::new("error", format!("{name}: {}", gap.reason)));
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, _: &Totals, closing: &Closing) -> io::Result<()> {
        write!(out, "\n],\n\"components\":[")?;
        self.items.end_list();
        let components = std::mem::take(&mut self.components);
        components.iter().try_for_each(|component| self.items.put(out, &component))?;
        write!(out, "\n],\n\"properties\":[")?;
        self.items.end_list();
        let alerts = alerts(closing)
            .map(|alert| Property::new(if alert.is_error { "error" } else { "warning" }, alert.text));
        let properties: Vec<_> = std::mem::take(&mut self.gaps).into_iter().chain(alerts).collect();
        properties.iter().try_for_each(|property| self.items.put(out, property))?;
        let serial = self.items.urn();
        writeln!(out, "\n],\n\"serialNumber\":\"{serial}\"}}")
    }
}

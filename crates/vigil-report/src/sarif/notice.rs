//! What else there is to say of a run: images without a result must not pass for images without findings.

use serde::Serialize;
use vigil_core::record::{ImageRecord, RepositoryRecord};

use super::result::Location;
use super::text::Text;
use crate::closing::{Closing, alerts};
use crate::gap::gaps;
use crate::name::{Distinct, Place};
use crate::status::{reason, status};

/// They stand together, so they have to be kept until the run ends; of so many more are only counted.
const MOST: usize = 1_000;

/// The notifications of a run.
#[derive(Default)]
pub(super) struct Notices {
    kept: Vec<Notice>,
    uncounted: usize,
    /// Whether something went wrong.
    any_error: bool,
}

#[derive(Serialize)]
struct Notice {
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptor: Option<Descriptor>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
struct Descriptor {
    id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation<'a> {
    execution_successful: bool,
    end_time_utc: String,
    tool_execution_notifications: &'a [Notice],
}

impl Notices {
    /// Adds what keeps an image from having a result.
    pub(super) fn image(&mut self, place: &Place<'_>, image: &ImageRecord) {
        if !status(image).is_trouble() {
            return;
        }
        let reason = reason(image);
        let name = Distinct(place.image_name(&image.image));
        self.add(Notice {
            level: "error",
            message: Text::message(&format!("{name} has no valid result: {}", reason.text)),
            descriptor: Some(Descriptor { id: reason.code }),
            locations: vec![Location::at(place.image_name(&image.image).to_string())],
        });
    }

    /// Adds what a repository's record says beside its images.
    pub(super) fn gaps(&mut self, place: &Place<'_>, record: &RepositoryRecord) {
        for gap in gaps(record) {
            let name = gap.name.unwrap_or(&place.uri);
            let message = Text::message(&format!("{name}: {}", gap.reason));
            self.add(Notice { level: "error", message, descriptor: None, locations: Vec::new() });
        }
    }

    /// Adds what must not be overlooked.
    pub(super) fn closing(&mut self, closing: &Closing) {
        for alert in alerts(closing) {
            let level = if alert.is_error { "error" } else { "warning" };
            let message = Text::message(&alert.text);
            self.add(Notice { level, message, descriptor: None, locations: Vec::new() });
        }
    }

    pub(super) fn invocation(&mut self, end_time_utc: String) -> Invocation<'_> {
        let more = std::mem::take(&mut self.uncounted);
        if more > 0 {
            let message = Text::message(&format!("and {more} more, of which the report as JSON tells"));
            self.kept.push(Notice { level: "error", message, descriptor: None, locations: Vec::new() });
        }
        Invocation {
            execution_successful: !self.any_error,
            end_time_utc,
            tool_execution_notifications: &self.kept,
        }
    }

    fn add(&mut self, notice: Notice) {
        self.any_error |= notice.level == "error";
        if self.kept.len() < MOST {
            self.kept.push(notice);
        } else {
            self.uncounted += 1;
        }
    }
}

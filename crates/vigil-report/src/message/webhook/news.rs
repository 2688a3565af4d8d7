//! The document: which message it is, and what it says.

use serde::Serialize;
use vigil_core::port::Parcel;

use super::kind::{MessageView, Told};
use crate::json::Text;
use crate::message::cut::{Limits, fitted};

/// A change of the format that a reader could stumble over gets another number.
const SCHEMA_VERSION: &str = "1";

/// What receivers take without being asked is 1 MiB, headers included: that is where nginx refuses with 413.
const BODY: usize = 768 * 1024;

/// All that there is, within reason: receivers parse it before they look at it.
pub(in crate::message) const WEBHOOK_LIMITS: Limits =
    Limits { messages: 1_000, entries: 2_000, names: 1_000, upgrades: 1_000, prose: 4_000 };

/// A message on its way, as programs read it.
#[derive(Serialize)]
pub(in crate::message) struct News<'a> {
    schema_version: &'static str,
    id: &'a str,
    route: &'a str,
    sink: &'a str,
    since: Text<jiff::Timestamp>,
    message: Told<'a>,
}

impl<'a> News<'a> {
    pub(in crate::message) fn of(parcel: &'a Parcel, limits: Limits) -> Self {
        let Parcel { id, route, sink, message, since, attempts: _, reached: _ } = parcel;
        Self {
            schema_version: SCHEMA_VERSION,
            id,
            route: route.as_str(),
            sink: sink.as_str(),
            since: Text(*since),
            message: MessageView::of(message, limits),
        }
    }

    pub(in crate::message) fn json(&self) -> String {
        // Nothing in it can fail to be written as JSON: all keys are texts.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Writes a message as JSON, on one line, in at most 768 KiB.
pub fn webhook(parcel: &Parcel) -> String {
    fitted(WEBHOOK_LIMITS, |limits, _| document(parcel, limits), |body| body.len() <= BODY).0
}

/// No more of a message than this, as JSON on one line.
pub(in crate::message) fn document(parcel: &Parcel, limits: Limits) -> String {
    News::of(parcel, limits).json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples;

    #[test]
    fn receivers_take_every_message_and_what_is_left_out_is_counted() {
        for (name, message) in samples::every() {
            let body = webhook(&samples::parcel(message));
            assert!(body.len() <= BODY, "{name}: {}", body.len());
        }
        let body: serde_json::Value =
            serde_json::from_str(&webhook(&samples::parcel(samples::crowded()))).unwrap();
        let messages = body["message"]["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 50, "something is told of each");
        for message in messages {
            let told = message["changes"].as_array().unwrap().len();
            assert!(told >= 10, "{told}");
            assert_eq!(message["changes_left_out"], 500 - told);
        }
    }
}

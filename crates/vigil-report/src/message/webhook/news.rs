//! The document: which message it is, and what it says.

use serde::Serialize;
use vigil_core::port::Parcel;

use super::kind::{MessageView, Told};
use crate::json::Text;
use crate::message::cut::Limits;

/// A change of the format that a reader could stumble over gets another number.
const SCHEMA_VERSION: &str = "1";

/// All that there is, within what receivers take without being asked: they parse it before they look at it.
pub const WEBHOOK_LIMITS: Limits =
    Limits { messages: 1_000, entries: 10_000, names: 1_000, upgrades: 1_000, prose: 4_000 };

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

/// Writes a message as JSON, on one line.
pub fn webhook(parcel: &Parcel, limits: Limits) -> String {
    News::of(parcel, limits).json()
}

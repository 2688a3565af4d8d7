//! The envelope of an event: raw as EventBridge sends it, or wrapped by SNS.
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>

use serde::Deserialize;
use serde_json::Value;
use vigil_core::wake::{Event, EventKind, NotUnderstood};

use super::detail::{finding, image_action, image_scan, inspector_scan};

/// What of the envelope matters: its time, and all that the detail says of findings, are not facts here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Envelope {
    pub(super) detail_type: String,
    #[serde(default)]
    pub(super) account: String,
    #[serde(default)]
    pub(super) region: String,
    #[serde(default)]
    pub(super) resources: Vec<String>,
    #[serde(default)]
    pub(super) detail: Value,
}

/// A message of SNS to a queue whose subscription is not for raw messages.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    r#type: String,
    message: String,
}

/// Reads an event.
///
/// # Errors
///
/// If it is no event, one of a kind that is not known, or one whose repository or image cannot be read.
pub fn event(text: &str) -> Result<Event, NotUnderstood> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| broken("not_json", format!("it is not JSON: {error}")))?;
    let inner = Notification::deserialize(&value).ok().filter(|wrapped| wrapped.r#type == "Notification");
    let value = match inner {
        Some(Notification { message, .. }) => serde_json::from_str(&message).map_err(|error| {
            broken("not_json", format!("the message in the envelope of SNS is not JSON: {error}"))
        })?,
        None => value,
    };
    if !value.get("detail-type").is_some_and(Value::is_string) {
        return Err(broken(
            "no_detail_type",
            "it has no `detail-type`, so that it is no event of EventBridge",
        ));
    }
    let envelope = Envelope::deserialize(value)
        .map_err(|error| broken("invalid", format!("its envelope cannot be read: {error}")))?;
    let (kind, asks) = match envelope.detail_type.as_str() {
        "ECR Image Scan" => (EventKind::ImageScan, image_scan(&envelope).map(Some)),
        "ECR Image Action" => (EventKind::ImageAction, image_action(&envelope)),
        "Inspector2 Scan" => (EventKind::InspectorScan, inspector_scan(&envelope)),
        "Inspector2 Finding" => (EventKind::InspectorFinding, finding(&envelope)),
        other => {
            let what = format!("its detail-type `{}` is not known", other.escape_debug());
            return Err(broken("unknown_detail_type", what));
        }
    };
    Ok(Event { kind, asks: asks? })
}

pub(super) fn broken(code: &'static str, what: impl Into<String>) -> NotUnderstood {
    NotUnderstood { code, what: what.into() }
}

//! What a refused message means for another attempt.

use vigil_core::fault::FaultKind;
use vigil_core::news::{NotDelivered, Retry};

use crate::fault::{Meaning, Refusal};

/// A message that is malformed stays so; credentials, permissions and a topic that is not there yet can be mended before
/// it is given up.
pub(super) fn not_delivered(refusal: Refusal, during: &str) -> NotDelivered {
    let retry = if refusal.meaning == Meaning::Malformed { Retry::Never } else { Retry::Later(None) };
    let fault = refusal.fault(during);
    // Which call it was is told; the kind is said only where the message alone does not say it.
    let reason = match fault.kind {
        FaultKind::Refused => format!("{during}: {}", fault.message),
        _ => fault.to_string(),
    };
    NotDelivered { reason, retry, reached: None }
}

//! What identifies an exception of the settings: what it says. One that is written anew in other words is another one.

use sha2::{Digest, Sha256};
use vigil_core::finding::Severity;
use vigil_core::policy::{Exception, Pattern};

/// The same for the same exception, wherever in a file it stands.
pub fn written_id(exception: &Exception) -> String {
    let Exception { id, package, repository, tag, digest, severity, reason, until, file: _ } = exception;
    let written = |part: Option<String>| part.unwrap_or_default();
    let said = [
        id.clone(),
        written(package.clone()),
        written(repository.as_ref().map(Pattern::to_string)),
        written(tag.as_ref().map(Pattern::to_string)),
        written(digest.map(|digest| digest.to_string())),
        written(severity.as_ref().map(Severity::to_string)),
        reason.clone(),
        written(until.map(|until| until.to_string())),
    ]
    .join("\0");
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(Sha256::digest(said)).for_each(|(byte, hashed)| *byte = hashed);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

//! What a repository's record says beside its images: where something is missing, unread or not reached.

use vigil_core::record::RepositoryRecord;

/// Something of which there is no result. It never reads as an absence of findings.
pub(crate) struct Gap<'a> {
    /// What was asked for by name; `None` if it is the repository itself.
    pub(crate) name: Option<&'a str>,
    /// What is the matter, in a word or two.
    pub(crate) word: &'static str,
    /// Why there is no result.
    pub(crate) reason: String,
}

/// The gaps of a repository, in the order in which every format tells them.
pub(crate) fn gaps(record: &RepositoryRecord) -> impl Iterator<Item = Gap<'_>> {
    let missing = record.missing.iter().map(|name| Gap {
        name: Some(name),
        word: "missing",
        reason: "there is no such image or repository".to_owned(),
    });
    let unread =
        record.unread.iter().map(|fault| Gap { name: None, word: "not read", reason: fault.to_string() });
    let unreached = record.not_reached.then(|| Gap {
        name: None,
        word: "not reached",
        reason: "the pass ended before it was looked at".to_owned(),
    });
    missing.chain(unread).chain(unreached)
}

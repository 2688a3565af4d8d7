//! What a rule answers: where, which rule, what is wrong and why it matters.

use std::fmt;

/// One thing that is not as the house rules want it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Violation {
    /// The file, from the root of the workspace.
    pub(super) path: String,
    /// Counted from one.
    pub(super) line: usize,
    /// The name of the rule.
    pub(super) rule: &'static str,
    /// What was found, and why it may not be there.
    pub(super) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.path, self.line, self.rule, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_a_place_that_an_editor_can_open() {
        let violation =
            Violation { path: "a/b.rs".into(), line: 7, rule: "opening", what: "says nothing".into() };
        assert_eq!(violation.to_string(), "a/b.rs:7: opening: says nothing");
    }
}

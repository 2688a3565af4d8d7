//! Texts as SARIF wants them.

use serde::Serialize;

use crate::line::{clipped, plain};

/// A message or a description.
#[derive(Serialize)]
pub(super) struct Text {
    pub(super) text: String,
}

/// A text for tools that know no Markdown, and for those that do.
#[derive(Serialize)]
pub(super) struct Help {
    pub(super) text: String,
    pub(super) markdown: String,
}

impl Text {
    /// A message: its brackets would be links and its braces placeholders.
    pub(super) fn message(said: &str) -> Self {
        let mut text = String::with_capacity(said.len());
        for c in plain(said).chars() {
            match c {
                '\\' | '[' | ']' => text.extend(['\\', c]),
                '{' | '}' => text.extend([c, c]),
                _ => text.push(c),
            }
        }
        Self { text }
    }

    /// A description, cut where GitHub would refuse it.
    pub(super) fn description(said: &str) -> Self {
        Self { text: clipped(&plain(said), 1_024) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_neither_a_link_nor_a_placeholder() {
        assert_eq!(Text::message("[a](http://evil) {0}\n\\").text, "\\[a\\](http://evil) {{0}} \\\\");
    }
}

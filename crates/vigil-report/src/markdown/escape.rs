//! Texts from outside as Markdown that shows them as they are.

use crate::line::plain;

/// The text on one line, without a meaning in Markdown or HTML: no link, no table, no name that would be told of it.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // Even escaped it would call somebody: only something between it and the name keeps it from that.
            '@' => escaped.push_str("@<!-- -->"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' | '$' => {
                escaped.extend(['\\', c]);
            }
            _ => escaped.push(c),
        }
    }
    // What looks like an address becomes a link by itself.
    escaped.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_a_meaning() {
        assert_eq!(
            escaped("<b>|`x`\n[a](http://b) @org/team #1 &lt;"),
            "&lt;b&gt;\\|\\`x\\` \\[a\\]\\(http:<!-- -->//b\\) @<!-- -->org/team \\#1 &amp;lt;"
        );
    }
}

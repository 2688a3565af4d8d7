//! Lines for people. Texts from outside cannot break the layout or the terminal: whatever is written goes through here.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

/// Writes lines of text without control characters.
pub(crate) struct Lines<'w> {
    out: &'w mut dyn Write,
    line: String,
}

impl<'w> Lines<'w> {
    pub(crate) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, line: String::new() }
    }

    /// Writes one line.
    pub(crate) fn line(&mut self, text: impl fmt::Display) -> io::Result<()> {
        self.line.clear();
        // Only a Display that reports an error could fail here, and none of ours does.
        write!(self.line, "{text}").map_err(io::Error::other)?;
        if !self.line.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            self.line = plain(&self.line);
        }
        self.line.truncate(self.line.trim_end().len());
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }

    /// Writes an empty line.
    pub(crate) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }
}

/// The text on one line: white space becomes a space; control characters, and those that turn the direction of writing
/// around, are dropped.
pub(crate) fn plain(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' => {}
            _ if c.is_whitespace() => plain.push(' '),
            _ if c.is_control() || turns(c) => {}
            _ => plain.push(c),
        }
    }
    plain
}

/// The text with at most so many characters.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_stays_on_its_line() {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out);
        lines.line("one\r\ntwo\tthree\u{1b}[31m red\u{7}\u{9b}2J").unwrap();
        lines.line("grün \u{202e}txet").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "one two three[31m red2J\ngrün txet\n");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(clipped("äbc", 3), "äbc");
        assert_eq!(clipped("äbcd", 3), "äb…");
    }
}

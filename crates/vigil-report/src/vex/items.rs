//! The items of a document's lists, written as they come, and an id for all that was written.

use std::io::{self, Write};

use serde::Serialize;

use crate::hash::Parts;

/// Lists on their way, one after the other.
pub(super) struct Items {
    said: Parts,
    any: bool,
    line: Vec<u8>,
}

impl Items {
    /// For a document of this kind.
    pub(super) fn of(kind: &str) -> Self {
        Self { said: Parts::of(&[kind]), any: false, line: Vec::new() }
    }

    /// Writes the next item of a list.
    pub(super) fn put(&mut self, out: &mut dyn Write, item: &impl Serialize) -> io::Result<()> {
        let comma: &[u8] = if self.any { b",\n" } else { b"\n" };
        self.any = true;
        self.line.clear();
        self.line.extend_from_slice(comma);
        serde_json::to_writer(&mut self.line, item)?;
        self.said.add(&self.line);
        out.write_all(&self.line)
    }

    /// What comes next is another list.
    pub(super) fn end_list(&mut self) {
        self.any = false;
    }

    /// Counts something else as said.
    pub(super) fn say(&mut self, said: &str) {
        self.said.add(said.as_bytes());
    }

    /// The id of the document, which follows from what it says.
    pub(super) fn urn(&mut self) -> String {
        std::mem::replace(&mut self.said, Parts::new()).urn()
    }
}

//! How many tests passed and failed, read from the runner's own words as they stream by.

use std::fmt;

/// The line with which the runner closes each test program.
const SUMMARY: &str = "test result:";

/// The count so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
    summaries: u64,
    line: Vec<u8>,
}

impl Tally {
    /// Takes a piece of output, cut anywhere.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.take_line();
            }
        }
    }

    /// True when not one test program came to its end.
    pub(super) fn is_empty(&self) -> bool {
        self.summaries == 0
    }

    /// True when some test failed.
    pub(super) fn has_failures(&self) -> bool {
        self.failed > 0
    }

    fn take_line(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let Some(summary) = line.strip_prefix(SUMMARY) else { return };
        if let (Some(passed), Some(failed)) = (count(summary, "passed"), count(summary, "failed")) {
            self.passed += passed;
            self.failed += failed;
            self.summaries += 1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The number before `word` in `ok. 3 passed; 1 failed; …`.
fn count(summary: &str, word: &str) -> Option<u64> {
    let mut words = summary.split([' ', ';', '.']).filter(|part| !part.is_empty()).peekable();
    while let Some(number) = words.next() {
        if words.peek() == Some(&word) {
            return number.parse().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_PROGRAMS: &str = "\
running 3 tests
test a ... ok

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.01s

     Running tests/it/main.rs
test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.23s
";

    #[track_caller]
    fn check(output: &str, expected: &str) {
        for size in [1, 7, output.len().max(1)] {
            let mut tally = Tally::default();
            output.as_bytes().chunks(size).for_each(|chunk| tally.feed(chunk));
            assert_eq!(tally.to_string(), expected, "in chunks of {size}: {output}");
        }
    }

    #[test]
    fn the_summaries_of_all_programs_add_up_wherever_the_output_is_cut() {
        check(TWO_PROGRAMS, "42 passed, 1 failed");
    }

    #[test]
    fn only_a_line_that_begins_as_a_summary_counts() {
        check("it said test result: ok. 9 passed; 9 failed;\n", "0 passed, 0 failed");
        check("test result: of a very different kind\n", "0 passed, 0 failed");
        check("", "0 passed, 0 failed");
    }

    #[test]
    fn a_run_that_never_got_to_a_test_is_told_from_one_without_tests() {
        let mut tally = Tally::default();
        tally.feed(b"error: could not compile\n");
        assert!(tally.is_empty());
        tally.feed(b"test result: ok. 0 passed; 0 failed; 0 ignored\n");
        assert!(!tally.is_empty() && !tally.has_failures());
    }
}

//! A Rust file as the rules look at it: its text, its tokens, its syntax, and which of its lines are tests.

use super::{
    tokens::{Token, flatten},
    violation::Violation,
};
use proc_macro2::{Span, TokenStream};
use std::ops::RangeInclusive;
use syn::{Attribute, token::Brace, visit::Visit};

/// One parsed file.
pub(super) struct Source {
    /// From the root of the workspace, with `/` between the parts.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
    pub(super) syntax: syn::File,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Parses `text`; code that does not parse cannot be checked, which is a violation itself.
    pub(super) fn parse(path: &str, text: &str) -> Result<Self, Violation> {
        let failed = |line, what: String| Violation {
            path: path.to_owned(),
            line,
            rule: "syntax",
            what: format!("does not parse, so that no rule can be checked: {what}"),
        };
        let stream: TokenStream = text
            .parse()
            .map_err(|error: proc_macro2::LexError| failed(error.span().start().line, error.to_string()))?;
        let syntax: syn::File = syn::parse2(stream.clone())
            .map_err(|error| failed(error.span().start().line, error.to_string()))?;
        let mut tests = TestLines::default();
        tests.visit_file(&syntax);
        let (path, text) = (path.to_owned(), text.to_owned());
        Ok(Self { path, text, tokens: flatten(stream), syntax, test_lines: tests.0 })
    }

    /// True for a file of tests: under `tests/`, or a test module in a file of its own.
    pub(super) fn is_test_file(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// True for an example.
    pub(super) fn is_example(&self) -> bool {
        self.path.split('/').any(|part| part == "examples")
    }

    /// True when `line` is only compiled for tests.
    pub(super) fn is_test(&self, line: usize) -> bool {
        self.is_test_file() || self.test_lines.iter().any(|range| range.contains(&line))
    }

    /// What a rule answers about this file.
    pub(super) fn violation(&self, line: usize, rule: &'static str, what: impl Into<String>) -> Violation {
        Violation { path: self.path.clone(), line, rule, what: what.into() }
    }
}

/// The lines of test modules and test functions.
#[derive(Default)]
struct TestLines(Vec<RangeInclusive<usize>>);

impl TestLines {
    /// From the word that opens an item to its closing brace.
    fn take(&mut self, attributes: &[Attribute], opening: Span, body: &Brace) {
        if attributes.iter().any(marks_a_test) {
            self.0.push(opening.start().line..=body.span.close().end().line);
        }
    }
}

impl<'ast> Visit<'ast> for TestLines {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let Some((brace, _)) = &item.content else { return };
        self.take(&item.attrs, item.mod_token.span, brace);
        syn::visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.take(&item.attrs, item.sig.fn_token.span, &item.block.brace_token);
        syn::visit::visit_item_fn(self, item);
    }
}

/// `#[cfg(test)]`, `#[test]`, and the tests of a runtime such as `#[tokio::test]`.
fn marks_a_test(attribute: &Attribute) -> bool {
    let path = attribute.path();
    if path.is_ident("cfg") {
        return attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"));
    }
    path.segments.last().is_some_and(|last| last.ident == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
//! A file.
fn plain() {
    work();
}
#[cfg(test)]
mod tests {
    #[test]
    fn a() {}
}
#[tokio::test]
async fn b() {
    work();
}
#[cfg(any(test, feature = \"testing\"))]
mod testing {}
";

    #[test]
    fn lines_of_test_modules_and_test_functions_are_tests() {
        let source = Source::parse("crates/a/src/a.rs", FILE).unwrap();
        let tests: Vec<usize> = (1..=15).filter(|line| source.is_test(*line)).collect();
        assert_eq!(tests, [6, 7, 8, 9, 11, 12, 13]);
    }

    #[track_caller]
    fn check_test_file(path: &str, expected: bool) {
        let source = Source::parse(path, "//! A file.\n").unwrap();
        assert_eq!(source.is_test_file(), expected, "{path}");
    }

    #[test]
    fn files_of_tests_are_told_by_their_place() {
        check_test_file("crates/a/tests/it/main.rs", true);
        check_test_file("crates/a/src/plan/tests.rs", true);
        check_test_file("crates/a/src/plan/tests/budget.rs", true);
        check_test_file("crates/a/src/testing/clock.rs", false);
    }

    #[test]
    fn a_file_that_does_not_parse_is_named_with_its_line() {
        let violation = Source::parse("a.rs", "//! A file.\nfn a( {}\n").err().unwrap();
        assert_eq!((violation.line, violation.rule), (2, "syntax"));
        let violation = Source::parse("a.rs", "//! A file.\nfn fn a() {}\n").err().unwrap();
        assert_eq!((violation.line, violation.rule), (2, "syntax"));
    }
}

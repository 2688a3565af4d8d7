//! Nothing is left for later in the tree: no marks in comments, no macros in place of code, no test that is skipped.

use super::{source::Source, tokens, violation::Violation};

// In pieces, so that this file does not find itself.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

const MACROS: [&str; 2] = ["todo", "unimplemented"];

/// Marks in a text that people write: code, documents, manifests, scripts.
pub(super) fn check_text(path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        for word in words.filter(|word| MARKS.contains(word)) {
            let what = format!("`{word}`: do it now, or write down why it is not done");
            violations.push(Violation { path: path.to_owned(), line: number + 1, rule: "leftover", what });
        }
    }
    violations
}

/// Macros in place of code, and skipped tests.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for name in MACROS {
        for line in tokens::lines_of(&source.tokens, &[name, "!"]) {
            violations.push(source.violation(
                line,
                "leftover",
                format!("`{name}!` stands where code should be"),
            ));
        }
    }
    for line in skipped_tests(source) {
        violations.push(source.violation(
            line,
            "leftover",
            "a skipped test proves nothing: mend it or remove it",
        ));
    }
    violations
}

/// Attributes that begin with `ignore`, or that apply it on a condition.
fn skipped_tests(source: &Source) -> Vec<usize> {
    let mut lines = tokens::lines_of(&source.tokens, &["#", "[", "ignore"]);
    for start in tokens::lines_of(&source.tokens, &["#", "[", "cfg_attr"]) {
        let attribute = source.tokens.iter().skip_while(|token| token.line < start);
        if attribute.take_while(|token| token.text != "]").any(|token| token.text == "ignore") {
            lines.push(start);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_code(text: &str, expected: &[usize]) {
        let found = check(&Source::parse("a.rs", text).unwrap());
        assert_eq!(found.iter().map(|found| found.line).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn a_mark_is_found_in_any_text_as_a_word() {
        for mark in MARKS {
            assert_eq!(check_text("a.md", &format!("fine\n// {mark}: later\n"))[0].line, 2);
            assert_eq!(check_text("a.md", &format!("{mark}L and mas{mark} and {mark}_A\n")), []);
        }
    }

    #[test]
    fn a_macro_in_place_of_code_is_found() {
        check_code("fn a() {\n    todo!()\n}\n", &[2]);
        check_code("fn a() {\n    unimplemented!(\"later\")\n}\n", &[2]);
        check_code("fn todo() { unreachable!() }\n", &[]);
    }

    #[test]
    fn a_skipped_test_is_found() {
        check_code("#[test]\n#[ignore]\nfn a() {}\n", &[2]);
        check_code("#[test]\n#[ignore = \"slow\"]\nfn a() {}\n", &[2]);
        check_code("#[test]\n#[cfg_attr(windows, ignore)]\nfn a() {}\n", &[2]);
        check_code("#[cfg_attr(windows, inline)]\nfn ignore() { ignore() }\n", &[]);
    }
}

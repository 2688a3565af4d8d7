//! Golden files: what people see, with what differs from day to day taken out.

use regex::Regex;

/// Patterns of what differs, and what stands in its place.
const VOLATILE: [(&str, &str); 5] = [
    // In a table the time may stand on the next line; of today it is said without the date.
    (r"\b(from|by)\s+(\d{4}-\d\d-\d\d\s+)?\d\d:\d\dZ?", "$1 (time)"),
    (r"\b[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000", "(date)"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "(time)"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"/tmp/[A-Za-z0-9._-]+", "(directory)"),
];

/// Compares a text with the golden file of this name.
#[track_caller]
pub(crate) fn golden(name: &str, text: &str) {
    let text = VOLATILE.iter().fold(text.to_owned(), |text, (pattern, stand_in)| {
        Regex::new(pattern).unwrap().replace_all(&text, *stand_in).into_owned()
    });
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

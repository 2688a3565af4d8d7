//! Whether a file holds a doc test. cargo runs doc tests apart from all others, and last: without any, that run would
//! cost time and end the output with a summary of nothing.

/// Words after the opening of a code block that keep it a test. Any other word makes it a picture.
const STILL_A_TEST: [&str; 4] = ["rust", "should_panic", "no_run", "compile_fail"];

/// True when the documentation in `text` holds a code block that rustdoc would build.
pub(super) fn holds_one(text: &str) -> bool {
    let mut inside = false;
    for fence in text.lines().filter_map(fence) {
        if !inside && is_test(fence) {
            return true;
        }
        inside = !inside;
    }
    false
}

/// The words after the marks that open or close a code block in documentation.
fn fence(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let documentation = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
    documentation.trim_start().strip_prefix("```")
}

fn is_test(words: &str) -> bool {
    let mut words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.all(|word| STILL_A_TEST.contains(&word) || word.starts_with("edition"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(holds_one(text), expected, "{text}");
    }

    #[test]
    fn a_block_without_a_word_or_in_rust_is_a_doc_test() {
        check("/// ```\n/// let a = 1;\n/// ```\n", true);
        check("    //! ```rust,no_run\n    //! ```\n", true);
        check("/// ```text\n/// picture\n/// ```\n/// ```\n/// a();\n/// ```\n", true);
    }

    #[test]
    fn pictures_and_plain_comments_are_not() {
        check("/// ```text\n/// picture\n/// ```\nfn a() {}\n", false);
        check("/// ```rust,ignore\n/// ```\n", false);
        check("// ```\n// let a = 1;\n// ```\n", false);
        check("fn a() {}\n", false);
    }
}

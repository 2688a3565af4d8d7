//! Tests and examples never sleep: what they wait for is either said by a value or not worth waiting for.

use super::{source::Source, tokens, violation::Violation};

const SLEEPS: [(&str, &str); 3] = [("thread", "sleep"), ("time", "sleep"), ("time", "sleep_until")];

/// Every sleep in a test or in an example.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (parent, name) in SLEEPS {
        let lines = tokens::lines_of_path(&source.tokens, parent, name);
        for line in lines.into_iter().filter(|line| source.is_test(*line) || source.is_example()) {
            let what = format!(
                "`{parent}::{name}` in a test: time is a value; move a manual clock, or wait for what happens"
            );
            violations.push(source.violation(line, "sleep", what));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(path: &str, line: &str, expected: bool) {
        let source = Source::parse(path, &format!("//! A file.\nfn a() {{ {line}; }}\n")).unwrap();
        assert_eq!(!check(&source).is_empty(), expected, "{path}: {line}");
    }

    #[test]
    fn tests_and_examples_do_not_sleep() {
        check_line("crates/a/tests/it/a.rs", "std::thread::sleep(second)", true);
        check_line("crates/a/tests/it/a.rs", "tokio::time::sleep(second).await", true);
        check_line("crates/a/examples/a.rs", "tokio::time::sleep_until(then).await", true);
        check_line("crates/a/src/a/tests.rs", "tokio::select! { () = time::sleep(second) => {} }", true);
        check_line("crates/a/tests/it/a.rs", "tokio::time::timeout(second, answer).await", false);
    }

    #[test]
    fn a_test_module_inside_a_file_does_not_sleep_either() {
        let module = "//! A.\n#[cfg(test)]\nmod tests {\n    fn a() { thread::sleep(second); }\n}\n";
        let found = check(&Source::parse("crates/a/src/a.rs", module).unwrap());
        assert_eq!(found.iter().map(|found| found.line).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn elsewhere_it_is_for_clippy_to_say() {
        check_line("crates/a/src/clock.rs", "tokio::time::sleep(second).await", false);
    }
}

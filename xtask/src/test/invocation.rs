//! Which arguments make `cargo test` run what was asked for, and everything when nothing was.

use std::ffi::{OsStr, OsString};

/// With one of these the caller names packages, which `--workspace` would override.
const PACKAGES: [&str; 4] = ["-p", "--package", "--workspace", "--exclude"];

/// With one of these the caller names targets, to which ours would add all the others.
const TARGETS: [&str; 10] = [
    "--lib",
    "--bin",
    "--bins",
    "--test",
    "--tests",
    "--example",
    "--examples",
    "--bench",
    "--benches",
    "--doc",
];

/// `--tests` are the unit tests of libraries and programs too.
pub(super) fn of_tests(asked: &[OsString]) -> Vec<OsString> {
    let own = asked.iter().take_while(|argument| *argument != "--");
    let names = |flags: &[&str]| own.clone().any(|argument| flags.iter().any(|flag| is_flag(argument, flag)));

    // One failing test program must not hide what the others have to say.
    let mut arguments = vec!["test", "--no-fail-fast"];
    if !names(&PACKAGES) {
        arguments.push("--workspace");
    }
    if !names(&TARGETS) {
        arguments.push("--tests");
    }
    arguments.into_iter().map(OsString::from).chain(asked.iter().cloned()).collect()
}

/// The examples. A test runs one as a user would: only a plain build puts it where one finds it.
pub(super) fn of_examples() -> Vec<OsString> {
    ["build", "--quiet", "--workspace", "--examples"].map(OsString::from).to_vec()
}

/// The doc tests, which are in no target that can be asked for together with others.
pub(super) fn of_doc_tests() -> Vec<OsString> {
    ["test", "--no-fail-fast", "--workspace", "--doc"].map(OsString::from).to_vec()
}

/// `--flag`, `--flag=value`, and for short ones `-fvalue`.
fn is_flag(argument: &OsStr, flag: &str) -> bool {
    let Some(rest) = argument.to_str().and_then(|text| text.strip_prefix(flag)) else { return false };
    rest.is_empty() || rest.starts_with('=') || !flag.starts_with("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: &str, expected: &str) {
        let asked: Vec<OsString> = asked.split_whitespace().map(OsString::from).collect();
        assert_eq!(of_tests(&asked).join(OsStr::new(" ")), OsStr::new(expected));
    }

    #[test]
    fn everything_is_run_unless_something_is_named() {
        check("", "test --no-fail-fast --workspace --tests");
        check("due", "test --no-fail-fast --workspace --tests due");
        check("-p vigil-core due", "test --no-fail-fast --tests -p vigil-core due");
        check("-pvigil-core", "test --no-fail-fast --tests -pvigil-core");
        check("--package=vigil-core --lib", "test --no-fail-fast --package=vigil-core --lib");
        check("--test it", "test --no-fail-fast --workspace --test it");
    }

    #[test]
    fn what_is_meant_for_the_test_program_names_nothing() {
        check("due -- --test-threads=1", "test --no-fail-fast --workspace --tests due -- --test-threads=1");
        check("-- --test it", "test --no-fail-fast --workspace --tests -- --test it");
    }
}

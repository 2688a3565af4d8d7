//! What the tests that are asked for need beside themselves: preparing the rest would only cost time.

use std::ffi::OsString;

/// With one of these the caller names the packages to be tested.
const PACKAGE: [&str; 2] = ["-p", "--package"];

/// Packages whose tests talk to PostgreSQL.
const POSTGRES: [&str; 3] = ["vigil-store", "ecr-vigil", "xtask"];

/// Packages whose tests show metrics to Prometheus.
const PROMETHEUS: [&str; 1] = ["ecr-vigil"];

/// Packages whose tests run examples, whosever they are.
const EXAMPLES: [&str; 1] = ["ecr-vigil"];

/// What has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) postgres: bool,
    pub(super) prometheus: bool,
    pub(super) examples: bool,
}

impl Needs {
    /// What the tests need that these arguments of `cargo test` name.
    pub(super) fn of(asked: &[OsString]) -> Self {
        let named = packages(asked);
        let any_of = |packages: &[&str]| {
            named.is_empty()
                || named.iter().any(|named| packages.iter().any(|package| covers(named, package)))
        };
        Self { postgres: any_of(&POSTGRES), prometheus: any_of(&PROMETHEUS), examples: any_of(&EXAMPLES) }
    }
}

/// The packages by name; none: all of them.
fn packages(asked: &[OsString]) -> Vec<String> {
    let own = asked.iter().map(|argument| argument.to_string_lossy()).take_while(|argument| argument != "--");
    let mut named = Vec::new();
    let mut follows = false;
    for argument in own {
        if follows {
            named.push(argument.into_owned());
            follows = false;
        } else if PACKAGE.contains(&argument.as_ref()) {
            follows = true;
        } else if let Some(name) = argument.strip_prefix("--package=") {
            named.push(name.to_owned());
        } else if let Some(name) = argument.strip_prefix("-p") {
            named.push(name.trim_start_matches('=').to_owned());
        }
    }
    named
}

/// cargo takes patterns too: one of them may mean any package.
fn covers(named: &str, package: &str) -> bool {
    named == package || named.contains(['*', '?', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: &str, postgres: bool, of_the_program: bool) {
        let arguments: Vec<OsString> = asked.split_whitespace().map(OsString::from).collect();
        assert_eq!(
            Needs::of(&arguments),
            Needs { postgres, prometheus: of_the_program, examples: of_the_program },
            "{asked}"
        );
    }

    #[test]
    fn all_tests_need_everything() {
        check("", true, true);
        check("due", true, true);
        check("--workspace", true, true);
        check("-- -p vigil-core", true, true);
    }

    #[test]
    fn the_tests_of_a_package_need_its_own() {
        check("-p vigil-core due", false, false);
        check("-pvigil-core", false, false);
        check("--package=xtask", true, false);
        check("-p vigil-store", true, false);
        check("-p=vigil-store", true, false);
        check("--package ecr-vigil -- help", true, true);
        check("-p vigil-core -p vigil-store", true, false);
        check("-p vigil-*", true, true);
    }
}

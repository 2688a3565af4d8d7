//! What has a home: each thing that may be done in few places only, with those places and the reason. To give a thing
//! another home, add a line here and say why.

use super::{source::Source, tokens, violation::Violation};

/// Something that is kept at home.
struct Kept {
    rule: &'static str,
    signs: &'static [Sign],
    why: &'static str,
    homes: &'static [Home],
    /// Tests and examples stand outside the program and may do it too.
    free_in_tests: bool,
}

/// How it shows in the code.
enum Sign {
    /// `parent::name`.
    Path(&'static str, &'static str),
    /// Any name that begins so.
    Prefix(&'static str),
}

/// A file, or a directory that ends with `/`, and what makes it a home.
struct Home(&'static str, &'static str);

const CHORES: Home = Home("xtask/", "chores work on the environment, on files and on processes");

const KEPT: [Kept; 5] = [
    Kept {
        rule: "clock",
        signs: &[
            Sign::Path("SystemTime", "now"),
            Sign::Path("Instant", "now"),
            Sign::Path("Timestamp", "now"),
            Sign::Path("Zoned", "now"),
        ],
        why: "time is an argument, so that a test can say what time it is",
        homes: &[
            Home("crates/vigil-aws/src/clock.rs", "the clock of the running program, and of its pace"),
            Home("crates/vigil-core/src/testing/clock.rs", "the paused time of tests"),
            Home("crates/vigil-sim/src/clock.rs", "the simulator lives in its own time"),
            Home("crates/vigil-store/examples/measure.rs", "what is measured is time"),
            CHORES,
        ],
        free_in_tests: false,
    },
    Kept {
        rule: "environment",
        signs: &[
            Sign::Path("env", "var"),
            Sign::Path("env", "var_os"),
            Sign::Path("env", "vars"),
            Sign::Path("env", "vars_os"),
        ],
        why: "only the configuration reads the environment, so that `config show` can name every source",
        homes: &[Home("crates/ecr-vigil/src/config/", "settings as written"), CHORES],
        free_in_tests: true,
    },
    Kept {
        rule: "files",
        signs: &[
            Sign::Path("fs", "read"),
            Sign::Path("fs", "read_to_string"),
            Sign::Path("fs", "read_dir"),
            Sign::Path("File", "open"),
        ],
        why: "only the configuration reads files, and an adapter its own; everything else is given values",
        homes: &[
            Home("crates/ecr-vigil/src/config/", "settings and policies as written"),
            Home(
                "crates/vigil-intel/src/file.rs",
                "a catalogue is read again and again, from where the settings say",
            ),
            Home("crates/vigil-store/src/sqlite/file.rs", "a database is looked at before it is opened"),
            CHORES,
        ],
        free_in_tests: true,
    },
    Kept {
        rule: "exit",
        signs: &[Sign::Path("process", "exit")],
        why: "only `exit.rs` ends the process, with a documented code",
        homes: &[Home("crates/ecr-vigil/src/exit.rs", "the list of exit codes"), CHORES],
        free_in_tests: false,
    },
    Kept {
        rule: "sdk",
        signs: &[Sign::Prefix("aws_sdk_"), Sign::Prefix("aws_config"), Sign::Prefix("aws_smithy")],
        why: "only vigil-aws speaks to AWS; no type of its SDK leaves that crate",
        homes: &[Home("crates/vigil-aws/", "how AWS says things")],
        free_in_tests: true,
    },
];

/// What in this file is not at home.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    KEPT.iter()
        .filter(|kept| !kept.homes.iter().any(|home| home.holds(&source.path)))
        .flat_map(|kept| strays(source, kept))
        .collect()
}

fn strays(source: &Source, kept: &Kept) -> Vec<Violation> {
    let free = |line| kept.free_in_tests && (source.is_test(line) || source.is_example());
    kept.signs
        .iter()
        .flat_map(|sign| sign.find(source))
        .filter(|(line, _)| !free(*line))
        .map(|(line, found)| source.violation(line, kept.rule, kept.explain(&found)))
        .collect()
}

impl Kept {
    fn explain(&self, found: &str) -> String {
        let homes: Vec<String> =
            self.homes.iter().map(|Home(path, reason)| format!("{path} ({reason})")).collect();
        format!("`{found}` is not at home here: {}; its home is {}", self.why, homes.join(", "))
    }
}

impl Home {
    fn holds(&self, path: &str) -> bool {
        if self.0.ends_with('/') { path.starts_with(self.0) } else { path == self.0 }
    }
}

impl Sign {
    fn find(&self, source: &Source) -> Vec<(usize, String)> {
        match self {
            Self::Path(parent, name) => {
                let lines = tokens::lines_of_path(&source.tokens, parent, name);
                lines.into_iter().map(|line| (line, format!("{parent}::{name}"))).collect()
            }
            Self::Prefix(prefix) => {
                let named = source.tokens.iter().filter(|token| token.text.starts_with(prefix));
                named.map(|token| (token.line, token.text.clone())).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(path: &str, line: &str, expected: Option<&str>) {
        let text = format!("//! A file.\nfn a() {{\n    {line};\n}}\n");
        let violations = check(&Source::parse(path, &text).unwrap());
        let found: Vec<(usize, &str)> = violations.iter().map(|found| (found.line, found.rule)).collect();
        let expected: Vec<(usize, &str)> = expected.map(|rule| (3, rule)).into_iter().collect();
        assert_eq!(found, expected, "{path}: {line}");
    }

    #[test]
    fn the_clock_has_its_homes() {
        let core = "crates/vigil-core/src/due.rs";
        check_line(core, "std::time::SystemTime::now()", Some("clock"));
        check_line(core, "tokio::time::Instant::now()", Some("clock"));
        check_line(core, "let now = Timestamp::now()", Some("clock"));
        check_line(core, "assert!(jiff::Zoned::now() > then)", Some("clock"));
        check_line("crates/vigil-core/tests/it/due.rs", "Timestamp::now()", Some("clock"));
        check_line("crates/vigil-aws/src/clock.rs", "Timestamp::now()", None);
        check_line("crates/vigil-sim/src/clock.rs", "Instant::now()", None);
    }

    #[test]
    fn a_stray_is_told_why_and_where_its_home_is() {
        let stray =
            Source::parse("crates/vigil-core/src/plan.rs", "//! A.\nuse aws_sdk_ecr::Client;\n").unwrap();
        let what = "`aws_sdk_ecr` is not at home here: only vigil-aws speaks to AWS; no type of its SDK leaves that \
                    crate; its home is crates/vigil-aws/ (how AWS says things)";
        assert_eq!(check(&stray)[0].what, what);
    }

    #[test]
    fn the_environment_is_read_by_the_configuration() {
        check_line("crates/ecr-vigil/src/cli.rs", "std::env::var(\"A\")", Some("environment"));
        check_line("crates/vigil-aws/src/session.rs", "env::vars_os()", Some("environment"));
        check_line("crates/ecr-vigil/src/config/raw.rs", "std::env::vars()", None);
        check_line("crates/ecr-vigil/tests/it/main.rs", "env::var(\"VIGIL_TEST_PYTHON\")", None);
        check_line("crates/ecr-vigil/examples/pass.rs", "env::var(\"A\")", None);
        check_line("crates/ecr-vigil/src/cli.rs", "env::args_os()", None);
    }

    #[test]
    fn files_are_read_by_the_configuration() {
        check_line("crates/vigil-core/src/policy.rs", "std::fs::read_to_string(path)", Some("files"));
        check_line("crates/ecr-vigil/src/command/scan.rs", "tokio::fs::read(path)", Some("files"));
        check_line("crates/ecr-vigil/src/config/raw.rs", "fs::read(path)", None);
        check_line("crates/ecr-vigil/src/command/man.rs", "fs::write(path, page)", None);
    }

    #[test]
    fn the_process_ends_in_one_place() {
        check_line("crates/ecr-vigil/src/command/scan.rs", "std::process::exit(1)", Some("exit"));
        check_line("crates/ecr-vigil/src/exit.rs", "std::process::exit(1)", None);
    }

    #[test]
    fn the_sdk_stays_in_its_crate() {
        check_line("crates/vigil-core/src/port/scanner.rs", "aws_sdk_ecr::Client::new(&c)", Some("sdk"));
        check_line("crates/ecr-vigil/src/compose.rs", "aws_config::defaults(v)", Some("sdk"));
        check_line("crates/vigil-aws/src/session.rs", "aws_config::defaults(v)", None);
        check_line("crates/ecr-vigil/tests/it/moto.rs", "aws_sdk_ecr::Client::new(&c)", None);
    }

    #[test]
    fn a_test_module_is_as_free_as_a_test_file() {
        let text = "//! A.\n#[cfg(test)]\nmod tests {\n    fn a() { std::env::var(\"A\"); }\n}\n";
        assert_eq!(check(&Source::parse("crates/vigil-core/src/due.rs", text).unwrap()), []);
    }
}

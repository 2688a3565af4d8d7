//! Every rule over every file of the project.

use super::{
    direction, files::files, homes, leftovers, shape, source::Source, violation::Violation, waiting,
};
use crate::workspace::Workspace;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What people write. Recorded answers and golden files are what others said, in their own words.
const WRITTEN: [&str; 6] = [".rs", ".toml", ".md", ".sh", ".yml", ".yaml"];

/// A file of the project could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub(crate) struct ReadError {
    path: PathBuf,
    source: io::Error,
}

/// Prints what is not tidy; fails when there is anything.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode, ReadError> {
    let violations = check(&workspace.root)?;
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => Ok(ExitCode::SUCCESS),
        count => {
            eprintln!("{count} not tidy");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn check(root: &Path) -> Result<Vec<Violation>, ReadError> {
    let mut violations = Vec::new();
    for path in files(root).iter().filter(|path| is_written(path)) {
        let file = root.join(path);
        let text = fs::read_to_string(&file).map_err(|source| ReadError { path: file, source })?;
        violations.extend(check_file(path, &text));
    }
    violations.sort();
    Ok(violations)
}

fn is_written(path: &str) -> bool {
    path.starts_with(".ci/") || WRITTEN.iter().any(|ending| path.ends_with(ending))
}

fn check_file(path: &str, text: &str) -> Vec<Violation> {
    let mut violations = leftovers::check_text(path, text);
    if path == "Cargo.toml" || path.ends_with("/Cargo.toml") {
        violations.extend(direction::check(path, text));
    }
    if path.ends_with(".rs") {
        match Source::parse(path, text) {
            Ok(source) => {
                let rules = [shape::check, homes::check, waiting::check, leftovers::check];
                violations.extend(rules.iter().flat_map(|rule| rule(&source)));
            }
            Err(violation) => violations.push(violation),
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let violations = check(root).unwrap();
        let lines: Vec<String> = violations.iter().map(Violation::to_string).collect();
        assert!(lines.is_empty(), "{} not tidy:\n{}", lines.len(), lines.join("\n"));
    }

    #[track_caller]
    fn check_rules(path: &str, text: &str, expected: &[&str]) {
        let mut rules: Vec<&str> = check_file(path, text).iter().map(|violation| violation.rule).collect();
        rules.sort_unstable();
        assert_eq!(rules, expected, "{path}");
    }

    #[test]
    fn a_file_is_asked_all_rules_that_concern_it() {
        let text = "fn a() { env::var(\"A\"); thread::sleep(a); todo!() }\n";
        check_rules("crates/a/src/lib.rs", text, &["declare-only", "environment", "leftover", "opening"]);
        check_rules("crates/a/tests/it/a.rs", text, &["leftover", "opening", "sleep"]);
        check_rules("crates/a/Cargo.toml", "[package]\nname = \"a\"\n", &["direction"]);
        check_rules("docs/a.md", "fn a() { todo!() }\n", &[]);
    }

    #[test]
    fn recorded_answers_are_not_held_to_our_words() {
        assert!(is_written(".ci/run") && is_written("docs/a.md"));
        assert!(!is_written("crates/vigil-aws/tests/answers/findings.json") && !is_written("LICENSE"));
    }
}

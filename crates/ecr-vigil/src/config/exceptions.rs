//! The file of accepted vulnerabilities: `[[exception]]` tables of TOML.

use std::path::Path;

use toml::Value;
use vigil_core::policy::{Exception, Exceptions, InvalidPattern, Pattern};

use super::raw::parse_toml;

/// Reads the file. Every mistake in it is told at once.
pub(super) fn read(path: &str) -> Result<Exceptions, Vec<String>> {
    let text = std::fs::read_to_string(Path::new(path))
        .map_err(|error| vec![format!("the file `{path}` cannot be read: {error}")])?;
    parse(&text)
        .map_err(|problems| problems.into_iter().map(|problem| format!("`{path}`: {problem}")).collect())
}

fn parse(text: &str) -> Result<Exceptions, Vec<String>> {
    let (table, not_toml) = parse_toml(text);
    let mut problems: Vec<String> =
        not_toml.into_iter().map(|problem| format!("not TOML: {problem}")).collect();
    let mut exceptions = Vec::new();
    for (name, value) in table {
        match value {
            Value::Array(values) if name == "exception" => {
                for (place, value) in values.into_iter().enumerate() {
                    let mut own = Vec::new();
                    exceptions.extend(exception(value, &mut own));
                    problems
                        .extend(own.into_iter().map(|problem| format!("exception {}: {problem}", place + 1)));
                }
            }
            _ => problems.push(format!("`{name}` is not known; the file holds [[exception]] tables")),
        }
    }
    if problems.is_empty() { Ok(Exceptions::new(exceptions)) } else { Err(problems) }
}

fn exception(value: Value, problems: &mut Vec<String>) -> Option<Exception> {
    const MEMBERS: [&str; 6] = ["id", "package", "repository", "tag", "reason", "expires"];
    let Value::Table(mut table) = value else {
        problems.push("expected a table: [[exception]]".into());
        return None;
    };
    let unknown = table.keys().filter(|name| !MEMBERS.contains(&name.as_str()));
    problems.extend(unknown.map(|name| format!("`{name}` is not known; there are {}", MEMBERS.join(", "))));
    let mut text = |name: &str| match table.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
        Some(Value::Datetime(date)) if name == "expires" => Ok(Some(date.to_string())),
        Some(other) => Err(format!("`{name}` is {other}: expected a text")),
    };
    let id = text("id").and_then(|id| id.ok_or_else(|| "`id` is missing: such as CVE-2024-3094".into()));
    let reason = text("reason")
        .and_then(|reason| reason.ok_or_else(|| "`reason` is missing: why is it accepted?".into()));
    let repository = text("repository").and_then(pattern);
    let tag = text("tag").and_then(pattern);
    let until = text("expires").and_then(|text| {
        let date = |text: String| {
            text.parse().map_err(|_| format!("`expires` is `{text}`: expected a date such as 2027-01-31"))
        };
        text.map(date).transpose()
    });
    let package = text("package");
    let mut keep = |problem: &String| problems.push(problem.clone());
    let (id, reason) = (id.inspect_err(&mut keep).ok(), reason.inspect_err(&mut keep).ok());
    let (repository, tag) = (repository.inspect_err(&mut keep).ok(), tag.inspect_err(&mut keep).ok());
    let (until, package) = (until.inspect_err(&mut keep).ok(), package.inspect_err(&mut keep).ok());
    Some(Exception {
        id: id?,
        package: package?,
        repository: repository?,
        tag: tag?,
        reason: reason?,
        until: until?,
    })
}

fn pattern(text: Option<String>) -> Result<Option<Pattern>, String> {
    let invalid = |error: InvalidPattern| {
        format!("{error}; expected a glob such as team/*, or regex: and a regular expression")
    };
    text.map(|text| text.parse().map_err(invalid)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_an_unquoted_date_too() {
        let file = "[[exception]]\nid = 'CVE-1'\nreason = 'r'\nexpires = 2027-01-31\nrepository = 'team/*'\n\
                    [[exception]]\nid = 'CVE-2'\nreason = 'r'\nexpires = '2027-01-31'\n";
        let exceptions = parse(file).unwrap();
        assert!(exceptions.iter().all(|exception| exception.until.unwrap().to_string() == "2027-01-31"));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let file = "[[exception]]\nid = 'CVE-1'\nexpires = 'soon'\nowner = 'me'\n[[exception]]\nreason = 'r'\n[other]\n";
        let problems = parse(file).unwrap_err().join("\n");
        insta::assert_snapshot!(problems);
    }
}

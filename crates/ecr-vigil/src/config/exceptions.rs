//! What is accepted: the `[[exception]]` tables of a TOML file, and what VEX files state.

use std::path::Path;

use jiff::civil::Date;
use toml::Value;
use vigil_core::finding::Severity;
use vigil_core::policy::{Exception, Exceptions, InvalidPattern, Pattern, VulnerabilityId};

use vigil_report::VexDocument;

use super::raw::parse_toml;
use super::values::KnownSeverity;

/// Reads the file. Every mistake in it is told at once.
pub(super) fn read(path: &str) -> Result<Exceptions, Vec<String>> {
    let text = std::fs::read_to_string(Path::new(path))
        .map_err(|error| vec![format!("the file `{path}` cannot be read: {error}")])?;
    parse(&text)
        .map_err(|problems| problems.into_iter().map(|problem| format!("`{path}`: {problem}")).collect())
}

/// Reads a file of OpenVEX or CycloneDX.
pub(super) fn read_vex(path: &str) -> Result<VexDocument, String> {
    let bytes = std::fs::read(Path::new(path))
        .map_err(|error| format!("the file `{path}` cannot be read: {error}"))?;
    vigil_report::read_vex(&bytes).map_err(|error| format!("`{path}`: {error}"))
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
    const MEMBERS: [&str; 7] =
        ["vulnerability", "package", "repository", "tag", "severity", "reason", "until"];
    /// Other names, and what they mean.
    const ALIASES: [(&str, &str); 2] = [("id", "vulnerability"), ("expires", "until")];
    let Value::Table(mut table) = value else {
        problems.push("expected a table: [[exception]]".into());
        return None;
    };
    for (alias, name) in ALIASES {
        match table.remove(alias) {
            Some(_) if table.contains_key(name) => {
                problems.push(format!("`{alias}` is another name of `{name}`"))
            }
            Some(value) => drop(table.insert(name.to_owned(), value)),
            None => {}
        }
    }
    let unknown = table.keys().filter(|name| !MEMBERS.contains(&name.as_str()));
    problems.extend(unknown.map(|name| format!("`{name}` is not known; there are {}", MEMBERS.join(", "))));
    let mut text = |name: &str| match table.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
        Some(Value::Datetime(date)) if name == "until" => Ok(Some(date.to_string())),
        Some(other) => Err(format!("`{name}` is {other}: expected a text")),
    };
    let id = text("vulnerability")
        .and_then(|id| id.ok_or_else(|| "`vulnerability` is missing: such as CVE-2024-3094".into()))
        .and_then(|id| id.parse::<VulnerabilityId>().map_err(|error| error.to_string()));
    let reason = text("reason")
        .and_then(|reason| reason.ok_or_else(|| "`reason` is missing: why is it accepted?".into()));
    let repository = text("repository").and_then(pattern);
    let tag = text("tag").and_then(pattern);
    let until = text("until").and_then(|text| text.map(day).transpose());
    let package = text("package");
    let severity = text("severity").and_then(|text| text.map(severity).transpose());
    let mut keep = |problem: &String| problems.push(problem.clone());
    let (id, reason) = (id.inspect_err(&mut keep).ok(), reason.inspect_err(&mut keep).ok());
    let (repository, tag) = (repository.inspect_err(&mut keep).ok(), tag.inspect_err(&mut keep).ok());
    let (until, package) = (until.inspect_err(&mut keep).ok(), package.inspect_err(&mut keep).ok());
    let severity = severity.inspect_err(&mut keep).ok();
    let (package, repository, tag) = (package?, repository?, tag?);
    let (severity, until) = (severity?, until?);
    Some(Exception { package, repository, tag, severity, until, ..Exception::of(id?, reason?) })
}

fn severity(text: String) -> Result<Severity, String> {
    let known: Result<KnownSeverity, _> = text.parse();
    known.map(|KnownSeverity(severity)| severity).map_err(|error| format!("`severity`: {error}"))
}

fn day(text: String) -> Result<Date, String> {
    // A day with a time would end with its day all the same, so it is none.
    let day = Some(&text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
    day.ok_or_else(|| format!("`until` is `{text}`: expected a date such as 2027-01-31"))
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
        let file = "[[exception]]\nvulnerability = 'CVE-1'\nreason = 'r'\nuntil = 2027-01-31\nrepository = 'team/*'\nseverity = 'MEDIUM'\n\
                    [[exception]]\nid = 'cve-1'\nreason = 'r'\nexpires = '2027-01-31'\n";
        let exceptions = parse(file).unwrap();
        assert!(exceptions.iter().all(|exception| exception.until.unwrap().to_string() == "2027-01-31"));
        assert!(exceptions.iter().all(|exception| exception.id == "CVE-1"), "by either name");
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let file = "[[exception]]\nid = 'CVE-1'\nexpires = 'soon'\nowner = 'me'\n[[exception]]\nreason = 'r'\n\
                    [[exception]]\nid = '*'\nvulnerability = 'CVE-2'\nreason = 'r'\n\
                    [[exception]]\nvulnerability = 'CVE-2024-*'\nreason = 'r'\nuntil = 2027-01-31T10:00:00\n[other]\n";
        let problems = parse(file).unwrap_err().join("\n");
        insta::assert_snapshot!(problems);
    }
}

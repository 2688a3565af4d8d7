//! Settings as written: which source says what of which key.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;
use toml::de::DeTable;

use super::flags::{DEMO_FORMAT, Flags};
use super::key::Key;
use super::keys::{find, keys};
use super::tables::{self, WrittenSchedule, WrittenTarget, WrittenToken};

/// Where a value comes from, least first: a later source wins over an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody gave one.
    Default,
    /// A settings file.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// A flag.
    Flag(String),
}

/// A setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its key.
    pub key: String,
    /// Where it was written.
    pub source: Source,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// What one source says of one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) values: Vec<String>,
    pub(super) source: Source,
}

/// All that was written, and what of it could not even be read.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    pub(super) written: BTreeMap<&'static str, Written>,
    pub(super) targets: Vec<WrittenTarget>,
    pub(super) schedules: Vec<WrittenSchedule>,
    pub(super) tokens: Vec<WrittenToken>,
    pub(super) routes: Vec<toml::Table>,
    pub(super) owners: Vec<toml::Table>,
    pub(super) sinks: Vec<toml::Table>,
    /// What the AWS SDK finds in the environment beside the settings: variables with endpoints.
    pub(super) aws_endpoints: Vec<(&'static str, String)>,
    pub(super) file: Option<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

/// The settings file that is read if it exists and none is named.
const DEFAULT_FILE: &str = "vigil.toml";

/// The variables in which the AWS SDK looks for endpoints of all services, or of one that is called.
const AWS_ENDPOINTS: [&str; 4] =
    ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_INSPECTOR2"];

impl Layers {
    /// Reads the file, then the environment, then the flags.
    pub fn read(file: Option<&str>, environment: &[(String, String)], flags: Flags) -> Self {
        let mut layers = Self::with_defaults();
        let variable = |name: &str| {
            environment.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
        };
        layers.read_file(file.or_else(|| variable("VIGIL_CONFIG")));
        layers.read_environment(environment, variable);
        if !variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|it| it.eq_ignore_ascii_case("true"))
        {
            let set = |name| Some((name, variable(name)?.to_owned()));
            layers.aws_endpoints = AWS_ENDPOINTS.into_iter().filter_map(set).collect();
        }
        layers.read_flags(flags);
        layers
    }

    /// The settings of the demo: flags alone, over its defaults.
    pub fn of_demo(flags: Flags) -> Self {
        let (format, table) = DEMO_FORMAT;
        let mut over_defaults: Flags = vec![(format, vec![table.to_owned()])];
        over_defaults.extend(flags);
        let mut layers = Self::with_defaults();
        layers.read_flags(over_defaults);
        layers
    }

    fn with_defaults() -> Self {
        let mut layers = Self::default();
        for key in keys() {
            if let Some(default) = key.default {
                layers.write(key, split(key, default), Source::Default);
            }
        }
        layers
    }

    fn read_flags(&mut self, flags: Flags) {
        for (name, values) in flags {
            if let Some(key) = find(name) {
                let source = Source::Flag(format!("--{}", key.flag));
                self.write_split(key, values.iter().flat_map(|value| split(key, value)).collect(), source);
            }
        }
    }

    fn write(&mut self, key: &'static Key, values: Vec<String>, source: Source) {
        self.written.insert(key.name, Written { values, source });
    }

    /// Writes the values of a flag or a variable. A script may leave them out by mistake: that must not widen what the file
    /// says to all.
    fn write_split(&mut self, key: &'static Key, values: Vec<String>, source: Source) {
        if values.is_empty() {
            self.complain(key.name, source.clone(), format!("it is empty; expected {}", key.form));
        }
        self.write(key, values, source);
    }

    pub(super) fn complain(&mut self, key: &str, source: Source, problem: String) {
        self.problems.push(Problem { key: key.to_owned(), source, problem });
    }

    fn read_environment<'e>(
        &mut self,
        environment: &'e [(String, String)],
        variable: impl Fn(&str) -> Option<&'e str>,
    ) {
        for key in keys() {
            let set = key.env.iter().find_map(|name| Some((*name, variable(name)?)));
            if let Some((name, value)) = set {
                let values = match name {
                    // The scan reporter's own: one regular expression, whatever commas it holds.
                    "REPOSITORIES_FILTER_REGEXP" => vec![format!("regex:{value}")],
                    _ => split(key, value),
                };
                self.write_split(key, values, Source::Environment(name.to_owned()));
            }
        }
        let known = |name: &str| name == "VIGIL_CONFIG" || keys().any(|key| key.env.contains(&name));
        for (name, _) in environment {
            if name.starts_with("VIGIL_") && !known(name) {
                let source = Source::Environment(name.clone());
                self.complain(name, source, "there is no such setting".into());
            }
        }
    }

    fn read_file(&mut self, named: Option<&str>) {
        let path = PathBuf::from(named.unwrap_or(DEFAULT_FILE));
        let source = Source::File(path.clone());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                return self.complain("config", source, format!("the file cannot be read: {error}"));
            }
        };
        let (table, problems) = parse_toml(&text);
        let is_broken = !problems.is_empty();
        for problem in problems {
            self.complain("config", source.clone(), format!("the file is not TOML: {problem}"));
        }
        // Where the file cannot be understood, half of a name may look like another: the rest of it is told once it can.
        let told = self.problems.len();
        self.read_table(&path, "", table);
        if is_broken {
            self.problems.truncate(told);
        }
        self.file = Some(path);
    }

    fn read_table(&mut self, file: &Path, prefix: &str, table: toml::Table) {
        for (name, value) in table {
            let name = format!("{prefix}{name}");
            let source = Source::File(file.to_owned());
            let key = find(&name);
            let is_table = keys().any(|key| key.name.starts_with(&format!("{name}.")));
            match (key, value) {
                (None, Value::Array(values)) if tables::is_one(&name) => {
                    tables::read(self, file, &name, values);
                }
                (None, Value::Table(table)) if is_table => self.read_table(file, &format!("{name}."), table),
                (None, _) if is_table || tables::is_one(&name) => {
                    let list = format!("a list of tables: [[{name}]]");
                    let form = match (is_table, tables::is_one(&name)) {
                        (true, true) => format!("a table, or {list}"),
                        (true, false) => "a table".to_owned(),
                        (false, _) => list,
                    };
                    self.complain(&name, source, format!("expected {form}"));
                }
                (None, _) => self.complain(&name, source, nearest(&name)),
                (Some(key), value) => match texts(key, value) {
                    Some(values) => self.write(key, values, source),
                    None => self.complain(&name, source, format!("expected {}", key.form)),
                },
            }
        }
    }
}

/// Reads what is TOML, and says what is not and where, without the line itself: it may hold a secret.
pub(super) fn parse_toml(text: &str) -> (toml::Table, Vec<String>) {
    let (table, mut errors) = DeTable::parse_recoverable(text);
    let table = toml::Table::deserialize(toml::Deserializer::from(table)).unwrap_or_else(|error| {
        errors.push(error);
        toml::Table::new()
    });
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    let line = |before: &str| before.matches('\n').count() + 1;
    let problem = |error: toml::de::Error| match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {}", line(before), error.message()),
        None => error.message().to_owned(),
    };
    (table, errors.into_iter().map(problem).collect())
}

/// Splits a text into the values it holds. A regular expression may hold commas, so it ends a list.
fn split(key: &Key, text: &str) -> Vec<String> {
    let Some(separator) = key.many else { return vec![text.to_owned()] };
    let (plain, regex) = match text.find("regex:") {
        Some(0) => ("", Some(text)),
        Some(at) if text[..at].ends_with(separator) => (&text[..at], Some(&text[at..])),
        _ => (text, None),
    };
    let plain = plain.split(separator).map(str::trim).filter(|value| !value.is_empty());
    plain.chain(regex).map(str::to_owned).collect()
}

/// The texts that a value of the file holds.
pub(super) fn texts(key: &Key, value: Value) -> Option<Vec<String>> {
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(switch) => Some(switch.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) if key.many.is_some() => values.into_iter().map(text).collect(),
        // Names may hold commas; what is separated otherwise is separated in the file too.
        value if key.many.is_some_and(|separator| separator != ',') => Some(split(key, &text(value)?)),
        value => text(value).map(|value| vec![value]),
    }
}

/// Says that a key is not known, and which known one is meant, if one looks alike.
fn nearest(name: &str) -> String {
    /// Below this two words have little in common.
    const ALIKE: f64 = 0.85;
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().replace('-', "_");
    let likeness = |key: &Key| {
        let by_name = strsim::jaro_winkler(&last(key.name), &last(name));
        let by_flag = strsim::jaro_winkler(&last(key.flag), &last(name));
        by_name.max(by_flag)
    };
    let best = keys().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best.filter(|key| likeness(key) >= ALIKE) {
        Some(key) => format!("there is no such setting; `{}` is one", key.name),
        None => "there is no such setting; `ecr-vigil config show` lists all".into(),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.source, self.problem)
    }
}

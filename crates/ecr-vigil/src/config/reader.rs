//! Reads values out of what was written, and collects what is wrong with them.

use std::fmt::Display;
use std::str::FromStr;

use vigil_core::policy::{Pattern, Patterns};

use super::keys::find;
use super::raw::{Layers, Problem, Source, Written};
use super::tables::SCHEDULE_MEMBERS;

/// Reads values out of the layers.
pub(super) struct Reader<'a> {
    pub(super) layers: &'a Layers,
    pub(super) problems: Vec<Problem>,
    /// The schedule that is read, whose table wins over the general settings.
    pub(super) schedule: Option<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layers: &'a Layers) -> Self {
        Self { layers, problems: layers.problems.clone(), schedule: None }
    }

    /// What was written for a key, and as what it was written.
    pub(super) fn written(&self, name: &str) -> Option<(&'a Written, String)> {
        if let Some(place) = self.schedule
            && let Some(written) = self.layers.schedules[place].written.get(name)
        {
            let member = SCHEDULE_MEMBERS.iter().find(|(_, setting)| *setting == name);
            return Some((written, format!("schedule[{place}].{}", member.map_or("", |(member, _)| member))));
        }
        self.layers.written.get(name).map(|written| (written, name.to_owned()))
    }

    /// All values of a key; none if nobody gave one.
    pub(super) fn many<T: FromStr<Err: Display>>(&mut self, name: &str) -> Vec<T> {
        let Some((written, key)) = self.written(name) else { return Vec::new() };
        let (form, any_case) = find(name).map_or(("", false), |key| (key.form, key.any_case));
        let mut parsed = Vec::new();
        for value in &written.values {
            let in_lower_case = || value.to_ascii_lowercase().parse().ok().filter(|_| any_case);
            match value.parse().or_else(|error| in_lower_case().ok_or(error)) {
                Ok(value) => parsed.push(value),
                Err(error) => self.tell(&key, written.source.clone(), format!("{error}; expected {form}")),
            }
        }
        parsed
    }

    /// The one value of a key; `None` if nobody gave one, or it is wrong.
    pub(super) fn one<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        self.many(name).pop()
    }

    /// Whether somebody gave a value.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.written(name).is_some()
    }

    pub(super) fn complain(&mut self, name: &str, problem: impl Into<String>) {
        let (source, key) = match self.written(name) {
            Some((written, key)) => (written.source.clone(), key),
            None => (Source::Default, name.to_owned()),
        };
        self.tell(&key, source, problem.into());
    }

    /// Says what is wrong in one of the file's tables.
    pub(super) fn complain_of_table(&mut self, key: &str, problem: impl Into<String>) {
        let source = Source::File(self.layers.file.clone().unwrap_or_default());
        self.tell(key, source, problem.into());
    }

    /// A general setting is read for each schedule, and told once.
    pub(super) fn tell(&mut self, key: &str, source: Source, problem: String) {
        let problem = Problem { key: key.to_owned(), source, problem };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(super) fn patterns(&mut self, include: &str, exclude: &str) -> Patterns {
        Patterns { include: self.many::<Pattern>(include), exclude: self.many::<Pattern>(exclude) }
    }
}

/// What is wrong in a table, with the member in which it is.
pub(super) fn with_member(error: &toml::de::Error) -> String {
    error.to_string().trim().replace('\n', " ")
}

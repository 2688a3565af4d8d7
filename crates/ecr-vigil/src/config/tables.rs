//! The tables of which a settings file may hold several: registries, schedules, tokens, routes, sinks and owners, as
//! written.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;
use vigil_core::Secret;

use super::keys::find;
use super::raw::{Layers, Source, Written, texts};

/// An account and region, as the file gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WrittenTarget {
    pub(super) region: Option<String>,
    pub(super) role_arn: Option<String>,
    pub(super) external_id: Option<Secret>,
}

/// A schedule, as the file gives it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct WrittenSchedule {
    pub(super) name: Option<String>,
    /// What it says in place of general settings, by the names of these.
    pub(super) written: BTreeMap<&'static str, Written>,
}

/// A token, as the file gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WrittenToken {
    pub(super) name: Option<String>,
    pub(super) role: Option<String>,
    pub(super) sha256: Option<String>,
}

/// What a schedule may say in place of general settings: its member, and the setting.
pub(super) const SCHEDULE_MEMBERS: [(&str, &str); 18] = [
    ("cron", "schedule.cron"),
    ("time_zone", "schedule.time_zone"),
    ("jitter", "schedule.jitter"),
    ("windows", "schedule.windows"),
    ("blackouts", "schedule.blackouts"),
    ("spread", "schedule.spread"),
    ("scan_configs", "schedule.scan_configs"),
    ("repositories", "select.repositories"),
    ("exclude_repositories", "select.exclude_repositories"),
    ("tag_status", "select.tag_status"),
    ("tags", "select.tags"),
    ("exclude_tags", "select.exclude_tags"),
    ("newest", "select.newest"),
    ("pushed_within", "select.pushed_within"),
    ("pulled_within", "select.pulled_within"),
    ("expiry", "cadence.expiry"),
    ("scans_per_pass", "budget.scans_per_pass"),
    ("timeout", "pass.timeout"),
];

/// Whether the file may hold several tables of this name.
pub(super) fn is_one(name: &str) -> bool {
    ["target", "schedule", "http.token", "route", "sink", "owner"].contains(&name)
}

/// Reads the tables of a name.
pub(super) fn read(layers: &mut Layers, file: &Path, name: &str, values: Vec<Value>) {
    for (place, value) in values.into_iter().enumerate() {
        let mut members = Members { layers, file, name, place };
        match value {
            Value::Table(table) if name == "target" => members.target(table),
            Value::Table(table) if name == "schedule" => members.schedule(table),
            Value::Table(table) if name == "route" => members.layers.routes.push(table),
            Value::Table(table) if name == "owner" => members.layers.owners.push(table),
            Value::Table(table) if name == "sink" => members.layers.sinks.push(table),
            Value::Table(table) => members.token(table),
            _ => members.complain("", format!("expected a table: [[{name}]]")),
        }
    }
}

/// One of the tables, while it is read.
struct Members<'a> {
    layers: &'a mut Layers,
    file: &'a Path,
    name: &'a str,
    place: usize,
}

impl Members<'_> {
    fn complain(&mut self, member: &str, problem: impl Into<String>) {
        let dot = if member.is_empty() { "" } else { "." };
        let key = format!("{}[{}]{dot}{member}", self.name, self.place);
        self.layers.complain(&key, Source::File(self.file.to_owned()), problem.into());
    }

    fn text(&mut self, member: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            _ => {
                self.complain(member, "expected a text");
                None
            }
        }
    }

    fn target(&mut self, table: toml::Table) {
        let mut written = WrittenTarget::default();
        for (member, value) in table {
            match member.as_str() {
                "region" => written.region = self.text("region", value),
                "role_arn" => written.role_arn = self.text("role_arn", value),
                "external_id" => written.external_id = self.text("external_id", value).map(Secret::from),
                _ => self.complain(
                    &member,
                    "there is no such setting; a target has region, role_arn and external_id",
                ),
            }
        }
        self.layers.targets.push(written);
    }

    fn token(&mut self, table: toml::Table) {
        let mut written = WrittenToken::default();
        for (member, value) in table {
            match member.as_str() {
                "name" => written.name = self.text("name", value),
                "role" => written.role = self.text("role", value),
                "sha256" => written.sha256 = self.text("sha256", value),
                _ => self.complain(&member, "there is no such setting; a token has name, role and sha256"),
            }
        }
        self.layers.tokens.push(written);
    }

    fn schedule(&mut self, table: toml::Table) {
        let mut schedule = WrittenSchedule::default();
        for (member, value) in table {
            let setting = SCHEDULE_MEMBERS.iter().find(|(name, _)| *name == member);
            let key = setting.and_then(|(_, setting)| find(setting));
            match (member.as_str(), key) {
                ("name", _) => schedule.name = self.text("name", value),
                (_, Some(key)) => match texts(key, value) {
                    Some(values) => {
                        let source = Source::File(self.file.to_owned());
                        schedule.written.insert(key.name, Written { values, source });
                    }
                    None => self.complain(&member, format!("expected {}", key.form)),
                },
                (_, None) => {
                    let known = SCHEDULE_MEMBERS.map(|(name, _)| name).join(", ");
                    self.complain(&member, format!("there is no such setting; a schedule has name, {known}"));
                }
            }
        }
        self.layers.schedules.push(schedule);
    }
}

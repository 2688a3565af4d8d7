//! The settings, as somebody could write them into a file, each with its source.

use std::fmt::Write;

use super::key::Key;
use super::keys::{find, keys};
use super::raw::{Layers, Written};
use super::service_values::masked_database;
use super::tables::SCHEDULE_MEMBERS;
use super::values::masked;

/// Renders the settings as TOML. What nobody has set is commented out; secrets are masked.
pub fn show(layers: &Layers) -> String {
    let mut text = String::new();
    // A file has either a table of this name or several, and each of several is shown whole.
    let shown = keys().filter(|key| layers.schedules.is_empty() || key.table() != "schedule");
    // What a pass and the service have in one table stands in it together: a file has each table once.
    let mut tables: Vec<(&str, Vec<&Key>)> = Vec::new();
    for key in shown {
        match tables.iter_mut().find(|(table, _)| *table == key.table()) {
            Some((_, keys)) => keys.push(key),
            None => tables.push((key.table(), vec![key])),
        }
    }
    for (table, keys) in tables {
        if !table.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n[{table}]\n");
        }
        for key in keys {
            let name = key.name.rsplit_once('.').map_or(key.name, |(_, name)| name);
            setting(&mut text, name, key, layers.written.get(key.name));
        }
    }
    schedules(&mut text, layers);
    targets(&mut text, layers);
    tokens(&mut text, layers);
    whole_tables(&mut text, "sink", layers, &layers.sinks);
    whole_tables(&mut text, "route", layers, &layers.routes);
    whole_tables(&mut text, "owner", layers, &layers.owners);
    text
}

fn setting(text: &mut String, name: &str, key: &Key, written: Option<&Written>) {
    let _ = match written {
        Some(written) => writeln!(text, "{name} = {}  # {}", value(key, &written.values), written.source),
        None => writeln!(text, "# {name} =  # default: {}", key.absent.unwrap_or("not set")),
    };
}

fn schedules(text: &mut String, layers: &Layers) {
    for schedule in &layers.schedules {
        let name = schedule.name.as_deref().unwrap_or_default();
        let _ = write!(text, "\n[[schedule]]\nname = {}{}\n", quoted(name), of_file(layers));
        for (member, setting_name) in SCHEDULE_MEMBERS {
            let Some(key) = find(setting_name) else { continue };
            let written = schedule.written.get(key.name).or_else(|| layers.written.get(key.name));
            setting(text, member, key, written);
        }
    }
}

fn targets(text: &mut String, layers: &Layers) {
    let file = of_file(layers);
    for target in &layers.targets {
        let _ = write!(text, "\n[[target]]\n");
        let members = [("region", &target.region), ("role_arn", &target.role_arn)];
        for (name, value) in members.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            let _ = writeln!(text, "{name} = {}{file}", quoted(value));
        }
        if target.external_id.is_some() {
            let _ = writeln!(text, "external_id = \"(secret)\"{file}");
        }
    }
}

fn tokens(text: &mut String, layers: &Layers) {
    let file = of_file(layers);
    for token in &layers.tokens {
        let _ = write!(text, "\n[[http.token]]\n");
        let members = [("name", &token.name), ("role", &token.role), ("sha256", &token.sha256)];
        for (name, value) in members.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            // What is no hash may be the token itself.
            let is_hash = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
            let value = if name == "sha256" && !is_hash { "(secret)" } else { value };
            let _ = writeln!(text, "{name} = {}{file}", quoted(value));
        }
    }
}

/// Members of a sink that are secrets; an address is one too, since whoever knows it may post there.
const SECRETS: [&str; 6] = ["token", "url", "key", "password", "external_id", "headers"];

fn whole_tables(text: &mut String, name: &str, layers: &Layers, tables: &[toml::Table]) {
    let file = of_file(layers);
    for table in tables {
        let _ = write!(text, "\n[[{name}]]\n");
        for (member, value) in table {
            let is_secret = name == "sink" && SECRETS.contains(&member.as_str());
            let value = if is_secret { quoted("(secret)") } else { value.to_string() };
            let _ = writeln!(text, "{member} = {value}{file}");
        }
    }
}

fn of_file(layers: &Layers) -> String {
    layers.file.as_ref().map(|file| format!("  # file {}", file.display())).unwrap_or_default()
}

fn value(key: &Key, values: &[String]) -> String {
    if key.many.is_some() {
        let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        return format!("[{}]", values.join(", "));
    }
    let value = values.last().map_or("", String::as_str);
    match key.name {
        _ if key.secret => quoted("(secret)"),
        "aws.endpoint_url" | "http.public_url" => quoted(&masked(value)),
        "store.database_url" => quoted(&masked_database(value)),
        "store.database" if value.contains("://") => quoted(&masked_database(value)),
        _ if key.is_switch() || value.parse::<u64>().is_ok() => value.to_owned(),
        _ => quoted(value),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

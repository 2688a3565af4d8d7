//! The settings, as somebody could write them into a file, each with its source.

use std::fmt::Write;

use super::keys::{KEYS, Key};
use super::raw::Layers;
use super::values::masked;

/// Renders the settings as TOML. What nobody has set is commented out; secrets are masked.
pub fn show(layers: &Layers) -> String {
    let mut text = String::new();
    let mut table = "";
    for key in KEYS {
        let (own_table, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if own_table != table {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n[{own_table}]\n");
            table = own_table;
        }
        let _ = match layers.written.get(key.name) {
            Some(written) => writeln!(text, "{name} = {}  # {}", value(key, &written.values), written.source),
            None => writeln!(text, "# {name} =  # default: not set"),
        };
    }
    for target in &layers.targets {
        let _ = write!(text, "\n[[target]]\n");
        let file =
            layers.file.as_ref().map(|file| format!("  # file {}", file.display())).unwrap_or_default();
        let members = [("region", &target.region), ("role_arn", &target.role_arn)];
        for (name, value) in members.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            let _ = writeln!(text, "{name} = {}{file}", quoted(value));
        }
        if target.external_id.is_some() {
            let _ = writeln!(text, "external_id = \"(secret)\"{file}");
        }
    }
    text
}

fn value(key: &Key, values: &[String]) -> String {
    if key.many {
        let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        return format!("[{}]", values.join(", "));
    }
    let value = values.last().map_or("", String::as_str);
    if key.name == "aws.endpoint_url" {
        return quoted(&masked(value));
    }
    if key.is_switch() || value.parse::<u64>().is_ok() { value.to_owned() } else { quoted(value) }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

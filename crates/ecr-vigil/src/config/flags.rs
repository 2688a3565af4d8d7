//! The flags of the command line, made from the table of settings, and read back.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::key::{AGE, Key, LIMIT, PATTERNS, SWITCH};
use super::keys::{PASS_KEYS, keys};

/// What the command line says of settings: for each flag that was given, its key and values.
pub type Flags = Vec<(&'static str, Vec<String>)>;

/// Adds the flags of a pass, and one for the file.
pub fn flags(command: Command) -> Command {
    with_flags(command, PASS_KEYS.iter())
}

/// Adds the flags of the service, and one for the file. Its passes are reported by its memory, not into a file.
pub fn serve_flags(command: Command) -> Command {
    with_flags(command, keys().filter(|key| key.table() != "report"))
}

/// Adds the flags of a report of what is remembered, and one for the file. What is accepted was decided by the service.
pub fn report_flags(command: Command) -> Command {
    let names = [
        "select.repositories",
        "select.exclude_repositories",
        "cadence.expiry",
        "store.database",
        "store.database_url",
    ];
    let meant =
        |key: &&'static Key| ["gate", "report", "log"].contains(&key.table()) || names.contains(&key.name);
    with_flags(command, keys().filter(meant).filter(|key| key.name != "gate.exceptions"))
}

/// Adds the flags of all settings, and one for the file.
pub fn all_flags(command: Command) -> Command {
    with_flags(command, keys())
}

fn with_flags(command: Command, keys: impl Iterator<Item = &'static Key>) -> Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .help("Settings file [default: vigil.toml, if there is one] [env: VIGIL_CONFIG]");
    keys.fold(command.arg(file), |command, key| command.arg(flag(key, key.default, key.env)))
}

/// The one default of the demo that is another: it is for people.
pub(super) const DEMO_FORMAT: (&str, &str) = ("report.format", "table");

/// Adds the flags of settings that mean something in the demo, which reads neither a file nor the environment.
pub fn demo_flags(command: Command) -> Command {
    let tables = ["cadence", "budget", "gate", "pass", "report", "log", "schedule", "lineage", "kev", "epss"];
    let doors = ["http.host", "http.port", "http.authentication"];
    let meant = |key: &&'static Key| tables.contains(&key.table()) || doors.contains(&key.name);
    let default = |key: &Key| {
        Some(DEMO_FORMAT).filter(|(name, _)| *name == key.name).map_or(key.default, |(_, text)| Some(text))
    };
    keys().filter(meant).fold(command, |command, key| command.arg(flag(key, default(key), &[])))
}

fn flag(key: &'static Key, default: Option<&str>, environment: &[&str]) -> Arg {
    let arg = Arg::new(key.name)
        .long(key.flag)
        .help(help(key, default, environment))
        .help_heading(heading(key))
        .value_name(value_name(key));
    let arg = match (key.is_switch(), key.many.is_some()) {
        (true, _) => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        // A negative number is a value too: it is then told with everything else that is wrong.
        (false, true) => arg.allow_negative_numbers(true).action(ArgAction::Append),
        (false, false) => arg.allow_negative_numbers(true),
    };
    match key.short {
        Some(short) => arg.short(short),
        None => arg,
    }
}

fn help(key: &Key, default: Option<&str>, environment: &[&str]) -> String {
    let form = (!key.is_switch()).then(|| format!(" [{}]", key.form));
    let default = default.or(key.absent).map(|text| format!(" [default: {text}]"));
    let environment = (!environment.is_empty()).then(|| format!(" [env: {}]", environment.join(", ")));
    [Some(key.help.to_owned()), form, default, environment].into_iter().flatten().collect()
}

/// Reads the flags back.
pub(crate) fn given(matches: &ArgMatches) -> Flags {
    let values = |key: &'static Key| {
        let values = matches.try_get_many::<String>(key.name).ok().flatten()?;
        Some((key.name, values.cloned().collect()))
    };
    keys().filter_map(values).collect()
}

fn heading(key: &Key) -> &'static str {
    match key.table() {
        "select" => "Which images",
        "cadence" | "budget" => "When they are scanned",
        "gate" => "What is too bad",
        "pass" => "The pass",
        "report" => "The report",
        "log" => "The log",
        "schedule" | "service" => "When passes begin",
        "store" | "lineage" => "What is remembered",
        "http" => "Who may ask",
        "events" => "Which events are heeded",
        "metrics" => "The metrics",
        "scan_configs" => "Scan configurations",
        _ => "Where to look",
    }
}

fn value_name(key: &Key) -> &'static str {
    match key.form {
        SWITCH => "BOOL",
        AGE | LIMIT => "DURATION",
        PATTERNS => "PATTERNS",
        _ if key.many.is_some() => "VALUES",
        _ => "VALUE",
    }
}

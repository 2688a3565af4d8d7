//! Every setting, in one table: its key in the file, its flag, its names in the environment, its default and form.
//! The command line, `config show` and the errors are all made from it.

use clap::{Arg, ArgAction, ArgMatches, Command};

/// One setting.
pub(super) struct Key {
    /// Its name in the file, with the tables it is in.
    pub(super) name: &'static str,
    /// Its flag, without the dashes.
    pub(super) flag: &'static str,
    /// A short flag.
    pub(super) short: Option<char>,
    /// Its names in the environment; the first that is set wins.
    pub(super) env: &'static [&'static str],
    /// Its value if nobody gives one; `None` if it is then absent.
    pub(super) default: Option<&'static str>,
    /// What it then means that it is absent.
    absent: Option<&'static str>,
    /// Whether it holds several values, separated by commas on the command line and in the environment.
    pub(super) many: bool,
    /// Whether its values are words that are understood in any case.
    pub(super) any_case: bool,
    /// What is accepted, as it is said in errors and in the help.
    pub(super) form: &'static str,
    /// What it means.
    pub(super) help: &'static str,
}

const fn key(name: &'static str, flag: &'static str, env: &'static [&'static str]) -> Key {
    Key {
        name,
        flag,
        short: None,
        env,
        default: None,
        absent: None,
        many: false,
        any_case: false,
        form: "",
        help: "",
    }
}

impl Key {
    const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }
    const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
    const fn absent(mut self, meaning: &'static str) -> Self {
        self.absent = Some(meaning);
        self
    }
    const fn many(mut self) -> Self {
        self.many = true;
        self
    }
    const fn form(mut self, form: &'static str) -> Self {
        self.form = form;
        self
    }
    const fn words(mut self, form: &'static str) -> Self {
        self.any_case = true;
        self.form(form)
    }
    const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }
    /// A switch: `true` or `false`; the flag alone means `true`.
    pub(super) fn is_switch(&self) -> bool {
        self.form == SWITCH
    }
}

const SWITCH: &str = "true or false";
/// An endpoint, also one that the SDK finds for itself.
pub(super) const URL: &str = "an http or https URL";
const PATTERNS: &str = "globs such as team/*, or regex: and a regular expression for the whole name";
const AGE: &str = "numbers with m (months), w, d or h, such as 7d, 2w1d, 1m2w or 12h";
const THRESHOLD: &str = "a number of findings, or off";
const DURATION: &str = "a duration such as 90s, 30m (minutes) or 1h30m, or none";

/// All settings, in the order in which they are shown.
pub(super) static KEYS: &[Key] = &[
    key("regions", "region", &["VIGIL_REGIONS"])
        .many()
        .form("AWS regions such as eu-west-1")
        .absent("the region of the AWS configuration")
        .help("Regions to look at, with the credentials at hand"),
    key("aws.endpoint_url", "endpoint-url", &["VIGIL_ENDPOINT_URL"])
        .form(URL)
        .help("Where AWS is, if not where it usually is (AWS_ENDPOINT_URL is honoured too)"),
    key("aws.fips", "fips", &["VIGIL_FIPS"]).default("false").words(SWITCH).help("Use FIPS endpoints"),
    key("aws.dual_stack", "dual-stack", &["VIGIL_DUAL_STACK"])
        .default("false")
        .words(SWITCH)
        .help("Use endpoints that answer over IPv6 too"),
    key("aws.call_timeout", "call-timeout", &["VIGIL_CALL_TIMEOUT"])
        .default("30s")
        .form("a duration such as 10s or 1m")
        .help("How long one try of one call may take"),
    key("aws.calls_per_second", "calls-per-second", &["VIGIL_CALLS_PER_SECOND"])
        .many()
        .form("an ECR operation and a rate, such as StartImageScan=5")
        .absent("as fast as AWS lets us")
        .help("Never call an operation faster than this in an account and region"),
    key("select.repositories", "repositories", &["VIGIL_REPOSITORIES", "REPOSITORIES_FILTER_REGEXP"])
        .many()
        .form(PATTERNS)
        .absent("all")
        .help("Repositories to look at"),
    key("select.exclude_repositories", "exclude-repositories", &["VIGIL_EXCLUDE_REPOSITORIES"])
        .many()
        .form(PATTERNS)
        .help("Repositories to leave"),
    key("select.tag_status", "tag-status", &["VIGIL_TAG_STATUS", "AWS_ECR_SCAN_IMAGES_FILTER_TAG_STATUS"])
        .default("any")
        .words("any, tagged or untagged")
        .help("Which images to look at, by whether they have a tag"),
    key("select.tags", "tags", &["VIGIL_TAGS"]).many().form(PATTERNS).absent("all").help("Tags to look at"),
    key("select.exclude_tags", "exclude-tags", &["VIGIL_EXCLUDE_TAGS"]).many().form(PATTERNS).help("Tags to leave"),
    key("select.newest", "newest", &["VIGIL_NEWEST"])
        .form("a number of images, at least 1")
        .help("Look only at so many images of a repository, newest first; an index counts as one"),
    key("select.pushed_within", "pushed-within", &["VIGIL_PUSHED_WITHIN"])
        .form(AGE)
        .help("Look only at images pushed this recently; with --pulled-within, either is enough"),
    key("select.pulled_within", "pulled-within", &["VIGIL_PULLED_WITHIN"])
        .form(AGE)
        .help("Look only at images pulled this recently"),
    key("cadence.expiry", "expiry", &["VIGIL_EXPIRY", "ECR_IMAGES_DURATION_DELTA"])
        .default("7d")
        .form(AGE)
        .help("A scan older than this is due again"),
    key("cadence.retry_failed", "retry-failed", &["VIGIL_RETRY_FAILED"])
        .default("false")
        .words(SWITCH)
        .help("Start scans that failed again at every pass: ECR does not say when they failed"),
    key("budget.scans_per_day", "scans-per-day", &["VIGIL_SCANS_PER_DAY"])
        .default("100000")
        .form("a number of scans")
        .help("Scans in 24 hours for each account and region; ECR's quota is 100,000"),
    key("budget.scans_per_pass", "scans-per-pass", &["VIGIL_SCANS_PER_PASS"])
        .form("a number of scans")
        .absent("no limit")
        .help("Scans that one pass may start for each account and region"),
    key("gate.critical", "critical", &["VIGIL_CRITICAL", "CRITICAL"])
        .default("0")
        .words(THRESHOLD)
        .help("From so many CRITICAL findings on an image is over the line; 0 and 1 mean any"),
    key("gate.high", "high", &["VIGIL_HIGH", "HIGH"]).default("0").words(THRESHOLD).help("The same for HIGH"),
    key("gate.medium", "medium", &["VIGIL_MEDIUM", "MEDIUM"]).default("0").words(THRESHOLD).help("The same for MEDIUM"),
    key("gate.low", "low", &["VIGIL_LOW", "LOW"]).default("0").words(THRESHOLD).help("The same for LOW"),
    key("gate.severity_threshold", "severity-threshold", &["VIGIL_SEVERITY_THRESHOLD", "SEVERITY_THRESHOLD"])
        .short('s')
        .default("HIGH")
        .words("CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNTRIAGED or UNDEFINED")
        .help("Findings of this severity and worse are told in detail; the counts hold all"),
    key("gate.exceptions", "exceptions", &["VIGIL_EXCEPTIONS"])
        .form("a TOML file of exceptions")
        .help("Vulnerabilities that are accepted"),
    key("pass.concurrency", "concurrency", &["VIGIL_CONCURRENCY", "CONCURRENCY"])
        .short('c')
        .default("20")
        .form("a number from 1 to 1000")
        .help("Calls in flight at once for each account and region"),
    key("pass.timeout", "timeout", &["VIGIL_TIMEOUT", "TIMEOUT"])
        .default("none")
        .form(DURATION)
        .help("End the pass after this long; what is finished is reported, the rest is named"),
    key("pass.scan_timeout", "scan-timeout", &["VIGIL_SCAN_TIMEOUT"])
        .default("15m")
        .form("a duration such as 5m")
        .help("Wait no longer than this for one scan"),
    key("pass.first_question", "first-question", &["VIGIL_FIRST_QUESTION"])
        .default("3s")
        .form("a duration such as 500ms or 10s")
        .help("Ask about a scan no sooner than this after its start; the pass learns to ask later where scans take longer"),
    key("report.format", "format", &["VIGIL_FORMAT", "FORMAT"])
        .short('f')
        .default("text")
        .words("text, json, table or summary")
        .help("How the report looks"),
    key("report.output", "output", &["VIGIL_OUTPUT"])
        .short('o')
        .default("-")
        .form("a file name, or - for standard output")
        .help("Write the report to this file, all or nothing"),
    key("log.level", "log-level", &["VIGIL_LOG_LEVEL", "AWS_ECR_SCAN_LOG_LEVEL"])
        .default("info")
        .words("debug, info, warn or error")
        .help("What is logged to standard error"),
    key("log.format", "log-format", &["VIGIL_LOG_FORMAT", "AWS_ECR_SCAN_LOG_FORMAT"])
        .default("text")
        .words("text, logfmt or json")
        .help("How the log looks"),
];

/// What the command line says of settings: for each flag that was given, its key and values.
pub type Flags = Vec<(&'static str, Vec<String>)>;

/// Adds a flag for every setting to a command, and one for the file.
pub fn flags(command: Command) -> Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .help("Settings file [default: vigil.toml, if there is one] [env: VIGIL_CONFIG]");
    KEYS.iter().fold(command.arg(file), |command, key| command.arg(flag(key, key.default, key.env)))
}

/// The one default of the demo that is another: it is for people.
pub(super) const DEMO_FORMAT: (&str, &str) = ("report.format", "table");

/// Adds the flags of settings that mean something in the demo, which reads neither a file nor the environment.
pub fn demo_flags(command: Command) -> Command {
    let meant =
        |key: &&Key| ["cadence", "budget", "gate", "pass", "report", "log"].contains(&table(key.name));
    let default = |key: &Key| {
        Some(DEMO_FORMAT).filter(|(name, _)| *name == key.name).map_or(key.default, |(_, text)| Some(text))
    };
    KEYS.iter().filter(meant).fold(command, |command, key| command.arg(flag(key, default(key), &[])))
}

fn flag(key: &'static Key, default: Option<&str>, environment: &[&str]) -> Arg {
    let arg = Arg::new(key.name)
        .long(key.flag)
        .help(help(key, default, environment))
        .help_heading(heading(key.name))
        .value_name(value_name(key));
    let arg = match (key.is_switch(), key.many) {
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
    KEYS.iter().filter_map(values).collect()
}

fn table(name: &'static str) -> &'static str {
    name.split_once('.').map_or("", |(table, _)| table)
}

fn heading(name: &'static str) -> &'static str {
    match table(name) {
        "select" => "Which images",
        "cadence" | "budget" => "When they are scanned",
        "gate" => "What is too bad",
        "pass" => "The pass",
        "report" => "The report",
        "log" => "The log",
        _ => "Where to look",
    }
}

fn value_name(key: &Key) -> &'static str {
    match key.form {
        SWITCH => "BOOL",
        AGE | DURATION => "DURATION",
        PATTERNS => "PATTERNS",
        _ if key.many => "VALUES",
        _ => "VALUE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_settings_share_a_name() {
        let mut names: Vec<&str> =
            KEYS.iter().flat_map(|key| key.env.iter().copied().chain([key.name, key.flag])).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        // The key `regions` alone has no table, so names, flags and variables cannot coincide.
        assert_eq!(names.len(), all);
    }
}

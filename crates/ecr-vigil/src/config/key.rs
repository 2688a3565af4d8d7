//! What a setting is: its key in the file, its flag, its names in the environment, its default and form.

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
    pub(super) absent: Option<&'static str>,
    /// What separates its values on the command line and in the environment, if it holds several.
    pub(super) many: Option<char>,
    /// Whether a change of it takes hold only when the service is started again.
    pub(super) restart: bool,
    /// Whether its values are words that are understood in any case.
    pub(super) any_case: bool,
    /// Whether its value is never shown.
    pub(super) secret: bool,
    /// What is accepted, as it is said in errors and in the help.
    pub(super) form: &'static str,
    /// What it means.
    pub(super) help: &'static str,
}

pub(super) const fn key(name: &'static str, flag: &'static str, env: &'static [&'static str]) -> Key {
    Key {
        name,
        flag,
        short: None,
        env,
        default: None,
        absent: None,
        many: None,
        restart: false,
        any_case: false,
        secret: false,
        form: "",
        help: "",
    }
}

impl Key {
    pub(super) const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }
    pub(super) const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
    pub(super) const fn absent(mut self, meaning: &'static str) -> Self {
        self.absent = Some(meaning);
        self
    }
    pub(super) const fn many(self) -> Self {
        self.separated_by(',')
    }
    pub(super) const fn separated_by(mut self, separator: char) -> Self {
        self.many = Some(separator);
        self
    }
    pub(super) const fn restart(mut self) -> Self {
        self.restart = true;
        self
    }
    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
    pub(super) const fn form(mut self, form: &'static str) -> Self {
        self.form = form;
        self
    }
    pub(super) const fn words(mut self, form: &'static str) -> Self {
        self.any_case = true;
        self.form(form)
    }
    pub(super) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }
    /// A switch: `true` or `false`; the flag alone means `true`.
    pub(super) fn is_switch(&self) -> bool {
        self.form == SWITCH
    }
    /// The table it is in; nothing if it is in none.
    pub(super) fn table(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(table, _)| table)
    }
}

pub(super) const SWITCH: &str = "true or false";
/// An endpoint, also one that the SDK finds for itself.
pub(super) const URL: &str = "an http or https URL";
pub(super) const PATTERNS: &str =
    "globs such as team/*, or regex: and a regular expression for the whole name";
pub(super) const CATALOGUE: &str = "a file name, or an http or https URL";
pub(super) const AGE: &str = "numbers with m (months), w, d or h, such as 7d, 2w1d, 1m2w or 12h";
pub(super) const THRESHOLD: &str = "a number of findings, or off";
pub(super) const LIMIT: &str = "a duration such as 90s, 30m (minutes) or 1h30m, or none";

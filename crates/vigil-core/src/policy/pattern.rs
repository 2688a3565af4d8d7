//! Patterns for names: globs, or regular expressions that match the whole name.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

/// `payments/*` is a glob, in which `*` crosses `/` as in ECR's own filters; `regex:^team-.*$` is a regular
/// expression that must match the whole name.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    Glob(GlobMatcher),
    Regex(Regex),
}

/// Which names are meant: those that match an include (all, if there are none) and no exclude.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    /// Names to take.
    pub include: Vec<Pattern>,
    /// Names to leave, even if included.
    pub exclude: Vec<Pattern>,
}

/// A text that is neither a glob nor a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a pattern: {reason}")]
pub struct InvalidPattern {
    text: String,
    reason: String,
}

impl Pattern {
    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        match &self.matcher {
            Matcher::Glob(glob) => glob.is_match(name),
            Matcher::Regex(regex) => regex.is_match(name),
        }
    }

    /// Whether there may be a name that matches both. Where that cannot be told, there may.
    pub fn may_share(&self, other: &Self) -> bool {
        match (self.begins_with(), other.begins_with()) {
            ((name, true), _) => other.matches(name),
            (_, (name, true)) => self.matches(name),
            ((one, _), (another, _)) => one.starts_with(another) || another.starts_with(one),
        }
    }

    /// What each name that matches begins with, and whether that is all of it.
    fn begins_with(&self) -> (&str, bool) {
        match &self.matcher {
            Matcher::Regex(_) => ("", false),
            Matcher::Glob(_) => match self.text.split_once(['*', '?', '[', '{', '\\']) {
                Some((start, _)) => (start, false),
                None => (&self.text, true),
            },
        }
    }
}

impl Patterns {
    /// Whether the name is meant.
    pub fn admit(&self, name: &str) -> bool {
        let included = self.include.is_empty() || self.include.iter().any(|pattern| pattern.matches(name));
        included && !self.exclude.iter().any(|pattern| pattern.matches(name))
    }

    /// Whether a name may be meant that matches this. Where that cannot be told, one may.
    pub fn may_admit(&self, names: &Pattern) -> bool {
        let included = self.include.is_empty() || self.include.iter().any(|pattern| pattern.may_share(names));
        let excludes = |pattern: &Pattern| {
            let (name, is_all) = names.begins_with();
            pattern == names || is_all && pattern.matches(name)
        };
        included && !self.exclude.iter().any(excludes)
    }
}

impl PartialEq for Pattern {
    /// What is written the same means the same.
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Pattern {}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// A pattern from a settings file should not be able to take all memory.
        const SIZE_LIMIT: usize = 1 << 20;
        let invalid = |reason: String| InvalidPattern { text: text.to_owned(), reason };
        if text.is_empty() {
            return Err(invalid("it is empty".into()));
        }
        let matcher = if let Some(regex) = text.strip_prefix("regex:") {
            // Checked alone first: the whole-name anchors must not make sense of a half expression such as `a)|(b`.
            Regex::new(regex).map_err(|error| invalid(brief(&error)))?;
            let whole = format!("^(?:{regex})$");
            let regex = RegexBuilder::new(&whole).size_limit(SIZE_LIMIT).build();
            Matcher::Regex(regex.map_err(|error| invalid(brief(&error)))?)
        } else {
            let glob = GlobBuilder::new(text).literal_separator(false).build();
            Matcher::Glob(glob.map_err(|error| invalid(error.kind().to_string()))?.compile_matcher())
        };
        Ok(Self { text: text.to_owned(), matcher })
    }
}

/// The last line of what is said of a regular expression: those before it draw where the mistake is.
fn brief(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: bool) {
        assert_eq!(pattern.parse::<Pattern>().unwrap().matches(name), expected, "{pattern} on {name}");
    }

    #[test]
    fn globs_and_regular_expressions_match_whole_names() {
        check("team/*", "team/app", true);
        check("team/*", "team/app/base", true);
        check("team/*", "other/team/app", false);
        check("v[0-9]*", "v1.2", true);
        check("regex:app", "app", true);
        check("regex:app", "app2", false);
        check("regex:app|web", "web", true);
        check("regex:app|web", "web2", false);
        check("regex:^.*$", "anything/at-all", true);
    }

    #[test]
    fn a_broken_pattern_is_named() {
        for text in ["", "a[", "regex:(", "regex:a)|(b"] {
            let error = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is not a pattern")), "{error}");
        }
    }

    #[test]
    fn an_exclude_wins_over_an_include() {
        let patterns = Patterns {
            include: vec!["team/*".parse().unwrap()],
            exclude: vec!["*/scratch".parse().unwrap()],
        };
        assert!(patterns.admit("team/app"));
        assert!(!patterns.admit("team/scratch"));
        assert!(!patterns.admit("other/app"));
        assert!(Patterns::default().admit("anything"));
    }
}

//! Where the memory is kept: a file, or a PostgreSQL database. A password is never shown.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The place of a database: `vigil.db`, or `postgres://user@host/database`.
#[derive(Clone, PartialEq, Eq)]
pub struct Place(pub(crate) Kept);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    File(PathBuf),
    Postgres(String),
}

/// A text that names no place for a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a database: expected the path of a SQLite file, or postgres://user:password@host/database")]
pub struct InvalidPlace;

impl Place {
    /// The SQLite file at this path.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kept::File(path.into()))
    }
}

impl FromStr for Place {
    type Err = InvalidPlace;

    /// `sqlite:PATH`, `postgres://…`, `postgresql://…`; anything without a scheme is a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self(Kept::Postgres(text.to_owned())));
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains("://") { Err(InvalidPlace) } else { Ok(Self::file(path)) }
    }
}

impl fmt::Display for Place {
    /// The path, or the URL without password and parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::File(path) => path.display().fmt(f),
            Kept::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

fn without_password(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return "postgres".to_owned() };
    // A password may hold anything but an unescaped `@` after the last one.
    match rest.rsplit_once('@') {
        Some((who, where_)) => {
            let user = who.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{where_}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: Option<&str>) {
        let place = text.parse::<Place>().ok();
        assert_eq!(place.map(|place| place.to_string()).as_deref(), shown);
    }

    #[test]
    fn a_place_is_a_file_or_a_server_and_shows_no_password() {
        check("vigil.db", Some("vigil.db"));
        check("sqlite:///var/lib/vigil.db", Some("/var/lib/vigil.db"));
        check("sqlite:vigil.db", Some("vigil.db"));
        check(
            "postgres://vigil:secret@db:5432/vigil?sslmode=require",
            Some("postgres://vigil@db:5432/vigil"),
        );
        check("postgresql:///vigil?host=/run/pg&password=secret", Some("postgresql:///vigil"));
        check("postgres://u:p@ss@db/vigil", Some("postgres://u@db/vigil"));
        check("mysql://db/vigil", None);
        check("", None);
    }
}

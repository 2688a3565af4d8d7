//! Where a catalogue is: a file, or an address in the web.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

/// A file or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file on this machine.
    File(PathBuf),
    /// An `http` or `https` address.
    Web(Url),
}

/// A text that names neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a file nor an http or https URL")]
pub struct NotASource(String);

impl FromStr for Source {
    type Err = NotASource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotASource(text.to_owned());
        match text.split_once("://") {
            Some(("http" | "https", _)) => {
                let url = Url::parse(text).map_err(|_| wrong())?;
                if url.has_host() { Ok(Self::Web(url)) } else { Err(wrong()) }
            }
            Some(_) => Err(wrong()),
            None if text.trim().is_empty() => Err(wrong()),
            None => Ok(Self::File(text.into())),
        }
    }
}

/// Without what may be a secret: the user, the password and the query of an address.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Web(url) => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                write!(f, "{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, told: Option<&str>) {
        let source = text.parse::<Source>().map(|source| source.to_string());
        assert_eq!(source.ok().as_deref(), told);
    }

    #[test]
    fn a_source_is_a_file_or_an_address_and_is_told_without_secrets() {
        check("/etc/kev.json", Some("/etc/kev.json"));
        check(
            "https://user:secret@feeds.example.com:8443/kev.json?key=secret",
            Some("https://feeds.example.com:8443/kev.json"),
        );
        check("http://127.0.0.1/kev", Some("http://127.0.0.1/kev"));
        check("ftp://example.com/kev.json", None);
        check("https://", None);
        check(" ", None);
    }
}

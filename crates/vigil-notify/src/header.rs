//! What requests carry beside their body: headers of one's own, and what the body is.

use std::str::FromStr;

use reqwest::header::{HeaderName, HeaderValue};
use vigil_core::Secret;

/// A header, such as one with a token.
#[derive(Debug, Clone)]
pub struct Header {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

/// What a body is, such as `application/json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType(HeaderValue);

/// What is no header. Its value is not told: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// Its name is none.
    #[error("`{0}` is not the name of a header: letters, digits and -, such as X-Api-Key")]
    Name(String),
    /// Its value is none.
    #[error("the value of `{0}` cannot be sent: expected printable characters on one line")]
    Value(String),
}

/// A text that is no type of a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a content type such as `application/json` or `text/plain; charset=utf-8`")]
pub struct InvalidContentType(String);

impl Header {
    /// A header as it is written.
    ///
    /// # Errors
    ///
    /// If there can be none of this name or value.
    pub fn new(name: &str, value: &Secret) -> Result<Self, InvalidHeader> {
        let of = HeaderName::try_from(name).map_err(|_| InvalidHeader::Name(name.to_owned()))?;
        let mut value =
            HeaderValue::from_str(value.expose()).map_err(|_| InvalidHeader::Value(name.to_owned()))?;
        value.set_sensitive(true);
        Ok(Self { name: of, value })
    }
}

impl ContentType {
    /// JSON.
    pub fn json() -> Self {
        Self(HeaderValue::from_static("application/json"))
    }

    pub(crate) fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl FromStr for ContentType {
    type Err = InvalidContentType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |word: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
            !word.is_empty() && word.bytes().all(fits)
        };
        let kind = text.split(';').next().unwrap_or_default().trim_end();
        let is_type = kind.split_once('/').is_some_and(|(one, other)| is_word(one) && is_word(other));
        let value = HeaderValue::from_str(text).ok().filter(|_| is_type && text.is_ascii());
        value.map(Self).ok_or_else(|| InvalidContentType(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_sent_as_it_is_written_or_not_at_all() {
        let check = |name: &str, value: &str| Header::new(name, &value.into()).map(drop);
        assert_eq!(check("X-Api-Key", "a secret"), Ok(()));
        assert_eq!(check("X Api Key", "a"), Err(InvalidHeader::Name("X Api Key".into())));
        assert_eq!(check("X-Api-Key", "a\nsecret"), Err(InvalidHeader::Value("X-Api-Key".into())));
    }

    #[test]
    fn a_content_type_has_two_words() {
        let check = |text: &str| text.parse::<ContentType>().is_ok();
        assert!(check("application/json") && check("text/plain; charset=utf-8") && check("a/vnd.b+json"));
        for wrong in ["json", "", "text/", "text/plain\n", "a b/c", "text/plain; é"] {
            assert!(!check(wrong), "{wrong}");
        }
    }
}

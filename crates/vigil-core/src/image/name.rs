//! Names inside a registry: repositories, tags, digests. Strings become these at the edge and stay these.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::registry::text_value;

/// A text that ECR would not accept as a repository name, tag or digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidName {
    text: String,
    expected: &'static str,
}

/// The name of a repository: 2 to 256 characters, as the ECR API reference constrains it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(Arc<str>);

/// A tag: 1 to 300 characters without white space.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(Arc<str>);

/// The SHA-256 of a manifest: the identity of an image.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl RepositoryName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Digest {
    /// The hash itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

impl FromStr for RepositoryName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        #[expect(clippy::expect_used, reason = "the pattern is a constant, and a test matches it")]
        static FORM: LazyLock<Regex> = LazyLock::new(|| {
            let part = "[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*";
            Regex::new(&format!("^{part}(?:/{part})*$")).expect("a regular expression")
        });
        let well_formed = FORM.is_match(text);
        if (2..=256).contains(&text.len()) && well_formed {
            return Ok(Self(text.into()));
        }
        Err(InvalidName {
            text: text.into(),
            expected: "an ECR repository name: 2 to 256 lower-case letters, digits, and . _ - / between them",
        })
    }
}

impl FromStr for Tag {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '@' | ':' | '/');
        if (1..=300).contains(&text.len()) && text.chars().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName {
                text: text.into(),
                expected: "an image tag: 1 to 300 characters without spaces, `:`, `/` and `@`",
            })
        }
    }
}

impl FromStr for Digest {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidName {
            text: text.into(),
            expected: "an image digest: `sha256:` and 64 lower-case hexadecimal digits",
        };
        let hex = text.strip_prefix("sha256:").ok_or_else(invalid)?.as_bytes();
        let nibble = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        if hex.len() != 64 {
            return Err(invalid());
        }
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = nibble(pair[0]).ok_or_else(invalid)? << 4 | nibble(pair[1]).ok_or_else(invalid)?;
        }
        Ok(Self(bytes))
    }
}

text_value!(RepositoryName => InvalidName, Tag => InvalidName, Digest => InvalidName);

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names_follow_the_api_reference() {
        for good in ["ab", "team/app", "a.b_c__d---e/f", "0/1"] {
            assert!(good.parse::<RepositoryName>().is_ok(), "{good}");
        }
        for bad in ["", "a", "Team/app", "/app", "app/", "a//b", "a._b", "a b", "-a"] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_reads_back_as_it_was_written() {
        let text = format!("sha256:{}", "0f9a".repeat(16));
        assert_eq!(text.parse::<Digest>().unwrap().to_string(), text);
        for bad in ["sha256:12", "sha512:00", &text.to_uppercase(), &format!("{text}0")] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}

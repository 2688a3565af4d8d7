//! What schedules, routes and sinks are called: a name that can stand unquoted in settings, logs, metrics and addresses.

/// A text that is no name of a schedule, a route or a sink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name: up to 64 letters, digits, -, _ and .")]
pub struct InvalidLabel(pub(crate) String);

/// Whether the text can stand anywhere unquoted.
pub(crate) fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(allowed)
}

/// A type of name: names of different things must not be mixed up.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::label::InvalidLabel;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::label::InvalidLabel;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                match $crate::label::is_label(&text) {
                    true => Ok(Self(text)),
                    false => Err($crate::label::InvalidLabel(text)),
                }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use label;

#[cfg(test)]
mod tests {
    use crate::schedule::ScheduleName;

    #[test]
    fn a_name_needs_no_quotes_anywhere() {
        for good in ["default", "nightly-eu.1", "A_b"] {
            assert_eq!(good.parse::<ScheduleName>().unwrap().to_string(), good);
        }
        for bad in ["", "a b", "ä", "a/b", &"x".repeat(65)] {
            assert!(bad.parse::<ScheduleName>().is_err(), "{bad}");
        }
    }
}

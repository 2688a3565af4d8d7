//! Mail addresses, as people write them.

use std::fmt;
use std::str::FromStr;

use lettre::message::Mailbox;

/// An address, perhaps with a name before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress(Mailbox);

/// A text that is no mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mail address, such as `security@example.com` or `Security <security@example.com>`")]
pub struct InvalidMailAddress(String);

impl MailAddress {
    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.email.domain()
    }

    pub(crate) fn mailbox(&self) -> Mailbox {
        self.0.clone()
    }
}

impl FromStr for MailAddress {
    type Err = InvalidMailAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidMailAddress(text.to_owned()))
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, domain: Option<&str>) {
        let address: Option<MailAddress> = text.parse().ok();
        assert_eq!(address.as_ref().map(MailAddress::domain), domain, "{text}");
    }

    #[test]
    fn an_address_may_have_a_name_before_it() {
        check("team@example.com", Some("example.com"));
        check("ecr-vigil <vigil@example.com>", Some("example.com"));
        check("team at example.com", None);
        check("team@", None);
        check("a@example.com, b@example.com", None);
    }
}

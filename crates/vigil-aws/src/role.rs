//! The name of a role in IAM.

use std::fmt;
use std::str::FromStr;

use vigil_core::image::{AccountId, Partition};

/// A role to assume, such as `arn:aws:iam::123456789012:role/scanner`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn(String);

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a role; expected arn:aws:iam::123456789012:role/NAME, or arn:aws-… of another partition"
)]
pub struct InvalidRoleArn(String);

impl RoleArn {
    /// The ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleArn {
    type Err = InvalidRoleArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_role = match text.split(':').collect::<Vec<_>>()[..] {
            ["arn", partition, "iam", "", account, role] => {
                let known = partition.parse::<Partition>().is_ok() && account.parse::<AccountId>().is_ok();
                known && is_role_name(role)
            }
            _ => false,
        };
        if is_role { Ok(Self(text.to_owned())) } else { Err(InvalidRoleArn(text.to_owned())) }
    }
}

/// A role that goes by one name in several accounts: in its ARN, `{account}` stands for the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleInAccounts(String);

const ACCOUNT: &str = "{account}";

impl FromStr for RoleInAccounts {
    type Err = InvalidRoleArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.replacen(ACCOUNT, "123456789012", 1).parse::<RoleArn>() {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(InvalidRoleArn(text.to_owned())),
        }
    }
}

impl RoleInAccounts {
    /// The role of one account.
    pub fn of(&self, account: &AccountId) -> RoleArn {
        RoleArn(self.0.replacen(ACCOUNT, account.as_str(), 1))
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `role/`, perhaps a path, and a name, in the characters that IAM takes.
fn is_role_name(text: &str) -> bool {
    let in_name = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    let Some((path, name)) = text.rsplit_once('/') else { return false };
    let mut path = path.split('/');
    path.next() == Some("role")
        && path.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic()))
        && (1..=64).contains(&name.len())
        && name.bytes().all(in_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_stands_for_a_role_in_each_account() {
        let of = |text: &str| {
            text.parse::<RoleInAccounts>().map(|role| role.of(&"111122223333".parse().unwrap()).0)
        };
        let expected = "arn:aws:iam::111122223333:role/hub";
        assert_eq!(of("arn:aws:iam::{account}:role/hub").as_deref(), Ok(expected));
        assert_eq!(of(expected).as_deref(), Ok(expected));
        for other in ["arn:aws:iam::{account}:user/hub", "arn:aws:iam::{acount}:role/hub", "{account}"] {
            assert!(of(other).is_err_and(|error| error.to_string().contains(other)), "{other}");
        }
    }

    #[test]
    fn a_role_has_a_partition_an_account_and_a_name_that_may_have_a_path() {
        for role in [
            "arn:aws:iam::123456789012:role/scanner",
            "arn:aws-us-gov:iam::123456789012:role/scanner",
            "arn:aws-iso-b:iam::123456789012:role/team/ci/ecr+scan=1,2.3@x_y-z",
        ] {
            assert!(role.parse::<RoleArn>().is_ok_and(|arn| arn.as_str() == role), "{role}");
        }
        for other in [
            "",
            "root",
            "arn:awsfoo:iam::123456789012:role/scanner",
            "arn:aws-:iam::123456789012:role/scanner",
            "arn:aws:iam::x:role/",
            "arn:aws:iam::12345678901:role/scanner",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/team/",
            "arn:aws:iam::123456789012:role//scanner",
            "arn:aws:iam::123456789012:role/scan ner",
            "arn:aws:iam::123456789012:user/scanner",
            "arn:aws:iam:eu-west-1:123456789012:role/scanner",
            "arn:aws:sts::123456789012:assumed-role/scanner/session",
            "arn:aws:iam::123456789012:role/scanner:more",
        ] {
            assert!(
                other.parse::<RoleArn>().is_err_and(|error| error.to_string().contains("role/NAME")),
                "{other}"
            );
        }
    }
}

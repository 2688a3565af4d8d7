//! Who is asking, and which region: read from the credential scope of Signature Version 4.
//!
//! Signatures are not verified: the simulator keeps no secrets. A request without any Authorization header is refused,
//! because a client that forgets to sign must not pass its tests.

use std::collections::BTreeMap;

use crate::config::{DEFAULT_ACCOUNT, DEFAULT_REGION};
use crate::registry::RegistryId;

/// The sender of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) registry: RegistryId,
    /// `ecr` or `sts`, as the credential scope says.
    pub(crate) service: String,
    pub(crate) access_key: String,
}

/// Reads the Authorization header; `None` when it names no credential.
pub(crate) fn caller(authorization: &str, accounts: &BTreeMap<String, String>) -> Option<Caller> {
    let credential = authorization.split(['=', ',', ' ']).skip_while(|word| *word != "Credential").nth(1)?;
    let mut scope = credential.split('/');
    let access_key = scope.next().filter(|key| !key.is_empty())?;
    let (_date, region, service) = (scope.next(), scope.next(), scope.next());
    let account = accounts.get(access_key).cloned().or_else(|| account_in_key(access_key));
    Some(Caller {
        registry: RegistryId {
            account: account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
            region: region.unwrap_or(DEFAULT_REGION).to_owned(),
        },
        service: service.unwrap_or("ecr").to_owned(),
        access_key: access_key.to_owned(),
    })
}

/// The access key id of temporary credentials for an account.
pub(crate) fn credentials_for(account: &str) -> String {
    format!("ASIASIMX{account}")
}

/// The account that a key id ends in, if it ends in one.
fn account_in_key(access_key: &str) -> Option<String> {
    let tail = access_key.get(access_key.len().checked_sub(12)?..)?;
    tail.bytes().all(|byte| byte.is_ascii_digit()).then(|| tail.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account_of(key: &str) -> String {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20261121/eu-central-1/ecr/aws4_request, SignedHeaders=host, Signature=00"
        );
        let accounts = BTreeMap::from([("AKIATEAM".to_owned(), "210987654321".to_owned())]);
        let caller = caller(&header, &accounts).unwrap();
        assert_eq!((caller.registry.region.as_str(), caller.service.as_str()), ("eu-central-1", "ecr"));
        caller.registry.account
    }

    #[test]
    fn the_access_key_names_the_account() {
        assert_eq!(account_of("AKIATEAM"), "210987654321");
        assert_eq!(account_of(&credentials_for("111122223333")), "111122223333");
        assert_eq!(account_of("test"), DEFAULT_ACCOUNT);
    }

    #[test]
    fn a_header_without_credential_names_nobody() {
        assert_eq!(caller("Bearer abc", &BTreeMap::new()), None);
        assert_eq!(caller("AWS4-HMAC-SHA256 Credential=", &BTreeMap::new()), None);
    }
}

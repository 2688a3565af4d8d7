//! What of the caller's surroundings a test may see: an AWS profile or a setting of the program that happens to be
//! set on this machine must not decide whether a test passes.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    process::Command,
};

/// Names that begin so belong to the caller's AWS account, to the caller's own ecr-vigil, or to PostgreSQL's programs.
const LEAKING: [&str; 3] = ["AWS_", "VIGIL_", "PG"];

/// The tests' servers are on this machine; a proxy between them and the tests would answer instead.
const LOOPBACK: &str = "localhost,127.0.0.1,::1";

/// Takes the caller's settings away from `command` and gives it those of the tests. `empty` is an empty file.
pub(super) fn settle(command: &mut Command, python: &Path, empty: &Path) {
    forget(command);
    command
        .env("VIGIL_TEST_PYTHON", python)
        // Without this the SDK looks for a role at the address of EC2's metadata service, and waits for it.
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // The profiles in the caller's home are found without any variable: name an empty file in their place.
        .env("AWS_CONFIG_FILE", empty)
        .env("AWS_SHARED_CREDENTIALS_FILE", empty);
    for name in ["NO_PROXY", "no_proxy"] {
        command.env(name, beside_loopback(env::var_os(name)));
    }
}

/// Takes the caller's settings away from `command`.
pub(super) fn forget(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| leaks(name)) {
        command.env_remove(name);
    }
}

fn leaks(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    LEAKING.iter().any(|prefix| name.starts_with(prefix))
}

fn beside_loopback(present: Option<OsString>) -> OsString {
    match present {
        Some(mut list) if !list.is_empty() => {
            list.push(",");
            list.push(LOOPBACK);
            list
        }
        _ => LOOPBACK.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_account_and_settings_leak_and_the_rest_does_not() {
        for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "VIGIL_POLICY", "PGDATA"] {
            assert!(leaks(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "HOME", "CARGO_TARGET_DIR", "INSTA_UPDATE", "SOME_AWS_THING"] {
            assert!(!leaks(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn loopback_goes_past_a_proxy_and_the_callers_own_exceptions_stay() {
        assert_eq!(beside_loopback(None), LOOPBACK);
        assert_eq!(beside_loopback(Some("".into())), LOOPBACK);
        assert_eq!(beside_loopback(Some(".corp".into())), ".corp,localhost,127.0.0.1,::1");
    }
}

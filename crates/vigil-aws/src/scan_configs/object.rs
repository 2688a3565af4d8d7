//! An object of the bucket as a scan configuration: its key, its body, and what is wrong with those that are none.

use std::fmt;

use vigil_core::policy::{ScanConfig, ScanConfigId};

/// The re-scan service's are 200 bytes long, with a hundred tags a few thousand: nobody's gigabytes are fetched.
const LARGEST: i64 = 64 * 1024;

/// Why an object is no scan configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Foreign {
    Key,
    Size(i64),
    Body(String),
    OtherId(ScanConfigId),
}

/// The key under which a configuration lies.
pub(super) fn key(id: &ScanConfigId) -> String {
    format!("{id}.json")
}

/// The id by whose name an object goes.
pub(super) fn id(key: &str) -> Result<ScanConfigId, Foreign> {
    // An id in capitals is the same id, and in S3 another key.
    let id = key.strip_suffix(".json").and_then(|id| id.parse().ok());
    id.filter(|id| self::key(id) == key).ok_or(Foreign::Key)
}

/// What an object of so many bytes is, if it is too large to be looked at.
pub(super) fn too_large(size: i64) -> Option<Foreign> {
    (size > LARGEST).then_some(Foreign::Size(size))
}

/// As it is written: compact, members in the order of the re-scan service.
pub(super) fn body(config: &ScanConfig) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(config)
}

/// As it is read.
pub(super) fn read(id: &ScanConfigId, body: &[u8]) -> Result<ScanConfig, Foreign> {
    let config: ScanConfig =
        serde_json::from_slice(body).map_err(|error| Foreign::Body(error.to_string()))?;
    if config.id == *id { Ok(config) } else { Err(Foreign::OtherId(config.id)) }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("its key is not a UUID followed by `.json`"),
            Self::Size(size) => write!(f, "it has {size} bytes, more than the {LARGEST} that one may have"),
            Self::Body(why) => write!(f, "it cannot be read: {why}"),
            Self::OtherId(id) => write!(f, "its `id` is {id}, which is not its key"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4471c156-29f5-40fe-883b-3cd26738d5a6";

    #[track_caller]
    fn check_key(key: &str, valid: bool) {
        assert_eq!(id(key).is_ok(), valid, "{key}");
    }

    #[track_caller]
    fn check_body(body: &str, why: &str) {
        let foreign = read(&ID.parse().unwrap(), body.as_bytes()).unwrap_err().to_string();
        assert!(foreign.starts_with(why), "{body}: {foreign}");
    }

    #[test]
    fn a_key_is_an_id_and_its_suffix() {
        check_key(&format!("{ID}.json"), true);
        for other in ["foo.txt", ID, &format!("old/{ID}.json"), &format!("{ID}.json.bak"), ""] {
            check_key(other, false);
        }
        check_key(&format!("{}.json", ID.to_uppercase()), false);
    }

    #[test]
    fn what_is_too_large_is_not_looked_at() {
        assert_eq!(too_large(65_536), None);
        let large = too_large(65_537).unwrap().to_string();
        assert_eq!(large, "it has 65537 bytes, more than the 65536 that one may have");
    }

    #[test]
    fn a_body_is_read_whole_and_under_its_own_key() {
        let good = format!(
            r#"{{"id":"{ID}","created":"1569927812","region":"us-west-2","registry":"123456789012","repository":"amazonlinux","tags":null}}"#
        );
        let config = read(&ID.parse().unwrap(), good.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(body(&config).unwrap()).unwrap(), good);
        check_body("", "it cannot be read: EOF while parsing");
        check_body(&good.replace("us-west-2", "US WEST"), "it cannot be read: ");
        let other = "612fccea-9545-45d0-8feb-cdc20c4c3061";
        check_body(&good.replace(ID, other), &format!("its `id` is {other}, which is not its key"));
    }
}

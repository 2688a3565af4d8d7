//! Who looks after which images: by what the settings say of a repository, or else by its own tags. It refuses to know how
//! the tags of a repository are read.

use std::collections::BTreeMap;

use super::Patterns;
use crate::image::{RegistryId, RepositoryName};

/// Repositories that somebody looks after.
#[derive(Debug, Clone, Default)]
pub struct Owned {
    /// Who does.
    pub owner: String,
    /// In these accounts.
    pub accounts: Patterns,
    /// In these regions.
    pub regions: Patterns,
    /// These repositories.
    pub repositories: Patterns,
}

/// Who looks after what, by the settings; the first that fits counts.
#[derive(Debug, Clone, Default)]
pub struct Owners(Vec<Owned>);

impl Owners {
    /// These, in this order.
    pub fn new(owned: Vec<Owned>) -> Self {
        Self(owned)
    }

    /// Who looks after a repository, of which its tags say `tagged`. The settings know better than a tag.
    pub fn of(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        tagged: Option<String>,
    ) -> Option<String> {
        let fits = |owned: &&Owned| {
            owned.accounts.admit(registry.account.as_str())
                && owned.regions.admit(registry.region.as_str())
                && owned.repositories.admit(repository.as_str())
        };
        self.0.iter().find(fits).map(|owned| owned.owner.clone()).or(tagged)
    }
}

/// Who looks after a repository by its tags: the value of the first of these keys that it has, however they are spelled.
pub fn owner_by_tags(tags: &BTreeMap<String, String>, keys: &[String]) -> Option<String> {
    let value = |key: &String| {
        let values = tags.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        values.map(|(_, value)| value.trim()).find(|value| !value.is_empty())
    };
    keys.iter().find_map(value).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::subject;

    fn owned(owner: &str, repositories: &str, accounts: &[&str]) -> Owned {
        let patterns = |texts: &[&str]| Patterns {
            include: texts.iter().map(|text| text.parse().unwrap()).collect(),
            exclude: Vec::new(),
        };
        Owned {
            owner: owner.to_owned(),
            accounts: patterns(accounts),
            repositories: patterns(&[repositories]),
            ..Owned::default()
        }
    }

    #[track_caller]
    fn check(repository: &str, tagged: Option<&str>, expected: Option<&str>) {
        let image = subject(repository, &["v1"], 1);
        let owners = Owners::new(vec![
            owned("elsewhere", "team/*", &["999988887777"]),
            owned("payments", "team/pay*", &[]),
            owned("team", "team/*", &[]),
        ]);
        let owner = owners.of(&image.registry, &image.repository, tagged.map(str::to_owned));
        assert_eq!(owner.as_deref(), expected);
    }

    #[test]
    fn the_first_that_fits_counts_and_the_settings_know_better_than_a_tag() {
        check("team/pay-api", None, Some("payments"));
        check("team/app", Some("somebody"), Some("team"));
        check("other/app", Some("somebody"), Some("somebody"));
        check("other/app", None, None);
    }

    #[test]
    fn a_tag_is_known_by_its_key_however_that_is_spelled() {
        let tags: BTreeMap<String, String> = [("Team", "blue"), ("OWNER", " ann "), ("owner-of", "x")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let by = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            owner_by_tags(&tags, &keys)
        };
        assert_eq!(by(&["owner", "team"]).as_deref(), Some("ann"));
        assert_eq!(by(&["squad", "team"]).as_deref(), Some("blue"));
        assert_eq!(by(&["squad"]), None);
        assert_eq!(by(&[]), None);
    }
}

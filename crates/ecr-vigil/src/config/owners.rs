//! Who looks after which images: the tables `[[owner]]`, and the keys of the repositories' own tags.

use std::str::FromStr;

use serde::Deserialize;
use vigil_core::policy::{Owned, Owners};

use super::reader::{Reader, with_member};
use super::routes::InTable;

/// An owner, as the file gives it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenOwner {
    name: Option<String>,
    accounts: Vec<String>,
    exclude_accounts: Vec<String>,
    regions: Vec<String>,
    exclude_regions: Vec<String>,
    repositories: Vec<String>,
    exclude_repositories: Vec<String>,
}

/// What people call an owner: a team, a person, an address.
struct OwnerName(String);

/// The key of a tag of a repository; `None`: the word for no key at all.
struct TagKey(Option<String>);

impl Reader<'_> {
    pub(super) fn owners(&mut self) -> Owners {
        let tables = self.layers.owners.clone().into_iter().enumerate();
        Owners::new(
            tables.filter_map(|(place, table)| self.owner(&format!("owner[{place}]"), table)).collect(),
        )
    }

    fn owner(&mut self, key: &str, table: toml::Table) -> Option<Owned> {
        let written: Result<WrittenOwner, _> = table.try_into();
        let written = written.map_err(|error| self.complain_of_table(key, with_member(&error))).ok()?;
        let mut table = InTable { reader: self, key };
        let name: Option<OwnerName> = table.name(written.name);
        if written.repositories.is_empty() && written.accounts.is_empty() && written.regions.is_empty() {
            table.complain("repositories", "it is missing: patterns of what they look after, such as team/*");
        }
        let accounts = table.patterns("accounts", written.accounts, written.exclude_accounts);
        let regions = table.patterns("regions", written.regions, written.exclude_regions);
        let repositories = table.patterns("repositories", written.repositories, written.exclude_repositories);
        let OwnerName(owner) = name?;
        Some(Owned { owner, accounts, regions, repositories })
    }

    pub(super) fn owner_tags(&mut self) -> Vec<String> {
        let keys: Vec<TagKey> = self.many("owners.tags");
        if keys.len() > 1 && keys.iter().any(|TagKey(key)| key.is_none()) {
            self.complain("owners.tags", "`none` stands for no tag at all: it stands alone");
        }
        keys.into_iter().filter_map(|TagKey(key)| key).collect()
    }
}

impl FromStr for OwnerName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fits = (1..=256).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned())).ok_or_else(|| "expected a name of 1 to 256 characters".to_owned())
    }
}

impl FromStr for TagKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=128).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        match text {
            "none" => Ok(Self(None)),
            _ if fits => Ok(Self(Some(text.to_owned()))),
            _ => Err(format!("`{text}` is not the key of a tag")),
        }
    }
}

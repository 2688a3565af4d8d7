//! Which registries are told of: those that the settings or scan configurations name. The memory keeps others for a while.

use std::collections::BTreeSet;

use vigil_aws::Target;
use vigil_core::{AccountId, Region, RegistryId};

use super::counters::Metrics;

/// What is named.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    targets: Vec<Target>,
    /// By scan configurations; `None` while nobody has read them: nothing is taken for gone then.
    named: Option<BTreeSet<(Region, AccountId)>>,
}

impl Watched {
    /// These targets, and what scan configurations name as far as the metrics were told.
    pub fn new(targets: &[Target], metrics: &Metrics) -> Self {
        Self { targets: targets.to_vec(), named: metrics.counted().named.clone() }
    }

    /// Whether a registry may be one of them. A target does not always say its account, and then any is.
    pub fn holds(&self, registry: &RegistryId) -> bool {
        let Some(named) = &self.named else { return true };
        let place = (registry.region.clone(), registry.account.clone());
        named.contains(&place) || self.targets.iter().any(|target| may_be(target, registry))
    }
}

fn may_be(target: &Target, registry: &RegistryId) -> bool {
    let of_role = target.role_arn.as_ref().and_then(|role| role.as_str().split(':').nth(4));
    let account = target.account.as_ref().map(AccountId::as_str).or(of_role);
    target.region.as_ref().is_none_or(|region| *region == registry.region)
        && account.is_none_or(|account| account == registry.account.as_str())
}

#[cfg(test)]
mod tests {
    use vigil_core::policy::ScanConfig;

    use super::*;

    const HERE: &str = "123456789012";

    fn targets(targets: &[(Option<&str>, Option<&str>, Option<&str>)]) -> Vec<Target> {
        let target = |(region, account, role): &(Option<&str>, Option<&str>, Option<&str>)| Target {
            region: region.map(|region| region.parse().unwrap()),
            account: account.map(|account| account.parse().unwrap()),
            role_arn: role.map(|role| role.parse().unwrap()),
            ..Target::default()
        };
        targets.iter().map(target).collect()
    }

    #[track_caller]
    fn check(named: Option<&[ScanConfig]>, of: &[(Option<&str>, Option<&str>, Option<&str>)], holds: bool) {
        let metrics = Metrics::default();
        named.into_iter().for_each(|named| metrics.named(named));
        let (account, region) = (HERE.parse().unwrap(), "eu-west-1".parse().unwrap());
        let registry = RegistryId { partition: "aws".parse().unwrap(), account, region };
        assert_eq!(Watched::new(&targets(of), &metrics).holds(&registry), holds);
    }

    #[test]
    fn a_registry_that_nothing_names_is_not_told_of() {
        let nobody: Option<&[ScanConfig]> = Some(&[]);
        check(nobody, &[(Some("eu-west-1"), None, None)], true);
        check(nobody, &[(None, None, None)], true);
        check(nobody, &[(Some("eu-west-2"), None, None)], false);
        check(nobody, &[(Some("eu-west-1"), Some(HERE), None)], true);
        check(nobody, &[(Some("eu-west-1"), Some("210987654321"), None)], false);
        check(nobody, &[(Some("eu-west-1"), None, Some("arn:aws:iam::123456789012:role/vigil"))], true);
        check(nobody, &[(Some("eu-west-1"), None, Some("arn:aws:iam::210987654321:role/vigil"))], false);
        check(None, &[(Some("eu-west-2"), None, None)], true);
    }
}

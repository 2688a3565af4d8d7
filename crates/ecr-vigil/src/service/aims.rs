//! What all schedules want to have scanned, by the settings as they are now, in the words of the core's rule of coverage.

use std::collections::BTreeSet;

use vigil_aws::Target;
use vigil_core::coverage::{Aim, Aims, NamedRepository, Place};
use vigil_core::policy::ScanConfig;
use vigil_core::{AccountId, RegistryId};

use crate::config::{ScheduleSettings, ServiceSettings, TakePart};

/// By these settings; `entered` are the registries that targets have turned out to be, `named` what scan configurations name,
/// as far as it is known.
pub fn aims(
    settings: &ServiceSettings,
    entered: &[(Target, RegistryId)],
    named: Option<BTreeSet<NamedRepository>>,
) -> Aims {
    let aim = |settings: &ScheduleSettings| Aim {
        schedule: settings.schedule.name.clone(),
        selects: (settings.scan_configs != TakePart::Only).then(|| settings.selection.repositories.clone()),
        takes_named: settings.scan_configs != TakePart::Off,
        expiry: settings.cadence.expiry.clone(),
    };
    let place = |target: &Target| match entered.iter().find(|(other, _)| other == target) {
        Some((_, registry)) => {
            Place { account: Some(registry.account.clone()), region: Some(registry.region.clone()) }
        }
        None => Place { account: account_of(target), region: target.region.clone() },
    };
    Aims {
        schedules: settings.schedules.iter().map(aim).collect(),
        places: settings.general.targets.iter().map(place).collect(),
        named,
    }
}

/// The repositories that these name.
pub fn named(configs: &[ScanConfig]) -> BTreeSet<NamedRepository> {
    let request = |config: &ScanConfig| {
        let request = &config.request;
        (request.region.clone(), request.registry.clone(), request.repository.clone())
    };
    configs.iter().map(request).collect()
}

/// A target does not always say its account; a role to be assumed does.
fn account_of(target: &Target) -> Option<AccountId> {
    let of_role = || target.role_arn.as_ref()?.as_str().split(':').nth(4)?.parse().ok();
    target.account.clone().or_else(of_role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(region: &str, account: Option<&str>, role: Option<&str>, expected: Option<&str>) {
        let target = Target {
            region: region.parse().ok(),
            account: account.map(|account| account.parse().unwrap()),
            role_arn: role.map(|role| role.parse().unwrap()),
            ..Target::default()
        };
        assert_eq!(account_of(&target).as_ref().map(AccountId::as_str), expected);
    }

    #[test]
    fn an_account_is_said_by_itself_or_by_a_role() {
        let role = "arn:aws:iam::210987654321:role/vigil";
        check("eu-west-1", None, None, None);
        check("eu-west-1", Some("123456789012"), None, Some("123456789012"));
        check("eu-west-1", None, Some(role), Some("210987654321"));
        check("eu-west-1", Some("123456789012"), Some(role), Some("123456789012"));
    }
}

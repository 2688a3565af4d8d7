//! Calls to AWS: how attempts have ended, added up over all connections that the service has had.

use std::collections::BTreeMap;

use vigil_aws::CallCounts;
use vigil_core::RegistryId;
use vigil_core::coverage::Aims;

use super::catalogue as families;
use super::exposition::Exposition;

/// How the attempts at each operation have ended in one registry, by the operation's name.
pub type Calls = BTreeMap<&'static str, CallCounts>;

/// Adds the counts of one connection to a registry's.
fn add(all: &mut BTreeMap<RegistryId, Calls>, registry: &RegistryId, calls: &Calls) {
    let known = all.entry(registry.clone()).or_default();
    for (operation, counts) in calls {
        let sum = known.entry(operation).or_default();
        sum.ok += counts.ok;
        sum.throttled += counts.throttled;
        sum.transient += counts.transient;
        sum.refused += counts.refused;
    }
}

/// Writes what there is of each connection.
pub(super) fn write(to: &mut Exposition, connections: &[(RegistryId, Calls)], aims: &Aims) {
    let mut all = BTreeMap::new();
    let of_aims = connections.iter().filter(|(registry, _)| aims.hold(registry));
    of_aims.for_each(|(registry, calls)| add(&mut all, registry, calls));
    to.family(&families::API_CALLS, |samples| {
        for (registry, calls) in &all {
            for (operation, CallCounts { ok, throttled, transient, refused }) in calls {
                let outcomes =
                    [("ok", ok), ("throttled", throttled), ("transient", transient), ("refused", refused)];
                for (outcome, count) in outcomes {
                    let place = [registry.account.as_str(), registry.region.as_str()];
                    samples.put(&[place[0], place[1], operation, outcome], *count);
                }
            }
        }
    });
}

//! The simulator: its clock, its registries, its traffic rules, and what tests may do with them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

use crate::clock::{self, Moment, SimClock};
use crate::config::{DEFAULT_ACCOUNT, DEFAULT_REGION, ScanBehaviour, SimConfig};
use crate::content::{Generated, Layout};
use crate::locks::{read, write};
use crate::noise::Noise;
use crate::registry::{Registry, RegistryId, Scanning, State};
use crate::traffic::{Buckets, CallLog, Calls, FaultId, FaultRule, Faults, RateLimit};

/// An ECR in a box: any number of registries behind one address.
#[derive(Debug)]
pub struct Sim {
    pub(crate) config: SimConfig,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) calls: CallLog,
    pub(crate) buckets: Buckets,
    pub(crate) faults: Faults,
    layout: Arc<Layout>,
    start: Moment,
    behaviour: Arc<RwLock<ScanBehaviour>>,
    /// What registries start with that nobody has asked for yet.
    scanning: RwLock<Scanning>,
    registries: RwLock<HashMap<RegistryId, Arc<Registry>>>,
}

impl Sim {
    /// Builds a simulator. Names and sizes of repositories are made now, images when they are asked for.
    #[must_use]
    pub fn new(config: SimConfig) -> Arc<Self> {
        let start = config.start.unwrap_or_else(clock::real_time);
        let clock = if config.clock_held { SimClock::held_at(start) } else { SimClock::running_from(start) };
        Arc::new(Self {
            layout: Arc::new(Layout::new(Noise::new(config.seed), config.repositories, config.images)),
            clock: Arc::new(clock),
            calls: CallLog::new(),
            buckets: Buckets::new(config.limits.clone()),
            faults: Faults::new(),
            start: Moment::from(start),
            behaviour: Arc::new(RwLock::new(config.scans.clone())),
            scanning: RwLock::new(config.scanning.clone()),
            registries: RwLock::default(),
            config,
        })
    }

    /// The clock that everything here goes by.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// The registry of an account in a region; made when first asked for.
    #[must_use]
    pub fn registry(&self, account: &str, region: &str) -> Arc<Registry> {
        self.registry_of(&RegistryId { account: account.to_owned(), region: region.to_owned() })
    }

    /// The registry of [`DEFAULT_ACCOUNT`] in [`DEFAULT_REGION`].
    #[must_use]
    pub fn default_registry(&self) -> Arc<Registry> {
        self.registry(DEFAULT_ACCOUNT, DEFAULT_REGION)
    }

    /// Calls by operation, since the start or the last reset.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, Calls> {
        self.calls.snapshot()
    }

    /// Counts calls from zero again.
    pub fn reset_calls(&self) {
        self.calls.reset();
    }

    /// Returns once `operation` has been called `calls` times since the start or the last reset.
    pub async fn when_calls(&self, operation: &str, calls: u64) {
        self.calls.when(operation, calls).await;
    }

    /// Adds a rule that spoils calls.
    pub fn add_fault(&self, rule: FaultRule) -> FaultId {
        self.faults.add(rule)
    }

    /// Removes a rule and says whether it was there; calls that it holds go on.
    pub fn remove_fault(&self, id: FaultId) -> bool {
        self.faults.remove(id)
    }

    /// Removes all rules.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// Limits the requests of an operation, in each registry; `None` lifts the limit.
    pub fn set_limit(&self, operation: &str, limit: Option<RateLimit>) {
        self.buckets.set(operation, limit);
    }

    /// How scans behave now.
    #[must_use]
    pub fn scan_behaviour(&self) -> ScanBehaviour {
        read(&self.behaviour).clone()
    }

    /// Changes how scans behave that start from now on.
    pub fn set_scan_behaviour(&self, behaviour: ScanBehaviour) {
        *write(&self.behaviour) = behaviour;
    }

    /// Switches the scanning configuration of every registry.
    pub fn set_scanning(&self, scanning: &Scanning) {
        *write(&self.scanning) = scanning.clone();
        for registry in read(&self.registries).values() {
            registry.set_scanning(scanning.clone());
        }
    }

    pub(crate) fn registry_of(&self, id: &RegistryId) -> Arc<Registry> {
        if let Some(registry) = read(&self.registries).get(id) {
            return Arc::clone(registry);
        }
        let mut registries = write(&self.registries);
        Arc::clone(registries.entry(id.clone()).or_insert_with(|| Arc::new(self.new_registry(id))))
    }

    fn new_registry(&self, id: &RegistryId) -> Registry {
        let generated = Generated {
            layout: Arc::clone(&self.layout),
            profile: self.config.profile.clone(),
            noise: Noise::new(self.config.seed).word(&id.account).word(&id.region),
            start: self.start,
        };
        let state = State::new(id.clone(), generated, read(&self.scanning).clone());
        Registry::new(Arc::clone(&self.clock), Arc::clone(&self.behaviour), state)
    }
}

//! Into the registries: connected to, and each given the images that are named in it.

use std::collections::BTreeSet;

use vigil_aws::{AwsRegistry, Target};
use vigil_core::image::ImageName;
use vigil_core::port::Registry;
use vigil_core::{RegistryId, Stop};
use vigil_report::NotEntered;

use crate::compose::NotConnected;
use crate::config::Settings;
use crate::connections::Connections;

/// Registries, each with the images that are named in it, if any are named.
pub type Registries = Vec<(AwsRegistry, Option<Vec<ImageName>>)>;

/// What came of entering.
pub struct Entered {
    /// The registries that were entered.
    pub registries: Registries,
    /// Those that were not, and named images that are in none.
    pub not_entered: Vec<NotEntered>,
    /// Whether the pass was to end before every registry was entered.
    pub halted: bool,
}

/// Connects to the registries, and gives each the images that are named in it.
pub async fn enter(
    settings: &Settings,
    named: Option<&[ImageName]>,
    connections: &Connections,
    stop: &Stop,
) -> Entered {
    let targets = targets(settings, named);
    let mut registries = Registries::new();
    let (mut not_entered, mut halted) = (Vec::new(), false);
    let connected = connections.to(&targets, &settings.network, stop).await;
    let default_registry =
        connected.first().and_then(|(_, connection)| Some(connection.as_ref().ok()?.id().clone()));
    for (name, connection) in connected {
        match connection {
            Ok(registry) if registries.iter().any(|(other, _)| other.id() == registry.id()) => {
                tracing::debug!(registry = %registry.id(), "named twice, looked at once");
            }
            Ok(registry) => registries.push((registry, None)),
            Err(error) => {
                halted |= matches!(error, NotConnected::Halted(_));
                let reason = chain(&error);
                tracing::error!(registry = name, "{reason}");
                not_entered.push(NotEntered { registry: name, reason });
            }
        }
    }
    if let Some(named) = named {
        let default_registry = default_registry.as_ref();
        let unmatched = distribute(named, &mut registries, default_registry, not_entered.is_empty());
        not_entered.extend(unmatched);
    }
    Entered { registries, not_entered, halted }
}

/// The targets in which something may be named. A full URI names its region: a target that is given for another one has
/// no part in it, and where none is given the credentials at hand are tried there. Bare names belong to the first.
fn targets(settings: &Settings, named: Option<&[ImageName]>) -> Vec<Target> {
    let names = || named.into_iter().flatten();
    let regions: BTreeSet<_> = names().filter_map(|name| Some(name.host.as_ref()?.region.clone())).collect();
    if regions.is_empty() {
        return settings.targets.clone();
    }
    let bare = names().any(|name| name.host.is_none());
    if settings.targets_given {
        let may_hold =
            |target: &&Target| target.region.as_ref().is_none_or(|region| regions.contains(region));
        return settings.targets.iter().filter(|target| bare || may_hold(target)).cloned().collect();
    }
    let of_configuration = settings.targets.iter().filter(|_| bare).cloned();
    of_configuration
        .chain(regions.into_iter().map(|region| Target { region: Some(region), ..Target::default() }))
        .collect()
}

/// Gives each registry the images named in it, and drops the registries in which none is. Says which images are in no
/// registry at hand. Bare names are of `default_registry`, and of no other registry that happens to be entered.
fn distribute(
    names: &[ImageName],
    registries: &mut Registries,
    default_registry: Option<&RegistryId>,
    all_entered: bool,
) -> Vec<NotEntered> {
    let mut unmatched = Vec::new();
    for name in names {
        let is_its = |registry: &RegistryId| match &name.host {
            Some(host) => registry.account == host.account && registry.region == host.region,
            None => Some(registry) == default_registry,
        };
        match registries.iter_mut().find(|(registry, _)| is_its(registry.id())) {
            Some((_, names)) => names.get_or_insert_default().push(name.clone()),
            None => unmatched.push(not_looked_at(name, all_entered)),
        }
    }
    registries.retain(|(_, names)| names.is_some());
    unmatched
}

/// Says of an image that is in no registry at hand which registry that would be, and why it is not at hand.
fn not_looked_at(name: &ImageName, all_entered: bool) -> NotEntered {
    let registry = match &name.host {
        Some(host) => format!("{}/{}", host.account, host.region),
        None => "(of names without a host)".to_owned(),
    };
    let why = match (&name.host, all_entered) {
        (None, _) => "this registry was not entered",
        (_, true) => "no target has this account and region: add a [[target]] with a role in it",
        (_, false) => "none of the registries that were entered is this one",
    };
    let image = ImageName { host: None, ..name.clone() };
    NotEntered { registry, reason: format!("{image} is not looked at: {why}") }
}

/// An error and its causes, once.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

//! Into the registries: connected to, and each given the images that are named in it.

use std::collections::BTreeSet;

use vigil_aws::{AwsRegistry, Target};
use vigil_core::image::ImageName;
use vigil_core::port::Registry;
use vigil_core::{RegistryId, Stop};
use vigil_report::NotEntered;

use crate::compose::{self, NotConnected};
use crate::config::{NamedImages, Settings};

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
pub async fn enter(settings: &Settings, named: Option<&NamedImages>, stop: &Stop) -> Entered {
    let targets = targets(settings, named);
    let mut registries = Registries::new();
    let (mut not_entered, mut halted) = (Vec::new(), false);
    let connections = compose::registries(&targets, &settings.network, stop).await;
    let home = connections.first().and_then(|(_, connection)| Some(connection.as_ref().ok()?.id().clone()));
    for (name, connection) in connections {
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
        let strays = distribute(&named.ecr, &mut registries, home.as_ref(), not_entered.is_empty());
        not_entered.extend(strays);
    }
    Entered { registries, not_entered, halted }
}

/// The targets in which something may be named. A full URI names its region: a target that is given for another one has
/// no part in it, and where none is given the credentials at hand are tried there. Bare names belong to the first.
fn targets(settings: &Settings, named: Option<&NamedImages>) -> Vec<Target> {
    let names = || named.iter().flat_map(|named| &named.ecr);
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
/// registry at hand. Bare names are of `home`, and of no other registry that happens to be entered.
fn distribute(
    names: &[ImageName],
    registries: &mut Registries,
    home: Option<&RegistryId>,
    all_entered: bool,
) -> Vec<NotEntered> {
    let mut stray = Vec::new();
    for name in names {
        let is_its = |registry: &RegistryId| match &name.host {
            Some(host) => registry.account == host.account && registry.region == host.region,
            None => Some(registry) == home,
        };
        match registries.iter_mut().find(|(registry, _)| is_its(registry.id())) {
            Some((_, names)) => names.get_or_insert_default().push(name.clone()),
            None => {
                let reason = why_stray(name, all_entered).to_owned();
                stray.push(NotEntered { registry: name.to_string(), reason });
            }
        }
    }
    registries.retain(|(_, names)| names.is_some());
    stray
}

fn why_stray(name: &ImageName, all_entered: bool) -> &'static str {
    match (&name.host, all_entered) {
        (None, _) => {
            "not looked at: the registry in which a name without a host is looked up was not entered"
        }
        (_, true) => "no target has this account and region: add a [[target]] with a role in it",
        (_, false) => "not looked at: none of the registries that were entered is its own",
    }
}

/// A bare name is looked up in the one target; with several it could be in any.
pub fn unambiguous(names: &[ImageName], settings: &Settings) -> Result<(), String> {
    match names.iter().find(|name| name.host.is_none()) {
        Some(name) if settings.targets.len() > 1 => Err(format!(
            "`{name}` could be in any of {} targets: write the full registry URI",
            settings.targets.len()
        )),
        _ => Ok(()),
    }
}

/// An error and its causes, once.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

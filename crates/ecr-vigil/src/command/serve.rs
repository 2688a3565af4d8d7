//! `serve` and `work`: the service, or as much of it as heeds events, until a signal ends it.

use std::sync::Arc;

use indicatif::MultiProgress;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use vigil_core::Stop;

use super::runtime::block_on;
use super::settings::{complain, layers, service as service_settings, tell};
use crate::cli::Written;
use crate::config::{Changes, Layers, ServiceSettings, changes};
use crate::enter::chain;
use crate::exit::Exit;
use crate::http::Tls;
use crate::news::{self, Hearer};
use crate::service::{Door, Ended, House, NotOpenedUp, Role, Service};
use crate::{compose, shutdown, telemetry};

/// What settings that are read again change.
struct Running {
    service: Arc<Service>,
    tls: Option<Tls>,
    hearers: watch::Sender<Vec<Hearer>>,
}

/// Runs the service.
pub fn run(written: &Written, role: Role) -> Exit {
    let read = layers(written);
    let settings = match service_settings(&read) {
        Ok(settings) if role == Role::Work && settings.events.is_none() => {
            tell("ecr-vigil: there is nothing to work on: set events.queue_url (--events-queue-url)\n");
            return Exit::Usage;
        }
        Ok(settings) => settings,
        Err(problems) => return complain(&problems),
    };
    telemetry::start(settings.general.log, &MultiProgress::new());
    block_on(serve(written, role, read, settings))
}

async fn serve(written: &Written, role: Role, read: Layers, settings: ServiceSettings) -> Exit {
    let grace = settings.grace;
    let signals =
        shutdown::stop(compose::clock(), None).and_then(|stop| Ok((stop, signal(SignalKind::hangup())?)));
    let (stop, hangups) = match signals {
        Ok(signals) => signals,
        Err(error) => {
            tell(&format!("ecr-vigil: signals cannot be listened to: {error}\n"));
            return Exit::NothingDone;
        }
    };
    let (door, house) = match open(role, settings, &stop).await {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!("{}", chain(&error));
            return Exit::NothingDone;
        }
    };
    tracing::info!(address = door, "the service answers");
    let running =
        Running { service: house.service.clone(), tls: house.tls.clone(), hearers: house.hearers.clone() };
    let ended = tokio::select! {
        () = heed_hangups(hangups, written, read, &running) => Ended::InOrder,
        ended = house.end(grace) => ended,
    };
    match ended {
        Ended::InOrder => Exit::Clean,
        Ended::Late => {
            tracing::warn!("what is under way took too long: it goes on when the service is started again");
            Exit::EndedEarly
        }
        Ended::Broken(reason) => {
            tracing::error!("{reason}");
            Exit::NothingDone
        }
    }
}

/// Opens the door and the memory, and starts the service. Returns the address too.
async fn open(role: Role, settings: ServiceSettings, stop: &Stop) -> Result<(String, House), NotOpenedUp> {
    let clock = compose::shared_clock();
    let door = Door::open(&settings.http).await?;
    let url = door.url();
    let store = match role {
        Role::Serve => compose::store(&settings.store, clock.clone()).await?,
        Role::Work => compose::shared_store(&settings.store, clock.clone()).await?,
    };
    Ok((url, House::open(door, role, settings, store, clock, stop.clone()).await?))
}

/// Reads the settings again at every SIGHUP. What is wrong is told, and then the old ones stay.
async fn heed_hangups(mut hangups: Signal, written: &Written, mut read: Layers, running: &Running) {
    while hangups.recv().await.is_some() {
        let fresh = layers(written);
        match service_settings(&fresh) {
            Ok(settings) => {
                if replaced(running, settings, changes(&read, &fresh)).await {
                    read = fresh;
                }
            }
            Err(problems) => {
                for problem in problems {
                    tracing::error!("the settings are refused, and the old ones stay: {problem}");
                }
            }
        }
    }
}

/// Whether these settings hold now. They do so as a whole or not at all: the sinks are made before any route leads to them.
async fn replaced(running: &Running, settings: ServiceSettings, mut changes: Changes) -> bool {
    let hearers = match news::hearers(&settings).await {
        Ok(hearers) => hearers,
        Err(error) => {
            tracing::error!("the settings are refused, and the old ones stay: {}", chain(&error));
            return false;
        }
    };
    note_files(&mut changes, &settings, running);
    if let Err(error) = running.service.replace_settings(settings).await {
        tracing::error!(%error, "the settings stay as they were");
        return false;
    }
    running.hearers.send_replace(hearers);
    tell_changes(&changes);
    true
}

/// Reads the certificate again, and notes which files say something else under the same name.
fn note_files(changes: &mut Changes, settings: &ServiceSettings, Running { service, tls, .. }: &Running) {
    let mut note = |name| {
        if !changes.at_once.contains(&name) && !changes.after_restart.contains(&name) {
            changes.at_once.push(name);
        }
    };
    if service.settings().general.exceptions != settings.general.exceptions {
        note("gate.exceptions");
    }
    match tls.as_ref().map(Tls::reload) {
        Some(Ok(true)) => note("http.tls_certificate"),
        Some(Err(error)) => tracing::error!("{}: the one that was read before stays", chain(&error)),
        Some(Ok(false)) | None => {}
    }
}

fn tell_changes(Changes { at_once, after_restart }: &Changes) {
    match &at_once[..] {
        [] => tracing::info!("the settings were read again, and nothing of what holds at once has changed"),
        changed => tracing::info!(changed = changed.join(" "), "the settings were read again"),
    }
    if !after_restart.is_empty() {
        let changed = after_restart.join(" ");
        tracing::warn!(changed, "these settings hold when the service is started again");
    }
}

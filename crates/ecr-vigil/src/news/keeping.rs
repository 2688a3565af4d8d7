//! The task of a service that tells its news, with the routes and sinks that its settings name at the time.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use vigil_core::Stop;
use vigil_core::news::{Patience, SinkName};
use vigil_core::port::Clock;
use vigil_store::Store;

use super::bringing::{Hearer, bring_all};
use super::mouth::{Looks, Mouth, SinkUnusable};
use super::strays::give_up_strays;
use super::telling::{Posted, keep_telling};
use crate::config::{ServiceSettings, SinkSettings};
use crate::metrics::Metrics;

/// A sink that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the sink `{name}` cannot be used")]
pub struct NoHearer {
    name: SinkName,
    #[source]
    why: SinkUnusable,
}

/// Makes the sinks of the settings. Nothing is asked of them yet.
///
/// # Errors
///
/// If one cannot be used as it is written.
pub async fn hearers(settings: &ServiceSettings) -> Result<Vec<Hearer>, NoHearer> {
    let mut hearers = Vec::new();
    for sink in &settings.news.sinks {
        let mouth = mouth(settings, sink).await?;
        let patience = Patience { deadline: sink.deadline };
        hearers.push(Hearer { name: sink.name.clone(), sink: Arc::new(mouth), patience });
    }
    Ok(hearers)
}

/// Makes one of the sinks.
///
/// # Errors
///
/// If it cannot be used as it is written.
pub async fn mouth(settings: &ServiceSettings, sink: &SinkSettings) -> Result<Mouth, NoHearer> {
    let severities: BTreeMap<_, _> = (settings.news.routes.iter())
        .map(|route| (route.name.clone(), route.wanted.severity.clone()))
        .collect();
    let looks = Looks { severities, thresholds: settings.general.gate.thresholds };
    let mouth = Mouth::new(sink, &settings.general.network, looks).await;
    mouth.map_err(|why| NoHearer { name: sink.name.clone(), why })
}

/// Tells news and brings it to its sinks until the stop. Settings that are read again hold from the next message on.
pub async fn keep_news(
    store: Store,
    mut hearers: Vec<Hearer>,
    mut settings: watch::Receiver<Arc<ServiceSettings>>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    stop: Stop,
) {
    let posted = Posted::default();
    let (wishes, routed) = (settings.clone(), settings.clone());
    let wishes = || {
        let settings = wishes.borrow();
        (settings.news.routes.clone(), settings.general.owners.clone(), settings.news.settled)
    };
    let sinks = || routed.borrow().news.sinks.iter().map(|sink| sink.name.clone()).collect();
    let strays = give_up_strays(&store, sinks, &*clock, &stop);
    let telling = keep_telling(&store, wishes, &posted, &*clock, &stop);
    let bringing = async {
        while stop.halted().is_none() {
            let (others, until) = watch::channel(false);
            let outbox = Arc::new(store.clone());
            let bringing =
                bring_all((outbox, metrics.clone()), hearers.clone(), &posted, clock.clone(), &stop, until);
            let changing = async {
                tokio::select! {
                    changed = settings.changed() => drop(changed),
                    _ = stop.stopped() => {}
                }
                others.send_replace(true);
            };
            // What is under way is brought before others take over.
            tokio::join!(bringing, changing);
            let now = settings.borrow().clone();
            hearers = replaced(hearers, &now).await;
        }
    };
    tokio::join!(telling, bringing, strays);
}

/// A sink that cannot be used leaves all as they were.
async fn replaced(before: Vec<Hearer>, settings: &ServiceSettings) -> Vec<Hearer> {
    hearers(settings).await.unwrap_or_else(|error| {
        tracing::error!(error = crate::enter::chain(&error), "the sinks stay as they were");
        before
    })
}

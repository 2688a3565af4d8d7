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
    let thresholds = (settings.news.routes.iter())
        .filter_map(|route| Some((route.name.clone(), route.wanted.thresholds?)))
        .collect();
    let looks = Looks { severities, thresholds, gate: settings.general.gate.thresholds };
    let mouth = Mouth::new(sink, &settings.general.network, looks).await;
    mouth.map_err(|why| NoHearer { name: sink.name.clone(), why })
}

/// Tells news and brings it to its sinks until the stop. Settings that are read again, and the sinks that were made of them,
/// hold from the next message on.
pub async fn keep_news(
    store: Store,
    mut hearers: watch::Receiver<Vec<Hearer>>,
    settings: watch::Receiver<Arc<ServiceSettings>>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    stop: Stop,
) {
    let posted = Posted::default();
    let (wishes, routed) = (settings.clone(), settings);
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
            let now = hearers.borrow_and_update().clone();
            let bringing = bring_all((outbox, metrics.clone()), now, &posted, clock.clone(), &stop, until);
            let changing = async {
                // Where nobody is left who could read settings again, these sinks are the last.
                let changed = async {
                    if hearers.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                tokio::select! {
                    () = changed => {}
                    _ = stop.stopped() => {}
                }
                others.send_replace(true);
            };
            // What is under way is brought before others take over.
            tokio::join!(bringing, changing);
        }
    };
    tokio::join!(telling, bringing, strays);
}

//! Sinks and dead letters: what waits, what was given up and why, and how it is tried again after all.

use jiff::SignedDuration;
use serde_json::json;
use vigil_core::news::{NotDelivered, Retry, Route, SinkName, Wanted};
use vigil_core::policy::Owners;
use vigil_core::port::{Next, Outbox, Parcel};
use vigil_core::step::tell;
use vigil_core::testing::now;
use vigil_store::Store;

use super::memory::remember;
use super::stage::Stage;

/// A service that has news for a sink of its settings and for one that is not in them any more.
async fn stage() -> Stage {
    let stage = Stage::plain().await;
    remember(&stage.store).await;
    let sinks = ["mail", "gone"].map(|name| name.parse().unwrap()).to_vec();
    let route = Route { name: "all".parse().unwrap(), wanted: Wanted::default(), sinks, round_up: None };
    tell(&stage.store, (&[route], &Owners::default()), SignedDuration::ZERO, now()).await.unwrap();
    stage
}

async fn next(store: &Store) -> Option<Box<Parcel>> {
    let mail: SinkName = "mail".parse().unwrap();
    match store.next(&mail, now()).await.unwrap() {
        Next::Deliver(parcel) => Some(parcel),
        Next::Wait(_) | Next::Nothing => None,
    }
}

/// Gives up all that waits for the sink that is in the settings. Returns what was first.
async fn give_up(store: &Store) -> Parcel {
    let failure = NotDelivered { reason: "550 no such user".into(), retry: Retry::Never, reached: None };
    let first = next(store).await.unwrap();
    while let Some(parcel) = next(store).await {
        store.give_up(&parcel, &failure, now()).await.unwrap();
    }
    *first
}

#[tokio::test]
async fn each_sink_is_shown_with_what_waits_for_it_also_one_that_has_gone_from_the_settings() {
    let stage = stage().await;
    let sinks = stage.ask("GET /api/v1/sinks").await.is(200).json()["items"].clone();
    let waiting = sinks[0]["waiting"].clone();
    assert_ne!(waiting, 0);
    let expected = json!([
        { "name": "gone", "type": null, "waiting": waiting, "oldest": now(), "dead_letters": 0 },
        { "name": "mail", "type": "email", "waiting": waiting, "oldest": now(), "dead_letters": 0 },
        { "name": "quiet", "type": "email", "waiting": 0, "oldest": null, "dead_letters": 0 },
    ]);
    assert_eq!(sinks, expected);
}

#[tokio::test]
async fn what_was_given_up_says_why_and_is_delivered_after_all_when_somebody_asks_for_it() {
    let stage = stage().await;
    let first = give_up(&stage.store).await;
    let letters = stage.ask("GET /api/v1/dead-letters?sink=mail").await.is(200).json()["items"].clone();
    let letter = letters.as_array().unwrap().iter().find(|letter| letter["id"] == first.id).unwrap();
    assert_eq!((&letter["failure"], &letter["attempts"]), (&json!("550 no such user"), &json!(1)));
    assert!(letter["headline"].as_str().unwrap().starts_with("First look at"), "{letter}");
    let none = stage.ask("GET /api/v1/dead-letters?sink=quiet").await.is(200).json();
    assert_eq!(none["items"], json!([]));
    let again = format!("POST /api/v1/dead-letters/{}/retry", first.id);
    stage.ask(&again).await.is(204);
    assert_eq!(next(&stage.store).await.unwrap().id, first.id);
    stage
        .ask(&again)
        .await
        .is(404)
        .complains("not-found", &format!("there is no dead letter `{}`", first.id));
    stage.ask("GET /api/v1/dead-letters?sink=two%20words").await.is(400);
}

#[tokio::test]
async fn what_waits_for_a_sink_that_has_gone_from_the_settings_is_given_up_after_a_while() {
    let stage = stage().await;
    let known = vec!["mail".parse().unwrap()];
    assert_eq!(stage.store.give_up_strays(known.clone(), now(), now()).await.unwrap(), 0, "not yet");
    let later = now() + SignedDuration::from_hours(1);
    assert_ne!(stage.store.give_up_strays(known, later, later).await.unwrap(), 0);
    let letters = stage.ask("GET /api/v1/dead-letters").await.is(200).json()["items"].clone();
    assert_eq!(letters[0]["failure"], "the settings have no sink of this name any more");
    assert!(next(&stage.store).await.is_some(), "the others wait on");
}

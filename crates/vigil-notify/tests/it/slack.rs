//! Slack, as it answers.

use jiff::SignedDuration;
use serde_json::{Value, json};
use vigil_core::news::{NotDelivered, Retry};
use vigil_core::port::Taken;
use vigil_notify::{SlackChannel, SlackToken, SlackWebhook};

use super::place::{Place, Says, courier};

fn channel(place: &Place) -> SlackChannel {
    SlackChannel {
        courier: courier(),
        api: format!("{}/api/", place.url),
        token: SlackToken::new(&"xoxb-1".into()).unwrap(),
        channel: "C1".into(),
    }
}

fn parts(n: usize) -> Vec<Value> {
    (1..=n).map(|part| json!({ "text": format!("part {part}"), "blocks": [] })).collect()
}

const LATER: Retry = Retry::Later(None);

#[tokio::test]
async fn a_long_message_goes_on_in_the_thread_of_its_first_part() {
    let place = Place::that([]).await;
    let mut reached = None;
    for posts in 1..=3 {
        let taken = channel(&place).post(&parts(3), reached.as_deref()).await.unwrap();
        assert_eq!(place.heard().len(), posts, "one at a time: what was taken is noted in between");
        reached = match taken {
            Taken::Part(reached) => Some(reached),
            Taken::Whole => None,
        };
    }
    assert_eq!(reached, None, "that was all of it");
    let heard = place.heard();
    assert!(heard.iter().all(|post| post.path == "/api/chat.postMessage"));
    assert!(heard.iter().all(|post| post.headers["authorization"] == "Bearer xoxb-1"));
    let told: Vec<(Value, Value)> = (heard.iter())
        .map(|post| serde_json::from_str::<Value>(&post.body).unwrap())
        .map(|body| (body["text"].clone(), body["thread_ts"].clone()))
        .collect();
    let thread = json!("1503435956.000247");
    let expected = [("part 1", Value::Null), ("part 2", thread.clone()), ("part 3", thread)];
    assert_eq!(told, expected.map(|(text, thread)| (json!(text), thread)));
}

#[tokio::test]
async fn what_was_taken_is_not_posted_again() {
    let limited = Says::Answer(429, &[("retry-after", "7")], r#"{"ok":false,"error":"ratelimited"}"#);
    let place = Place::that([Says::Answer(200, &[], r#"{"ok":true,"ts":"1.2"}"#), limited]).await;
    let channel = channel(&place);
    let Taken::Part(reached) = channel.post(&parts(2), None).await.unwrap() else { panic!("there is more") };
    let failure = channel.post(&parts(2), Some(&reached)).await.unwrap_err();
    assert_eq!(failure.retry, Retry::Later(Some(SignedDuration::from_secs(7))));
    assert_eq!(channel.post(&parts(2), Some(&reached)).await, Ok(Taken::Whole));
    let last: Value = serde_json::from_str(&place.heard().last().unwrap().body).unwrap();
    assert_eq!(place.heard().len(), 3);
    assert_eq!((&last["text"], &last["thread_ts"]), (&json!("part 2"), &json!("1.2")));
}

#[track_caller]
fn check(failure: &NotDelivered, reason: &str, retry: Retry) {
    assert_eq!((failure.reason.as_str(), failure.retry), (reason, retry));
}

#[tokio::test]
async fn its_refusals_are_understood() {
    let says = |word: &'static str| Says::Answer(200, &[], word);
    let place = Place::that([
        says(r#"{"ok":false,"error":"channel_not_found"}"#),
        says(r#"{"ok":false,"error":"invalid_blocks"}"#),
        says(r#"{"ok":false,"error":"msg_blocks_too_long"}"#),
        says(r#"{"ok":false,"error":"internal_error"}"#),
        says("<html>"),
        Says::Answer(503, &[], ""),
        Says::Nothing,
    ])
    .await;
    let expected = [
        ("Slack says channel_not_found", LATER),
        ("Slack says invalid_blocks", Retry::Never),
        ("Slack says msg_blocks_too_long", Retry::Never),
        ("Slack says internal_error", Retry::Later(Some(SignedDuration::from_secs(1)))),
        ("the answer is not Slack's", LATER),
        ("503 Service Unavailable", LATER),
        ("no answer in time", LATER),
    ];
    for (reason, retry) in expected {
        check(&channel(&place).post(&parts(1), None).await.unwrap_err(), reason, retry);
    }
}

#[tokio::test]
async fn an_incoming_webhook_says_ok_in_plain_words_and_its_address_is_not_told() {
    let place =
        Place::that([Says::Answer(200, &[], "ok"), Says::Answer(404, &[], "no_service"), Says::HangsUp])
            .await;
    let webhook =
        SlackWebhook { courier: courier(), url: format!("{}/services/T0/B0/key", place.url).into() };
    webhook.post(&parts(1), None).await.unwrap();
    assert_eq!(place.heard()[0].path, "/services/T0/B0/key");
    check(&webhook.post(&parts(1), None).await.unwrap_err(), "404 Not Found: no_service", LATER);
    let failure = webhook.post(&parts(1), None).await.unwrap_err();
    assert!(!failure.reason.contains("key"), "{failure}");
}

//! Whether the JSON of messages is what `docs/news.schema.json` says, and whether all of it is documented.

use serde_json::Value;
use vigil_core::port::Parcel;

use super::{WEBHOOK_LIMITS, document, webhook};
use crate::message::cut::Limits;
use crate::message::samples;
use crate::schema::{strings, wrong};

const SCHEMA: &str = include_str!("../../../../../docs/news.schema.json");
const DOCUMENT: &str = include_str!("../../../../../docs/news-json.md");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

#[track_caller]
fn check(news: &str, expected: &[&str]) {
    assert_eq!(wrong(&schema(), &serde_json::from_str(news).unwrap()), expected);
}

fn parcel(name: &str) -> Parcel {
    let message = samples::all().into_iter().find(|(known, _)| *known == name).unwrap().1;
    samples::parcel(message)
}

#[test]
fn messages_are_what_the_schema_says() {
    let none = Limits { messages: 0, entries: 0, names: 0, upgrades: 0, prose: 0 };
    // One of many entries is like the other.
    let some = Limits { entries: 100, ..WEBHOOK_LIMITS };
    for (_, message) in samples::all() {
        let parcel = samples::parcel(message);
        check(&document(&parcel, some), &[]);
        check(&document(&parcel, none), &[]);
    }
}

#[test]
fn what_is_not_as_the_schema_says_is_found() {
    let news = webhook(&parcel("failed"));
    check(
        &news.replacen("\"schema_version\":\"1\"", "\"schema_version\":\"2\"", 1),
        &["/schema_version: const"],
    );
    check(&news.replacen("\"kind\":\"failed\"", "\"kind\":\"hello\"", 1), &["/message: anyOf"]);
    check(&news.replacen("\"tags_left_out\":0", "\"tags_left_out\":-1", 1), &["/message: anyOf"]);
}

#[test]
fn every_member_is_always_there_and_documented() {
    let schema = schema();
    let defined = schema["$defs"].as_object().unwrap().values();
    for object in defined.chain([&schema]).filter(|object| object["properties"].is_object()) {
        let members: Vec<_> = object["properties"].as_object().unwrap().keys().collect();
        let mut members: Vec<&str> = members.into_iter().map(String::as_str).collect();
        members.sort_unstable();
        let mut required = strings(&object["required"]);
        required.sort_unstable();
        assert_eq!(members, required);
        for member in members {
            assert!(DOCUMENT.contains(&format!("`{member}`")), "{member} is not documented");
        }
    }
}

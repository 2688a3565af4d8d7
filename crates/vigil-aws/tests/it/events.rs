//! Events in every shape that EventBridge is known to give them, and what each asks for.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use vigil_core::wake::{Event, NotUnderstood};

fn samples() -> BTreeMap<String, String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/events");
    let sample = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    std::fs::read_dir(directory).unwrap().map(sample).collect()
}

/// What an event asks for, on a line.
fn asked(said: &Result<Event, NotUnderstood>) -> String {
    match said {
        Ok(Event { kind, asks: None }) => format!("{}: nothing", kind.code()),
        Ok(Event { kind, asks: Some(wake) }) => {
            let host = &wake.registry;
            format!("{}: {:?} {}/{} {}", kind.code(), wake.why, host.account, host.region, wake.image())
        }
        Err(error) => format!("{}: {error}", error.code),
    }
}

#[track_caller]
fn check(event: &Value, expected: &str) {
    assert_eq!(asked(&vigil_aws::event(&event.to_string())), expected, "{event}");
}

fn with(sample: &str, member: &str, value: Value) -> Value {
    let mut event: Value = serde_json::from_str(&samples()[sample]).unwrap();
    *event.pointer_mut(member).unwrap() = value;
    event
}

#[test]
fn every_known_event_asks_for_a_look_at_its_image() {
    let lines =
        samples().into_iter().map(|(name, text)| format!("{name}\n  {}\n", asked(&vigil_aws::event(&text))));
    insta::assert_snapshot!(lines.collect::<String>());
}

#[test]
fn an_event_in_the_envelope_of_sns_is_the_same_event() {
    for (name, text) in samples() {
        let wrapped = json!({"Type": "Notification", "MessageId": "1", "Message": text}).to_string();
        assert_eq!(vigil_aws::event(&wrapped), vigil_aws::event(&text), "{name}");
    }
}

#[test]
fn what_has_changed_nothing_or_is_no_image_asks_for_nothing() {
    let push = "ecr-image-action-push";
    check(&with(push, "/detail/result", json!("FAILURE")), "image_action: nothing");
    let finding = "inspector2-finding-ecr-guide-date";
    let instance = json!([{"type": "AWS_EC2_INSTANCE", "id": "i-0abc"}]);
    let mut of_instance = with(finding, "/detail/resources", instance);
    of_instance["resources"] = json!(["i-0abc"]);
    check(&of_instance, "inspector_finding: nothing");
}

#[test]
fn new_words_are_looked_into_and_broken_names_are_told() {
    let (push, scan) = ("ecr-image-action-push", "ecr-image-scan-failed");
    let digest = "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd12345678";
    let name = format!("123456789012/us-east-1 my-repository-name@{digest}");
    check(&with(push, "/detail/action-type", json!("DELETE")), &format!("image_action: Deleted {name}"));
    check(&with(push, "/detail/action-type", json!("POLISH")), &format!("image_action: Changed {name}"));
    check(&with(scan, "/detail/scan-status", json!("HALFWAY")), &format!("image_scan: Scanned {name}"));
    let tagged = with(push, "/detail/image-digest", Value::Null);
    check(&tagged, "image_action: Pushed 123456789012/us-east-1 my-repository-name:latest");
    check(&with(scan, "/detail/image-digest", Value::Null), "invalid: it has neither image-digest nor a tag");
    let short = with(scan, "/detail/image-digest", json!("sha256:12"));
    check(
        &short,
        "invalid: `sha256:12` is not an image digest: `sha256:` and 64 lower-case hexadecimal digits",
    );
    check(&with(scan, "/account", json!("12")), "invalid: `12` is not an AWS account id: twelve digits");
    check(
        &with(scan, "/detail-type", json!("ECR News")),
        "unknown_detail_type: its detail-type `ECR News` is not known",
    );
    check(
        &with(scan, "/detail", json!("news")),
        "invalid: its detail cannot be read: invalid type: string \"news\", expected struct Named",
    );
}

//! Whether the JSON report is what `docs/report.schema.json` says: every member of it, and no other.
//!
//! The check knows the few words of JSON Schema that the document uses, and stops at any other.

use serde_json::Value;

use crate::stories::{told, told_of};
use crate::{Closing, Format, PassKind};

const SCHEMA: &str = include_str!("../../../docs/report.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

#[track_caller]
fn check(report: &str, expected: &[&str]) {
    assert_eq!(wrong(&schema(), &serde_json::from_str(report).unwrap()), expected);
}

/// What of the value is not as the schema says.
pub(crate) fn wrong(schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    validate(schema, schema, value, "", &mut wrong);
    wrong
}

/// Adds a line for each part of the value that is not as the schema says.
fn validate(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    for (word, says) in schema.as_object().unwrap() {
        let fits = match word.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" => true,
            "$ref" => {
                let target = root.pointer(says.as_str().unwrap().trim_start_matches('#')).unwrap();
                validate(root, target, value, at, wrong);
                true
            }
            "const" => value == says,
            "enum" => says.as_array().unwrap().contains(value),
            "type" => strings(says).iter().any(|name| is_a(value, name)),
            "minimum" => value.as_f64().is_none_or(|value| value >= says.as_f64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| matches_pattern(says.as_str().unwrap(), text)),
            "anyOf" => says.as_array().unwrap().iter().any(|option| {
                let mut wrong = Vec::new();
                validate(root, option, value, at, &mut wrong);
                wrong.is_empty()
            }),
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(root, says, item, &format!("{at}/{place}"), wrong);
                }
                true
            }
            "required" => strings(says).iter().all(|name| value.get(name).is_some()),
            "properties" => {
                for (name, member) in says.as_object().unwrap() {
                    let Some(value) = value.get(name) else { continue };
                    validate(root, member, value, &format!("{at}/{name}"), wrong);
                }
                true
            }
            "additionalProperties" => {
                additional(root, schema, says, value, at, wrong);
                true
            }
            other => panic!("this check does not know `{other}`"),
        };
        if !fits {
            wrong.push(format!("{at}: {word}"));
        }
    }
}

fn additional(root: &Value, schema: &Value, says: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let known = schema.get("properties").and_then(Value::as_object);
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        match says {
            _ if known.is_some_and(|known| known.contains_key(name)) => {}
            Value::Bool(false) => wrong.push(format!("{at}: additionalProperties")),
            says => validate(root, says, member, &at, wrong),
        }
    }
}

pub(crate) fn strings(says: &Value) -> Vec<&str> {
    match says {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no type"),
    }
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern {
        "^sha256:[0-9a-f]{64}$" => text.parse::<vigil_core::Digest>().is_ok(),
        "^[0-9]{12}$" => text.parse::<vigil_core::AccountId>().is_ok(),
        "^[a-z_]+$" => !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_')),
        other => panic!("this check does not know the pattern `{other}`"),
    }
}

#[test]
fn reports_are_what_the_schema_says() {
    check(&told(Format::Json, PassKind::Scan), &[]);
    check(&told(Format::Json, PassKind::Plan), &[]);
    check(&told_of(Format::Json, PassKind::Scan, Vec::new(), Closing::default()), &[]);
}

#[test]
fn what_is_not_as_the_schema_says_is_found() {
    let report = told(Format::Json, PassKind::Scan);
    check(&report.replacen("\"kind\":\"scan\"", "\"kind\":\"look\"", 1), &["/kind: enum"]);
    check(&report.replacen("\"title\":\"", "\"name\":\"", 1), &["/name: additionalProperties", ": required"]);
    check(&report.replacen("\"tags\":[\"clean\"]", "\"tags\":[1]", 1), &["/images/0/tags/0: type"]);
    check(
        &report.replacen("\"counts\":{}", "\"counts\":{\"LOW\":\"many\"}", 1),
        &["/images/0/counts: anyOf"],
    );
}

#[test]
fn every_member_is_always_there_and_documented() {
    let document = include_str!("../../../docs/report-json.md");
    let schema = schema();
    let defined = schema["$defs"].as_object().unwrap().values();
    for object in defined.chain([&schema]).filter(|object| object["properties"].is_object()) {
        let members: Vec<_> = object["properties"].as_object().unwrap().keys().collect();
        let mut required = strings(&object["required"]);
        required.sort_unstable();
        assert_eq!(members, required);
        for member in members {
            assert!(document.contains(&format!("`{member}`")), "{member} is not documented");
        }
    }
}

#[test]
fn every_code_is_documented() {
    let document = include_str!("../../../docs/report-json.md");
    for status in crate::Status::ALL {
        assert!(document.contains(&format!("| `{}` |", status.code())), "{status}");
    }
    for report in [told(Format::Json, PassKind::Scan), told(Format::Json, PassKind::Plan)] {
        for code in report.split("\"code\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.contains(&format!("`{code}`")), "{code} is not documented");
        }
    }
}

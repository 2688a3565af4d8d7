//! The members of a JSON object, as they stand in a body: twice the same name is not taken for once.
//!
//! Does not know what any of them means.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;

/// The members in their order, and as often as each is named; none for null.
///
/// # Errors
///
/// In words: where the text is no JSON, or that it is something else than an object.
pub(super) fn members(text: &[u8]) -> Result<Vec<(String, Value)>, String> {
    let read: Result<Option<Members>, serde_json::Error> = serde_json::from_slice(text);
    read.map(|members| members.map_or_else(Vec::new, |Members(members)| members)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Eof => "the body ends before the JSON object that must be in it does".to_owned(),
            Category::Syntax => format!("the body is not JSON from line {line}, column {column} on"),
            Category::Data | Category::Io => "the body must be a JSON object".to_owned(),
        }
    })
}

struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, said: &str) {
        assert_eq!(members(text.as_bytes()).unwrap_err(), said, "{text}");
    }

    #[test]
    fn what_is_no_object_is_told_in_words() {
        check("", "the body ends before the JSON object that must be in it does");
        check("{\"a\": 1", "the body ends before the JSON object that must be in it does");
        check("{\n  a: 1}", "the body is not JSON from line 2, column 3 on");
        check("{} {}", "the body is not JSON from line 1, column 4 on");
        check("[1]", "the body must be a JSON object");
        check("7", "the body must be a JSON object");
    }

    #[test]
    fn a_name_that_stands_twice_is_there_twice() {
        let said: Vec<String> =
            members(br#"{"a":1,"b":2,"a":1}"#).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(said, ["a", "b", "a"]);
        assert!(members(b"null").unwrap().is_empty());
    }
}

//! Slack: by token into a channel (`chat.postMessage`), with the rest of a long message in a thread; or by incoming webhook,
//! which has no threads.
//!
//! Slack answers 200 with `ok: false` where a call was understood and not done, and says why in one word.
//! <https://api.slack.com/methods/chat.postMessage>

use jiff::SignedDuration;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use vigil_core::Secret;
use vigil_core::news::{NotDelivered, Retry};
use vigil_core::port::Taken;

use crate::Courier;
use crate::courier::Answer;

/// A channel, written to with a bot's token.
#[derive(Debug, Clone)]
pub struct SlackChannel {
    /// What it is reached with.
    pub courier: Courier,
    /// Where Slack is, such as `https://slack.com/api/`.
    pub api: String,
    /// The bot's token.
    pub token: SlackToken,
    /// The channel's id, such as `C012AB3CD`.
    pub channel: String,
}

/// The token of a bot, `xoxb-…`, in the words in which it is sent.
#[derive(Debug, Clone)]
pub struct SlackToken(HeaderValue);

/// A text that is no token. It is not told: it may be one with something behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no token: expected one word of printable ASCII characters, such as xoxb-1-2-abc")]
pub struct InvalidSlackToken;

/// An incoming webhook.
#[derive(Debug, Clone)]
pub struct SlackWebhook {
    /// What it is reached with.
    pub courier: Courier,
    /// Its address: whoever knows it may post there.
    pub url: Secret,
}

/// How many posts of a message were taken, and the thread that they are in: what comes later goes on there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// How many.
    pub posts: usize,
    /// The time of the first, by which Slack names a thread.
    pub thread: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    ok: bool,
    error: Option<String>,
    ts: Option<String>,
}

/// Words of Slack that mean: not now. <https://api.slack.com/methods/chat.postMessage#errors>
const NOT_NOW: [&str; 8] = [
    "ratelimited",
    "rate_limited",
    "message_limit_exceeded",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_access_not_granted",
];

/// Words that mean: the message cannot be understood, and never will.
const NEVER: [&str; 7] = [
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_too_long",
    "msg_blocks_too_long",
    "no_text",
    "invalid_arguments",
    "too_many_attachments",
];

impl Reached {
    fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// With one more, which opens the thread if it is the first.
    fn and_one(self, ts: Option<String>) -> Self {
        Self { posts: self.posts + 1, thread: self.thread.or(ts) }
    }

    fn of(&self, parts: &[Value]) -> Taken {
        match serde_json::to_string(self) {
            Ok(text) if self.posts < parts.len() => Taken::Part(text),
            _ => Taken::Whole,
        }
    }
}

impl SlackToken {
    /// A token as it is written.
    ///
    /// # Errors
    ///
    /// If Slack can have given out none like it.
    pub fn new(token: &Secret) -> Result<Self, InvalidSlackToken> {
        let token = token.expose();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSlackToken);
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| InvalidSlackToken)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl SlackChannel {
    /// Posts the next part of a message. Each is a JSON object with `text` and `blocks`.
    ///
    /// # Errors
    ///
    /// If Slack did not take it.
    pub async fn post(&self, parts: &[Value], reached: Option<&str>) -> Result<Taken, NotDelivered> {
        let reached = Reached::read(reached);
        let Some(part) = parts.get(reached.posts) else { return Ok(Taken::Whole) };
        let ts = self.post_one(part, reached.thread.as_deref()).await?;
        Ok(reached.and_one(ts).of(parts))
    }

    async fn post_one(&self, part: &Value, thread: Option<&str>) -> Result<Option<String>, NotDelivered> {
        let mut body = part.as_object().cloned().unwrap_or_default();
        body.insert("channel".into(), self.channel.clone().into());
        body.insert("unfurl_links".into(), false.into());
        if let Some(thread) = thread {
            body.insert("thread_ts".into(), thread.into());
        }
        let mut headers = json_headers();
        headers.insert(AUTHORIZATION, self.token.0.clone());
        let address = Secret::from(format!("{}/chat.postMessage", self.api.trim_end_matches('/')));
        let answer = self.courier.post(&address, headers, bytes(body)).await?;
        understood(&answer)
    }
}

impl SlackWebhook {
    /// Posts the next part of a message.
    ///
    /// # Errors
    ///
    /// If Slack did not take it.
    pub async fn post(&self, parts: &[Value], reached: Option<&str>) -> Result<Taken, NotDelivered> {
        let reached = Reached::read(reached);
        let Some(part) = parts.get(reached.posts) else { return Ok(Taken::Whole) };
        let body = bytes(part.as_object().cloned().unwrap_or_default());
        self.courier.post(&self.url, json_headers(), body).await?;
        Ok(reached.and_one(None).of(parts))
    }
}

/// Slack's own words for what it has done. The time of the message names its thread.
fn understood(answer: &Answer) -> Result<Option<String>, NotDelivered> {
    let Ok(said) = serde_json::from_str::<Said>(&answer.body) else {
        let reason = "the answer is not Slack's".to_owned();
        return Err(NotDelivered { reason, retry: Retry::Later(None), reached: None });
    };
    if said.ok {
        return Ok(said.ts);
    }
    let word = said.error.unwrap_or_else(|| "no reason".into());
    let reason = format!("Slack says {word}");
    Err(match word.as_str() {
        word if NEVER.contains(&word) => never(reason),
        word if NOT_NOW.contains(&word) => later(reason, Some(SignedDuration::from_secs(1))),
        // A wrong token or channel is mended in the settings, and then what has waited is told.
        _ => later(reason, None),
    })
}

fn never(reason: String) -> NotDelivered {
    NotDelivered { reason, retry: Retry::Never, reached: None }
}

fn later(reason: String, wait: Option<SignedDuration>) -> NotDelivered {
    NotDelivered { reason, retry: Retry::Later(wait), reached: None }
}

fn json_headers() -> HeaderMap {
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    HeaderMap::from_iter([(CONTENT_TYPE, json)])
}

fn bytes(body: Map<String, Value>) -> Vec<u8> {
    Value::Object(body).to_string().into_bytes()
}

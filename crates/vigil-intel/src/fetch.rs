//! A catalogue over HTTP: asked for with what is known of it, so that one that is as it was is not sent again.

use std::time::Duration;

use reqwest::header::{ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{Client, StatusCode, redirect};
use url::Url;
use vigil_core::port::Mark;

/// Three times what the larger of them has in 2026 without compression.
pub(crate) const LARGEST_SENT: u64 = 32 << 20;

/// A large file over a slow line; what takes longer than this has stopped.
const TIME: Duration = Duration::from_secs(120);
/// Nothing was sent for so long.
const SILENCE: Duration = Duration::from_secs(30);
/// The publishers' own addresses lead elsewhere at times.
const REDIRECTS: usize = 5;

/// What came back.
pub(crate) enum Fetched {
    /// It is as it was.
    Same,
    /// This, and what it can be known by the next time.
    Sent(Vec<u8>, Option<Mark>),
}

pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .timeout(TIME)
        .read_timeout(SILENCE)
        .redirect(redirect::Policy::limited(REDIRECTS))
        .user_agent(concat!("ecr-vigil/", env!("CARGO_PKG_VERSION")))
        .build()
}

pub(crate) async fn fetch(client: &Client, url: &Url, mark: Option<&Mark>) -> Result<Fetched, String> {
    let mut request = client.get(url.clone());
    if let Some((name, value)) = mark.and_then(condition) {
        request = request.header(name, value);
    }
    let mut response = request.send().await.map_err(said)?;
    match response.status() {
        StatusCode::NOT_MODIFIED => return Ok(Fetched::Same),
        status if !status.is_success() => return Err(format!("the answer is {status}")),
        _ => {}
    }
    let mark = mark_of(response.headers());
    let too_large = || format!("it is larger than {} MiB", LARGEST_SENT >> 20);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(said)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > LARGEST_SENT {
            return Err(too_large());
        }
    }
    Ok(Fetched::Sent(bytes, mark))
}

/// An entity tag is kept as it was sent, the time behind a word that no tag begins with.
const SINCE: &str = "since ";

fn mark_of(headers: &HeaderMap) -> Option<Mark> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let tag = text(ETAG).map(str::to_owned);
    tag.or_else(|| Some(format!("{SINCE}{}", text(LAST_MODIFIED)?))).map(Mark)
}

fn condition(Mark(mark): &Mark) -> Option<(HeaderName, &str)> {
    match mark.strip_prefix(SINCE) {
        Some(time) => Some((IF_MODIFIED_SINCE, time)),
        None => Some((IF_NONE_MATCH, mark)),
    }
}

/// The address is left out: it may hold a secret.
fn said(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

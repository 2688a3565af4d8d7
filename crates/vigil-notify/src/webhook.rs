//! Webhooks of one's own: a body posted with headers, signed as "Standard Webhooks" describes it, so that the receiver can
//! tell who sent it, when, and whether it has it already. <https://www.standardwebhooks.com>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use vigil_core::Secret;
use vigil_core::news::{NotDelivered, Retry};

use crate::Courier;

/// A webhook.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What it is reached with.
    pub courier: Courier,
    /// Where it is.
    pub url: Secret,
    /// Further headers, such as one with a token.
    pub headers: Vec<(String, Secret)>,
    /// What its messages are signed with.
    pub signer: Option<Signer>,
}

/// A key that only the receiver and we know.
#[derive(Debug, Clone)]
pub struct Signer(Secret);

impl Signer {
    /// A key: `whsec_` with base64 behind it is taken for the bytes that it stands for, anything else as it is written.
    pub fn new(key: Secret) -> Self {
        Self(key)
    }

    /// The value of `webhook-signature`: over the id, the time and the body, so that none of them can be another's.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let written = self.0.expose();
        let decoded = written.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let key = decoded.unwrap_or_else(|| written.as_bytes().to_vec());
        // A key of any length is a key: HMAC hashes one that is too long.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
        mac.update(format!("{id}.{}.", at.as_second()).as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl Webhook {
    /// Posts a body. The id is the same at every attempt.
    ///
    /// # Errors
    ///
    /// If it was not taken.
    pub async fn post(
        &self,
        id: &str,
        at: Timestamp,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<(), NotDelivered> {
        let mut headers = HeaderMap::new();
        let signature = self.signer.as_ref().map(|signer| signer.sign(id, at, &body));
        let ours = [
            (CONTENT_TYPE.as_str(), Some(content_type.to_owned())),
            ("idempotency-key", Some(id.to_owned())),
            ("webhook-id", Some(id.to_owned())),
            ("webhook-timestamp", Some(at.as_second().to_string())),
            ("webhook-signature", signature),
        ];
        for (name, value) in ours {
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), value_of(name, &value)?);
            }
        }
        for (name, value) in &self.headers {
            let parsed = HeaderName::try_from(name.as_str()).map_err(|_| no_header(name))?;
            let mut value = value_of(name, value.expose())?;
            value.set_sensitive(true);
            headers.insert(parsed, value);
        }
        self.courier.post(&self.url, headers, body).await.map(drop)
    }
}

fn value_of(name: &str, value: &str) -> Result<HeaderValue, NotDelivered> {
    HeaderValue::from_str(value).map_err(|_| no_header(name))
}

fn no_header(name: &str) -> NotDelivered {
    let reason = format!("`{name}` is no header, or its value cannot be one");
    NotDelivered { reason, retry: Retry::Never, reached: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification itself gives.
    #[test]
    fn a_signature_is_what_the_specification_says() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}

//! Webhooks of one's own: a body posted with headers, signed as "Standard Webhooks" describes it, so that the receiver can
//! tell who sent it, when, and whether it has it already. <https://www.standardwebhooks.com>

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use vigil_core::Secret;
use vigil_core::news::{NotDelivered, Retry};

use crate::{ContentType, Courier, Header};

/// A webhook.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What it is reached with.
    pub courier: Courier,
    /// Where it is.
    pub url: Secret,
    /// Further headers, such as one with a token.
    pub headers: Vec<Header>,
    /// What its messages are signed with.
    pub signer: Option<Signer>,
}

/// A key that only the receiver and we know.
#[derive(Clone)]
pub struct Signer(Vec<u8>);

/// A text that is no key. It is not told: it may be one with a slip in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what follows `whsec_` is not base64: expected whsec_ and a key in base64, or any other text")]
pub struct InvalidKey;

impl Signer {
    /// A key: `whsec_` with base64 behind it is taken for the bytes that it stands for, anything else as it is written.
    ///
    /// # Errors
    ///
    /// If something else stands behind `whsec_`: signatures by that text would be nobody else's.
    pub fn new(key: &Secret) -> Result<Self, InvalidKey> {
        let Some(encoded) = key.expose().strip_prefix("whsec_") else {
            return Ok(Self(key.expose().as_bytes().to_vec()));
        };
        let key = STANDARD.decode(encoded).ok().filter(|key| !key.is_empty());
        key.map(Self).ok_or(InvalidKey)
    }

    /// The value of `webhook-signature`: over the id, the time and the body, so that none of them can be another's.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        // A key of any length is a key: HMAC hashes one that is too long.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{}.", at.as_second()).as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(secret)")
    }
}

impl Webhook {
    /// Posts a body. The id is the same at every attempt; the time is that of the attempt: receivers refuse what was signed
    /// minutes ago, since it may be a message that somebody has heard and says again.
    ///
    /// # Errors
    ///
    /// If it was not taken.
    pub async fn post(
        &self,
        id: &str,
        at: Timestamp,
        content_type: &ContentType,
        body: Vec<u8>,
    ) -> Result<(), NotDelivered> {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.value())]);
        let signature = self.signer.as_ref().map(|signer| signer.sign(id, at, &body));
        let ours = [
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
        for Header { name, value } in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        self.courier.post(&self.url, headers, body).await.map(drop)
    }
}

fn value_of(name: &str, value: &str) -> Result<HeaderValue, NotDelivered> {
    HeaderValue::from_str(value).map_err(|_| {
        let reason = format!("`{name}` cannot be sent: its value is none of a header");
        NotDelivered { reason, retry: Retry::Never, reached: None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification itself gives.
    #[test]
    fn a_signature_is_what_the_specification_says() {
        let signer = Signer::new(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_in_base64_is_one_or_it_is_told() {
        let check = |key: &str| Signer::new(&key.into()).map(drop);
        assert_eq!(check("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Ok(()));
        assert_eq!(check("a text of one's own"), Ok(()));
        for wrong in ["whsec_", "whsec_not base64", "whsec_MfKQ9r8"] {
            assert_eq!(check(wrong), Err(InvalidKey), "{wrong}");
        }
    }
}

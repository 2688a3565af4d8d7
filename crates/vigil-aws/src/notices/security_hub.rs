//! Imports findings into Security Hub.
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>
//!
//! The call is made by hand: the SDK's crate for Security Hub takes longer to build than all others together.

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::service_config::ServiceConfigKey;
use reqwest::{Client, redirect};
use serde::Deserialize;
use serde_json::{Value, json};
use vigil_core::image::RegistryId;
use vigil_core::news::{NotDelivered, Retry};

use super::not_delivered::not_delivered;
use crate::fault::{Refusal, chain};
use crate::target::session;
use crate::{ConnectError, Network, Target};

/// Security Hub in one region.
#[derive(Debug, Clone)]
pub struct SecurityHub {
    config: SdkConfig,
    client: Client,
    url: String,
}

/// As many as one call takes.
const BATCH: usize = 100;

const CALL: &str = "BatchImportFindings";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    failed_findings: Vec<Failed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    error_code: String,
    error_message: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(alias = "Message")]
    message: String,
    #[serde(alias = "__type", alias = "Code")]
    code: String,
}

impl SecurityHub {
    /// Security Hub of a registry's account and region, reached with the target's credentials or role. Nothing is asked of
    /// it yet.
    ///
    /// # Errors
    ///
    /// If settings contradict each other.
    pub async fn connect(
        registry: &RegistryId,
        target: &Target,
        network: &Network,
    ) -> Result<Self, ConnectError> {
        let there = Target { region: Some(registry.region.clone()), ..target.clone() };
        let (config, region) = session(&there, network).await?;
        let fips = if config.use_fips() == Some(true) { "-fips" } else { "" };
        let url = match own_endpoint(&config).as_deref().or(config.endpoint_url()) {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("https://securityhub{fips}.{region}.{}", registry.partition.dns_suffix()),
        };
        let client = Client::builder()
            .timeout(network.attempt_timeout)
            .connect_timeout(network.connect_timeout)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| ConnectError::Tls(error.to_string()))?;
        Ok(Self { config, client, url })
    }

    /// Imports findings, each in the Security Finding Format. One that Security Hub knows by its id is brought up to date,
    /// so that all may be imported again after a failure.
    ///
    /// # Errors
    ///
    /// If not all of them were taken.
    pub async fn import(&self, findings: &[Value]) -> Result<(), NotDelivered> {
        let mut came_out = Ok(());
        for batch in findings.chunks(BATCH) {
            // What a later batch holds has nothing to do with what an earlier one lacked.
            came_out = match (came_out, self.import_batch(batch).await) {
                (Err(before), Err(NotDelivered { retry: Retry::Never, .. }) | Ok(())) => Err(before),
                (_, now) => now,
            };
        }
        came_out
    }

    async fn import_batch(&self, findings: &[Value]) -> Result<(), NotDelivered> {
        let body = json!({ "Findings": findings }).to_string();
        let request = self.signed(body).await?;
        let unreachable =
            |error: reqwest::Error| not_delivered(Refusal::no_answer(chain(&error.without_url())), CALL);
        let response = self.client.execute(request).await.map_err(unreachable)?;
        let (status, header) = (response.status(), response.headers().get("x-amzn-errortype").cloned());
        let text = response.text().await.map_err(unreachable)?;
        if !status.is_success() {
            let said: Said = serde_json::from_str(&text).unwrap_or_default();
            let code = header.and_then(|code| code.to_str().ok().map(str::to_owned)).unwrap_or(said.code);
            // Such as `InvalidInputException:http://internal.amazon.com/…`.
            let code = code.split(':').next().unwrap_or_default();
            return Err(not_delivered(Refusal::told(status.as_u16(), code, &said.message), CALL));
        }
        let answer: Answer = serde_json::from_str(&text).map_err(|error| {
            not_delivered(Refusal::no_answer(format!("an answer that cannot be read: {error}")), CALL)
        })?;
        all_taken(&answer.failed_findings)
    }

    async fn signed(&self, body: String) -> Result<reqwest::Request, NotDelivered> {
        let credentials = match self.config.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.map_err(|error| chain(&error)),
            None => Err("there are no credentials".to_owned()),
        };
        let later = |reason: String| NotDelivered {
            reason: format!("{CALL}: {reason}"),
            retry: Retry::Later(None),
            reached: None,
        };
        let identity = credentials.map_err(later)?.into();
        let region = self.config.region().map(ToString::to_string).unwrap_or_default();
        let time = self.config.time_source().map(|source| source.now());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name("securityhub")
            .time(time.ok_or_else(|| later("there is no clock".into()))?)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| later(error.to_string()))?
            .into();
        let url = format!("{}/findings/import", self.url);
        let json = [("content-type", "application/json")];
        let signable =
            SignableRequest::new("POST", &url, json.into_iter(), SignableBody::Bytes(body.as_bytes()));
        let signed = signable
            .and_then(|request| sign(request, &parameters))
            .map_err(|error| later(error.to_string()))?;
        let mut request = self.client.post(&url).header("content-type", "application/json");
        let (instructions, _) = signed.into_parts();
        for (name, value) in instructions.headers() {
            request = request.header(name, value);
        }
        request.body(body).build().map_err(|error| later(error.without_url().to_string()))
    }
}

/// An endpoint for Security Hub alone, of the environment or the profile. For other services, their clients look.
fn own_endpoint(config: &SdkConfig) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id("securityhub").env("AWS_ENDPOINT_URL").profile("endpoint_url");
    config.service_config()?.load_config(key.build().ok()?)
}

/// The findings that were refused are told; if each of them is malformed, there is no use in another attempt.
fn all_taken(failed: &[Failed]) -> Result<(), NotDelivered> {
    let Some(first) = failed.first() else { return Ok(()) };
    let reason = format!(
        "{CALL}: {} findings were refused, such as {}: {}: {}",
        failed.len(),
        first.id,
        first.error_code,
        first.error_message
    );
    let malformed = failed.iter().all(|failed| failed.error_code == "InvalidInput");
    let retry = if malformed { Retry::Never } else { Retry::Later(None) };
    Err(NotDelivered { reason, retry, reached: None })
}

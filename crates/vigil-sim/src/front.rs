//! The front door: who asks for what, what spoils it, and the answer as HTTP has it.
//!
//! Knows no operation; it counts calls, applies faults and limits, and lets `operation` and `sts` answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::HeaderMap;
use serde::Deserialize;

use crate::form::Form;
use crate::noise::Noise;
use crate::operation;
use crate::registry::RegistryId;
use crate::sim::Sim;
use crate::sts;
use crate::traffic::{Aim, Ending, FaultAction, Spoiling};
use crate::wire::{self, ApiError, Caller, ImageIdentifier};

const TARGET_PREFIX: &str = "AmazonEC2ContainerRegistry_V20150921.";

/// An answer, ready to be sent.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) error_code: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) body: Vec<u8>,
    /// Only half of the body is sent.
    pub(crate) truncated: bool,
}

/// The connection is closed without an answer.
#[derive(Debug)]
pub(crate) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

/// Which protocol a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Json,
    Query,
}

/// A request, as far as the front door reads it.
struct Asked<'a> {
    protocol: Protocol,
    operation: String,
    form: Form,
    body: &'a [u8],
    session_token: Option<&'a str>,
}

/// What any request may say about its subject; used to pick the registry and to match fault rules.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Subject {
    registry_id: Option<String>,
    repository_name: Option<String>,
    repository_names: Option<Vec<String>>,
    image_id: Option<ImageIdentifier>,
    image_ids: Option<Vec<ImageIdentifier>>,
}

/// Answers one request to AWS.
pub(crate) async fn answer(sim: &Sim, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Dropped> {
    let asked = read(headers, body);
    sim.calls.arrived(&asked.operation);
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    let caller = authorization.and_then(|text| wire::caller(text, &sim.config.accounts));
    let Some(mut caller) = caller else {
        return Ok(finish(sim, &asked, Err(missing_authentication(asked.protocol)), false));
    };
    let subject: Subject = match asked.protocol {
        Protocol::Json => serde_json::from_slice(body).unwrap_or_default(),
        Protocol::Query => Subject::default(),
    };
    if let Some(account) = &subject.registry_id {
        if let Err(error) = wire::account(account) {
            return Ok(finish(sim, &asked, Err(error), false));
        }
        // Another registry may be named where its policy allows it: here every policy does.
        caller.registry.account.clone_from(account);
    }
    let mut truncated = false;
    for spoiling in spoilings(sim, &asked, &caller.registry, subject) {
        match apply(sim, &spoiling, &asked, &caller.registry).await {
            Ok(cut) => truncated |= cut,
            Err(Spoilt::Error(error)) => return Ok(finish(sim, &asked, Err(error), false)),
            Err(Spoilt::Dropped) => {
                sim.calls.ended(&asked.operation, Ending::Error);
                return Err(Dropped);
            }
        }
    }
    if !sim.buckets.pass(&caller.registry, &asked.operation, sim.clock.moment()) {
        return Ok(finish(sim, &asked, Err(ApiError::throttled()), false));
    }
    Ok(finish(sim, &asked, perform(sim, &asked, &caller), truncated))
}

fn read<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Asked<'a> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let session_token = text("x-amz-security-token");
    if let Some(target) = text("x-amz-target") {
        let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or(target).to_owned();
        return Asked { protocol: Protocol::Json, operation, form: Form::default(), body, session_token };
    }
    let is_form =
        text("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Asked {
            protocol: Protocol::Json,
            operation: String::new(),
            form: Form::default(),
            body,
            session_token,
        };
    }
    let form = Form::parse(&String::from_utf8_lossy(body));
    let operation = form.get("Action").unwrap_or_default().to_owned();
    Asked { protocol: Protocol::Query, operation, form, body, session_token }
}

fn missing_authentication(protocol: Protocol) -> ApiError {
    match protocol {
        Protocol::Json => {
            ApiError::new("MissingAuthenticationTokenException", "Missing Authentication Token")
        }
        Protocol::Query => {
            ApiError::new("MissingAuthenticationToken", "Request is missing Authentication Token")
                .with_status(403)
        }
    }
}

fn spoilings(sim: &Sim, asked: &Asked<'_>, registry: &RegistryId, subject: Subject) -> Vec<Spoiling> {
    if sim.faults.is_empty() {
        return Vec::new();
    }
    let identifiers = subject.image_ids.unwrap_or_default().into_iter().chain(subject.image_id);
    sim.faults.spoil(&Aim {
        operation: &asked.operation,
        registry,
        repositories: subject
            .repository_names
            .unwrap_or_default()
            .into_iter()
            .chain(subject.repository_name)
            .collect(),
        images: identifiers.flat_map(|image| image.image_digest.into_iter().chain(image.image_tag)).collect(),
    })
}

enum Spoilt {
    Error(ApiError),
    Dropped,
}

/// Applies a fault; `Ok(true)` when the answer is to be cut short.
async fn apply(
    sim: &Sim,
    spoiling: &Spoiling,
    asked: &Asked<'_>,
    registry: &RegistryId,
) -> Result<bool, Spoilt> {
    let error = match &spoiling.action {
        FaultAction::LatencyMs(millis) => {
            wait(Duration::from_millis(*millis)).await;
            return Ok(false);
        }
        FaultAction::Hold => {
            sim.faults.when_removed(spoiling.id).await;
            return Ok(false);
        }
        FaultAction::Truncate => return Ok(true),
        FaultAction::Drop => return Err(Spoilt::Dropped),
        FaultAction::AccessDenied => access_denied(asked, registry),
        FaultAction::Throttle => ApiError::throttled(),
        FaultAction::ServerError => {
            ApiError::new("ServerException", "Internal server error").with_status(500)
        }
        FaultAction::Unavailable => ApiError::new("ServiceUnavailable", "").with_status(503),
        FaultAction::Error(error) => {
            ApiError::new(&error.code, error.message.clone()).with_status(error.status)
        }
    };
    Err(Spoilt::Error(error))
}

/// Injected latency is real: clients measure it with their own clocks. The runtime's own timers come up to two
/// milliseconds late, a tenth of what a benchmark asks for.
async fn wait(latency: Duration) {
    futures_timer::Delay::new(latency).await;
}

fn access_denied(asked: &Asked<'_>, registry: &RegistryId) -> ApiError {
    let (partition, _) = registry.partition();
    let (service, code, status) = match asked.protocol {
        Protocol::Json => ("ecr", "AccessDeniedException", 400),
        Protocol::Query => ("sts", "AccessDenied", 403),
    };
    let (account, operation) = (&registry.account, &asked.operation);
    let action = format!("{service}:{operation}");
    let resource = registry.repository_arn("*");
    let message = format!(
        "User: arn:{partition}:iam::{account}:user/sim is not authorized to perform: {action} on resource: {resource} \
         because no identity-based policy allows the {action} action"
    );
    ApiError::new(code, message).with_status(status)
}

fn perform(sim: &Sim, asked: &Asked<'_>, caller: &Caller) -> Result<Vec<u8>, ApiError> {
    match asked.protocol {
        Protocol::Query => sts::answer(
            &asked.operation,
            &asked.form,
            caller,
            asked.session_token,
            &sim.config,
            sim.clock.now(),
        ),
        Protocol::Json
            if caller.service == "sts" || !operation::OPERATIONS.contains(&asked.operation.as_str()) =>
        {
            Err(ApiError::new("UnknownOperationException", ""))
        }
        Protocol::Json => {
            let registry = sim.registry_of(&caller.registry);
            operation::answer(&asked.operation, &registry, asked.body, sim.clock.moment())
        }
    }
}

/// Counts how the call ended and writes the answer.
fn finish(sim: &Sim, asked: &Asked<'_>, outcome: Result<Vec<u8>, ApiError>, truncated: bool) -> Reply {
    let ending = match &outcome {
        Ok(_) if !truncated => Ending::Ok,
        Err(error) if error.code == "ThrottlingException" => Ending::Throttled,
        _ => Ending::Error,
    };
    sim.calls.ended(&asked.operation, ending);
    let request_id = request_id();
    let (json, xml) = ("application/x-amz-json-1.1", "text/xml");
    let content_type = if asked.protocol == Protocol::Json { json } else { xml };
    match outcome {
        Ok(body) => Reply {
            status: 200,
            content_type,
            error_code: None,
            request_id: Some(request_id),
            body,
            truncated,
        },
        Err(error) => Reply {
            status: error.status,
            content_type,
            body: match asked.protocol {
                // A load balancer in front of the service answers 503 in its own words.
                Protocol::Json if error.status == 503 => {
                    b"<html><body>Service Unavailable</body></html>".to_vec()
                }
                Protocol::Json => error.json(),
                Protocol::Query => sts::error_xml(&error, &request_id),
            },
            error_code: Some(error.code),
            request_id: Some(request_id),
            truncated: false,
        },
    }
}

/// Unique within the process, in the shape of a UUID.
fn request_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let noise = Noise::new(number);
    let (a, b) = (noise.with(0).value(), noise.with(1).value());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

//! From a path under `/_sim` to the control that it means.

use std::sync::Arc;

use hyper::{Method, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::check;
use super::refused::Refused;
use super::requests::{ArchiveChange, ClockChange, FindingsChange, LimitChange, NewRepository, StatusChange};
use crate::config::{DEFAULT_ACCOUNT, DEFAULT_REGION};
use crate::digest::Digest;
use crate::form::Form;
use crate::front::Reply;
use crate::registry::{DictatedStatus, Registry, Scanning};
use crate::sim::Sim;
use crate::traffic::FaultId;

/// Where the controls begin.
pub(crate) const ROOT: &str = "/_sim";

const INDEX: &str = include_str!("index.txt");

/// Answers a request to the controls.
pub(crate) async fn answer(sim: &Arc<Sim>, method: &Method, uri: &Uri, body: &[u8]) -> Reply {
    let query = Form::parse(uri.query().unwrap_or_default());
    let path = uri.path().strip_prefix(ROOT).unwrap_or_default().trim_matches('/');
    if path.is_empty() {
        return reply(200, "text/plain; charset=utf-8", INDEX.as_bytes().to_vec());
    }
    match obey(sim, method, path, &query, body).await {
        Ok(value) => reply(200, "application/json", value.to_string().into_bytes()),
        Err(Refused(status, reason)) => {
            reply(status, "application/json", json!({ "error": reason }).to_string().into_bytes())
        }
    }
}

async fn obey(sim: &Sim, method: &Method, path: &str, query: &Form, body: &[u8]) -> Result<Value, Refused> {
    check::query(method.as_str(), path, query)?;
    match (method.as_str(), path) {
        ("GET", "wait") => wait(sim, query).await,
        ("GET", _) => read(sim, path, query),
        ("POST", _) => change(sim, path, body),
        ("DELETE", _) => delete(sim, path, query),
        _ => Err(Refused(405, "use GET, POST or DELETE".to_owned())),
    }
}

async fn wait(sim: &Sim, query: &Form) -> Result<Value, Refused> {
    let operation = required(query, "operation")?;
    check::operation(operation)?;
    let calls = number("calls", query.get("calls").unwrap_or("1"))?;
    sim.when_calls(operation, calls).await;
    to_value(sim.calls().get(operation))
}

fn read(sim: &Sim, path: &str, query: &Form) -> Result<Value, Refused> {
    match path {
        "calls" => to_value(sim.calls()),
        "clock" => Ok(clock(sim)),
        "faults" => {
            let rules = sim.faults.list();
            Ok(rules.into_iter().map(|(id, rule)| json!({ "id": id, "rule": rule })).collect())
        }
        "scans" => to_value(sim.scan_behaviour()),
        "repositories" => to_value(registry_of(sim, query)?.repositories()),
        "images" => to_value(registry_of(sim, query)?.images(required(query, "repository")?)?),
        _ => Err(unknown(path)),
    }
}

fn change(sim: &Sim, path: &str, body: &[u8]) -> Result<Value, Refused> {
    match path {
        "reset-calls" => sim.reset_calls(),
        "clock" => return change_clock(sim, parse(body)?),
        "faults" => return Ok(json!({ "id": sim.add_fault(check::fault(parse(body)?)?) })),
        "limits" => {
            let change: LimitChange = parse(body)?;
            sim.set_limit(&change.operation, check::limit(&change)?);
        }
        "scans" => sim.set_scan_behaviour(check::scans(parse(body)?)?),
        _ => return change_registry(sim, path, Addressed::parse(body)?),
    }
    Ok(json!({}))
}

fn change_registry(sim: &Sim, path: &str, mut addressed: Addressed) -> Result<Value, Refused> {
    let registry = addressed.registry(sim);
    match path {
        "scanning" => {
            let everywhere = addressed.names_no_registry();
            let scanning: Scanning = addressed.rest()?;
            if everywhere {
                sim.set_scanning(&scanning);
            } else {
                registry.set_scanning(scanning);
            }
        }
        "repositories" => {
            let NewRepository { name, tags } = addressed.rest()?;
            let tags: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            registry.add_repository(&name)?;
            registry.tag_repository(&name, &tags)?;
        }
        "images" => {
            let repository = addressed.take("repository")?.unwrap_or_default();
            return Ok(json!({ "digest": registry.add_image(&repository, addressed.rest()?)? }));
        }
        "archive" => {
            let change: ArchiveChange = addressed.rest()?;
            match change.archived {
                true => registry.archive_image(&change.repository, change.digest)?,
                false => registry.restore_image(&change.repository, change.digest)?,
            }
        }
        "status" => {
            let StatusChange { repository, digest, status, description, completed_at } = addressed.rest()?;
            let dictated = status.map(|status| DictatedStatus { status, description, completed_at });
            registry.dictate_status(&repository, digest, dictated)?;
        }
        "findings" => {
            let FindingsChange { repository, digest, findings, enhanced_findings } = addressed.rest()?;
            registry.set_findings(&repository, digest, findings, enhanced_findings)?;
        }
        _ => return Err(unknown(path)),
    }
    Ok(json!({}))
}

/// A body that may say which registry it is about.
struct Addressed {
    account: Option<String>,
    region: Option<String>,
    rest: serde_json::Map<String, Value>,
}

impl Addressed {
    fn parse(body: &[u8]) -> Result<Self, Refused> {
        let mut addressed = Self { account: None, region: None, rest: parse(body)? };
        addressed.account = addressed.take("account")?;
        addressed.region = addressed.take("region")?;
        addressed.account.as_deref().map_or(Ok(()), check::account)?;
        Ok(addressed)
    }

    fn take(&mut self, name: &str) -> Result<Option<String>, Refused> {
        match self.rest.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(Refused::should_be(name, other, "a text")),
        }
    }

    fn names_no_registry(&self) -> bool {
        self.account.is_none() && self.region.is_none()
    }

    fn registry(&self, sim: &Sim) -> Arc<Registry> {
        let account = self.account.as_deref().unwrap_or(DEFAULT_ACCOUNT);
        sim.registry(account, self.region.as_deref().unwrap_or(DEFAULT_REGION))
    }

    fn rest<T: DeserializeOwned>(self) -> Result<T, Refused> {
        Ok(serde_json::from_value(Value::Object(self.rest))?)
    }
}

fn delete(sim: &Sim, path: &str, query: &Form) -> Result<Value, Refused> {
    match path {
        "faults" => match query.get("id") {
            Some(id) => {
                let id = FaultId(number("id", id)?);
                if !sim.remove_fault(id) {
                    return Err(check::no_such_fault(id, &sim.faults.list()));
                }
            }
            None => sim.clear_faults(),
        },
        "repositories" => registry_of(sim, query)?.delete_repository(required(query, "name")?)?,
        "images" => {
            let digest: Digest = required(query, "digest")?.parse()?;
            registry_of(sim, query)?.delete_image(required(query, "repository")?, digest)?;
        }
        _ => return Err(unknown(path)),
    }
    Ok(json!({}))
}

fn change_clock(sim: &Sim, change: ClockChange) -> Result<Value, Refused> {
    let from = change.set.unwrap_or_else(|| sim.clock().now());
    let by = change.advance_seconds.map(|seconds| check::advance(from, seconds)).transpose()?;
    if let Some(time) = change.set {
        sim.clock().set(time);
    }
    if let Some(by) = by {
        sim.clock().advance(by);
    }
    match change.held {
        Some(true) => sim.clock().hold(),
        Some(false) => sim.clock().run(),
        None => {}
    }
    Ok(clock(sim))
}

fn clock(sim: &Sim) -> Value {
    json!({ "now": sim.clock().now(), "held": sim.clock().is_held() })
}

fn registry_of(sim: &Sim, query: &Form) -> Result<Arc<Registry>, Refused> {
    let account = query.get("account").unwrap_or(DEFAULT_ACCOUNT);
    check::account(account)?;
    Ok(sim.registry(account, query.get("region").unwrap_or(DEFAULT_REGION)))
}

fn required<'a>(query: &'a Form, name: &str) -> Result<&'a str, Refused> {
    query.get(name).ok_or_else(|| Refused(400, format!("the query lacks '{name}'")))
}

fn number(input: &str, text: &str) -> Result<u64, Refused> {
    text.parse().map_err(|_| Refused::should_be(input, text, "a whole number of 0 or more"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    Ok(serde_json::from_slice(body)?)
}

fn to_value(value: impl Serialize) -> Result<Value, Refused> {
    Ok(serde_json::to_value(value)?)
}

fn unknown(path: &str) -> Refused {
    Refused(404, format!("there is no control '{path}'; GET {ROOT} lists them"))
}

fn reply(status: u16, content_type: &'static str, body: Vec<u8>) -> Reply {
    Reply { status, content_type, error_code: None, request_id: None, body, truncated: false }
}

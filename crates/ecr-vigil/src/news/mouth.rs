//! A sink: how its messages look, and what they travel by.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;
use vigil_aws::{BusEvent, ConnectError, EventBus, Network, RoleInAccounts, SecurityHub, SnsTopic, Target};
use vigil_core::finding::Severity;
use vigil_core::news::{NotDelivered, Retry, RouteName};
use vigil_core::policy::Thresholds;
use vigil_core::port::{Parcel, Sink, Taken};
use vigil_core::{RegistryId, Secret};
use vigil_notify::{
    ContentType, Courier, CourierOptions, Mail, MailServer, Mailer, NoCourier, NoMailer, SlackChannel,
    SlackWebhook, Webhook,
};
use vigil_report::message::{self, SnsOptions, Template, asff, email, slack};

use crate::config::{SinkKind, SinkSettings};

/// Why a sink cannot be used as it is written.
#[derive(Debug, thiserror::Error)]
pub enum SinkUnusable {
    /// AWS cannot be reached like this.
    #[error(transparent)]
    Aws(#[from] ConnectError),
    /// There is no way over HTTP.
    #[error(transparent)]
    Http(#[from] NoCourier),
    /// There is no way by mail.
    #[error(transparent)]
    Mail(#[from] NoMailer),
}

/// What a message's look depends on beside the message.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    /// From which severity on each route tells.
    pub severities: BTreeMap<RouteName, Severity>,
    /// From how many findings on a level is over its threshold, for each route that says so itself.
    pub thresholds: BTreeMap<RouteName, Thresholds>,
    /// And for all others.
    pub gate: Thresholds,
}

impl Looks {
    /// Whoever reads a message is shown the thresholds that chose it.
    fn sns(&self, parcel: &Parcel) -> SnsOptions {
        SnsOptions { thresholds: self.thresholds.get(&parcel.route).copied().unwrap_or(self.gate) }
    }
}

/// Each account and region has a Security Hub of its own.
struct Hubs {
    role: Option<RoleInAccounts>,
    external_id: Option<Secret>,
    network: Network,
    known: Mutex<BTreeMap<RegistryId, SecurityHub>>,
}

/// A place that is told.
pub struct Mouth {
    looks: Looks,
    way: Way,
}

enum Way {
    Sns(SnsTopic),
    Slack(SlackChannel),
    SlackWebhook(SlackWebhook),
    Teams(Webhook),
    Webhook(Webhook, Option<Template>, ContentType),
    EventBridge(EventBus),
    SecurityHub(Hubs),
    Mail(Mailer, email::MailOptions),
}

impl Mouth {
    /// Makes a sink from its settings. Nothing is asked of it yet.
    ///
    /// # Errors
    ///
    /// If it cannot be used as it is written.
    pub async fn new(settings: &SinkSettings, network: &Network, looks: Looks) -> Result<Self, SinkUnusable> {
        let options = CourierOptions { time: settings.timeout, ca: settings.ca.clone() };
        let courier = || Courier::new(&options);
        let hook = |url: &vigil_core::Secret| -> Result<Webhook, NoCourier> {
            Ok(Webhook { courier: courier()?, url: url.clone(), headers: Vec::new(), signer: None })
        };
        let way = match &settings.kind {
            SinkKind::Sns(topic, target) => {
                Way::Sns(SnsTopic::connect(topic.clone(), target, network).await?)
            }
            SinkKind::Slack { token, channel, api } => Way::Slack(SlackChannel {
                courier: courier()?,
                api: api.clone(),
                token: token.clone(),
                channel: channel.clone(),
            }),
            SinkKind::SlackWebhook(url) => {
                Way::SlackWebhook(SlackWebhook { courier: courier()?, url: url.clone() })
            }
            SinkKind::Teams(url) => Way::Teams(hook(url)?),
            SinkKind::Webhook { url, headers, signer, template, content_type } => {
                let webhook = Webhook { headers: headers.clone(), signer: signer.clone(), ..hook(url)? };
                Way::Webhook(webhook, template.as_deref().cloned(), content_type.clone())
            }
            SinkKind::EventBridge(bus, target) => {
                Way::EventBridge(EventBus::connect(bus.clone(), target, network).await?)
            }
            SinkKind::SecurityHub { role, external_id } => Way::SecurityHub(Hubs {
                role: role.clone(),
                external_id: external_id.clone(),
                network: network.clone(),
                known: Mutex::default(),
            }),
            SinkKind::Email { host, port, tls, user, from, domain, to } => {
                let server = MailServer {
                    host: host.clone(),
                    port: *port,
                    tls: *tls,
                    user: user.clone(),
                    time: settings.timeout,
                    ca: settings.ca.clone(),
                    from: from.clone(),
                    to: to.clone(),
                };
                Way::Mail(Mailer::new(server)?, email::MailOptions { domain: domain.clone() })
            }
        };
        Ok(Self { looks, way })
    }
}

#[async_trait]
impl Sink for Mouth {
    async fn deliver(&self, parcel: &Parcel, now: Timestamp) -> Result<Taken, NotDelivered> {
        let reached = parcel.reached.as_deref();
        match &self.way {
            Way::Sns(topic) => {
                let message = message::sns(&parcel.message, &self.looks.sns(parcel));
                topic.publish(&parcel.id, &message.subject, &message.message).await?;
            }
            Way::Slack(channel) => return channel.post(&self.posts(parcel)?, reached).await,
            Way::SlackWebhook(webhook) => return webhook.post(&self.posts(parcel)?, reached).await,
            Way::Teams(webhook) => {
                let card = message::teams(&parcel.message).into_bytes();
                webhook.post(&parcel.id, now, &ContentType::json(), card).await?;
            }
            Way::Webhook(webhook, template, content_type) => {
                let body = body(parcel, template.as_ref())?;
                webhook.post(&parcel.id, now, content_type, body.into_bytes()).await?;
            }
            Way::EventBridge(bus) => bus.put(&event(parcel)).await?,
            Way::SecurityHub(hubs) => hubs.import(parcel).await?,
            Way::Mail(mailer, options) => return mailer.send(&letter(parcel, options)?, reached).await,
        }
        Ok(Taken::Whole)
    }
}

impl Mouth {
    /// A message as it is sent.
    ///
    /// # Errors
    ///
    /// If it cannot be written, such as by a template that is wrong for it.
    pub fn written(&self, parcel: &Parcel) -> Result<String, NotDelivered> {
        let pretty = |value: Value| format!("{value:#}");
        Ok(match &self.way {
            Way::Sns(_) => {
                let sns = message::sns(&parcel.message, &self.looks.sns(parcel));
                let texts: Value =
                    serde_json::from_str(&sns.message).map_err(|error| later(error.to_string()))?;
                format!("Subject: {}\n\n{}", sns.subject, pretty(texts))
            }
            Way::Slack(_) | Way::SlackWebhook(_) => pretty(self.posts(parcel)?.into()),
            Way::Teams(_) => message::teams(&parcel.message),
            Way::Webhook(_, template, _) => body(parcel, template.as_ref())?,
            Way::EventBridge(_) => event(parcel).detail,
            Way::SecurityHub(..) => {
                let batches = asff::asff(&parcel.message);
                let values = serde_json::to_value(batches).map_err(|error| later(error.to_string()))?;
                pretty(values)
            }
            Way::Mail(_, options) => {
                let Mail { subject, text, .. } = letter(parcel, options)?;
                format!("Subject: {subject}\n\n{text}")
            }
        })
    }

    fn posts(&self, parcel: &Parcel) -> Result<Vec<Value>, NotDelivered> {
        let options = slack::SlackOptions { threshold: self.looks.severities.get(&parcel.route).cloned() };
        let posts = slack::slack(&parcel.message, &options);
        let values: Result<Vec<Value>, _> = posts.iter().map(serde_json::to_value).collect();
        values.map_err(|error| later(error.to_string()))
    }
}

fn body(parcel: &Parcel, template: Option<&Template>) -> Result<String, NotDelivered> {
    match template {
        Some(template) => template.render(parcel).map_err(|fault| later(fault.to_string())),
        None => Ok(message::webhook(parcel)),
    }
}

fn event(parcel: &Parcel) -> BusEvent {
    let event = message::event(parcel);
    BusEvent {
        source: event.source.to_owned(),
        detail_type: event.detail_type.to_owned(),
        time: event.time,
        detail: event.detail,
        resources: event.resources,
    }
}

impl Hubs {
    /// Findings are known by their ids, so that all may be imported again.
    async fn import(&self, parcel: &Parcel) -> Result<(), NotDelivered> {
        let mut came_out: Result<(), NotDelivered> = Ok(());
        for batch in asff::asff(&parcel.message) {
            let findings: Result<Vec<Value>, _> = batch.findings.iter().map(serde_json::to_value).collect();
            let findings = findings.map_err(|error| later(error.to_string()))?;
            let imported = match self.of(&batch.hub).await {
                Ok(hub) => hub.import(&findings).await,
                Err(failure) => Err(failure),
            };
            // One account without a Security Hub keeps no other from being told; what may yet be taken is tried again.
            came_out = match (came_out, imported) {
                (Err(before), Err(_)) if before.retry != Retry::Never => Err(before),
                (Err(before), Ok(())) => Err(before),
                (_, now) => now,
            };
        }
        came_out
    }

    async fn of(&self, registry: &RegistryId) -> Result<SecurityHub, NotDelivered> {
        let mut known = self.known.lock().await;
        if let Some(hub) = known.get(registry) {
            return Ok(hub.clone());
        }
        let role_arn = self.role.as_ref().map(|role| role.of(&registry.account));
        let target = Target { role_arn, external_id: self.external_id.clone(), ..Target::default() };
        let hub = SecurityHub::connect(registry, &target, &self.network).await;
        let hub = hub.map_err(|error| later(error.to_string()))?;
        Ok(known.entry(registry.clone()).or_insert(hub).clone())
    }
}

fn letter(parcel: &Parcel, options: &email::MailOptions) -> Result<Mail, NotDelivered> {
    let mail = email::email(parcel, options).map_err(|fault| later(fault.to_string()))?;
    let headers = [
        ("References", mail.references.clone()),
        ("In-Reply-To", mail.references),
        ("List-Id", mail.list_id),
        ("Auto-Submitted", "auto-generated".to_owned()),
    ];
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Mail { subject: mail.subject, text: mail.text, html: mail.html, message_id: mail.message_id, headers })
}

/// What can be mended in the settings before the message is given up.
fn later(reason: String) -> NotDelivered {
    NotDelivered { reason, retry: Retry::Later(None), reached: None }
}

#[cfg(test)]
mod tests {
    use vigil_core::testing::now;

    use super::*;
    use crate::news::example;

    #[test]
    fn whoever_is_told_sees_the_thresholds_of_the_route_or_those_of_the_gate() {
        let parcel = example(&"topic".parse().unwrap(), now()).unwrap();
        let [of_route, gate] = [5, 1].map(|critical| Thresholds {
            critical: Some(critical),
            high: None,
            medium: None,
            low: None,
        });
        let check = |route: &str, expected| {
            let thresholds = BTreeMap::from([(route.parse().unwrap(), of_route)]);
            let looks = Looks { thresholds, gate, ..Looks::default() };
            assert_eq!(looks.sns(&parcel).thresholds, expected);
        };
        check(parcel.route.as_str(), of_route);
        check("another", gate);
    }
}

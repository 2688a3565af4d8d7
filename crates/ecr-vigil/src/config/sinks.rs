//! Where news is told: the tables `[[sink]]`, and the two that the environment alone can give.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};
use vigil_aws::{RoleInAccounts, Target, TopicArn};
use vigil_core::Secret;
use vigil_core::news::SinkName;
use vigil_notify::{Authorities, ContentType, Header, MailAddress, Signer, SlackToken, TlsMode};
use vigil_report::message::Template;
use vigil_report::message::email::MailDomain;

use super::reader::{Reader, with_member};
use super::routes::InTable;
use super::values::{Limit, Url};

/// A place where news is told.
#[derive(Debug, Clone)]
pub struct SinkSettings {
    /// What it is called.
    pub name: SinkName,
    /// What it is.
    pub kind: SinkKind,
    /// How long a message is tried.
    pub deadline: SignedDuration,
    /// How long one attempt may take.
    pub timeout: SignedDuration,
    /// Certificates, in PEM, of authorities that are trusted beside those of the system.
    pub ca: Option<Authorities>,
}

/// What a sink is.
#[derive(Debug, Clone)]
pub enum SinkKind {
    /// An SNS topic.
    Sns(TopicArn, Target),
    /// A channel of Slack, by a bot's token.
    Slack {
        /// The bot's token.
        token: SlackToken,
        /// The channel's id.
        channel: String,
        /// Where Slack's API is.
        api: String,
    },
    /// An incoming webhook of Slack.
    SlackWebhook(Secret),
    /// An incoming webhook of Microsoft Teams.
    Teams(Secret),
    /// A webhook of one's own.
    Webhook {
        /// Where it is.
        url: Secret,
        /// Further headers.
        headers: Vec<Header>,
        /// What messages are signed with.
        signer: Option<Signer>,
        /// A template of one's own.
        template: Option<Box<Template>>,
        /// What the body is; JSON unless a template makes something else.
        content_type: ContentType,
    },
    /// An event bus of EventBridge, by name or ARN.
    EventBridge(String, Target),
    /// Security Hub of the accounts and regions that images are in.
    SecurityHub {
        /// The role to assume in the account of an image.
        role: Option<RoleInAccounts>,
        /// What its trust policy asks for besides the caller.
        external_id: Option<Secret>,
    },
    /// Mail.
    Email {
        /// The server.
        host: String,
        /// Its port.
        port: Option<u16>,
        /// How it is spoken to.
        tls: TlsMode,
        /// With whose name and password.
        user: Option<(String, Secret)>,
        /// The sender.
        from: MailAddress,
        /// The sender's domain.
        domain: MailDomain,
        /// The recipients.
        to: Vec<MailAddress>,
    },
}

impl SinkKind {
    /// The word of the settings for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sns(..) => "sns",
            Self::Slack { .. } => "slack",
            Self::SlackWebhook(_) => "slack_webhook",
            Self::Teams(_) => "teams",
            Self::Webhook { .. } => "webhook",
            Self::EventBridge(..) => "eventbridge",
            Self::SecurityHub { .. } => "security_hub",
            Self::Email { .. } => "email",
        }
    }
}

/// Every kind of sink, as it is written.
const KINDS: &str = "sns, slack, slack_webhook, teams, webhook, eventbridge, security_hub or email";

/// A message that could not be delivered for a day is news no more.
const DEADLINE: SignedDuration = SignedDuration::from_hours(24);

const TIMEOUT: SignedDuration = SignedDuration::from_secs(10);

const SLACK: &str = "https://slack.com/api";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sns {
    topic_arn: String,
    role_arn: Option<String>,
    external_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Slack {
    channel: String,
    token: Option<String>,
    token_file: Option<PathBuf>,
    api: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    url: Option<String>,
    url_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: Option<String>,
    url_file: Option<PathBuf>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    key: Option<String>,
    key_file: Option<PathBuf>,
    template: Option<PathBuf>,
    content_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bus {
    bus: String,
    region: Option<String>,
    role_arn: Option<String>,
    external_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hub {
    role_arn: Option<String>,
    external_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Email {
    host: String,
    port: Option<u16>,
    tls: Option<String>,
    user: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    from: String,
    to: Vec<String>,
}

words! {
    /// How a mail server is spoken to, as it is written.
    MailTls {
        /// STARTTLS.
        Upgraded = "starttls",
        /// TLS from the first word.
        Implicit = "implicit",
        /// In the open.
        None = "none",
    }
}

impl Reader<'_> {
    /// All sinks, those of the environment first; `None` if one is wrong.
    pub(super) fn sinks(&mut self) -> Option<Vec<SinkSettings>> {
        let mut sinks: Vec<Option<SinkSettings>> = self.environment_sinks();
        for (place, table) in self.layers.sinks.clone().into_iter().enumerate() {
            let key = format!("sink[{place}]");
            let sink = InTable { reader: self, key: &key }.sink(table);
            if let Some(sink) = sink
                .as_ref()
                .filter(|sink| sinks.iter().flatten().any(|other: &SinkSettings| other.name == sink.name))
            {
                self.complain_of_table(
                    &format!("{key}.name"),
                    format!("`{}` is another sink's already", sink.name),
                );
            }
            sinks.push(sink);
        }
        sinks.into_iter().collect()
    }

    /// The topic of the scan reporter, and the channel of the cluster scanner.
    fn environment_sinks(&mut self) -> Vec<Option<SinkSettings>> {
        let mut sinks = Vec::new();
        if self.is_given("sns.topic_arn") {
            let topic: Option<TopicArn> = self.one("sns.topic_arn");
            let target = self.first_target();
            sinks.push(topic.and_then(|topic| named("sns", SinkKind::Sns(topic, target))));
        }
        let (token, channel) = (self.one::<String>("slack.token"), self.one::<String>("slack.channel"));
        match (token, channel) {
            (Some(token), Some(channel)) => {
                let token = SlackToken::new(&token.into());
                let token = token.map_err(|error| self.complain("slack.token", error.to_string())).ok();
                let kind = token.map(|token| SinkKind::Slack { token, channel, api: SLACK.to_owned() });
                sinks.push(kind.and_then(|kind| named("slack", kind)));
            }
            (Some(_), None) => self.complain("slack.token", "there is no slack.channel to write to"),
            (None, Some(_)) => self.complain("slack.channel", "there is no slack.token to write with"),
            (None, None) => {}
        }
        sinks
    }
}

fn named(name: &str, kind: SinkKind) -> Option<SinkSettings> {
    let name = name.parse().ok()?;
    Some(SinkSettings { name, kind, deadline: DEADLINE, timeout: TIMEOUT, ca: None })
}

impl InTable<'_, '_> {
    fn sink(&mut self, mut table: Table) -> Option<SinkSettings> {
        let mut text = |member: &str| match table.remove(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(member.to_owned()),
        };
        let common = ["name", "type", "deadline", "timeout", "ca_file"].map(&mut text);
        for member in common.iter().filter_map(|text| text.as_ref().err()) {
            self.complain(member, "expected a text");
        }
        let [name, kind, deadline, timeout, ca_file] = common.map(|text| text.ok().flatten());
        let name = self.name(name);
        let kind = match kind {
            Some(kind) => self.kind(&kind, table),
            None => {
                self.complain("type", format!("it is missing; expected {KINDS}"));
                None
            }
        };
        let mut limit = |member: &str, text: Option<String>, default| match text {
            Some(text) => self.one::<Limit>(member, &text).map(|Limit(limit)| limit),
            None => Some(default),
        };
        let (deadline, timeout) = (limit("deadline", deadline, DEADLINE), limit("timeout", timeout, TIMEOUT));
        let ca = match ca_file {
            Some(file) => self.authorities(file).map(Some),
            None => Some(None),
        };
        Some(SinkSettings { name: name?, kind: kind?, deadline: deadline?, timeout: timeout?, ca: ca? })
    }

    fn kind(&mut self, kind: &str, table: Table) -> Option<SinkKind> {
        match kind {
            "sns" => {
                let Sns { topic_arn, role_arn, external_id } = self.members(table)?;
                let (topic, target) =
                    (self.one("topic_arn", &topic_arn), self.target(None, role_arn, external_id));
                Some(SinkKind::Sns(topic?, target?))
            }
            "slack" => self.slack(table),
            "slack_webhook" => self.address(table).map(SinkKind::SlackWebhook),
            "teams" => self.address(table).map(SinkKind::Teams),
            "webhook" => self.webhook(table),
            "eventbridge" => {
                let Bus { bus, region, role_arn, external_id } = self.members(table)?;
                self.target(region, role_arn, external_id).map(|target| SinkKind::EventBridge(bus, target))
            }
            "security_hub" => {
                let Hub { role_arn, external_id } = self.members(table)?;
                self.asked_for_by(external_id.as_deref(), role_arn.as_deref());
                let role = role_arn.map(|text| self.one("role_arn", &text));
                let external_id = external_id.map(Secret::from);
                (!matches!(role, Some(None)))
                    .then(|| SinkKind::SecurityHub { role: role.flatten(), external_id })
            }
            "email" => self.email(table),
            other => {
                self.complain("type", format!("`{other}` is not known; expected {KINDS}"));
                None
            }
        }
    }

    /// What the table says beside what all sinks have.
    fn members<T: DeserializeOwned>(&mut self, table: Table) -> Option<T> {
        let read: Result<T, _> = table.try_into();
        let complain = |error: toml::de::Error| self.reader.complain_of_table(self.key, with_member(&error));
        read.map_err(complain).ok()
    }

    fn asked_for_by(&mut self, external_id: Option<&str>, role_arn: Option<&str>) {
        if external_id.is_some() && role_arn.is_none() {
            self.complain("external_id", "there is no role_arn that would ask for it");
        }
    }

    fn target(
        &mut self,
        region: Option<String>,
        role_arn: Option<String>,
        external_id: Option<String>,
    ) -> Option<Target> {
        let region = region.map(|text| self.one("region", &text));
        self.asked_for_by(external_id.as_deref(), role_arn.as_deref());
        let role_arn = role_arn.map(|text| self.one("role_arn", &text));
        let given = |wrong: bool| (!wrong).then_some(());
        given(matches!(region, Some(None)) || matches!(role_arn, Some(None)))?;
        let external_id = external_id.map(Secret::from);
        Some(Target { region: region.flatten(), role_arn: role_arn.flatten(), external_id, account: None })
    }

    fn slack(&mut self, table: Table) -> Option<SinkKind> {
        let Slack { channel, token, token_file, api } = self.members(table)?;
        let token = self.secret("token", token, token_file);
        let token = token.and_then(|token| self.good("token", SlackToken::new(&token)));
        let api = match api {
            Some(api) => self.one::<Url>("api", &api).map(|Url(url)| url),
            None => Some(SLACK.to_owned()),
        };
        Some(SinkKind::Slack { token: token?, channel, api: api? })
    }

    fn address(&mut self, table: Table) -> Option<Secret> {
        let Address { url, url_file } = self.members(table)?;
        self.url(url, url_file)
    }

    fn webhook(&mut self, table: Table) -> Option<SinkKind> {
        let Webhook { url, url_file, headers, key, key_file, template, content_type } =
            self.members(table)?;
        let url = self.url(url, url_file);
        let signer = match key.is_some() || key_file.is_some() {
            true => {
                let key = self.secret("key", key, key_file);
                key.and_then(|key| self.good("key", Signer::new(&key))).map(Some)
            }
            false => Some(None),
        };
        let template = match template {
            Some(file) => self.template(file).map(Some),
            None => Some(None),
        };
        let headers: Vec<_> = (headers.into_iter())
            .map(|(name, value)| self.good("headers", Header::new(&name, &value.into())))
            .collect();
        let content_type = match content_type {
            Some(text) => self.one("content_type", &text),
            None => Some(ContentType::json()),
        };
        let headers = headers.into_iter().collect::<Option<_>>()?;
        let (signer, template, content_type) = (signer?, template?, content_type?);
        Some(SinkKind::Webhook { url: url?, headers, signer, template, content_type })
    }

    fn email(&mut self, table: Table) -> Option<SinkKind> {
        let Email { host, port, tls, user, password, password_file, from, to } = self.members(table)?;
        let tls = match tls.map(|text| self.one::<MailTls>("tls", &text)) {
            None | Some(Some(MailTls::Upgraded)) => Some(TlsMode::StartTls),
            Some(Some(MailTls::Implicit)) => Some(TlsMode::Implicit),
            Some(Some(MailTls::None)) => Some(TlsMode::None),
            Some(None) => None,
        };
        if to.is_empty() {
            self.complain("to", "it is empty; expected mail addresses");
        }
        let address: Option<MailAddress> = self.one("from", &from);
        let domain = address.as_ref().and_then(|from| self.one::<MailDomain>("from", from.domain()));
        let count = to.len();
        let to: Vec<MailAddress> = self.all("to", to);
        let are_all = to.len() == count;
        let user = match user {
            Some(user) => {
                self.secret("password", password, password_file).map(|password| Some((user, password)))
            }
            None => Some(None),
        };
        let (tls, user, from, domain) = (tls?, user?, address?, domain?);
        are_all.then_some(SinkKind::Email { host, port, tls, user, from, domain, to })
    }
}

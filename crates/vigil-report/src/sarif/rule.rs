//! Rules: one for each vulnerability that a run tells of.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use vigil_core::{Finding, Severity};

use super::severity::{level, security_severity};
use super::text::{Help, Text};
use crate::line::{clipped, plain};
use crate::link::web_address;
use crate::markdown::escaped;
use crate::threat;

/// The rules of a run, in the order in which the first results of each came.
#[derive(Default)]
pub(super) struct Rules {
    places: HashMap<Arc<str>, usize>,
    rules: Vec<Rule>,
}

/// What is kept of a vulnerability: the worst that a result says of it.
pub(super) struct Rule {
    id: Arc<str>,
    severity: Severity,
    score: Option<f64>,
    description: Option<Arc<str>>,
    links: Vec<String>,
    marks: BTreeSet<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleView<'a> {
    id: &'a str,
    short_description: Text,
    full_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'a str>,
    help: Help,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties {
    tags: Vec<String>,
    precision: &'static str,
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    security_severity: Option<String>,
}

impl Rules {
    /// The place of the finding's rule, which learns from it.
    pub(super) fn place(&mut self, finding: &Finding) -> usize {
        if let Some(place) = self.places.get(&finding.id) {
            self.rules[*place].learn(finding);
            return *place;
        }
        self.places.insert(finding.id.clone(), self.rules.len());
        self.rules.push(Rule::of(finding));
        self.rules.len() - 1
    }

    pub(super) fn as_slice(&self) -> &[Rule] {
        &self.rules
    }
}

impl Rule {
    fn of(finding: &Finding) -> Self {
        Self {
            id: finding.id.clone(),
            severity: finding.severity.clone(),
            score: security_severity(finding),
            description: finding.description.clone(),
            links: finding.links.iter().filter_map(|link| web_address(link)).collect(),
            marks: threat::marks(finding).collect(),
        }
    }

    /// Two images may be told different severities of the same vulnerability: the rule keeps the worse.
    fn learn(&mut self, finding: &Finding) {
        let score = security_severity(finding);
        if score > self.score {
            self.score = score;
        }
        if finding.severity > self.severity {
            self.severity = finding.severity.clone();
        }
        if self.description.is_none() {
            self.description.clone_from(&finding.description);
        }
        self.marks.extend(threat::marks(finding));
    }
}

impl<'a> RuleView<'a> {
    pub(super) fn of(rule: &'a Rule) -> Self {
        let description = rule.description.as_deref().unwrap_or("ECR gives no description.");
        let marks = rule.marks.iter().map(|mark| (*mark).to_owned());
        let security = ["security", "vulnerability", "container"].map(str::to_owned);
        let severity = clipped(&plain(rule.severity.as_str()).to_lowercase(), 100);
        Self {
            id: &rule.id,
            short_description: Text::description(&rule.id),
            full_description: Text::description(description),
            help_uri: rule.links.first().map(String::as_str),
            help: help(rule, description),
            default_configuration: Configuration { level: level(&rule.severity) },
            properties: Properties {
                tags: security.into_iter().chain([severity]).chain(marks).collect(),
                precision: "very-high",
                security_severity: rule.score.map(|score| format!("{score:.1}")),
            },
        }
    }
}

fn help(rule: &Rule, description: &str) -> Help {
    let mut text = plain(description);
    let mut markdown = format!("**{}** · {}", escaped(&rule.id), escaped(rule.severity.as_str()));
    for mark in &rule.marks {
        text.push_str(&format!("\nIt is marked: {mark}."));
        markdown.push_str(&format!(" · {mark}"));
    }
    markdown.push_str("\n\n");
    markdown.push_str(&escaped(description));
    for (count, link) in rule.links.iter().enumerate() {
        text.push_str(&format!("\n{link}"));
        let mark = if count == 0 { "\n\n" } else { "\n" };
        markdown.push_str(&format!("{mark}- <{link}>"));
    }
    Help { text, markdown }
}

//! Every message in every place where it is told, as it is sent.

use insta::assert_snapshot;
use vigil_core::Severity;
use vigil_core::news::Message;

use super::asff::asff;
use super::email::{MailOptions, email};
use super::samples::{self, parcel};
use super::slack::{SlackOptions, slack};
use super::{SnsOptions, TEXT_LIMITS, Template, event, sns, teams, text, webhook};

/// One golden file for each sample.
fn check(sink: &str, told: impl Fn(&Message) -> String) {
    for (name, message) in samples::all() {
        let first = told(&message);
        assert_eq!(first, told(&message), "the same message gives the same bytes");
        assert_snapshot!(format!("{sink}_{name}"), abridged(&first));
    }
}

/// A text of very many lines without its middle.
fn abridged(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= 1_500 {
        return text.to_owned();
    }
    let (first, last) = (lines[..120].join("\n"), lines[lines.len() - 40..].join("\n"));
    format!("{first}\n[{} lines of {} are left out here]\n{last}", lines.len() - 160, lines.len())
}

/// JSON with a member on each line, in the order in which it is sent.
fn indented(json: &str) -> String {
    let (mut told, mut depth, mut in_text, mut escaped) = (String::new(), 0, false, false);
    let line = |told: &mut String, depth: usize| told.push_str(&format!("\n{}", "  ".repeat(depth)));
    for c in json.chars() {
        if !in_text && matches!(c, '}' | ']') {
            depth -= 1;
            line(&mut told, depth);
        }
        told.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_text = !in_text,
            _ if in_text => {}
            '{' | '[' => {
                depth += 1;
                line(&mut told, depth);
            }
            ',' => line(&mut told, depth),
            ':' => told.push(' '),
            _ => {}
        }
    }
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(&told).is_ok(), "{told}");
    told
}

#[test]
fn as_text() {
    check("text", |message| {
        let told = text(message, TEXT_LIMITS);
        format!("{}\n\n{}", told.subject, told.body)
    });
}

#[test]
fn for_sns() {
    check("sns", |message| {
        let told = sns(message, &SnsOptions::default());
        let texts: serde_json::Value = serde_json::from_str(&told.message).unwrap();
        let text = |protocol: &str| texts[protocol].as_str().unwrap().to_owned();
        assert_eq!([text("http"), text("https")], [text("default"), text("default")]);
        let (default, email) = (text("default"), text("email"));
        format!("{}\n\n[default]\n{default}\n[email]\n{email}", told.subject)
    });
}

#[test]
fn for_slack() {
    let options = SlackOptions { threshold: Some(Severity::High) };
    check("slack", |message| pretty(&slack(message, &options)));
}

fn pretty(told: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(told).unwrap()
}

#[test]
fn for_teams() {
    check("teams", |message| indented(&teams(message)));
}

#[test]
fn for_webhooks() {
    check("webhook", |message| indented(&webhook(&parcel(message.clone()))));
}

#[test]
fn for_eventbridge() {
    check("event", |message| {
        let event = event(&parcel(message.clone()));
        let resources = event.resources.join("\n");
        let head = format!("{}\n{}\n{}\n{resources}", event.source, event.detail_type, event.time);
        format!("{head}\n{}", indented(&event.detail))
    });
}

#[test]
fn by_a_template() {
    let source = "{
  \"text\": {{ message.headline }},
  \"owner\": {{ message.image.owner if message.image is defined else 'nobody' }},
  \"changed\": {{ message.changes | default([]) | map(attribute='finding.id') | list }}
}";
    let template = Template::parse("mine.json.j2", source).unwrap();
    check("template", |message| {
        let told = template.render(&parcel(message.clone())).unwrap();
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(&told).is_ok(), "{told}");
        told
    });
}

#[test]
fn for_security_hub() {
    check("asff", |message| pretty(&asff(message)));
}

#[test]
fn as_a_mail() {
    let options = MailOptions { domain: "example.com".parse().unwrap() };
    check("mail", |message| {
        let mail = email(&parcel(message.clone()), &options).unwrap();
        let headers = format!(
            "Subject: {}\nMessage-ID: {}\nReferences: {}\nList-Id: {}",
            mail.subject, mail.message_id, mail.references, mail.list_id
        );
        format!("{headers}\n\n{}\n{}", mail.text, mail.html)
    });
}

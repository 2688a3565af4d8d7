//! A message for an SNS topic, as the scan reporter sends it: a subject, and a JSON document with a text for each protocol.

use serde::Serialize;
use vigil_core::Counts;
use vigil_core::news::{Change, Message, Subject};
use vigil_core::policy::Thresholds;

use super::cut::{Limits, cut, cut_middle, fitted};
use super::outline::outline;
use super::text::body;
use super::words::headline;

/// A message for an SNS topic, published with the message structure `json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnsMessage {
    /// The subject of mails: ASCII, on one line.
    pub subject: String,
    /// The texts by protocol, as a JSON document.
    pub message: String,
}

/// How a message is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct SnsOptions {
    /// From how many findings on a level is over its threshold; a level can be switched off.
    pub thresholds: Thresholds,
}

/// SNS wants less than 100 characters.
const SUBJECT: usize = 99;

/// Subject and texts together, in bytes.
const MESSAGE: usize = 256 * 1024;

/// Mails have room; and there are three texts to a message.
const LIMITS: Limits = Limits { messages: 50, entries: 50, names: 20, upgrades: 10, prose: 500 };

/// The texts, by the names that SNS gives the protocols.
#[derive(Serialize)]
struct Protocols<'a> {
    default: &'a str,
    email: &'a str,
    http: &'a str,
    https: &'a str,
}

/// Writes a message for a topic.
pub fn sns(message: &Message, options: &SnsOptions) -> SnsMessage {
    let thresholds = &options.thresholds;
    let (message_text, _) = fitted(
        LIMITS,
        |limits, shortened| protocols(message, thresholds, limits, shortened),
        |text| SUBJECT + text.len() <= MESSAGE,
    );
    SnsMessage { subject: subject(message), message: message_text }
}

fn protocols(message: &Message, thresholds: &Thresholds, limits: Limits, shortened: bool) -> String {
    let told = body(&outline(message, limits));
    let note = if shortened { "\nThis message was shortened to what SNS takes.\n" } else { "" };
    let head = head(message, thresholds);
    let short = format!("{}\n{}\n\n{told}{note}", head.line, headline(message));
    let long = format!("{}\n{}\n{}\n\n{told}{note}", head.mail, head.levels, headline(message));
    let protocols = Protocols { default: &short, email: &long, http: &short, https: &short };
    // Texts can be written as JSON whatever they say.
    serde_json::to_string(&protocols).unwrap_or_default()
}

/// What the scan reporter says, word for word where it says it.
struct Head {
    line: String,
    mail: String,
    levels: String,
}

fn head(message: &Message, thresholds: &Thresholds) -> Head {
    match message {
        Message::Image(news) => {
            let image = image_name(&news.subject);
            if !reaches(&news.subject.counts, thresholds) {
                let line = format!("Vulnerabilities changed in {image}");
                let mail = format!("{line}\nNo findings above defined thresholds");
                return Head { line, mail, levels: levels(&news.subject.counts, thresholds) };
            }
            let found = format!("Vulnerabilities found above threshold for {image}");
            let line = format!("{found} Findings above defined thresholds");
            let mail = format!("{found}\nFindings above defined thresholds");
            Head { line, mail, levels: levels(&news.subject.counts, thresholds) }
        }
        Message::Failed(news) => plain(format!("Image scan failed for {}", image_name(&news.subject))),
        Message::Vulnerability(_) => plain("Vulnerability changed in several images".to_owned()),
        Message::Baseline(_) => plain("Registry seen for the first time".to_owned()),
        Message::Exception(_) => plain("An exception to look after".to_owned()),
        Message::Roundup(_) => plain("Round-up of image scans".to_owned()),
    }
}

fn plain(line: String) -> Head {
    Head { mail: line.clone(), line, levels: String::new() }
}

/// The repository with the tags, or with the digest of an image that has none.
fn image_name(subject: &Subject) -> String {
    if subject.tags.is_empty() {
        return format!("{}@{}", subject.repository, subject.digest);
    }
    let tags: Vec<&str> = subject.tags.iter().map(|tag| tag.as_str()).collect();
    format!("{}@{}", subject.repository, cut(&tags.join(","), 1000))
}

fn reaches(counts: &Counts, thresholds: &Thresholds) -> bool {
    thresholds.levels().any(|(severity, least)| counts.get(&severity) > 0 && counts.get(&severity) >= least)
}

/// `<count>/<threshold>` for each level that occurs. One that is switched off is listed too, or it would look like none.
fn levels(counts: &Counts, thresholds: &Thresholds) -> String {
    let Thresholds { critical, high, medium, low } = thresholds;
    let levels = [("CRITICAL", critical), ("HIGH", high), ("MEDIUM", medium), ("LOW", low)];
    let lines = levels.into_iter().filter_map(|(level, threshold)| {
        let count = counts.get(&level.into());
        let threshold = threshold.map_or_else(|| "off".to_owned(), |threshold| threshold.to_string());
        (count > 0).then(|| format!("{level}: {count}/{threshold}\n"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn subject(message: &Message) -> String {
    let (said, about) = match message {
        Message::Image(news) if news.changes.iter().any(Change::is_there) => {
            ("ECR Image Scan Vulnerabilities - ", news.subject.repository.to_string())
        }
        Message::Image(news) => ("ECR Image Scan Fixed - ", news.subject.repository.to_string()),
        Message::Failed(news) => ("ECR Image Scan Failed - ", news.subject.repository.to_string()),
        Message::Vulnerability(_) | Message::Baseline(_) | Message::Exception(_) | Message::Roundup(_) => {
            ("ECR - ", headline(message))
        }
    };
    let about: String = about.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
    format!("{said}{}", cut_middle(about.trim(), SUBJECT - said.len(), "..."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples;

    #[test]
    fn a_subject_keeps_both_ends_of_a_long_name() {
        let told = sns(&samples::hostile(), &SnsOptions::default());
        assert_eq!(told.subject.len(), 99);
        assert!(told.subject.starts_with("ECR Image Scan Vulnerabilities - team/"), "{}", told.subject);
        assert!(told.subject.ends_with("/app"), "{}", told.subject);
        assert!(told.subject.is_ascii());
    }

    #[test]
    fn everything_fits_into_what_sns_takes() {
        for (name, message) in samples::every() {
            let told = sns(&message, &SnsOptions::default());
            assert!(told.message.len() + told.subject.len() <= MESSAGE, "{name}: {}", told.message.len());
            assert!(told.subject.len() <= SUBJECT, "{name}: {}", told.subject);
        }
        let told = sns(&samples::crowded(), &SnsOptions::default());
        assert!(told.message.len() + told.subject.len() <= MESSAGE, "{}", told.message.len());
        assert!(told.message.contains("This message was shortened to what SNS takes."), "{}", told.message);
    }

    #[test]
    fn the_mail_says_what_the_scan_reporter_says() {
        let told = sns(&samples::image(), &SnsOptions::default());
        let texts: serde_json::Value = serde_json::from_str(&told.message).unwrap();
        let line = "Vulnerabilities found above threshold for team/app@v1.2,latest";
        let mail =
            format!("{line}\nFindings above defined thresholds\nCRITICAL: 2/0\n\nHIGH: 1/0\n\nLOW: 4/0\n");
        assert!(texts["email"].as_str().unwrap().starts_with(&mail), "{}", texts["email"]);
        for protocol in ["default", "http", "https"] {
            let short = format!("{line} Findings above defined thresholds\n");
            assert!(texts[protocol].as_str().unwrap().starts_with(&short), "{}", texts[protocol]);
        }
    }

    #[test]
    fn a_level_that_is_switched_off_is_said_to_be() {
        let thresholds = Thresholds { critical: Some(3), high: None, medium: None, low: Some(5) };
        let told = sns(&samples::image(), &SnsOptions { thresholds });
        assert!(told.message.contains("No findings above defined thresholds"), "{}", told.message);
        assert!(told.message.contains(r"CRITICAL: 2/3\n\nHIGH: 1/off\n\nLOW: 4/5\n"), "{}", told.message);
    }
}

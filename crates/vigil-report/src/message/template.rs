//! A message in a user's own words: a Jinja template over the JSON that a webhook is sent.
//!
//! A template sees the message and nothing else: no files, no environment, no other template.

use std::io::{self, Write};

use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use vigil_core::port::Parcel;

use super::cut::fitted;
use super::webhook::{News, WEBHOOK_LIMITS};

/// A template that was read and understood.
#[derive(Debug, Clone)]
pub struct Template {
    environment: Environment<'static>,
    name: String,
}

/// A template that cannot be read, or not be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {name}{}: {reason}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct TemplateFault {
    /// The template.
    pub name: String,
    /// The line at fault, counted from one, where it is known.
    pub line: Option<usize>,
    /// What is wrong, in words.
    pub reason: String,
    /// Whether a shorter message could do.
    pub too_long: bool,
}

/// Steps that a template may take: some hundred for every finding of the longest message. More is a loop that does not end.
const FUEL: u64 = 2_000_000;

/// No receiver takes more.
const LONGEST: usize = 1024 * 1024;

/// Calls within calls: what a sane template needs, and far from the end of the stack.
const DEPTH: usize = 50;

impl Template {
    /// Reads a template. Its name says how values are escaped: `.html` and `.xml` as HTML, `.json` and `.yaml` as JSON, all
    /// else not at all.
    ///
    /// # Errors
    ///
    /// If it is not understood.
    pub fn parse(name: &str, source: &str) -> Result<Self, TemplateFault> {
        let mut environment = Environment::new();
        // A misspelled name is an error, and not a gap in the message.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEPTH);
        let added = environment.add_template_owned(name.to_owned(), source.to_owned());
        added.map_err(|error| fault(name, &error))?;
        Ok(Self { environment, name: name.to_owned() })
    }

    /// Fills it in for a message, or for as much of it as there is room for.
    ///
    /// # Errors
    ///
    /// If it asks for what is not there, runs for too long, or writes too much.
    pub fn render(&self, parcel: &Parcel) -> Result<String, TemplateFault> {
        let fill = |limits, _| self.fill(Value::from(Serde(News::of(parcel, limits))));
        fitted(WEBHOOK_LIMITS, fill, |filled| !filled.as_ref().is_err_and(|fault| fault.too_long)).0
    }

    /// Fills it in for any value.
    pub(super) fn fill(&self, value: Value) -> Result<String, TemplateFault> {
        let mut out = Bounded { text: Vec::new(), overflowed: false };
        let template =
            self.environment.get_template(&self.name).map_err(|error| fault(&self.name, &error))?;
        let written = template.render_captured_to(value, &mut out).map(|_| ());
        if out.overflowed {
            let reason = format!("it writes more than {LONGEST} bytes");
            return Err(TemplateFault { name: self.name.clone(), line: None, reason, too_long: true });
        }
        written.map_err(|error| fault(&self.name, &error))?;
        let reason = |error: std::string::FromUtf8Error| error.to_string();
        String::from_utf8(out.text).map_err(|error| TemplateFault {
            name: self.name.clone(),
            line: None,
            reason: reason(error),
            too_long: false,
        })
    }
}

/// A text that does not grow without end.
struct Bounded {
    text: Vec<u8>,
    overflowed: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > LONGEST {
            self.overflowed = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fault(name: &str, error: &minijinja::Error) -> TemplateFault {
    let kind = error.kind();
    let reason = match (kind, error.detail()) {
        (ErrorKind::OutOfFuel, _) => "it takes too many steps".to_owned(),
        (ErrorKind::TemplateNotFound, _) => "a template cannot read another".to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    TemplateFault {
        name: name.to_owned(),
        line: error.line(),
        reason,
        too_long: kind == ErrorKind::OutOfFuel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples;

    #[track_caller]
    fn check(name: &str, source: &str, expected: Result<&str, &str>) {
        let parcel = samples::parcel(samples::image());
        let told = Template::parse(name, source).and_then(|template| template.render(&parcel));
        let told = told.map_err(|fault| fault.to_string());
        assert_eq!(told.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_template_reads_what_a_webhook_is_sent() {
        check(
            "a.txt",
            "{{ message.headline }}",
            Ok("2 new CRITICAL, 1 worsened, 1 fixed in team/app:v1.2,latest"),
        );
        check(
            "a.txt",
            "{% for change in message.changes if change.change == 'new' %}{{ change.finding.id }} {% endfor %}",
            Ok("CVE-2024-3094 CVE-2023-38545 "),
        );
        check("a.txt", "{{ message.image.counts|tojson }}", Ok(r#"{"CRITICAL": 2, "HIGH": 1, "LOW": 4}"#));
    }

    #[test]
    fn values_are_escaped_as_the_name_says() {
        check("a.html", "{{ '<b>' }}", Ok("&lt;b&gt;"));
        check("a.json", "{{ message.image.owner }}", Ok("\"team-payments\""));
        check("a.txt", "{{ '<b>' }}", Ok("<b>"));
    }

    #[test]
    fn of_a_message_without_an_end_as_much_is_told_as_there_is_room_for() {
        let all = "{% for told in message.messages %}{{ told|tojson }}\n{% endfor %}";
        let template = Template::parse("all.txt", all).unwrap();
        let told = template.render(&samples::parcel(samples::crowded())).unwrap();
        assert!(told.len() <= LONGEST && told.lines().count() == 50, "{}", told.len());
    }

    #[test]
    fn what_is_wrong_is_said_with_template_line_and_reason() {
        check(
            "mine.txt",
            "\n{{ message.headlin }}",
            Err("template mine.txt, line 2: undefined value: `message.headlin` is undefined"),
        );
        check(
            "mine.txt",
            "a\n\n{% for %}",
            Err("template mine.txt, line 3: syntax error: unexpected end of block, expected in"),
        );
        check(
            "mine.txt",
            "{% include '/etc/passwd' %}",
            Err("template mine.txt, line 1: a template cannot read another"),
        );
    }

    #[test]
    fn a_template_that_does_not_end_is_ended() {
        let endless = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
        check("mine.txt", endless, Err("template mine.txt, line 1: it takes too many steps"));
        check("mine.txt", "{{ 'x' * 2000000 }}", Err("template mine.txt: it writes more than 1048576 bytes"));
        let deep = "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}";
        let told = Template::parse("mine.txt", deep).unwrap();
        let fault = told.render(&samples::parcel(samples::image())).unwrap_err();
        assert!(fault.reason.contains("recursion limit"), "{fault}");
    }
}

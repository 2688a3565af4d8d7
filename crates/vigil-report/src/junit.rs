//! JUnit's XML, for pipelines: a suite for each repository, a case for each image.
//!
//! The numbers of all suites together would have to stand before the first: they are left out, as readers allow.

use std::io::{self, Write};

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use vigil_core::Finding;
use vigil_core::record::{ImageRecord, RepositoryRecord};

use crate::closing::{Closing, alerts};
use crate::gap::gaps;
use crate::layout::{Header, Layout};
use crate::moment::utc;
use crate::name::{Distinct, Name, Place};
use crate::status::{reason, status};
use crate::totals::Totals;
use crate::xml;

/// Suites of cases.
pub(crate) struct Suites {
    header: Header,
}

struct Case {
    class: String,
    name: String,
    came: Came,
}

/// How a case came out.
enum Came {
    Well,
    /// A threshold is reached.
    Failed {
        message: String,
        details: String,
    },
    /// There is no valid result.
    Wrong {
        code: &'static str,
        message: String,
    },
    Skipped {
        message: String,
    },
}

impl Suites {
    pub(crate) fn new(header: Header) -> Self {
        Self { header }
    }

    fn suite(&self, out: &mut dyn Write, name: &str, cases: &[Case]) -> io::Result<()> {
        let count = |is: fn(&Came) -> bool| cases.iter().filter(|case| is(&case.came)).count().to_string();
        let attributes = [
            ("name", name.to_owned()),
            ("tests", cases.len().to_string()),
            ("failures", count(|came| matches!(came, Came::Failed { .. }))),
            ("errors", count(|came| matches!(came, Came::Wrong { .. }))),
            ("skipped", count(|came| matches!(came, Came::Skipped { .. }))),
            ("timestamp", utc(self.header.as_of)),
        ];
        let mut writer = quick_xml::Writer::new_with_indent(&mut *out, b' ', 2);
        open(&mut writer, "testsuite", &attributes)?;
        cases.iter().try_for_each(|case| write_case(&mut writer, case))?;
        writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
        out.write_all(b"\n")
    }
}

impl Layout for Suites {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = quick_xml::Writer::new(&mut *out);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        writer.get_mut().write_all(b"\n")?;
        open(&mut writer, "testsuites", &[("name", self.header.title.clone())])?;
        out.write_all(b"\n")
    }

    fn repository(
        &mut self,
        out: &mut dyn Write,
        place: &Place<'_>,
        record: &RepositoryRecord,
    ) -> io::Result<()> {
        let images = record.images.iter().map(|image| Case {
            class: place.uri.clone(),
            name: Distinct(Name { repository: place.repository.as_str(), image: &image.image, short: false })
                .to_string(),
            came: came(image),
        });
        let gaps = gaps(record).map(|gap| Case {
            class: place.uri.clone(),
            name: gap.name.unwrap_or(place.repository.as_str()).to_owned(),
            came: Came::Wrong { code: gap.word, message: gap.reason },
        });
        self.suite(out, &place.uri, &images.chain(gaps).collect::<Vec<_>>())
    }

    fn end(&mut self, out: &mut dyn Write, _: &Totals, closing: &Closing) -> io::Result<()> {
        let alerts = alerts(closing).filter(|alert| alert.is_error).map(|alert| Case {
            class: "registries".to_owned(),
            name: alert.text.clone(),
            came: Came::Wrong { code: "registry", message: alert.text },
        });
        let cases: Vec<_> = alerts.collect();
        if !cases.is_empty() {
            self.suite(out, "registries", &cases)?;
        }
        out.write_all(b"</testsuites>\n")
    }
}

fn came(record: &ImageRecord) -> Came {
    let (status, message) = (status(record), reason(record));
    let evaluation = record.evaluation.as_ref();
    match evaluation.filter(|evaluation| !evaluation.crossed.is_empty()) {
        _ if status.is_trouble() => Came::Wrong { code: message.code, message: message.text },
        Some(evaluation) => {
            let crossed: Vec<_> = evaluation.crossed.iter().map(ToString::to_string).collect();
            let details: String = evaluation.details.iter().map(line).collect();
            Came::Failed { message: format!("findings/threshold: {}", crossed.join(", ")), details }
        }
        None if status.is_settled() && evaluation.is_none() => {
            Came::Wrong { code: "unknown", message: "its findings are not known".to_owned() }
        }
        None if status.is_settled() => Came::Well,
        None => Came::Skipped { message: format!("{status}: {}", message.text) },
    }
}

fn line(finding: &Finding) -> String {
    let Finding { severity, id, package, .. } = finding;
    let package = package.as_ref().map(|package| {
        let version = package.version.iter().map(|version| format!(" {version}"));
        let fixed_in = package.fixed_in.iter().map(|version| format!(", fixed in {version}"));
        format!(" in {}{}", package.name, version.chain(fixed_in).collect::<String>())
    });
    let line = format!("{severity}: {id}{}", package.unwrap_or_default());
    format!("{}\n", crate::line::plain(&line))
}

fn write_case<W: Write>(writer: &mut quick_xml::Writer<W>, case: &Case) -> io::Result<()> {
    let attributes = [("classname", case.class.clone()), ("name", case.name.clone())];
    if matches!(case.came, Came::Well) {
        return writer.write_event(Event::Empty(element("testcase", &attributes)));
    }
    open(writer, "testcase", &attributes)?;
    match &case.came {
        Came::Well => {}
        Came::Failed { message, details } => {
            open(writer, "failure", &[("type", "threshold".to_owned()), ("message", message.clone())])?;
            writer.write_event(Event::Text(BytesText::new(&xml::text(details))))?;
            writer.write_event(Event::End(BytesEnd::new("failure")))?;
        }
        Came::Wrong { code, message } => {
            let attributes = [("type", (*code).to_owned()), ("message", message.clone())];
            writer.write_event(Event::Empty(element("error", &attributes)))?;
        }
        Came::Skipped { message } => {
            writer.write_event(Event::Empty(element("skipped", &[("message", message.clone())])))?;
        }
    }
    writer.write_event(Event::End(BytesEnd::new("testcase")))
}

fn open<W: Write>(
    writer: &mut quick_xml::Writer<W>,
    name: &'static str,
    attributes: &[(&'static str, String)],
) -> io::Result<()> {
    writer.write_event(Event::Start(element(name, attributes)))
}

fn element(name: &'static str, attributes: &[(&'static str, String)]) -> BytesStart<'static> {
    let mut element = BytesStart::new(name);
    for (name, value) in attributes {
        element.push_attribute((*name, crate::line::plain(&xml::text(value)).as_str()));
    }
    element
}

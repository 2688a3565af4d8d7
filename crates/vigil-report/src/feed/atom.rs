//! One page of a scan configuration's feed as Atom.
//!
//! The same entries always give the same bytes: nothing here knows what time it is.

use atom_syndication::{Category, Content, FixedDateTime, Link, Person, Text, TextType, WriteConfig};
use jiff::Timestamp;
use vigil_core::policy::ScanConfig;
use vigil_core::{Finding, RegistryId, Tag};

use super::address::{BaseUrl, PageNumber, Paging};
use super::entry::{Entry, What};
use super::identity;
use crate::link::web_address;
use crate::moment::utc;
use crate::xml;

/// What a feed is of.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    /// The configuration.
    pub config: &'a ScanConfig,
    /// The registry that it names.
    pub registry: &'a RegistryId,
    /// The tags that it tells of, in order.
    pub tags: &'a [Tag],
    /// When the newest of all its entries changed; `None` while it has none.
    pub updated: Option<Timestamp>,
    /// Where the service is reached.
    pub base: &'a BaseUrl,
}

/// A feed that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the feed could not be written as XML")]
pub struct NotWritten(#[source] atom_syndication::Error);

/// One page: its entries in their order, newest first.
///
/// # Errors
///
/// None that is known: the entries stand in memory, and so do the bytes.
pub fn feed(feed: &Feed<'_>, entries: &[Entry], paging: Paging) -> Result<Vec<u8>, NotWritten> {
    let request = &feed.config.request;
    let console = feed.registry.repository_console_url(&request.repository);
    let mut atom = atom_syndication::Feed::default();
    atom.set_title(xml::text(&format!("ECR repository {} in {}", request.repository, request.region)));
    // Several configurations may be of one repository, whose page is therefore no id of the feed.
    atom.set_id(format!("urn:uuid:{}", feed.config.id));
    atom.set_updated(time(feed.updated.unwrap_or(feed.config.created)));
    atom.set_subtitle(Text::from(subtitle(feed.tags)));
    atom.set_authors(vec![Person { name: "ECR".into(), ..Person::default() }]);
    let about = console.map(|href| link("alternate", href));
    let pages = paging
        .links(feed.base, &feed.config.id)
        .into_iter()
        .map(|(rel, href)| Link { mime_type: Some("application/atom+xml".into()), ..link(rel, href) });
    atom.set_links(about.into_iter().chain(pages).collect::<Vec<_>>());
    atom.set_entries(entries.iter().map(|entry| atom_entry(told(feed, entry))).collect::<Vec<_>>());
    written(&atom)
}

/// The feed as bytes.
pub(super) fn written(atom: &atom_syndication::Feed) -> Result<Vec<u8>, NotWritten> {
    let out = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec();
    let config = WriteConfig { write_document_declaration: false, indent_size: Some(2) };
    let mut bytes = atom.write_with_config(out, config).map_err(NotWritten)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn subtitle(tags: &[Tag]) -> String {
    if tags.is_empty() {
        return "There are no entries: no tagged image is known there".to_owned();
    }
    let tags: String = tags.iter().map(|tag| format!("[{tag}] ")).collect();
    xml::text(&format!("Details of the image scan findings across the tags: {tags}"))
}

/// One entry of whatever feed: what it tells of which image.
pub(super) struct Told<'a> {
    pub(super) id: String,
    pub(super) image: String,
    pub(super) published: Option<Timestamp>,
    pub(super) updated: Timestamp,
    /// Where the image is shown, for entries without a page of their own.
    pub(super) page: Option<String>,
    pub(super) what: Tells<'a>,
}

pub(super) enum Tells<'a> {
    /// What was found in the image.
    Found(&'a Finding),
    /// Why the image has no result.
    Without(String),
    /// Why nothing is known of it; it is no image.
    Unknown(String),
}

pub(super) fn atom_entry(told: Told<'_>) -> atom_syndication::Entry {
    let Told { id, image, published, updated, page, what } = told;
    let mut atom = atom_syndication::Entry::default();
    atom.set_id(id);
    atom.set_updated(time(updated));
    atom.set_published(published.map(time));
    let (title, summary, said_link) = match what {
        Tells::Found(finding) => {
            atom.set_categories(categories(finding));
            let title = format!("[{}] in image {image} found {}", finding.severity, finding.id);
            (title, summary(finding), finding.links.first().and_then(|link| web_address(link)))
        }
        Tells::Without(why) => {
            let title = format!("No scan result for image {image}: {why}");
            (title, xml::html(&format!("Nothing is known of what is in the image: {why}.")), None)
        }
        Tells::Unknown(why) => {
            let title = format!("Nothing is known of {image}: {why}");
            (title, xml::html(&format!("Nothing is known of {image}: {why}.")), None)
        }
    };
    atom.set_title(crate::line::plain(&xml::text(&title)));
    match said_link.or(page) {
        Some(href) => {
            atom.set_links(vec![link("alternate", href)]);
            atom.set_summary(Some(Text { value: summary, r#type: TextType::Html, ..Text::default() }));
        }
        // What leads nowhere has to hold its content itself.
        None => atom.set_content(Some(Content {
            value: Some(summary),
            content_type: Some("html".to_owned()),
            ..Content::default()
        })),
    }
    atom
}

fn told<'a>(feed: &Feed<'_>, entry: &'a Entry) -> Told<'a> {
    Told {
        id: identity::id(&feed.config.request, entry),
        image: image_name(feed.config, entry),
        published: Some(entry.published),
        updated: entry.updated,
        page: Some(image_page(feed, entry)),
        what: match &entry.what {
            What::Found(found) => Tells::Found(&found.finding),
            What::Without(why) => Tells::Without(why.to_string()),
        },
    }
}

fn image_name(config: &ScanConfig, entry: &Entry) -> String {
    let name = format!("{}:{}", config.request.repository, entry.tag);
    match &entry.platform {
        Some(platform) => format!("{name} ({platform})"),
        None => name,
    }
}

/// The vulnerability's description and, since it is what people need next, the package.
fn summary(finding: &Finding) -> String {
    let mut summary = xml::html(finding.description.as_deref().unwrap_or("ECR gives no description."));
    if let Some(package) = &finding.package {
        let version = package.version.iter().map(|version| format!(" {version}"));
        let fixed = package.fixed_in.iter().map(|fixed| format!(", fixed in {fixed}"));
        let about: String = version.chain(fixed).collect();
        summary.push_str("<p>Package: ");
        summary.push_str(&xml::html(&format!("{}{about}", package.name)));
        summary.push_str("</p>");
    }
    summary
}

fn categories(finding: &Finding) -> Vec<Category> {
    let category = |kind: &str, said: &str| {
        let term = crate::line::plain(&xml::text(said));
        Category { label: Some(format!("{kind} {term}")), term, ..Category::default() }
    };
    let severity = category("severity", finding.severity.as_str());
    let package = finding.package.iter().map(|package| category("package", &package.name));
    std::iter::once(severity).chain(package).filter(|category| !category.term.is_empty()).collect()
}

/// Where the image is shown, for entries without a page of their own.
fn image_page(feed: &Feed<'_>, entry: &Entry) -> String {
    let repository = &feed.config.request.repository;
    let console = entry.digest.as_ref().and_then(|digest| feed.registry.console_url(repository, digest));
    console.unwrap_or_else(|| feed.base.feed(&feed.config.id, PageNumber::MIN))
}

fn link(rel: &str, href: String) -> Link {
    Link { rel: rel.into(), href, ..Link::default() }
}

/// The time to the second. No time of ours lies outside the years that both calendars know.
pub(super) fn time(at: Timestamp) -> FixedDateTime {
    utc(at).parse().unwrap_or_default()
}

//! What a table says in a file of its own, or better not in the open: secrets, certificates and templates.

use std::fmt::Display;
use std::path::PathBuf;

use vigil_core::Secret;
use vigil_notify::Authorities;
use vigil_report::message::Template;

use super::routes::InTable;

impl InTable<'_, '_> {
    pub(super) fn template(&mut self, file: PathBuf) -> Option<Box<Template>> {
        let text = self.file("template", file.clone())?;
        self.good("template", Template::parse(&file.display().to_string(), &text).map(Box::new))
    }

    pub(super) fn authorities(&mut self, file: String) -> Option<Authorities> {
        let pem = self.file("ca_file", file.clone().into())?;
        let read = Authorities::read(pem.into_bytes());
        self.good("ca_file", read.map_err(|error| format!("`{file}`: {error}")))
    }

    pub(super) fn good<T, E: Display>(&mut self, member: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.complain(member, error.to_string())).ok()
    }

    pub(super) fn url(&mut self, url: Option<String>, file: Option<PathBuf>) -> Option<Secret> {
        let url = self.secret("url", url, file)?;
        // What is wrong with it is told without it: whoever knows it may post there.
        let is_url = ["https://", "http://"].iter().any(|scheme| {
            let rest = url.expose().strip_prefix(scheme);
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        });
        if !is_url {
            self.complain("url", "it is not an http or https URL");
        }
        is_url.then_some(url)
    }

    /// A secret as it is written, or the one that a file holds: a mounted file is read by fewer than a settings file.
    pub(super) fn secret(
        &mut self,
        member: &str,
        written: Option<String>,
        file: Option<PathBuf>,
    ) -> Option<Secret> {
        let secret = match (written, file) {
            (Some(secret), None) => secret,
            (None, Some(file)) => self.file(&format!("{member}_file"), file)?.trim().to_owned(),
            (Some(_), Some(_)) => {
                self.complain(member, format!("there is a {member}_file too: give one or the other"));
                return None;
            }
            (None, None) => {
                self.complain(member, format!("it is missing: give it, or {member}_file"));
                return None;
            }
        };
        if secret.is_empty() {
            self.complain(member, "it is empty");
        }
        Some(secret).filter(|secret| !secret.is_empty()).map(Secret::from)
    }

    fn file(&mut self, member: &str, file: PathBuf) -> Option<String> {
        let unreadable =
            |error: std::io::Error| format!("the file `{}` cannot be read: {error}", file.display());
        std::fs::read_to_string(&file).map_err(|error| self.complain(member, unreadable(error))).ok()
    }
}

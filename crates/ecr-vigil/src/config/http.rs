//! The settings of the HTTP side: where it listens, and who may ask.

use std::net::IpAddr;
use std::path::PathBuf;

use super::reader::Reader;
use super::service_values::{Hash, Host, HttpPath, OpenTo, Origin, Port, PublicUrl, Readable, Size};
use super::values::{AtLeastOne, Limit};
use crate::enter::chain;
use crate::http::{Authentication, Door, Limits, Options, Role, Tls, Token};

/// The HTTP side.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The address at which it listens.
    pub host: IpAddr,
    /// The port; 0 is any free one.
    pub port: u16,
    /// The files of the certificate and of its key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// How it is reached.
    pub options: Options,
}

words! {
    /// Who may ask.
    Asked {
        /// Whoever has a token.
        Token = "token",
        /// Everybody.
        None = "none",
    }
}

impl Reader<'_> {
    pub(super) fn http(&mut self) -> Option<HttpSettings> {
        let host: Option<Host> = self.one("http.host");
        let port: Option<Port> = self.one("http.port");
        let (tls, options) = (self.tls(), self.options(host.as_ref()));
        Some(HttpSettings { host: host?.0, port: port?.0, tls, options: options? })
    }

    fn options(&mut self, host: Option<&Host>) -> Option<Options> {
        let tokens = self.tokens();
        let authentication = self.authentication(host);
        // Tokens that are wrong are told already.
        let asked = authentication == Authentication::WhereReachable && !self.layers.tokens.is_empty();
        let (health, metrics) = (self.door("http.health", asked), self.door("http.metrics", asked));
        let path: Option<HttpPath> = self.one("http.metrics_path");
        let origins = self.many("http.cors_origins").into_iter().map(|Origin(origin)| origin).collect();
        let base_url = self.one("http.public_url").map(|PublicUrl(url)| url);
        let (limits, grace) = (self.limits(), self.one::<Limit>("service.grace"));
        Some(Options {
            whole: true,
            authentication,
            tokens,
            health: health?,
            metrics: metrics?,
            metrics_path: path?.0,
            origins,
            base_url,
            limits: limits?,
            grace: grace?.0.unsigned_abs(),
        })
    }

    fn limits(&mut self) -> Option<Limits> {
        let body: Option<Size> = self.one("http.body_limit");
        let time: Option<Limit> = self.one("http.request_timeout");
        let concurrent: Option<AtLeastOne> = self.one("http.concurrent_requests");
        Some(Limits {
            body: body?.0,
            time: time?.0.unsigned_abs(),
            concurrent: concurrent?.0,
            ..Limits::default()
        })
    }

    /// Who may ask. Strangers must not only because nobody has thought of them.
    fn authentication(&mut self, host: Option<&Host>) -> Authentication {
        let given = !self.layers.tokens.is_empty();
        let loopback = host.is_none_or(|Host(address)| address.to_canonical().is_loopback());
        match self.one("http.authentication") {
            Some(Asked::None) => return Authentication::Off,
            Some(Asked::Token) if !given => {
                let problem = format!("there is no [[http.token]] in the file; {MAKES_ONE}");
                self.complain("http.authentication", problem);
            }
            None if !given && !loopback => {
                let problem = "others than this machine can reach it, and the file has no [[http.token]]";
                let problem = format!("{problem}; {MAKES_ONE}, or set http.authentication to none");
                self.complain("http.host", problem);
            }
            _ => {}
        }
        Authentication::WhereReachable
    }

    fn tokens(&mut self) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        for (place, written) in self.layers.tokens.iter().enumerate() {
            let key = |member: &str| format!("http.token[{place}].{member}");
            let name = match &written.name {
                Some(name) if tokens.iter().any(|token| token.name == *name) => {
                    Err(format!("`{name}` is another token's already"))
                }
                Some(name) if name.contains(char::is_control) => Err("it is not one line".to_owned()),
                Some(name) if !name.trim().is_empty() => Ok(name.clone()),
                _ => Err("it is missing: who has the token, as it is told in the log".to_owned()),
            };
            let role = written.role.as_deref().unwrap_or("").to_ascii_lowercase().parse::<Role>();
            let hash = written.sha256.as_deref().unwrap_or("").parse::<Hash>();
            let name = name.map_err(|problem| self.complain_of_table(&key("name"), problem));
            let role = role.map_err(|problem| self.complain_of_table(&key("role"), problem.to_string()));
            let hash =
                hash.and_then(|Hash(sha256)| match tokens.iter().find(|token| token.sha256 == sha256) {
                    Some(token) => Err(format!("it is the token of `{}` already", token.name)),
                    None => Ok(Hash(sha256)),
                });
            let hash = hash.map_err(|problem| self.complain_of_table(&key("sha256"), problem));
            if let (Ok(name), Ok(role), Ok(Hash(sha256))) = (name, role, hash) {
                tokens.push(Token { name, role, sha256 });
            }
        }
        tokens
    }

    fn tls(&mut self) -> Option<(PathBuf, PathBuf)> {
        const PARTS: [&str; 2] = ["http.tls_certificate", "http.tls_key"];
        let [certificate, key] = PARTS.map(|name| self.one(name).map(|Readable(file)| file));
        match PARTS.map(|name| self.is_given(name)) {
            [true, false] => self.complain(PARTS[0], "there is no http.tls_key for it"),
            [false, true] => self.complain(PARTS[1], "there is no http.tls_certificate for it"),
            _ => {}
        }
        let (certificate, key) = certificate.zip(key)?;
        match Tls::load(certificate.clone(), key.clone()) {
            Ok(_) => Some((certificate, key)),
            Err(error) => {
                self.complain(PARTS[0], chain(&error));
                None
            }
        }
    }

    fn door(&mut self, name: &str, asked: bool) -> Option<Door> {
        let OpenTo(door) = self.one(name)?;
        if door == Door::Token && !asked {
            self.complain(name, "no token is asked for, so nobody could come in");
        }
        Some(door)
    }
}

const MAKES_ONE: &str = "`ecr-vigil token` makes one";

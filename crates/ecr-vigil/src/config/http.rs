//! The settings of the HTTP side: where it listens, and who may ask.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::reader::Reader;
use super::service_values::{Hash, Host, HttpPath, Origin, Port, Readable, Size};
use super::values::{AtLeastOne, Limit, Url};

/// The HTTP side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// The address at which it listens.
    pub host: IpAddr,
    /// The port; 0 is any free one.
    pub port: u16,
    /// Who may ask; `None`: everybody. There is at least one then.
    pub tokens: Option<Vec<Token>>,
    /// The files of the certificate and of its key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Web origins whose pages may ask; `*` is any.
    pub origins: Vec<String>,
    /// Bytes in the body of a request.
    pub body_limit: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Requests under way at once.
    pub concurrent_requests: usize,
    /// `/healthz` and `/readyz`.
    pub health: Door,
    /// The metrics.
    pub metrics: Door,
    /// Where they are.
    pub metrics_path: String,
    /// The address by which people reach the service, without a slash at the end.
    pub public_url: Option<String>,
}

/// Somebody who may ask.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is called in the log.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// The SHA-256 of what is presented.
    pub sha256: [u8; 32],
}

impl std::fmt::Debug for Token {
    /// Without the hash: it is of use to whoever guesses tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({}, {:?})", self.name, self.role)
    }
}

words! {
    /// What a token allows.
    Role {
        /// To look.
        Read = "read",
        /// To change things too.
        Operate = "operate",
    }
}
words! {
    /// Who may see something that machines ask for.
    Door {
        /// Everybody.
        Open = "open",
        /// Whoever has a token.
        Token = "token",
        /// Nobody: it is not there.
        Off = "off",
    }
}
words! {
    /// Who may ask.
    Authentication {
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
        let tokens = self.required_tokens(host.as_ref());
        let tls = self.tls();
        let origins = self.many("http.cors_origins").into_iter().map(|Origin(origin)| origin).collect();
        let body_limit: Option<Size> = self.one("http.body_limit");
        let request_timeout: Option<Limit> = self.one("http.request_timeout");
        let concurrent: Option<AtLeastOne> = self.one("http.concurrent_requests");
        let (health, metrics) = (self.door("http.health", &tokens), self.door("http.metrics", &tokens));
        let path: Option<HttpPath> = self.one("http.metrics_path");
        let public_url: Option<Url> = self.one("http.public_url");
        Some(HttpSettings {
            host: host?.0,
            port: port?.0,
            tokens,
            tls,
            origins,
            body_limit: body_limit?.0,
            request_timeout: request_timeout?.0.unsigned_abs(),
            concurrent_requests: concurrent?.0,
            health: health?,
            metrics: metrics?,
            metrics_path: path?.0,
            public_url: public_url.map(|Url(url)| url.trim_end_matches('/').to_owned()),
        })
    }

    /// Who may ask. Strangers must not only because nobody has thought of them.
    fn required_tokens(&mut self, host: Option<&Host>) -> Option<Vec<Token>> {
        let given = !self.layers.tokens.is_empty();
        let tokens = self.tokens();
        let loopback = host.is_none_or(|Host(address)| address.to_canonical().is_loopback());
        match self.one("http.authentication") {
            Some(Authentication::None) => None,
            Some(Authentication::Token) if !given => {
                self.complain(
                    "http.authentication",
                    format!("there is no [[http.token]] in the file; {MAKES_ONE}"),
                );
                None
            }
            None if !given && !loopback => {
                let problem = "others than this machine can reach it, and the file has no [[http.token]]";
                self.complain(
                    "http.host",
                    format!("{problem}; {MAKES_ONE}, or set http.authentication to none"),
                );
                None
            }
            None if !given => None,
            _ => Some(tokens),
        }
    }

    fn tokens(&mut self) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        for (place, written) in self.layers.tokens.iter().enumerate() {
            let key = |member: &str| format!("http.token[{place}].{member}");
            let name = match &written.name {
                Some(name) if tokens.iter().any(|token| token.name == *name) => {
                    Err(format!("`{name}` is another token's already"))
                }
                Some(name) if !name.trim().is_empty() => Ok(name.clone()),
                _ => Err("it is missing: who has the token, as it is told in the log".to_owned()),
            };
            let role = written.role.as_deref().unwrap_or("").to_ascii_lowercase();
            let role = role.parse::<Role>().map_err(|error| format!("{error}; expected read or operate"));
            let hash = written.sha256.as_deref().unwrap_or("").parse::<Hash>();
            let name = name.map_err(|problem| self.complain_of_table(&key("name"), problem));
            let role = role.map_err(|problem| self.complain_of_table(&key("role"), problem));
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
        certificate.zip(key)
    }

    fn door(&mut self, name: &str, tokens: &Option<Vec<Token>>) -> Option<Door> {
        let door = self.one(name)?;
        if door == Door::Token && tokens.is_none() {
            self.complain(name, "no token is asked for, so nobody could come in");
        }
        Some(door)
    }
}

const MAKES_ONE: &str = "`ecr-vigil token` makes one";

//! How the service is reached: who may ask, how much, and what is open to everybody.
//!
//! Does not know where settings come from; their reader fills this in.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use vigil_report::feed::BaseUrl;

/// Everything that is set about the HTTP side.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether more is served than health and metrics.
    pub whole: bool,
    /// Whether a token is asked for.
    pub authentication: Authentication,
    /// Who may come in, by the hash of the token.
    pub tokens: Vec<Token>,
    /// `/healthz` and `/readyz`.
    pub health: Door,
    /// The metrics.
    pub metrics: Door,
    /// Where the metrics are.
    pub metrics_path: String,
    /// Web origins, such as `https://board.example.com`, whose pages may read and change what is here; `*` is any.
    pub origins: Vec<String>,
    /// Under which address people reach the service, such as `https://vigil.example.com`, if not the one it listens on.
    pub base_url: Option<BaseUrl>,
    /// How much one request, and all of them, may take.
    pub limits: Limits,
    /// How long requests that are under way may take when the service ends.
    pub grace: Duration,
}

/// When a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// If there are tokens; and there must be some as soon as others than this machine can reach the service.
    WhereReachable,
    /// Never, on whatever address: somebody in front of the service takes care of it.
    Off,
}

/// Who may see something that machines ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Everybody.
    Open,
    /// Whoever has a token.
    Token,
    /// Nobody: it is not there.
    Off,
}

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// To look.
    Read,
    /// To change things too.
    Operate,
}

/// A token, as far as we know it: never in clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is called in the log.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// The SHA-256 of what is presented.
    pub sha256: [u8; 32],
}

/// How much one request, and all of them, may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in the body of a request.
    pub body: usize,
    /// From the first byte to the answer, and from the head to the end of the body.
    pub time: Duration,
    /// Requests under way at once; one more is turned away.
    pub concurrent: usize,
    /// People who watch passes at once; one more is turned away.
    pub watchers: usize,
}

/// Options that would leave the service open to strangers.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{address} can be reached by others than this machine, and no token is configured: configure one, listen on \
     127.0.0.1, or switch authentication off explicitly"
)]
pub struct OpenToStrangers {
    address: SocketAddr,
}

/// A text that is no setting of the HTTP side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidOption {
    text: String,
    expected: &'static str,
}

impl Options {
    /// Whether strangers stay out if the service listens on this address.
    ///
    /// # Errors
    ///
    /// If they do not.
    pub fn acceptable(&self, address: SocketAddr) -> Result<(), OpenToStrangers> {
        let closed = self.authentication == Authentication::Off || !self.tokens.is_empty();
        if closed || is_loopback(address) { Ok(()) } else { Err(OpenToStrangers { address }) }
    }

    /// Whether a token is asked for.
    pub fn asks_for_token(&self) -> bool {
        self.authentication == Authentication::WhereReachable && !self.tokens.is_empty()
    }
}

/// Whether only this machine reaches the address.
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

impl Default for Options {
    fn default() -> Self {
        Self {
            whole: true,
            authentication: Authentication::WhereReachable,
            tokens: Vec::new(),
            health: Door::Open,
            metrics: Door::Open,
            metrics_path: "/metrics".to_owned(),
            origins: Vec::new(),
            base_url: None,
            limits: Limits::default(),
            grace: Duration::from_secs(10),
        }
    }
}

impl Default for Limits {
    /// A scan configuration has some hundred bytes; a page of 1,000 findings takes milliseconds; a scrape of Prometheus
    /// and a team's feed readers together are a few dozen requests at once.
    fn default() -> Self {
        Self { body: 64 * 1024, time: Duration::from_secs(30), concurrent: 512, watchers: 64 }
    }
}

impl FromStr for Authentication {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "required" => Ok(Self::WhereReachable),
            "off" => Ok(Self::Off),
            _ => Err(InvalidOption { text: text.into(), expected: "`required` or `off`" }),
        }
    }
}

impl FromStr for Door {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "token" => Ok(Self::Token),
            "off" => Ok(Self::Off),
            _ => Err(InvalidOption { text: text.into(), expected: "`open`, `token` or `off`" }),
        }
    }
}

impl FromStr for Role {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "read" => Ok(Self::Read),
            "operate" => Ok(Self::Operate),
            _ => Err(InvalidOption { text: text.into(), expected: "`read` or `operate`" }),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Operate => "operate",
        })
    }
}

impl fmt::Debug for Token {
    /// Without the hash: it is of use to whoever guesses tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, {})", self.name, self.role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, tokens: usize, authentication: Authentication, acceptable: bool) {
        let token = Token { name: "ci".into(), role: Role::Read, sha256: [0; 32] };
        let options = Options { authentication, tokens: vec![token; tokens], ..Options::default() };
        assert_eq!(options.acceptable(address.parse().unwrap()).is_ok(), acceptable, "{address}");
    }

    #[test]
    fn strangers_stay_out() {
        for loopback in ["127.0.0.1:2112", "127.9.9.9:1", "[::1]:2112", "[::ffff:127.0.0.1]:2112"] {
            check(loopback, 0, Authentication::WhereReachable, true);
        }
        for reachable in ["0.0.0.0:2112", "[::]:2112", "10.0.0.1:80"] {
            check(reachable, 0, Authentication::WhereReachable, false);
            check(reachable, 1, Authentication::WhereReachable, true);
            check(reachable, 0, Authentication::Off, true);
        }
    }

    #[test]
    fn the_refusal_says_what_to_do() {
        let refusal = Options::default().acceptable("0.0.0.0:2112".parse().unwrap()).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "0.0.0.0:2112 can be reached by others than this machine, and no token is configured: configure one, \
             listen on 127.0.0.1, or switch authentication off explicitly"
        );
    }

    #[test]
    fn a_token_is_not_printed() {
        let token = Token { name: "ci".into(), role: Role::Operate, sha256: [7; 32] };
        assert_eq!(format!("{token:?}"), "Token(ci, operate)");
    }
}

//! Addresses that may be linked, whatever ECR said.

use std::fmt::Write as _;

/// The text as a web address, what an address cannot hold percent-encoded; `None` for anything that is not one: a link
/// such as `javascript:` would run in the reader.
pub(crate) fn web_address(said: &str) -> Option<String> {
    let (scheme, rest) = said.trim().split_once("://")?;
    let scheme = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, rest) = rest.split_at(end);
    is_host(host).then(|| format!("{scheme}://{host}{}", encoded(rest)))
}

/// A name or an IPv4 address, and perhaps a port. Nobody else belongs into a link that others follow.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "0"));
    let is_label = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(is_label)
        && port.parse::<u16>().is_ok()
}

/// Path, query and fragment. What is encoded already stays as it is; a second `#` would begin nothing.
fn encoded(rest: &str) -> String {
    let is_code = |at: usize| {
        let code = rest.as_bytes().get(at + 1..at + 3);
        code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    };
    let fragment = rest.find('#');
    let mut encoded = String::with_capacity(rest.len());
    for (at, byte) in rest.bytes().enumerate() {
        let stays = match byte {
            b'%' => is_code(at),
            b'#' => fragment == Some(at),
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(&byte),
        };
        if stays {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_linked() {
        let check = |said: &str, expected: Option<&str>| assert_eq!(web_address(said).as_deref(), expected);
        check("https://nvd.nist.gov/a?b=c#d", Some("https://nvd.nist.gov/a?b=c#d"));
        check(" http://a/<b> c\u{1}", Some("http://a/%3Cb%3E%20c%01"));
        check("HTTP://a:80/100%?%41#b#c", Some("http://a:80/100%25?%41#b%23c"));
        check("http://a", Some("http://a"));
        check("http://user:secret@a/", None);
        check("http://ä.example/", None);
        check("http://a:b/", None);
        check("http:///a", None);
        check("javascript:alert(1)", None);
        check("https://", None);
        check("CVE-2016-1585", None);
    }
}

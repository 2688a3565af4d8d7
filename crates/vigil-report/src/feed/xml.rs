//! Text that XML, HTML and addresses accept, whatever ECR said.

use std::fmt::Write as _;

/// The text without what XML 1.0 cannot hold, even escaped: control characters and two that are no characters.
pub(super) fn text(said: &str) -> String {
    let is_xml =
        |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..) && *c != '\u{7f}';
    said.chars().filter(is_xml).collect()
}

/// The text as HTML that shows it as it is.
pub(super) fn html(said: &str) -> String {
    let mut html = String::with_capacity(said.len());
    for c in text(said).chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(c),
        }
    }
    html
}

/// The text as a web address, what an address cannot hold percent-encoded; `None` for anything that is not one: a link
/// such as `javascript:` would run in the reader.
pub(super) fn web_address(said: &str) -> Option<String> {
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
    fn what_xml_cannot_hold_is_left_out() {
        assert_eq!(
            text("a\u{0}b\u{1b}[31mc\td\ne\u{fffe}\u{ffff}\u{7f}ü\u{1f980}"),
            "ab[31mc\td\neü\u{1f980}"
        );
    }

    #[test]
    fn html_shows_the_text_as_it_is() {
        assert_eq!(html("<script> & \"x\""), "&lt;script&gt; &amp; &quot;x&quot;");
    }

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

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
    let said = said.trim();
    let (scheme, rest) = said.split_once("://")?;
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) || rest.is_empty() {
        return None;
    }
    if rest.starts_with(['/', '?', '#']) {
        return None;
    }
    let mut address = format!("{scheme}://");
    for byte in rest.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte) {
            address.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    Some(address)
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
        check("http://ä.example/", Some("http://%C3%A4.example/"));
        check("javascript:alert(1)", None);
        check("https://", None);
        check("CVE-2016-1585", None);
    }
}

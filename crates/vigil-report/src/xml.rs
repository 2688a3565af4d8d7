//! Text that XML and HTML accept, whatever ECR said.

/// The text without what XML 1.0 cannot hold, even escaped: control characters and two that are no characters.
pub(crate) fn text(said: &str) -> String {
    let is_xml =
        |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..) && *c != '\u{7f}';
    said.chars().filter(is_xml).collect()
}

/// The text as HTML that shows it as it is.
pub(crate) fn html(said: &str) -> String {
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
}

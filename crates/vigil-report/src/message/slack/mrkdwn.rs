//! Slack's markup: what is written into it is shown as it is, links apart, and it ends where Slack would cut it off.

/// Slack takes 3,000 characters a section.
const SECTION: usize = 3000;

/// What the cluster scanner writes where it cuts.
const CUT: &str = "...\n&lt;TRUNCATED&gt;";

/// A text in Slack's markup that is never longer than a section.
#[derive(Debug, Default)]
pub(super) struct Mrkdwn {
    text: String,
    length: usize,
    full: bool,
}

impl Mrkdwn {
    /// Writes markup of ours.
    pub(super) fn markup(&mut self, markup: &str) -> &mut Self {
        self.push(markup);
        self
    }

    /// Writes a text from outside, as much of it as there is room for.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let mut buffer = [0; 4];
        for c in text.chars() {
            self.push(match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                c => c.encode_utf8(&mut buffer),
            });
        }
        self
    }

    /// Writes a link, or its name alone where there is no address.
    pub(super) fn link(&mut self, url: Option<&str>, name: &str) -> &mut Self {
        let Some(url) = url else { return self.text(name) };
        let mut link = Self::default();
        link.markup("<").text(url).markup("|").text(name).markup(">");
        // Half a link is none.
        if !link.full && self.has_room_for(link.length) {
            self.push(&link.text)
        } else {
            self.text(name)
        };
        self
    }

    /// Writes a line in bold and what it says.
    pub(super) fn fact(&mut self, label: &str, value: &str) -> &mut Self {
        self.markup("*").text(label).markup("*: ").text(value).markup("\n")
    }

    /// Whether more can be written.
    pub(super) fn has_room_for(&self, length: usize) -> bool {
        !self.full && self.length + length <= SECTION - length_of(CUT)
    }

    /// How long it is, as Slack counts.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// The text, marked if it was cut.
    pub(super) fn finish(self) -> String {
        if self.full { format!("{}{CUT}", self.text) } else { self.text }
    }

    /// All of it or, from where it does not fit, nothing more.
    fn push(&mut self, piece: &str) -> &mut Self {
        let length = length_of(piece);
        if self.has_room_for(length) {
            self.text.push_str(piece);
            self.length += length;
        } else {
            self.full = true;
        }
        self
    }
}

/// In UTF-16, as browsers count: no way of counting characters comes to more.
pub(super) fn length_of(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(write: impl Fn(&mut Mrkdwn), expected: &str) {
        let mut text = Mrkdwn::default();
        write(&mut text);
        assert_eq!(text.finish(), expected);
    }

    #[test]
    fn nobody_is_called_by_what_comes_from_outside() {
        check(
            |text| {
                text.text("<!channel> & <@U1>");
            },
            "&lt;!channel&gt; &amp; &lt;@U1&gt;",
        );
        check(
            |text| {
                text.link(Some("https://a/?b&c"), "C>V<E");
            },
            "<https://a/?b&amp;c|C&gt;V&lt;E>",
        );
        check(
            |text| {
                text.link(None, "CVE");
            },
            "CVE",
        );
    }

    #[test]
    fn a_cut_leaves_no_half_of_anything() {
        let room = SECTION - length_of(CUT);
        let fill = "a".repeat(room - 3);
        check(
            |text| {
                text.text(&fill).text("&&");
            },
            &format!("{fill}{CUT}"),
        );
        check(
            |text| {
                text.text(&fill).text("🦀🦀");
            },
            &format!("{fill}🦀{CUT}"),
        );
        check(
            |text| {
                text.text(&fill).link(Some("https://a"), "abc");
            },
            &format!("{fill}abc"),
        );
    }
}

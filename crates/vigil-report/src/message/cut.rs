//! Texts and lists that fit: what is too long is cut between characters, and says so.

use crate::line::plain;

/// How much of a message is told. What is left out is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages of a round-up.
    pub messages: usize,
    /// Findings, or images, of each kind of change in a message.
    pub entries: usize,
    /// Tags of an image, and places where it runs.
    pub names: usize,
    /// Package upgrades.
    pub upgrades: usize,
    /// Characters of a description.
    pub prose: usize,
}

/// No name, version or address is longer: nobody would read on.
const WORD: usize = 300;

/// A message of which less is told is hardly worth its headline.
const FEW: usize = 5;

impl Limits {
    /// Half of it; `None` if there is nothing left to halve. The lists of findings give way first: of all messages something
    /// is told, and told readably, as long as that can be.
    pub(super) fn tighter(self) -> Option<Self> {
        let Self { messages, entries, names, upgrades, prose } = self;
        let all = entries <= FEW;
        let half = |of: usize, enough: usize| if all || of / 2 >= enough { of / 2 } else { of };
        let tighter = Self {
            messages: half(messages, usize::MAX),
            entries: entries / 2,
            names: half(names, 5).max(1),
            upgrades: half(upgrades, 5),
            prose: half(prose, 200),
        };
        (tighter != self).then_some(tighter)
    }
}

/// The longest rendering that fits, and whether it had to be shortened for that. The shortest of all is taken as it is.
pub(super) fn fitted<T>(
    limits: Limits,
    render: impl Fn(Limits, bool) -> T,
    fits: impl Fn(&T) -> bool,
) -> (T, bool) {
    let mut limits = limits;
    let mut shortened = false;
    loop {
        let rendered = render(limits, shortened);
        match limits.tighter() {
            Some(tighter) if !fits(&rendered) => limits = tighter,
            _ => return (rendered, shortened),
        }
        shortened = true;
    }
}

/// A name, a version or a word from outside: on one line, and not endless.
pub(super) fn word(text: &str) -> String {
    cut(&plain(text), WORD)
}

/// The text in at most so many characters; what is cut ends with an ellipsis.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) if most == 0 => String::new(),
        Some(_) => {
            let kept: String = text.chars().take(most - 1).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

/// The text in at most so many characters, without its middle: names differ at their ends.
pub(super) fn cut_middle(text: &str, most: usize, mark: &str) -> String {
    let (length, mark_length) = (text.chars().count(), mark.chars().count());
    if length <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(mark_length);
    let head = kept / 2;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - (kept - head)).collect();
    format!("{start}{mark}{end}")
}

/// The first of a list, and how many more there are.
pub(super) fn first<T>(items: &[T], most: usize) -> (&[T], usize) {
    let shown = items.len().min(most);
    (&items[..shown], items.len() - shown)
}

/// Names one after the other, and how many more there are.
pub(super) fn listed<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let (shown, more) = first(names, most);
    let mut text = shown.iter().map(|name| word(name.as_ref())).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_lie_between_characters_and_show() {
        let check = |text: &str, most, expected: &str| assert_eq!(cut(text, most), expected);
        check("grün", 4, "grün");
        check("grün", 3, "gr…");
        check("🦀🦀🦀", 2, "🦀…");
        check("a", 0, "");
        check("ab cd", 4, "ab…");
    }

    #[test]
    fn names_keep_both_of_their_ends() {
        let check = |text: &str, most, expected: &str| assert_eq!(cut_middle(text, most, "..."), expected);
        check("team/app", 8, "team/app");
        check("team/payments/app", 10, "tea.../app");
        check("ä/ü/ö/é", 5, "ä...é");
    }

    #[test]
    fn what_does_not_fit_is_halved_until_it_does() {
        let limits = Limits { messages: 8, entries: 8, names: 8, upgrades: 8, prose: 8 };
        let lines = |limits: Limits, _: bool| limits.entries;
        assert_eq!(fitted(limits, lines, |n| *n <= 8), (8, false));
        assert_eq!(fitted(limits, lines, |n| *n <= 3), (2, true));
        assert_eq!(fitted(limits, lines, |_| false), (0, true));
    }

    #[test]
    fn something_is_told_of_every_message_as_long_as_that_fits() {
        let limits = Limits { messages: 50, entries: 100, names: 20, upgrades: 10, prose: 1_000 };
        let all = |limits: Limits, _: bool| limits;
        let (some, _) = fitted(limits, all, |limits| limits.messages * limits.entries <= 500);
        assert_eq!(some, Limits { messages: 50, entries: 6, names: 5, upgrades: 5, prose: 250 });
        let (few, _) = fitted(limits, all, |limits| limits.messages * limits.entries <= 50);
        assert_eq!((few.messages, few.entries), (25, 1));
        let (fewer, _) = fitted(limits, all, |limits| limits.messages <= 20);
        assert_eq!((fewer.messages, fewer.entries), (12, 0));
    }
}

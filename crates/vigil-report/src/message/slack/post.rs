//! Posts: as many as a report needs. The first opens the thread, the others continue in it.

use serde::Serialize;
use vigil_core::Severity;
use vigil_core::news::Message;

use super::blocks::{Block, blocks, section};
use super::mrkdwn::Mrkdwn;
use crate::message::cut::{Limits, cut, fitted};
use crate::message::outline::{Outline, outline};

/// What is posted at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Post {
    /// What notifications show.
    pub text: String,
    /// What the channel shows.
    pub blocks: Vec<Block>,
}

/// How a message is written.
#[derive(Debug, Clone, Default)]
pub struct SlackOptions {
    /// The severity from which on the route tells of findings, to be named as the cluster scanner does; one that leaves
    /// nothing out is not named.
    pub threshold: Option<Severity>,
}

/// Slack takes no more blocks at once.
const BLOCKS: usize = 50;

/// Slack refuses posts of which the blocks are longer together. It does not say when: 11,341 characters were too many for
/// <https://github.com/slackapi/bolt-js/issues/2867>.
const POST: usize = 10_000;

/// A longer thread is scrolled through by nobody, and Slack takes about one post a second.
const POSTS: usize = 30;

/// What is said in a thread that does not hold all.
const SHORTENED: &str = "This message was shortened. All of it is in /api/v1/changes of the service.";

/// Before it is known how many posts that makes.
const LIMITS: Limits = Limits { messages: 100, entries: 500, names: 10, upgrades: 10, prose: 2500 };

/// Images of one vulnerability are a list, and need less.
const IMAGES: usize = 100;

/// Longer texts are cut in notifications.
const NOTIFICATION: usize = 300;

/// Writes a message for Slack, in at most 30 posts.
pub fn slack(message: &Message, options: &SlackOptions) -> Vec<Post> {
    let entries = if matches!(message, Message::Image(_)) { LIMITS.entries } else { IMAGES };
    let threshold = options.threshold.as_ref().filter(|severity| **severity != Severity::Undefined);
    let render = |limits, shortened| {
        let outline = outline(message, limits);
        posts(&outline.headline, all_blocks(&outline, threshold.map(Severity::as_str), shortened))
    };
    fitted(Limits { entries, ..LIMITS }, render, |posts| posts.len() <= POSTS).0
}

fn all_blocks(outline: &Outline, threshold: Option<&str>, shortened: bool) -> Vec<Block> {
    let mut all: Vec<Block> = Vec::new();
    if outline.chapters.iter().all(|chapter| chapter.headline != outline.headline) {
        let mut title = Mrkdwn::default();
        title.markup("*").text(&outline.headline).markup("*\n");
        all.extend([section(title), Block::Divider]);
    }
    all.extend(outline.chapters.iter().flat_map(|chapter| blocks(chapter, threshold)));
    if let Some(left_out) = &outline.left_out {
        let mut text = Mrkdwn::default();
        text.text(left_out);
        all.push(section(text));
    }
    if shortened {
        let mut text = Mrkdwn::default();
        text.markup(SHORTENED);
        all.push(section(text));
    }
    all
}

fn posts(headline: &str, blocks: Vec<Block>) -> Vec<Post> {
    let mut parts: Vec<Vec<Block>> = Vec::new();
    let mut length = 0;
    for block in blocks {
        match parts.last_mut() {
            Some(part) if part.len() < BLOCKS && length + block.length() <= POST => {
                length += block.length();
                part.push(block);
            }
            _ => {
                length = block.length();
                parts.push(vec![block]);
            }
        }
    }
    let count = parts.len();
    let post = |(n, blocks): (usize, Vec<Block>)| {
        let mut text = Mrkdwn::default();
        text.text(&cut(headline, NOTIFICATION));
        if n > 0 {
            text.markup(&format!(" ({} of {count})", n + 1));
        }
        Post { text: text.finish(), blocks }
    };
    parts.into_iter().enumerate().map(post).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples;
    use crate::message::slack::mrkdwn::length_of;

    fn texts(posts: &[Post]) -> Vec<&str> {
        posts.iter().flat_map(|post| post.blocks.iter().filter_map(text_of)).collect()
    }

    fn text_of(block: &Block) -> Option<&str> {
        match block {
            Block::Section { text } => Some(&text.text),
            Block::Divider => None,
        }
    }

    #[test]
    fn slack_takes_every_post() {
        for (name, message) in samples::every() {
            let posts = slack(&message, &SlackOptions::default());
            assert!(posts.len() <= POSTS, "{name}: {}", posts.len());
            for post in posts {
                let length: usize = post.blocks.iter().map(Block::length).sum();
                assert!(post.blocks.len() <= BLOCKS && length <= POST, "{name}: {length}");
                assert!(post.blocks.iter().all(|block| block.length() <= 3000), "{name}");
            }
        }
    }

    #[test]
    fn a_long_report_continues_in_the_thread_and_leaves_nothing_out() {
        let posts = slack(&samples::many_findings(), &SlackOptions::default());
        assert!(posts.len() > 10 && posts.len() < 30, "{}", posts.len());
        let texts = texts(&posts).join("\n");
        assert_eq!(texts.matches("|CVE-2024-").count(), 500);
        assert!(posts[1].text.ends_with(&format!("(2 of {})", posts.len())), "{}", posts[1].text);
    }

    #[test]
    fn a_report_that_no_thread_holds_says_something_of_each_image_and_where_the_rest_is() {
        let posts = slack(&samples::crowded(), &SlackOptions::default());
        let texts = texts(&posts).join("\n");
        assert_eq!(texts.matches(" findings more").count(), 50, "{}", posts.len());
        assert!(texts.ends_with(SHORTENED), "{}", posts.len());
    }

    #[test]
    fn an_image_that_could_not_be_scanned_says_so_and_nothing_else() {
        let posts = slack(&samples::failed(), &SlackOptions::default());
        let texts = texts(&posts).join("\n");
        assert!(texts.contains("*Error*: the scan failed: FAILED"), "{texts}");
        assert!(!texts.contains("No vulnerabilities") && !texts.contains("Summary"), "{texts}");
    }

    #[test]
    fn nobody_is_called_and_no_link_leads_where_it_does_not_say() {
        let posts = slack(&samples::hostile(), &SlackOptions::default());
        let texts = texts(&posts).into_iter().chain(posts.iter().map(|post| post.text.as_str()));
        for text in texts {
            assert!(!text.contains("<!") && !text.contains("<@") && !text.contains("<script"), "{text}");
            assert!(!text.contains("<javascript:"), "{text}");
            assert!(length_of(text) <= 3000, "{}", length_of(text));
        }
    }

    #[test]
    fn the_threshold_is_named_as_the_cluster_scanner_does() {
        let options = SlackOptions { threshold: Some(Severity::High) };
        let posts = slack(&samples::image(), &options);
        assert!(texts(&posts)[0].ends_with("Reporting Threshold: *HIGH*\n"), "{}", texts(&posts)[0]);
    }

    #[test]
    fn no_threshold_is_named_where_nothing_is_below_it_or_no_image_is_told_of() {
        let named = |message, severity| {
            let posts = slack(&message, &SlackOptions { threshold: Some(severity) });
            texts(&posts).join("\n").contains("Threshold")
        };
        assert!(!named(samples::image(), Severity::Undefined));
        for message in
            [samples::baseline(), samples::exception(), samples::vulnerability(3), samples::failed()]
        {
            assert!(!named(message, Severity::High));
        }
    }
}

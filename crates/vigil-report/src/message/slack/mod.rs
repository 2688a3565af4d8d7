//! A message for Slack, in Block Kit and in the cluster scanner's shape.

mod blocks;
mod mrkdwn;
mod post;

pub use blocks::{Block, TextKind, TextObject};
pub use post::{Post, SlackOptions, slack};

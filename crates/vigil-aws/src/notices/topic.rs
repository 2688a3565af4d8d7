//! The ARN of an SNS topic, which says in which region it is asked for.

use std::fmt;
use std::str::FromStr;

use vigil_core::image::{AccountId, Partition, Region};

/// A topic's ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicArn {
    text: String,
    region: Region,
}

/// A text that is no topic's ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:findings")]
pub struct InvalidTopicArn(String);

impl TopicArn {
    /// The ARN as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The region it lies in.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Whether it keeps an order, and takes a message with an id it knows only once.
    pub fn is_fifo(&self) -> bool {
        self.text.ends_with(".fifo")
    }
}

impl FromStr for TopicArn {
    type Err = InvalidTopicArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidTopicArn(text.to_owned());
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts.as_slice() else {
            return Err(invalid());
        };
        partition.parse::<Partition>().map_err(|_| invalid())?;
        account.parse::<AccountId>().map_err(|_| invalid())?;
        let region = region.parse().map_err(|_| invalid())?;
        let stem = name.strip_suffix(".fifo").unwrap_or(name);
        let is_name = (1..=256).contains(&name.len())
            && !stem.is_empty()
            && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_name { Ok(Self { text: text.to_owned(), region }) } else { Err(invalid()) }
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_says_its_region() {
        let arn: TopicArn = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:scans.fifo".parse().unwrap();
        assert_eq!((arn.region().as_str(), arn.is_fifo()), ("us-gov-west-1", true));
        for bad in [
            "",
            "topic",
            "arn:aws:sqs:eu-west-1:123456789012:q",
            "arn:aws:sns:eu-west-1:12:t",
            "arn:aws:sns:eu-west-1:123456789012:a b",
        ] {
            assert!(bad.parse::<TopicArn>().is_err(), "{bad}");
        }
    }
}

//! The URL of an SQS queue, which says where the queue is.

use std::fmt;
use std::str::FromStr;

use vigil_core::image::{AccountId, Region};

/// A queue's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrl {
    text: String,
    /// What comes before the account: `https://sqs.eu-west-1.amazonaws.com`.
    origin: String,
    region: Option<Region>,
    of_aws: bool,
}

/// A text that is no queue's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the URL of an SQS queue, such as https://sqs.eu-west-1.amazonaws.com/123456789012/events"
)]
pub struct InvalidQueueUrl(String);

impl QueueUrl {
    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The region it lies in, where its host says so.
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Where it is asked, where its host is none of AWS's: what else is configured is not about this queue.
    pub(super) fn endpoint(&self) -> Option<&str> {
        (!self.of_aws).then_some(&self.origin)
    }

    /// A queue beside it, in the same account and region as queues for dead letters are, by its ARN.
    pub(super) fn sibling(&self, arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", _, "sqs", _, account, name] = parts.as_slice() else { return None };
        format!("{}/{account}/{name}", self.origin).parse().ok()
    }

    /// Whether it keeps an order.
    pub(super) fn is_fifo(&self) -> bool {
        self.text.ends_with(".fifo")
    }
}

impl FromStr for QueueUrl {
    type Err = InvalidQueueUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = || {
            let (scheme, rest) = text.split_once("://")?;
            let (rest, name) = rest.rsplit_once('/')?;
            let (host, account) = rest.rsplit_once('/')?;
            account.parse::<AccountId>().ok()?;
            let is_host =
                !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
            (matches!(scheme, "http" | "https") && is_host && is_queue_name(name)).then_some((scheme, host))
        };
        let (scheme, host) = parts().ok_or_else(|| InvalidQueueUrl(text.to_owned()))?;
        let origin = format!("{scheme}://{host}");
        Ok(Self { text: text.to_owned(), origin, region: region_of(host), of_aws: is_of_aws(host) })
    }
}

impl fmt::Display for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_queue_name(name: &str) -> bool {
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    (1..=80).contains(&name.len())
        && !stem.is_empty()
        && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Hosts of AWS itself, in every partition, FIPS and dual-stack ones among them: `sqs.REGION.amazonaws.com` and its kin.
fn is_of_aws(host: &str) -> bool {
    const SUFFIXES: [&str; 9] = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "api.aws",
        "api.amazonwebservices.com.cn",
        "c2s.ic.gov",
        "sc2s.sgov.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
    ];
    let mut parts = host.splitn(3, '.');
    let (first, _region, suffix) = (parts.next(), parts.next(), parts.next());
    matches!(first, Some("sqs" | "sqs-fips")) && suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix))
}

/// The part of the host behind `sqs`, also behind an interface endpoint; in old URLs the one before `queue`.
fn region_of(host: &str) -> Option<Region> {
    let parts: Vec<&str> = host.split('.').collect();
    parts.windows(2).find_map(|pair| match pair {
        ["sqs" | "sqs-fips", region] | [region, "queue"] => region.parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, region: Option<&str>, endpoint: Option<&str>) {
        let url: QueueUrl = url.parse().unwrap();
        assert_eq!((url.region().map(Region::as_str), url.endpoint()), (region, endpoint));
    }

    #[test]
    fn a_queue_says_where_it_is() {
        check("https://sqs.eu-west-1.amazonaws.com/123456789012/events", Some("eu-west-1"), None);
        check("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/events.fifo", Some("cn-north-1"), None);
        check("https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/e", Some("us-gov-west-1"), None);
        check("https://sqs.us-east-1.api.aws/123456789012/events", Some("us-east-1"), None);
        let endpoint = "https://eu-west-1.queue.amazonaws.com";
        check(&format!("{endpoint}/123456789012/events"), Some("eu-west-1"), Some(endpoint));
        check("http://127.0.0.1:5000/123456789012/events", None, Some("http://127.0.0.1:5000"));
        let endpoint = "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com";
        check(&format!("{endpoint}/123456789012/events"), Some("eu-west-1"), Some(endpoint));
    }

    #[test]
    fn its_dead_letters_lie_beside_it() {
        let queue: QueueUrl = "https://sqs.eu-west-1.amazonaws.com/123456789012/events".parse().unwrap();
        let dead = queue.sibling("arn:aws:sqs:eu-west-1:123456789012:dead");
        assert_eq!(dead.unwrap().as_str(), "https://sqs.eu-west-1.amazonaws.com/123456789012/dead");
        assert_eq!(queue.sibling("arn:aws:sns:eu-west-1:123456789012:dead"), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "events",
            "arn:aws:sqs:eu-west-1:123456789012:events",
            "https://sqs.eu-west-1.amazonaws.com/events",
            "https://sqs.eu-west-1.amazonaws.com/12/events",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/a b",
            "ftp://sqs.eu-west-1.amazonaws.com/123456789012/events",
            "https://key:secret@sqs.eu-west-1.amazonaws.com/123456789012/events",
        ] {
            assert!(bad.parse::<QueueUrl>().is_err(), "{bad}");
        }
    }
}

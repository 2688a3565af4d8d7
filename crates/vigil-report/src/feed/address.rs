//! Where a feed is found: its address, its pages, and the links between them (RFC 5005, paged feeds).

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use vigil_core::policy::ScanConfigId;

/// Where the service is reached from outside, such as `https://vigil.example.org/ecr`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A text that is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the address of a service: expected http:// or https://, a host, and at most a path")]
pub struct InvalidBaseUrl(String);

/// The number of a page, from 1.
pub type PageNumber = NonZeroUsize;

/// Which page of a feed this is. Every feed has at least one page, which may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    number: PageNumber,
    last: PageNumber,
}

impl Paging {
    /// A page among all pages; `None` if there is no such page.
    pub fn new(number: PageNumber, entries: usize, entries_a_page: NonZeroUsize) -> Option<Self> {
        let last = PageNumber::new(entries.div_ceil(entries_a_page.get())).unwrap_or(PageNumber::MIN);
        (number <= last).then_some(Self { number, last })
    }

    /// The page's part of all entries, and which page it is; `None` if there is no such page.
    pub fn cut<T>(all: &[T], number: PageNumber, entries_a_page: NonZeroUsize) -> Option<(&[T], Self)> {
        let paging = Self::new(number, all.len(), entries_a_page)?;
        let page = all.chunks(entries_a_page.get()).nth(number.get() - 1).unwrap_or_default();
        Some((page, paging))
    }

    /// The links of this page, by their relation.
    pub(super) fn links(&self, base: &BaseUrl, id: &ScanConfigId) -> Vec<(&'static str, String)> {
        let address = |number: PageNumber| base.feed(id, number);
        let previous = PageNumber::new(self.number.get() - 1).map(|number| ("previous", address(number)));
        let next = (self.number < self.last).then(|| ("next", address(self.number.saturating_add(1))));
        let mut links = vec![("self", address(self.number)), ("first", address(PageNumber::MIN))];
        links.extend(previous);
        links.extend(next);
        links.push(("last", address(self.last)));
        links
    }
}

impl BaseUrl {
    /// The address of a page of a configuration's feed; the first has none of the query.
    pub(super) fn feed(&self, id: &ScanConfigId, number: PageNumber) -> String {
        match number {
            PageNumber::MIN => format!("{self}/findings/{id}"),
            number => format!("{self}/findings/{id}?page={number}"),
        }
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]%@".contains(&byte);
        match rest {
            Some(rest) if !rest.is_empty() && !rest.starts_with(['/', ':']) && rest.bytes().all(plain) => {
                Ok(Self(text.trim_end_matches('/').to_owned()))
            }
            _ => Err(InvalidBaseUrl(text.to_owned())),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "fc41dda8-f15e-4826-8908-11603b01dac4";

    #[track_caller]
    fn check(number: usize, entries: usize, expected: &[&str]) {
        let [number, size] = [number, 10].map(|n| NonZeroUsize::new(n).unwrap());
        let links = Paging::new(number, entries, size).map(|paging| {
            let links = paging.links(&"http://vigil/".parse().unwrap(), &ID.parse().unwrap());
            links.iter().map(|(rel, href)| format!("{rel} {}", href.split(ID).last().unwrap())).collect()
        });
        let links: Vec<String> = links.unwrap_or_default();
        let links: Vec<&str> = links.iter().map(|link| link.trim_end()).collect();
        assert_eq!(links, expected);
    }

    #[test]
    fn pages_are_linked_to_each_other() {
        check(1, 0, &["self", "first", "last"]);
        check(1, 10, &["self", "first", "last"]);
        check(1, 11, &["self", "first", "next ?page=2", "last ?page=2"]);
        check(2, 25, &["self ?page=2", "first", "previous", "next ?page=3", "last ?page=3"]);
        check(3, 25, &["self ?page=3", "first", "previous ?page=2", "last ?page=3"]);
        check(4, 25, &[]);
        check(2, 0, &[]);
    }

    #[test]
    fn a_base_is_an_address_and_no_more() {
        for good in ["http://127.0.0.1:2112", "https://vigil.example.org/ecr/", "http://[::1]:80"] {
            assert_eq!(good.parse::<BaseUrl>().unwrap().to_string(), good.trim_end_matches('/'));
        }
        for bad in ["", "vigil", "ftp://a", "http://", "http://a?b", "http://a b", "http:///a", "http://a\"b"]
        {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
        }
    }
}

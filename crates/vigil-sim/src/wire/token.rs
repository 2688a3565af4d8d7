//! Page tokens: opaque to clients, and good only for the request that they were made for.

use super::error::ApiError;
use crate::noise::Noise;

/// What a token is bound to: the operation and everything it was asked for, except the page size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageContext(Noise);

impl PageContext {
    /// `parts` is what the request asked for: operation, registry, repository, filters.
    pub(crate) fn new(parts: &[&str]) -> Self {
        Self(parts.iter().fold(Noise::new(0x70_6167), |noise, part| noise.word(part)))
    }

    /// The token of the page that starts at `place`, and there at `part`.
    pub(crate) fn token(self, place: u32, part: u32) -> String {
        // The place is masked only to look as opaque as it is meant to be.
        let place = u64::from(place) << 32 | u64::from(part);
        let mask = self.0.with(0).value();
        format!("{:016x}{:016x}", place ^ mask, self.0.with(1).with(place).value())
    }

    /// Where the page of `token` starts; at the beginning without one.
    pub(crate) fn place(self, token: Option<&str>) -> Result<(u32, u32), ApiError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok((0, 0)) };
        let parse = || {
            let (place, check) = token.split_at_checked(16)?;
            let place = u64::from_str_radix(place, 16).ok()? ^ self.0.with(0).value();
            let check = u64::from_str_radix(check, 16).ok()?;
            let genuine = self.0.with(1).with(place).value() == check;
            genuine.then_some(((place >> 32) as u32, place as u32))
        };
        parse().ok_or_else(|| {
            ApiError::invalid_parameter("nextToken", "must be a token from a previous response")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place() {
        let context = PageContext::new(&["ListImages", "payments/api"]);
        assert_eq!(context.place(Some(&context.token(70_000, 3))), Ok((70_000, 3)));
        assert_eq!(context.place(None), Ok((0, 0)));
    }

    #[test]
    fn foreign_and_broken_tokens_are_refused() {
        let context = PageContext::new(&["ListImages", "payments/api"]);
        let foreign = PageContext::new(&["ListImages", "payments/web"]).token(1, 0);
        for token in [foreign.as_str(), "x", "0000000000000000", &"0".repeat(32), "ääääääääääää"]
        {
            assert!(context.place(Some(token)).is_err(), "{token}");
        }
    }
}

//! Names made from what they stand for, so that nobody has to keep them: the same parts give the same name for ever.

use sha2::{Digest as _, Sha256};

/// A hash of the parts. With its length in front, no part runs into the next.
pub(crate) struct Parts(Sha256);

impl Parts {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(crate) fn of(parts: &[&str]) -> Self {
        parts.iter().fold(Self::new(), |hash, part| hash.with(part.as_bytes()))
    }

    pub(crate) fn with(mut self, part: &[u8]) -> Self {
        self.add(part);
        self
    }

    pub(crate) fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// A UUID made from the parts: version 8 (RFC 9562), since the versions made for names stop at SHA-1.
    pub(crate) fn urn(self) -> String {
        let hash = self.0.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        bytes[6] = 0x80 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let hex = hex(&bytes);
        format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// The first sixteen hexadecimal digits.
    pub(crate) fn short(self) -> String {
        hex(&self.0.finalize()[..8])
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_for_ever() {
        assert_eq!(Parts::of(&["a", "bc"]).urn(), "urn:uuid:3fafa1cf-2f19-87c1-929b-eb20cf0983f7");
        assert_eq!(Parts::of(&["a", "bc"]).short(), "3fafa1cf2f19a7c1");
        assert_ne!(Parts::of(&["a", "bc"]).urn(), Parts::of(&["ab", "c"]).urn());
    }
}

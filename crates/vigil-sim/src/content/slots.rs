//! Which kind of image sits at which place of a generated repository.
//!
//! Images come in blocks of sixteen pushes. A block follows one of a few patterns, so that an index, its children,
//! their attestations and their signatures can find each other by arithmetic, without any table.

use crate::noise::Noise;

/// What an image is, in terms of its neighbours: the numbers are places within the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    Untagged,
    Chart,
    ChildAmd64,
    ChildArm64,
    Attestation(u32),
    Signature(u32),
    CosignAttestation(u32),
    Referrer(u32),
    Index(&'static [u32]),
}

pub(super) const BLOCK: u32 = 16;

type Pattern = [Role; BLOCK as usize];

use Role::{
    Attestation, ChildAmd64, ChildArm64, CosignAttestation, Index, Plain, Referrer, Signature, Untagged,
};

const LEFTOVERS: Pattern = [
    Plain, Plain, Plain, Untagged, Plain, Plain, Plain, Plain, Untagged, Plain, Plain, Plain, Plain,
    Untagged, Plain, Plain,
];

const MULTI_PLATFORM: Pattern = [
    ChildAmd64,
    ChildArm64,
    Attestation(0),
    Attestation(1),
    Index(&[0, 1, 2, 3]),
    Signature(4),
    Plain,
    Plain,
    Untagged,
    Plain,
    ChildAmd64,
    ChildArm64,
    Index(&[10, 11]),
    Plain,
    Plain,
    Plain,
];

const SIGNED: Pattern = [
    Plain,
    Signature(0),
    Plain,
    Signature(2),
    CosignAttestation(2),
    Plain,
    Referrer(5),
    Plain,
    Untagged,
    Plain,
    Plain,
    Signature(10),
    Plain,
    Plain,
    Plain,
    Plain,
];

/// The role of image `index` of a repository that holds `count` generated images.
pub(super) fn role(repository: Noise, index: u32, count: u32) -> Role {
    let block = index / BLOCK;
    // An incomplete block cannot follow a pattern; images beyond the count are the archived ones.
    if (block + 1) * BLOCK > count {
        return Plain;
    }
    let pattern = match repository.word("pattern").with(u64::from(block)).below(100) {
        0..60 => &LEFTOVERS,
        60..85 => &MULTI_PLATFORM,
        _ => &SIGNED,
    };
    pattern[(index % BLOCK) as usize]
}

/// The index, in the repository, of the neighbour at `place` of the same block.
pub(super) fn neighbour(index: u32, place: u32) -> u32 {
    index / BLOCK * BLOCK + place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_point_at_what_can_be_referred_to() {
        for pattern in [LEFTOVERS, MULTI_PLATFORM, SIGNED] {
            for role in pattern {
                let targets = match role {
                    Attestation(place) | Signature(place) | CosignAttestation(place) | Referrer(place) => {
                        vec![place]
                    }
                    Index(places) => places.to_vec(),
                    _ => vec![],
                };
                for place in targets {
                    let target = pattern[place as usize];
                    let deep = matches!(target, Signature(_) | CosignAttestation(_) | Referrer(_) | Untagged);
                    assert!(!deep, "{role:?} refers to {target:?}");
                }
            }
        }
    }

    #[test]
    fn the_newest_image_is_always_an_image() {
        for count in 1..200 {
            assert_eq!(role(Noise::new(2).with(u64::from(count)), count - 1, count), Plain);
        }
    }
}

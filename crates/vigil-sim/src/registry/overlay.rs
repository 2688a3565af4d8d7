//! What was changed in a repository since it was generated: images added, archived and deleted, results dictated.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::scans::EmptyReads;
use crate::clock::Moment;
use crate::content::{Blueprint, Image};
use crate::digest::Digest;

/// The changes to one repository.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Images that were added, in order; a deleted one leaves its place empty, so that tokens stay true.
    pub(super) added: Vec<Option<AddedImage>>,
    pub(super) places: HashMap<Digest, u32>,
    /// Tags given to added images; they are gone from generated ones.
    pub(super) tags: HashMap<String, Digest>,
    /// Generated images that were deleted, by number.
    pub(super) deleted: HashSet<u32>,
    /// When an image was archived, or that it was restored.
    pub(super) archived: HashMap<Digest, Option<Moment>>,
    pub(super) statuses: HashMap<Digest, DictatedStatus>,
    /// Of images that enhanced scanning scanned when they were pushed.
    pub(super) empty_reads: HashMap<Digest, EmptyReads>,
    pub(super) findings: HashMap<Digest, Arc<GivenFindings>>,
    pub(super) lifecycle_policy: Option<String>,
    /// The tags of the repository itself.
    pub(super) repository_tags: BTreeMap<String, String>,
}

/// An image that somebody added.
#[derive(Debug)]
pub(super) struct AddedImage {
    pub(super) image: Image,
    pub(super) blueprint: Blueprint,
}

/// A status that is answered whatever the scan says.
#[derive(Debug, Clone)]
pub(crate) struct DictatedStatus {
    pub(crate) status: String,
    pub(crate) description: Option<String>,
    /// When the findings that are shown were found; without, when the last scan was completed, or now.
    pub(crate) completed_at: Option<Moment>,
}

/// Findings given as JSON, in the shape of the wire.
#[derive(Debug, Default, Clone)]
pub(crate) struct GivenFindings {
    pub(crate) basic: Vec<Value>,
    pub(crate) enhanced: Vec<Value>,
}

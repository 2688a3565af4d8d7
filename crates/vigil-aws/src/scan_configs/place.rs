//! The bucket as a place for scan configurations. Retries are the SDK's own: S3 has no quota to share with others, and
//! what is asked is seldom and small.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use futures::{StreamExt, TryStreamExt};
use tokio::sync::Mutex;
use vigil_core::policy::{ScanConfig, ScanConfigId};
use vigil_core::port::{ConfigsUnreachable, ScanConfigs};

use super::bucket::Connection;
use super::fault::BucketCall;
use super::object::{self, Foreign};
use crate::fault::{Meaning, Refusal};

/// Scan configurations in a bucket. What was fetched is kept until S3 shows another version of it, so that looking through
/// a large bucket again is a call for each thousand objects.
#[derive(Debug)]
pub struct S3ScanConfigs {
    connection: Connection,
    seen: Mutex<BTreeMap<String, Seen>>,
}

/// An object as it was found, and which version of it that was.
#[derive(Debug, Clone)]
struct Seen {
    version: String,
    found: Result<ScanConfig, Foreign>,
}

/// A new bucket of a thousand objects is read in a second or two, on a handful of connections.
const FETCHED_AT_ONCE: usize = 16;

impl S3ScanConfigs {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, seen: Mutex::default() }
    }

    /// Every object at the root of the bucket, page by page.
    async fn objects(&self) -> Result<Vec<Object>, ConfigsUnreachable> {
        let client = self.connection.client().await?;
        let request = client
            .list_objects_v2()
            .bucket(self.bucket())
            .set_expected_bucket_owner(self.owner())
            // What lies in folders is not at the root: it is not even listed.
            .delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.fault(BucketCall::List, Refusal::read(&error)))?;
            objects.extend(page.contents.unwrap_or_default());
        }
        Ok(objects)
    }

    /// What an object is, known already or fetched; `None` if it is gone by now.
    async fn look_at(
        &self,
        listed: Object,
        known: &BTreeMap<String, Seen>,
    ) -> Result<Option<(String, Seen)>, ConfigsUnreachable> {
        let key = listed.key.unwrap_or_default();
        let version = listed.e_tag.unwrap_or_default();
        if let Some(seen) = known.get(&key).filter(|seen| seen.version == version) {
            return Ok(Some((key, seen.clone())));
        }
        let seen = match object::id(&key) {
            Ok(id) => match self.fetch(&id).await? {
                Some(seen) => seen,
                None => return Ok(None),
            },
            Err(foreign) => Seen { version, found: Err(foreign) },
        };
        if let Err(why) = &seen.found {
            tracing::warn!(bucket = self.bucket(), key, %why, "object is no scan configuration");
        }
        Ok(Some((key, seen)))
    }

    /// An object as it is; `None` if there is none.
    async fn fetch(&self, id: &ScanConfigId) -> Result<Option<Seen>, ConfigsUnreachable> {
        let client = self.connection.client().await?;
        let request = client.get_object().bucket(self.bucket()).key(object::key(id));
        let answer = match request.set_expected_bucket_owner(self.owner()).send().await {
            Ok(answer) => answer,
            Err(error) => match Refusal::read(&error) {
                Refusal { meaning: Meaning::NoObject, .. } => return Ok(None),
                refusal => return Err(self.fault(BucketCall::Get, refusal)),
            },
        };
        let version = answer.e_tag.unwrap_or_default();
        if let Some(foreign) = object::too_large(answer.content_length.unwrap_or_default()) {
            return Ok(Some(Seen { version, found: Err(foreign) }));
        }
        let body = answer.body.collect().await;
        let body =
            body.map_err(|error| self.fault(BucketCall::Get, Refusal::no_answer(error.to_string())))?;
        Ok(Some(Seen { version, found: object::read(id, &body.into_bytes()) }))
    }

    /// Writes an object that is not there yet; returns whether it was so.
    async fn write(&self, id: &ScanConfigId, body: &[u8]) -> Result<bool, ConfigsUnreachable> {
        let client = self.connection.client().await?;
        let request = || {
            client
                .put_object()
                .bucket(self.bucket())
                .key(object::key(id))
                .content_type("application/json")
                .set_expected_bucket_owner(self.owner())
                .body(ByteStream::from(body.to_vec()))
        };
        let refusal = match request().if_none_match("*").send().await {
            Ok(_) => return Ok(true),
            Err(error) => Refusal::read(&error),
        };
        match refusal.meaning {
            Meaning::Changed => Ok(false),
            // Not every server that speaks S3 knows conditions.
            Meaning::NotImplemented => match request().send().await {
                Ok(_) => Ok(true),
                Err(error) => Err(self.fault(BucketCall::Put, Refusal::read(&error))),
            },
            _ => Err(self.fault(BucketCall::Put, refusal)),
        }
    }

    /// Removes that version of an object; returns whether it was that version.
    async fn delete(&self, id: &ScanConfigId, version: &str) -> Result<bool, ConfigsUnreachable> {
        let client = self.connection.client().await?;
        let request = client.delete_object().bucket(self.bucket()).key(object::key(id));
        let request = request.set_expected_bucket_owner(self.owner());
        let refusal = match request.clone().if_match(version).send().await {
            Ok(_) => return Ok(true),
            Err(error) => Refusal::read(&error),
        };
        match refusal.meaning {
            Meaning::Changed | Meaning::NoObject => Ok(false),
            Meaning::NotImplemented => match request.send().await {
                Ok(_) => Ok(true),
                Err(error) => Err(self.fault(BucketCall::Delete, Refusal::read(&error))),
            },
            _ => Err(self.fault(BucketCall::Delete, refusal)),
        }
    }

    fn bucket(&self) -> &str {
        self.connection.bucket.name.as_str()
    }

    fn owner(&self) -> Option<String> {
        self.connection.bucket.owner.as_ref().map(ToString::to_string)
    }

    fn fault(&self, call: BucketCall, refusal: Refusal) -> ConfigsUnreachable {
        call.unreachable(&self.connection.bucket, refusal)
    }
}

#[async_trait]
impl ScanConfigs for S3ScanConfigs {
    async fn list(&self) -> Result<Vec<ScanConfig>, ConfigsUnreachable> {
        let objects = self.objects().await?;
        // Whoever asks meanwhile waits: two at once would fetch, and complain of, everything twice.
        let mut known = self.seen.lock().await;
        let looks = objects.into_iter().map(|listed| self.look_at(listed, &known));
        let seen = futures::stream::iter(looks).buffer_unordered(FETCHED_AT_ONCE);
        let seen: BTreeMap<String, Seen> =
            seen.try_filter_map(|seen| async { Ok(seen) }).try_collect().await?;
        let mut configs: Vec<ScanConfig> =
            seen.values().filter_map(|seen| seen.found.as_ref().ok()).cloned().collect();
        configs.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        *known = seen;
        Ok(configs)
    }

    async fn get(&self, id: &ScanConfigId) -> Result<Option<ScanConfig>, ConfigsUnreachable> {
        // What cannot be read is told when it is listed.
        Ok(self.fetch(id).await?.and_then(|seen| seen.found.ok()))
    }

    async fn put(&self, config: &ScanConfig) -> Result<(), ConfigsUnreachable> {
        let unwritable = |error: serde_json::Error| ConfigsUnreachable(error.to_string());
        if self.write(&config.id, &object::body(config).map_err(unwritable)?).await? {
            return Ok(());
        }
        // S3 may have taken our own first attempt, whose answer was lost.
        match self.get(&config.id).await? {
            Some(present) if present == *config => Ok(()),
            _ => Err(ConfigsUnreachable(format!(
                "bucket `{}` has another object under the id {}",
                self.bucket(),
                config.id
            ))),
        }
    }

    async fn remove(&self, id: &ScanConfigId) -> Result<bool, ConfigsUnreachable> {
        // Removing what is not there succeeds in S3: only by looking is it known whether it was.
        while let Some(present) = self.fetch(id).await? {
            if self.delete(id, &present.version).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

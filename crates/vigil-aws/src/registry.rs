//! What a registry holds, asked of ECR page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ecr::types::ImageIdentifier;
use vigil_core::Stop;
use vigil_core::fault::{Fault, FaultKind};
use vigil_core::image::{Child, Digest, Image, Pick, RegistryId, Repository, RepositoryName};
use vigil_core::port::{Cursor, Page, Registry};

use crate::budget::{Budget, CallCounts};
use crate::call::{Failed, Subject, call};
use crate::fault::{Meaning, image_failure};
use crate::image::{image, repository};
use crate::manifest::{INDEX_MEDIA_TYPES, children};
use crate::operation::Operation;
use crate::requests::Requests;

/// One account's registry in one region, and its scanner. All calls of an operation share one budget, those of its clones
/// too.
#[derive(Debug, Clone)]
pub struct AwsRegistry {
    id: RegistryId,
    pub(crate) requests: Requests,
    budgets: BTreeMap<Operation, Arc<Budget>>,
    pub(crate) stop: Stop,
}

/// The largest page that ECR gives, of anything.
pub(crate) const PAGE: i32 = 1000;
/// ECR takes at most this many images in one question.
const BATCH: usize = 100;

impl AwsRegistry {
    pub(crate) fn new(id: RegistryId, requests: Requests, rates: &BTreeMap<Operation, f64>) -> Self {
        let budget =
            |operation| Arc::new(Budget::new(id.to_string(), operation, rates.get(&operation).copied()));
        let budgets = Operation::ALL.into_iter().map(|operation| (operation, budget(operation))).collect();
        Self { id, requests, budgets, stop: Stop::never() }
    }

    /// The same for a pass that may end early: once it is to, no further call is sent. What is on its way may still be
    /// answered.
    pub fn until(&self, stop: Stop) -> Self {
        Self { stop, ..self.clone() }
    }

    /// How the attempts at each operation have ended so far, by the operation's name.
    pub fn calls(&self) -> BTreeMap<&'static str, CallCounts> {
        self.budgets.iter().map(|(operation, budget)| (operation.as_str(), budget.counts())).collect()
    }

    /// The tags of a repository itself, by their keys. One call.
    ///
    /// # Errors
    ///
    /// If ECR refuses to tell them, or there is no such repository any more.
    pub async fn tags_of(&self, repository: &RepositoryName) -> Result<BTreeMap<String, String>, Fault> {
        let operation = Operation::ListTagsForResource;
        let RegistryId { partition, account, region } = &self.id;
        let (partition, account, region) = (partition.as_str(), account.as_str(), region.as_str());
        let arn = format!("arn:{partition}:ecr:{region}:{account}:repository/{repository}");
        let request = self.requests.list_tags_for_resource(&arn);
        let subject = Subject { repository: Some(repository), digest: None };
        let answer = call(self.budget(operation), &self.stop, subject, || request.clone().send())
            .await
            .map_err(|failed| failed.refusal.fault(operation.as_str()))?;
        let tag = |tag: &aws_sdk_ecr::types::Tag| (tag.key().to_owned(), tag.value().to_owned());
        Ok(answer.tags().iter().map(tag).collect())
    }

    pub(crate) fn budget(&self, operation: Operation) -> &Arc<Budget> {
        &self.budgets[&operation]
    }

    async fn every_image(&self, repository: &RepositoryName) -> Result<Vec<Image>, Fault> {
        let mut images = Vec::new();
        let mut after = None;
        loop {
            let page = self.images(repository, after).await?;
            images.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(images),
            }
        }
    }

    /// The images of one batch. ECR refuses the whole batch for one that is not there, and does not always say which:
    /// the batch is halved until the missing ones are alone.
    async fn existing(&self, repository: &RepositoryName, batch: &[Pick]) -> Result<Vec<Image>, Fault> {
        let operation = Operation::DescribeImages;
        let mut found = Vec::new();
        let mut open = vec![batch];
        while let Some(batch) = open.pop() {
            let ids = batch.iter().filter_map(identifier).collect();
            let request = self.requests.describe_images(repository).set_image_ids(Some(ids));
            let subject = Subject { repository: Some(repository), digest: None };
            match call(self.budget(operation), &self.stop, subject, || request.clone().send()).await {
                Ok(answer) => found.extend(answer.image_details().iter().filter_map(image)),
                Err(Failed { refusal, .. }) if refusal.meaning == Meaning::ImageGone => {
                    let (front, back) = batch.split_at(batch.len() / 2);
                    open.extend(
                        [back, front].into_iter().filter(|half| !half.is_empty() && !front.is_empty()),
                    );
                }
                Err(failed) => return Err(failed.refusal.fault(operation.as_str())),
            }
        }
        Ok(found)
    }

    async fn open_batch(
        &self,
        repository: &RepositoryName,
        batch: &[Digest],
    ) -> Result<BTreeMap<Digest, Result<Vec<Child>, Fault>>, Fault> {
        let operation = Operation::BatchGetImage;
        let ids =
            batch.iter().map(|digest| ImageIdentifier::builder().image_digest(digest.to_string()).build());
        let request = self
            .requests
            .batch_get_image(repository)
            .set_image_ids(Some(ids.collect()))
            .set_accepted_media_types(Some(INDEX_MEDIA_TYPES.map(str::to_owned).to_vec()));
        let subject = Subject { repository: Some(repository), digest: None };
        let answer = call(self.budget(operation), &self.stop, subject, || request.clone().send())
            .await
            .map_err(|failed| failed.refusal.fault(operation.as_str()))?;
        let mut opened = BTreeMap::new();
        for failure in answer.failures() {
            if let Some(digest) = digest_of(failure.image_id()) {
                opened.insert(digest, Err(image_failure(failure, operation.as_str())));
            }
        }
        for image in answer.images() {
            if let Some(digest) = digest_of(image.image_id()) {
                let unreadable =
                    |error| Fault::new(FaultKind::Refused, operation.as_str(), format!("{error}"));
                let listed = children(image.image_manifest().unwrap_or_default()).map_err(unreadable);
                opened.insert(digest, listed);
            }
        }
        Ok(opened)
    }
}

#[async_trait]
impl Registry for AwsRegistry {
    fn id(&self) -> &RegistryId {
        &self.id
    }

    async fn repositories(&self, after: Option<Cursor>) -> Result<Page<Repository>, Fault> {
        let operation = Operation::DescribeRepositories;
        let after = after.map(|cursor| cursor.0);
        let request = self.requests.describe_repositories().max_results(PAGE).set_next_token(after.clone());
        let answer = call(self.budget(operation), &self.stop, Subject::default(), || request.clone().send())
            .await
            .map_err(|failed| failed.refusal.fault(operation.as_str()))?;
        let repositories = answer.repositories().iter().filter_map(repository);
        let next = next(operation, answer.next_token(), after.as_deref())?;
        Ok(Page { items: repositories.collect(), next: next.map(Cursor) })
    }

    async fn images(&self, repository: &RepositoryName, after: Option<Cursor>) -> Result<Page<Image>, Fault> {
        let operation = Operation::DescribeImages;
        let after = after.map(|cursor| cursor.0);
        let request =
            self.requests.describe_images(repository).max_results(PAGE).set_next_token(after.clone());
        let subject = Subject { repository: Some(repository), digest: None };
        let answer = call(self.budget(operation), &self.stop, subject, || request.clone().send())
            .await
            .map_err(|failed| failed.refusal.fault(operation.as_str()))?;
        let images = answer.image_details().iter().filter_map(image);
        let next = next(operation, answer.next_token(), after.as_deref())?;
        Ok(Page { items: images.collect(), next: next.map(Cursor) })
    }

    async fn named(&self, repository: &RepositoryName, picks: &[Pick]) -> Result<Vec<Image>, Fault> {
        if picks.iter().any(Pick::needs_listing) {
            return self.every_image(repository).await;
        }
        let picks: Vec<Pick> = picks.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        // A tag and a digest may name the same image.
        let mut images = BTreeMap::new();
        for batch in picks.chunks(BATCH) {
            let found = self.existing(repository, batch).await?;
            images.extend(found.into_iter().map(|image| (image.digest, image)));
        }
        Ok(images.into_values().collect())
    }

    async fn children(
        &self,
        repository: &RepositoryName,
        indexes: &[Digest],
    ) -> Result<Vec<(Digest, Result<Vec<Child>, Fault>)>, Fault> {
        let mut answers = Vec::with_capacity(indexes.len());
        for batch in indexes.chunks(BATCH) {
            let mut opened = self.open_batch(repository, batch).await?;
            answers.extend(batch.iter().map(|digest| {
                let unanswered = || {
                    let operation = Operation::BatchGetImage.as_str();
                    Err(Fault::new(
                        FaultKind::Refused,
                        operation,
                        format!("ECR's answer leaves out {digest}"),
                    ))
                };
                (*digest, opened.remove(digest).unwrap_or_else(unanswered))
            }));
        }
        Ok(answers)
    }
}

fn identifier(pick: &Pick) -> Option<ImageIdentifier> {
    let id = ImageIdentifier::builder();
    match pick {
        Pick::Whole | Pick::Tagged => None,
        Pick::Tag(tag) => Some(id.image_tag(tag.as_str()).build()),
        Pick::Digest(digest) => Some(id.image_digest(digest.to_string()).build()),
    }
}

fn digest_of(id: Option<&ImageIdentifier>) -> Option<Digest> {
    id?.image_digest()?.parse().ok()
}

/// Where the page after this one starts. A page that names itself would be asked for without end, and what we do not see
/// the end of must not pass for all.
pub(crate) fn next(
    operation: Operation,
    token: Option<&str>,
    asked: Option<&str>,
) -> Result<Option<String>, Fault> {
    let token = token.filter(|token| !token.is_empty());
    if token.is_some() && token == asked {
        let endless = "the pages do not end: one names itself as the next";
        return Err(Fault::new(FaultKind::Refused, operation.as_str(), endless));
    }
    Ok(token.map(str::to_owned))
}

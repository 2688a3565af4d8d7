//! Every request to ECR, without what one call adds to it: which registry, which repository, which image.
//!
//! A registry of another account than the credentials' is asked for by its id in each request.

use aws_sdk_ecr::operation::batch_get_image::builders::BatchGetImageFluentBuilder;
use aws_sdk_ecr::operation::describe_image_scan_findings::builders::DescribeImageScanFindingsFluentBuilder;
use aws_sdk_ecr::operation::describe_images::builders::DescribeImagesFluentBuilder;
use aws_sdk_ecr::operation::describe_repositories::builders::DescribeRepositoriesFluentBuilder;
use aws_sdk_ecr::operation::get_registry_scanning_configuration::builders::GetRegistryScanningConfigurationFluentBuilder;
use aws_sdk_ecr::operation::list_tags_for_resource::builders::ListTagsForResourceFluentBuilder;
use aws_sdk_ecr::operation::start_image_scan::builders::StartImageScanFluentBuilder;
use aws_sdk_ecr::types::{DescribeImagesFilter, ImageIdentifier, ImageStatusFilter};
use vigil_core::image::{AccountId, Digest, RepositoryName};

/// ECR, as the registry of one account.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    client: aws_sdk_ecr::Client,
    /// The registry's account where it is not that of the credentials.
    account: Option<AccountId>,
}

impl Requests {
    pub(crate) fn new(client: aws_sdk_ecr::Client, account: Option<AccountId>) -> Self {
        Self { client, account }
    }

    /// Whether the registry is another account's.
    pub(crate) fn is_foreign(&self) -> bool {
        self.account.is_some()
    }

    fn registry_id(&self) -> Option<String> {
        self.account.as_ref().map(AccountId::to_string)
    }

    pub(crate) fn describe_repositories(&self) -> DescribeRepositoriesFluentBuilder {
        self.client.describe_repositories().set_registry_id(self.registry_id())
    }

    pub(crate) fn describe_images(&self, repository: &RepositoryName) -> DescribeImagesFluentBuilder {
        // Without a filter ECR is silent on archived images.
        let all = DescribeImagesFilter::builder().image_status(ImageStatusFilter::Any).build();
        let request = self.client.describe_images().set_registry_id(self.registry_id());
        request.repository_name(repository.as_str()).filter(all)
    }

    pub(crate) fn batch_get_image(&self, repository: &RepositoryName) -> BatchGetImageFluentBuilder {
        let request = self.client.batch_get_image().set_registry_id(self.registry_id());
        request.repository_name(repository.as_str())
    }

    pub(crate) fn start_image_scan(
        &self,
        repository: &RepositoryName,
        digest: Digest,
    ) -> StartImageScanFluentBuilder {
        let request = self.client.start_image_scan().set_registry_id(self.registry_id());
        request.repository_name(repository.as_str()).image_id(identifier(digest))
    }

    pub(crate) fn describe_image_scan_findings(
        &self,
        repository: &RepositoryName,
        digest: Digest,
    ) -> DescribeImageScanFindingsFluentBuilder {
        let request = self.client.describe_image_scan_findings().set_registry_id(self.registry_id());
        request.repository_name(repository.as_str()).image_id(identifier(digest))
    }

    /// A repository is named by its ARN here, and with that its registry.
    pub(crate) fn list_tags_for_resource(&self, arn: &str) -> ListTagsForResourceFluentBuilder {
        self.client.list_tags_for_resource().resource_arn(arn)
    }

    /// Always that of the credentials' own registry: ECR tells it of no other.
    pub(crate) fn get_registry_scanning_configuration(
        &self,
    ) -> GetRegistryScanningConfigurationFluentBuilder {
        self.client.get_registry_scanning_configuration()
    }
}

fn identifier(digest: Digest) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest.to_string()).build()
}

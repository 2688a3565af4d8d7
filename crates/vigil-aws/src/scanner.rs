//! ECR's scanner: starting scans, and reading what they found to the last page.

use async_trait::async_trait;
use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsOutput;
use aws_sdk_ecr::types::ScanType;
use vigil_core::fault::Fault;
use vigil_core::image::{Digest, RepositoryName};
use vigil_core::port::{Mode, Scanner, Start};
use vigil_core::scan::{Meaning as ScanMeaning, Scan};

use crate::AwsRegistry;
use crate::call::{Failed, Subject, call};
use crate::fault::Meaning;
use crate::findings::{add_findings, scan};
use crate::operation::Operation;
use crate::registry::{PAGE, next};

#[async_trait]
impl Scanner for AwsRegistry {
    async fn mode(&self) -> Result<Mode, Fault> {
        if self.requests.is_foreign() {
            // ECR tells an account of its own registry only. Under enhanced scanning the first request is refused in words
            // that say so.
            return Ok(Mode::OnRequest);
        }
        let operation = Operation::GetRegistryScanningConfiguration;
        let request = self.requests.get_registry_scanning_configuration();
        let answer = call(self.budget(operation), &self.stop, Subject::default(), || request.clone().send())
            .await
            .map_err(|failed| failed.refusal.fault(operation.as_str()))?;
        let scan_type = answer.scanning_configuration().and_then(|configuration| configuration.scan_type());
        Ok(if scan_type == Some(&ScanType::Enhanced) { Mode::ByItself } else { Mode::OnRequest })
    }

    async fn start(&self, repository: &RepositoryName, digest: Digest) -> Result<Start, Fault> {
        let operation = Operation::StartImageScan;
        let request = self.requests.start_image_scan(repository, digest);
        let subject = Subject { repository: Some(repository), digest: Some(digest) };
        let Failed { refusal, perhaps_done } =
            match call(self.budget(operation), &self.stop, subject, || request.clone().send()).await {
                Ok(_) => return Ok(Start::Accepted),
                Err(failed) => failed,
            };
        match refusal.meaning {
            // The scan that ECR speaks of is then the one that we asked for, when its answer did not reach us.
            Meaning::OnceADay if perhaps_done => Ok(Start::Accepted),
            Meaning::OnceADay => Ok(Start::OnceADay),
            Meaning::Quota => Ok(Start::RegistryQuota(refusal.message)),
            Meaning::Unsupported => Ok(Start::Unsupported(refusal.message)),
            Meaning::Archived => Ok(Start::Archived),
            Meaning::Disabled => Ok(Start::ByItself(refusal.message)),
            _ => Err(refusal.fault(operation.as_str())),
        }
    }

    async fn read(&self, repository: &RepositoryName, digest: Digest) -> Result<Option<Scan>, Fault> {
        let Some(first) = self.findings_page(repository, digest, None).await? else { return Ok(None) };
        let mut scan = scan(&first);
        // While a scan runs, ECR may still show the findings of the one before: they are not this scan's.
        if scan.meaning() != ScanMeaning::Finished {
            return Ok(Some(scan));
        }
        let (mut page, mut asked) = (first, None);
        loop {
            add_findings(&mut scan.findings, &page);
            asked = next(Operation::DescribeImageScanFindings, page.next_token(), asked.as_deref())?;
            if asked.is_none() {
                return Ok(Some(scan));
            }
            match self.findings_page(repository, digest, asked.clone()).await? {
                Some(next) => page = next,
                // The scan is gone between two pages, as when the scan type is switched.
                None => return Ok(None),
            }
        }
    }
}

impl AwsRegistry {
    /// A page of findings; `None` if ECR knows of no scan.
    async fn findings_page(
        &self,
        repository: &RepositoryName,
        digest: Digest,
        token: Option<String>,
    ) -> Result<Option<DescribeImageScanFindingsOutput>, Fault> {
        let operation = Operation::DescribeImageScanFindings;
        let request = self
            .requests
            .describe_image_scan_findings(repository, digest)
            .max_results(PAGE)
            .set_next_token(token);
        let subject = Subject { repository: Some(repository), digest: Some(digest) };
        match call(self.budget(operation), &self.stop, subject, || request.clone().send()).await {
            Ok(page) => Ok(Some(page)),
            Err(Failed { refusal, .. }) if refusal.meaning == Meaning::NoScan => Ok(None),
            Err(failed) => Err(failed.refusal.fault(operation.as_str())),
        }
    }
}

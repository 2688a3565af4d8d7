//! What S3 refused, in words that help: the bucket by name, and the right that is missing. Error codes are not read here.

use aws_sdk_s3::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use vigil_core::port::ConfigsUnreachable;

use super::Bucket;
use crate::fault::{Meaning, Refusal};

/// What is asked of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BucketCall {
    Head,
    List,
    Get,
    Put,
    Delete,
}

impl BucketCall {
    fn operation(self) -> &'static str {
        match self {
            Self::Head => "HeadBucket",
            Self::List => "ListObjectsV2",
            Self::Get => "GetObject",
            Self::Put => "PutObject",
            Self::Delete => "DeleteObject",
        }
    }

    /// The rights in IAM that it takes.
    fn rights(self) -> &'static str {
        match self {
            Self::Head | Self::List => "s3:ListBucket on the bucket",
            // Without the second one S3 does not say that an object is not there: it denies.
            Self::Get => {
                "s3:GetObject on the bucket's objects and s3:ListBucket on the bucket, and kms:Decrypt where a key of KMS \
                 encrypts them"
            }
            Self::Put => {
                "s3:PutObject on the bucket's objects, and kms:GenerateDataKey where a key of KMS encrypts them"
            }
            Self::Delete => "s3:DeleteObject on the bucket's objects",
        }
    }

    /// The fault that it is.
    pub(super) fn unreachable(self, bucket: &Bucket, refusal: Refusal) -> ConfigsUnreachable {
        let Refusal { meaning, message } = refusal;
        let (name, operation) = (&bucket.name, self.operation());
        let owned = bucket.owner.as_ref().map(|owner| format!(", and the bucket has to be owned by {owner}"));
        ConfigsUnreachable(match meaning {
            Meaning::Denied => format!(
                "bucket `{name}`: {operation} is denied; it takes {}{} ({message})",
                self.rights(),
                owned.unwrap_or_default()
            ),
            Meaning::NoBucket => format!("bucket `{name}` does not exist ({message})"),
            Meaning::Elsewhere => {
                format!("bucket `{name}` is in another region than the one it is said to be in ({message})")
            }
            Meaning::Credentials => {
                format!("bucket `{name}`: {operation}: AWS does not accept the credentials ({message})")
            }
            Meaning::NoAnswer => format!("bucket `{name}`: {operation} got no answer ({message})"),
            _ => format!("bucket `{name}`: {operation} failed ({message})"),
        })
    }
}

/// Where the bucket is, as S3 says with every refusal to speak of it.
pub(super) fn bucket_region<E>(error: &SdkError<E, HttpResponse>) -> Option<String> {
    error.raw_response()?.headers().get("x-amz-bucket-region").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(call: BucketCall, meaning: Meaning, expected: &str) {
        let owner = Some("123456789012".parse().unwrap());
        let bucket = Bucket { name: "team-scans".parse().unwrap(), region: None, owner };
        let refusal = Refusal { meaning, message: "said".into() };
        assert_eq!(call.unreachable(&bucket, refusal).0, expected);
    }

    #[test]
    fn a_denied_call_names_the_bucket_and_the_right_that_it_takes() {
        check(
            BucketCall::List,
            Meaning::Denied,
            "bucket `team-scans`: ListObjectsV2 is denied; it takes s3:ListBucket on the bucket, and the bucket has to be \
             owned by 123456789012 (said)",
        );
        check(
            BucketCall::Delete,
            Meaning::Denied,
            "bucket `team-scans`: DeleteObject is denied; it takes s3:DeleteObject on the bucket's objects, and the \
             bucket has to be owned by 123456789012 (said)",
        );
        check(BucketCall::List, Meaning::NoBucket, "bucket `team-scans` does not exist (said)");
        check(BucketCall::Put, Meaning::NoAnswer, "bucket `team-scans`: PutObject got no answer (said)");
        check(BucketCall::Put, Meaning::Other, "bucket `team-scans`: PutObject failed (said)");
    }
}

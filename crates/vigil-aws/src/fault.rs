//! What AWS's refusals mean: the only place that reads its error codes.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ecr::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecr::types::{ImageFailure, ImageFailureCode};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use vigil_core::Halt;
use vigil_core::fault::{Fault, FaultKind};

/// A call that did not succeed: what it means, and in whose words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) meaning: Meaning,
    pub(crate) message: String,
}

/// What a refusal means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Too fast: ask again, slower.
    Throttled,
    /// No answer, a broken one, or an error of the service itself: ask again.
    NoAnswer,
    Credentials,
    Denied,
    RepositoryGone,
    ImageGone,
    /// ECR knows of no scan of the image.
    NoScan,
    /// The image's scan for the day is used up.
    OnceADay,
    /// Some other quota is used up.
    Quota,
    Unsupported,
    Archived,
    /// There is no such bucket.
    NoBucket,
    /// There is no such object in the bucket.
    NoObject,
    /// The object is not as it was when we looked, so that nothing was done.
    Changed,
    /// The server does not know what it is asked for.
    NotImplemented,
    /// The bucket is in another region.
    Elsewhere,
    /// Scans are not started on request here.
    Disabled,
    /// What was sent will never be taken as it is.
    Malformed,
    Other,
    /// It was not asked: the pass is to end.
    NotSent,
}

/// Codes by which AWS services say that calls come too fast. `LimitExceededException`, which the SDK counts among them,
/// is how ECR says that a quota of scans is used up: asking again would change nothing.
const TOO_FAST: [&str; 10] = [
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Codes by which AWS services say that the credentials cannot be used.
const CREDENTIALS: [&str; 14] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

impl Refusal {
    /// Reads what the SDK reports.
    pub(crate) fn read<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(refused) => {
                let status = refused.raw().status().as_u16();
                let said = refused.err();
                match said.code() {
                    // The SDK takes an answer that it cannot read for an error of the service.
                    None if (200..300).contains(&status) => Self::no_answer(chain(said)),
                    code => Self::said(status, code, said.message()),
                }
            }
            other if let Some(refusal) = Self::of_role(other) => match refusal.meaning {
                // In the midst of a pass it means that no call will succeed any more.
                Meaning::Denied => Self { meaning: Meaning::Credentials, ..refusal },
                _ => refusal,
            },
            other => {
                let meaning = if is_about_credentials(other) {
                    Meaning::Credentials
                } else if matches!(other, SdkError::ConstructionFailure(_)) {
                    Meaning::Other
                } else {
                    Meaning::NoAnswer
                };
                Self { meaning, message: chain(other) }
            }
        }
    }

    /// What STS says of the role, if the call was not sent because it could not be assumed. The SDK's own words for it are
    /// those of its debugging output.
    pub(crate) fn of_role(error: &(dyn Error + 'static)) -> Option<Self> {
        let said = causes(error).find_map(|cause| cause.downcast_ref::<AssumeRoleError>())?;
        // Without a code it was no answer, and the causes tell more.
        let code = said.code()?;
        let words = said.message().unwrap_or_default().trim();
        let meaning = match meaning(400, code, words) {
            meaning @ (Meaning::Denied | Meaning::Throttled | Meaning::NoAnswer) => meaning,
            _ => Meaning::Credentials,
        };
        let message = if words.is_empty() { code.to_owned() } else { format!("{code}: {words}") };
        Some(Self { meaning, message })
    }

    fn said(status: u16, code: Option<&str>, message: Option<&str>) -> Self {
        let words = message.map(str::trim).filter(|words| !words.is_empty());
        let meaning = meaning(status, code.unwrap_or_default(), words.unwrap_or_default());
        let message = match (words, code) {
            // Where the meaning is not clear from our own words, the code belongs to the message.
            (Some(words), Some(code)) if matches!(meaning, Meaning::Other | Meaning::Malformed) => {
                format!("{code}: {words}")
            }
            (Some(words), _) => words.to_owned(),
            (None, Some(code)) => code.to_owned(),
            (None, None) => format!("HTTP status {status} without a reason"),
        };
        Self { meaning, message }
    }

    /// What a service says that is spoken to without its crate.
    pub(crate) fn told(status: u16, code: &str, message: &str) -> Self {
        Self::said(status, Some(code).filter(|code| !code.is_empty()), Some(message))
    }

    /// The attempt itself ended without a result.
    pub(crate) fn no_answer(message: impl Into<String>) -> Self {
        Self { meaning: Meaning::NoAnswer, message: message.into() }
    }

    /// Nothing was attempted, or not again, since the pass is to end.
    pub(crate) fn not_sent(halt: Halt) -> Self {
        Self { meaning: Meaning::NotSent, message: halt.to_string() }
    }

    /// The fault that it is, once nothing more is tried.
    pub(crate) fn fault(self, during: &str) -> Fault {
        let kind = match self.meaning {
            Meaning::Throttled => FaultKind::Throttled,
            Meaning::NoAnswer => FaultKind::Unreachable,
            Meaning::Credentials => FaultKind::Credentials,
            Meaning::Denied => FaultKind::Denied,
            Meaning::RepositoryGone => FaultKind::RepositoryGone,
            Meaning::ImageGone => FaultKind::ImageGone,
            Meaning::NotSent => FaultKind::NotSent,
            _ => FaultKind::Refused,
        };
        Fault::new(kind, during, self.message)
    }
}

/// Reads why one image of a batch was not given.
pub(crate) fn image_failure(failure: &ImageFailure, during: &str) -> Fault {
    let code = failure.failure_code().map_or("no reason given", ImageFailureCode::as_str);
    let kind = match code {
        "ImageNotFound" => FaultKind::ImageGone,
        _ => FaultKind::Refused,
    };
    Fault::new(kind, during, failure.failure_reason().unwrap_or(code))
}

fn meaning(status: u16, code: &str, message: &str) -> Meaning {
    match code {
        code if TOO_FAST.contains(&code) => Meaning::Throttled,
        code if CREDENTIALS.contains(&code) => Meaning::Credentials,
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" => Meaning::Denied,
        "RepositoryNotFoundException" => Meaning::RepositoryGone,
        "ImageNotFoundException" => Meaning::ImageGone,
        "ScanNotFoundException" => Meaning::NoScan,
        // "The scan quota per image has been exceeded. Wait and try again.", as reported by users of the AWS CLI.
        "LimitExceededException" if message.contains("per image") => Meaning::OnceADay,
        "LimitExceededException" => Meaning::Quota,
        "UnsupportedImageTypeException" => Meaning::Unsupported,
        "ImageArchivedException" => Meaning::Archived,
        "NoSuchBucket" => Meaning::NoBucket,
        "NoSuchKey" => Meaning::NoObject,
        "PreconditionFailed" | "ConditionalRequestConflict" => Meaning::Changed,
        "NotImplemented" => Meaning::NotImplemented,
        "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" => Meaning::Elsewhere,
        // ECR's words under enhanced scanning, as users report them; the code that comes with them is not documented.
        _ if message.contains("This feature is disabled") => Meaning::Disabled,
        // SNS, EventBridge and Security Hub, each in its own word.
        "InvalidParameter"
        | "ParameterValueInvalid"
        | "ValidationException"
        | "ValidationError"
        | "InvalidInputException"
        | "SerializationException" => Meaning::Malformed,
        "RequestTimeout" | "RequestTimeoutException" => Meaning::NoAnswer,
        _ if status == 429 => Meaning::Throttled,
        _ if status >= 500 => Meaning::NoAnswer,
        "InternalFailure" | "InternalServerError" | "ServerException" | "ServiceUnavailable" => {
            Meaning::NoAnswer
        }
        _ => Meaning::Other,
    }
}

/// Whether credentials could not be found or renewed: the SDK reports that as a call that could not be sent.
fn is_about_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<CredentialsError>())
}

/// An error and its causes on one line. The SDK's outer errors have general words ("dispatch failure"), and some
/// repeat their cause: what is already said is not said again.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let said = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if !said.is_empty() && !text.contains(&said) {
            text = if text.is_empty() { said } else { format!("{text}: {said}") };
        }
    }
    text
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecr::error::ConnectorError;
    use aws_sdk_ecr::operation::start_image_scan::StartImageScanError;

    fn read(error: &SdkError<StartImageScanError, HttpResponse>) -> Refusal {
        Refusal::read(error)
    }

    #[test]
    fn credentials_that_cannot_be_had_are_told_from_a_broken_line() {
        let credentials = CredentialsError::not_loaded("no provider had any");
        let refusal = read(&SdkError::dispatch_failure(ConnectorError::other(credentials.into(), None)));
        assert_eq!(refusal.meaning, Meaning::Credentials);
        assert!(refusal.message.ends_with("no provider had any"), "{}", refusal.message);
        let refusal = read(&SdkError::dispatch_failure(ConnectorError::io("connection\nreset".into())));
        assert_eq!(refusal.meaning, Meaning::NoAnswer);
        assert_eq!(refusal.message, "dispatch failure: io error: connection reset");
        assert_eq!(read(&SdkError::timeout_error("late")).meaning, Meaning::NoAnswer);
        assert_eq!(read(&SdkError::construction_failure("bad endpoint")).meaning, Meaning::Other);
    }

    #[test]
    fn a_refusal_without_words_still_says_something() {
        assert_eq!(Refusal::said(403, None, None).message, "HTTP status 403 without a reason");
        assert_eq!(Refusal::said(400, Some("OddException"), None).message, "OddException");
        assert_eq!(Refusal::said(400, Some("OddException"), Some(" Odd. ")).message, "OddException: Odd.");
        assert_eq!(
            Refusal::said(400, Some("ThrottlingException"), Some("Rate exceeded")).message,
            "Rate exceeded"
        );
    }
}

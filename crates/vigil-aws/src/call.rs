//! One call to ECR: through its budget, attempt by attempt. The only place that retries.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_ecr::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use backon::{ExponentialBuilder, Retryable};
use vigil_core::Stop;
use vigil_core::image::{Digest, RepositoryName};

use crate::budget::Budget;
use crate::fault::{Meaning, Refusal};

/// What a call is about, for the log.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Subject<'a> {
    pub(crate) repository: Option<&'a RepositoryName>,
    pub(crate) digest: Option<Digest>,
}

/// A call that failed for good.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) refusal: Refusal,
    /// Whether an earlier attempt got no answer: ECR may have carried it out nevertheless.
    pub(crate) perhaps_done: bool,
}

/// A throttled call passes as soon as its turn comes at the right pace; only if it still does not within this time …
const THROTTLED_FOR: Duration = Duration::from_secs(600);
/// … or this many attempts, something is wrong that patience does not mend.
const THROTTLED_TIMES: u32 = 50;

/// Between attempts that got no answer: short at first, since most often one connection broke, and with jitter, since
/// many calls may have been on it.
fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(5)
        .with_jitter()
}

/// Calls until there is an answer, a refusal that stands, or patience ends. Once the pass is to end, nothing more is sent.
pub(crate) async fn call<T, E, F>(
    budget: &Arc<Budget>,
    stop: &Stop,
    subject: Subject<'_>,
    send: impl Fn() -> F + Send + Sync,
) -> Result<T, Failed>
where
    T: Send + 'static,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'static,
{
    let (attempts, unanswered) = (AtomicU32::new(0), AtomicU32::new(0));
    let until_not_throttled = || async {
        let first = budget.watch.elapsed();
        let mut times = 0;
        loop {
            let sent = tokio::select! {
                biased;
                halt = stop.stopped() => return Err(Refusal::not_sent(halt)),
                sent = budget.acquire() => sent,
            };
            times += 1;
            let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
            let result = attempt_once(budget.clone(), sent, send()).await;
            tracing::debug!(operation = %budget.operation, subject = %subject, attempt, outcome = outcome(&result));
            let again = is(&result, Meaning::Throttled)
                && times < THROTTLED_TIMES
                && budget.watch.elapsed() < first + THROTTLED_FOR;
            if !again {
                unanswered.fetch_add(u32::from(is(&result, Meaning::NoAnswer)), Ordering::Relaxed);
                return result;
            }
        }
    };
    let result =
        until_not_throttled.retry(backoff()).when(|refusal| refusal.meaning == Meaning::NoAnswer).await;
    let perhaps_done = unanswered.load(Ordering::Relaxed) > 0;
    result.map_err(|refusal| match refusal.meaning {
        // It was sent once, and who knows what came of that.
        Meaning::NotSent if perhaps_done => {
            Failed { refusal: Refusal::no_answer(refusal.message), perhaps_done }
        }
        _ => Failed { refusal, perhaps_done },
    })
}

/// Sends once, in a task of its own: all cores share the work of signing and reading, and whoever stops waiting leaves
/// the count of calls whole.
async fn attempt_once<T, E, F>(budget: Arc<Budget>, sent: Duration, sending: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'static,
{
    let attempt = tokio::spawn(async move {
        let result = sending.await.map_err(|error| Refusal::read(&error));
        budget.note(sent, &result);
        result
    });
    attempt.await.unwrap_or_else(|ended| Err(Refusal::no_answer(ended.to_string())))
}

fn is<T>(result: &Result<T, Refusal>, meaning: Meaning) -> bool {
    result.as_ref().is_err_and(|refusal| refusal.meaning == meaning)
}

fn outcome<T>(result: &Result<T, Refusal>) -> &str {
    match result {
        Ok(_) => "ok",
        Err(refusal) => &refusal.message,
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.repository, self.digest) {
            (Some(repository), Some(digest)) => write!(f, "{repository}@{digest}"),
            (Some(repository), None) => write!(f, "{repository}"),
            (None, _) => f.write_str("registry"),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::operation::start_image_scan::StartImageScanError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use vigil_core::Halt;

    use super::*;
    use crate::Operation;
    use crate::budget::CallCounts;

    type Refused = SdkError<StartImageScanError, HttpResponse>;

    fn refused(status: u16, code: &str) -> Refused {
        let error = StartImageScanError::generic(ErrorMetadata::builder().code(code).build());
        SdkError::service_error(error, HttpResponse::new(status.try_into().unwrap(), SdkBody::empty()))
    }

    async fn counts(
        refuse: impl Fn() -> Refused + Send + Sync,
    ) -> (Result<(), Failed>, CallCounts, Duration) {
        let budget = Arc::new(Budget::new(String::new(), Operation::StartImageScan, None));
        let result =
            call(&budget, &Stop::never(), Subject::default(), || std::future::ready(Err(refuse()))).await;
        (result, budget.counts(), budget.watch.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_without_end_is_given_up() {
        let (result, counts, time) = counts(|| refused(400, "ThrottlingException")).await;
        assert_eq!(result.unwrap_err().refusal.meaning, Meaning::Throttled);
        assert!((20..=50).contains(&counts.throttled), "{counts:?}");
        assert!(time <= THROTTLED_FOR + Duration::from_secs(10), "{time:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_never_answers_is_given_up_within_seconds() {
        let (result, counts, time) = counts(|| refused(503, "ServiceUnavailable")).await;
        assert!(result.unwrap_err().perhaps_done);
        assert_eq!(counts, CallCounts { transient: 6, ..CallCounts::default() });
        assert!(time < Duration::from_secs(20), "{time:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn once_the_pass_is_to_end_no_call_that_waits_for_its_turn_is_sent() {
        let budget = Arc::new(Budget::new(String::new(), Operation::StartImageScan, Some(0.1)));
        let (halt, halted) = tokio::sync::oneshot::channel();
        let stop = Stop::when(async { halted.await.unwrap() });
        let send = || std::future::ready(Ok::<(), Refused>(()));
        call(&budget, &stop, Subject::default(), send).await.unwrap();
        let waiting = call(&budget, &stop, Subject::default(), send);
        halt.send(Halt::Interrupted).unwrap();
        assert_eq!(waiting.await.unwrap_err().refusal.meaning, Meaning::NotSent);
        assert_eq!(budget.counts(), CallCounts { ok: 1, ..CallCounts::default() });
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_nobody_waits_for_any_more_is_counted() {
        let budget = Arc::new(Budget::new(String::new(), Operation::StartImageScan, None));
        let (asked, answer) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
        let send = || {
            let (asked, answer) = (asked.clone(), answer.clone());
            async move {
                asked.notify_one();
                answer.notified().await;
                Ok::<(), Refused>(())
            }
        };
        let never = Stop::never();
        tokio::select! {
            biased;
            _ = call(&budget, &never, Subject::default(), send) => panic!("there was no answer yet"),
            () = asked.notified() => {}
        }
        answer.notify_one();
        while budget.counts().ok == 0 {
            tokio::task::yield_now().await;
        }
    }
}

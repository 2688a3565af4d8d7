//! A connection as seen from below: whether anything is answered on it, and when there is nothing more to wait for.
//!
//! Does not know what is asked. To the layers above, a connection that nobody needs any more was closed by the client.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{Request, Version};
use axum::response::Response;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tower::Service;
use vigil_core::Stop;

use super::held::hold;

/// What is known of a connection.
pub(super) struct Connection {
    /// Its place among those that are allowed at once.
    _place: OwnedSemaphorePermit,
    /// Requests that have come whole up to their bodies, and whose answers are not given yet.
    answering: AtomicUsize,
    /// Whether anything was ever asked.
    asked: AtomicBool,
    /// Whether it says goodbye by itself, as HTTP/2 does: an answer may still lie in its windows.
    takes_leave: AtomicBool,
}

/// The bytes of a connection, which end when nobody needs them any more.
pub(super) struct Attended<I> {
    stream: I,
    connection: Arc<Connection>,
    /// Until when the first request must be there; `None` once one was.
    silence: Option<BoxFuture<'static, ()>>,
    /// The end of the service; `None` once it has come.
    stop: Option<BoxFuture<'static, ()>>,
    /// Whether an answer waits for the client to read.
    is_stuck: bool,
    is_over: bool,
}

/// Answers on a connection, and counts what is under way.
#[derive(Clone)]
pub(super) struct Counted<S> {
    answering: S,
    connection: Arc<Connection>,
}

/// A request under way.
struct UnderWay(Arc<Connection>);

impl Connection {
    pub(super) fn new(place: OwnedSemaphorePermit) -> Arc<Self> {
        Arc::new(Self {
            _place: place,
            answering: AtomicUsize::new(0),
            asked: AtomicBool::new(false),
            takes_leave: AtomicBool::new(false),
        })
    }

    /// Its bytes. They end if nothing was asked in so long, and at the stop if nothing is being answered.
    pub(super) fn attend<I>(self: &Arc<Self>, stream: I, patience: Duration, stop: Stop) -> Attended<I> {
        Attended {
            stream,
            connection: self.clone(),
            silence: Some(timeout(patience, pending::<()>()).map(drop).boxed()),
            stop: Some(async move { stop.stopped().map(drop).await }.boxed()),
            is_stuck: false,
            is_over: false,
        }
    }

    /// What answers on it.
    pub(super) fn count<S>(self: Arc<Self>, answering: S) -> Counted<S> {
        Counted { answering, connection: self }
    }
}

impl<I> Attended<I> {
    /// Whether there is nothing more to wait for; whoever asks is woken when there might be.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        if self.connection.asked.load(Ordering::Relaxed) {
            self.silence = None;
        }
        let silent = self.silence.as_mut().is_some_and(|silence| silence.poll_unpin(context).is_ready());
        if self.stop.as_mut().is_some_and(|stop| stop.poll_unpin(context).is_ready()) {
            self.stop = None;
        }
        let needed = self.is_stuck
            || self.connection.answering.load(Ordering::Relaxed) > 0
            || self.connection.takes_leave.load(Ordering::Relaxed);
        self.is_over |= silent || (self.stop.is_none() && !needed);
        self.is_over
    }

    fn note<T>(&mut self, written: Poll<T>) -> Poll<T> {
        self.is_stuck = written.is_pending();
        written
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Attended<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What has come already is read, also at the end.
        if !self.is_over
            && let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, bytes)
        {
            return Poll::Ready(read);
        }
        if self.is_over(context) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Attended<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S, B> Service<Request<B>> for Counted<S>
where
    S: Service<Request<B>, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.answering.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Counted at once, and not when it is first gone on with: the connection is read in between.
        let under_way = UnderWay::begin(self.connection.clone(), request.version());
        self.answering.call(request).map(|answer| answer.map(|answer| hold(answer, under_way))).boxed()
    }
}

impl UnderWay {
    fn begin(connection: Arc<Connection>, version: Version) -> Self {
        connection.answering.fetch_add(1, Ordering::Relaxed);
        connection.asked.store(true, Ordering::Relaxed);
        connection.takes_leave.fetch_or(version == Version::HTTP_2, Ordering::Relaxed);
        Self(connection)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

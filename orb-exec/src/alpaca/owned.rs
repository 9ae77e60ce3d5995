//! Tasks that end with whoever waits for them.

use tokio::task::{JoinError, JoinHandle};

/// A task of its own, so that a panic in it stays there; it is stopped when nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Owned<T>(JoinHandle<T>);

impl<T: Send + 'static> Owned<T> {
    /// Starts it.
    pub(super) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it panicked.
    pub(super) async fn finish(mut self) -> Result<T, JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_task_ends_with_whoever_waits_for_it() {
        let (held, ended) = oneshot::channel::<()>();
        let task = Owned::spawn(async move {
            let _held = held;
            core::future::pending::<()>().await;
        });
        drop(task);
        assert!(ended.await.is_err(), "what it held was let go");
    }

    #[tokio::test]
    async fn a_panic_stays_in_its_task() {
        let task: Owned<()> = Owned::spawn(async { panic!("a defect") });
        assert!(task.finish().await.is_err_and(|error| error.is_panic()));
    }
}

//! Work on a dataset away from the threads that keep sockets alive.

use orb_data::{Dataset, DatasetError};

use super::error::GatherError;

/// Keeps a dataset between pieces of work.
#[derive(Debug)]
pub(super) struct Disk(Option<Dataset>);

impl Disk {
    pub(super) const fn new(dataset: Dataset) -> Self {
        Self(Some(dataset))
    }

    /// Does a piece of work on a thread of its own.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Dataset) -> Result<T, DatasetError> + Send + 'static,
    ) -> Result<T, GatherError> {
        let mut dataset = self.0.take().ok_or(GatherError::Ended)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut dataset);
            (dataset, done)
        });
        let (dataset, done) = done.await.map_err(|_| GatherError::Ended)?;
        self.0 = Some(dataset);
        Ok(done?)
    }
}

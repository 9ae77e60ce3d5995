//! Commands that are done once, however often they are asked for.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prost::Message;
use tokio::sync::watch;
use tonic::Status;

/// Replies that are remembered; the oldest is forgotten first.
const REPLIES_MAX: usize = 1024;

/// A reply in its wire form, once there is one.
type Outcome = Option<Result<Arc<[u8]>, Status>>;

#[derive(Debug)]
struct Entry {
    request_id: String,
    fingerprint: String,
    outcome: watch::Receiver<Outcome>,
}

/// Refuses an id that stands for something else already.
pub(super) fn used_for_another(request_id: &str) -> Status {
    Status::already_exists(format!("request_id: {request_id} was used for another command; give a new UUID"))
}

/// Remembers the replies to commands by request id.
///
/// A command that failed is not remembered: a repetition tries again.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies {
    entries: Arc<Mutex<VecDeque<Entry>>>,
}

impl Replies {
    /// Runs a command, or returns the reply to the earlier one of the same id; the flag tells which.
    ///
    /// The work runs to its end even when the client goes away. `fingerprint` stands for caller and arguments.
    pub(super) async fn once<M, F>(&self, request_id: &str, fingerprint: String, work: F) -> Result<(M, bool), Status>
    where
        M: Message + Default,
        F: Future<Output = Result<M, Status>> + Send + 'static,
    {
        let (mut outcome, replayed) = self.find_or_start(request_id, fingerprint, work)?;
        let reply = match outcome.wait_for(Option::is_some).await {
            Ok(reply) => reply.clone(),
            Err(_) => None,
        };
        let unfinished = || Err(Status::internal("the command ended without a result; look at the status"));
        let bytes = reply.unwrap_or_else(unfinished)?;
        M::decode(&*bytes).map(|reply| (reply, replayed)).map_err(|error| Status::internal(error.to_string()))
    }

    fn find_or_start<M, F>(
        &self,
        request_id: &str,
        fingerprint: String,
        work: F,
    ) -> Result<(watch::Receiver<Outcome>, bool), Status>
    where
        M: Message,
        F: Future<Output = Result<M, Status>> + Send + 'static,
    {
        let mut entries = self.lock();
        if let Some(entry) = entries.iter().find(|entry| entry.request_id == request_id) {
            if entry.fingerprint != fingerprint {
                return Err(used_for_another(request_id));
            }
            return Ok((entry.outcome.clone(), true));
        }
        let (sender, outcome) = watch::channel(None);
        if entries.len() == REPLIES_MAX {
            entries.pop_front();
        }
        entries.push_back(Entry { request_id: request_id.to_owned(), fingerprint, outcome: outcome.clone() });
        drop(entries);
        let guard = Guard { replies: self.clone(), request_id: request_id.to_owned(), sender };
        tokio::spawn(async move { guard.finish(work.await.map(|reply| reply.encode_to_vec().into())) });
        Ok((outcome, false))
    }

    fn forget(&self, request_id: &str) {
        self.lock().retain(|entry| entry.request_id != request_id);
    }

    /// The list is whole after each statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the command unless it ends with a reply, even if it panics.
struct Guard {
    replies: Replies,
    request_id: String,
    sender: watch::Sender<Outcome>,
}

impl Guard {
    fn finish(self, result: Result<Arc<[u8]>, Status>) {
        if result.is_err() {
            self.replies.forget(&self.request_id);
        }
        self.sender.send_replace(Some(result));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.sender.borrow().is_none() {
            self.replies.forget(&self.request_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use orb_api::v1::ClosePositionResponse as Reply;

    use super::*;

    fn reply(symbol: &str) -> Reply {
        Reply { request_id: symbol.to_owned(), ..Reply::default() }
    }

    async fn run(replies: &Replies, id: &str, what: &str) -> Result<(Reply, bool), Status> {
        let answer = reply(what);
        replies.once(id, what.to_owned(), async move { Ok(answer) }).await
    }

    #[tokio::test]
    async fn a_repeated_command_gets_the_first_reply() {
        let replies = Replies::default();
        assert_eq!(run(&replies, "1", "SPY").await.unwrap(), (reply("SPY"), false));
        assert_eq!(run(&replies, "1", "SPY").await.unwrap(), (reply("SPY"), true));
        assert_eq!(run(&replies, "1", "QQQ").await.unwrap_err().code(), tonic::Code::AlreadyExists);
        assert_eq!(run(&replies, "2", "QQQ").await.unwrap(), (reply("QQQ"), false));
    }

    #[tokio::test]
    async fn two_at_once_are_done_once() {
        let (replies, count) = (Replies::default(), Arc::new(AtomicU32::new(0)));
        let work = || {
            let count = Arc::clone(&count);
            async move {
                tokio::task::yield_now().await;
                count.fetch_add(1, Ordering::SeqCst);
                Ok(reply("SPY"))
            }
        };
        let (first, second) = tokio::join!(
            replies.once("1", String::new(), work()),
            replies.once::<Reply, _>("1", String::new(), work())
        );
        assert_eq!((first.unwrap().1, second.unwrap().1), (false, true));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_failed_command_is_tried_again() {
        let replies = Replies::default();
        let failing = async { Err::<Reply, _>(Status::unavailable("away")) };
        assert_eq!(replies.once("1", "SPY".to_owned(), failing).await.unwrap_err().code(), tonic::Code::Unavailable);
        assert_eq!(run(&replies, "1", "SPY").await.unwrap(), (reply("SPY"), false));
    }

    #[tokio::test]
    async fn only_so_many_are_remembered() {
        let replies = Replies::default();
        for id in 0..=REPLIES_MAX {
            run(&replies, &id.to_string(), "SPY").await.unwrap();
        }
        assert!(run(&replies, &REPLIES_MAX.to_string(), "SPY").await.unwrap().1);
        assert!(!run(&replies, "0", "SPY").await.unwrap().1);
    }
}

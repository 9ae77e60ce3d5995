//! One channel's own task: it takes what waits, as often as it may, and tries again until it went out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bucket::Bucket;
use super::channel::Channel;
use super::error::SendError;
use super::message::Message;
use super::notice::Notice;
use super::queue::Queue;
use crate::monitoring::{Meters, Told};

/// Notices that may wait for one channel.
const ROOM: usize = 100;
/// How long a channel is left alone after a first failure; twice as long after each further one.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause that orb makes by itself.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What waits for a channel, as who tells and the channel's task share it.
#[derive(Debug)]
struct Waiting {
    queue: Mutex<Queue>,
    /// The channel itself; a reload may put another one of its name in its place.
    channel: watch::Sender<Arc<Channel>>,
    news: Notify,
    /// Nothing more comes: what waits goes out at once, or not at all.
    ending: CancellationToken,
}

/// Gives notices to one channel; clones give to the same one. Waits for nothing.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    waiting: Arc<Waiting>,
    meters: Meters,
}

impl Lane {
    /// Makes the lane of a channel, and the future that is its task.
    pub(super) fn open(channel: Channel, meters: &Meters) -> (Self, impl Future<Output = ()> + use<>) {
        let (channel, current) = watch::channel(Arc::new(channel));
        let (queue, ending) = (Mutex::new(Queue::new(ROOM)), CancellationToken::new());
        let waiting = Waiting { queue, channel, news: Notify::new(), ending };
        let lane = Self { waiting: Arc::new(waiting), meters: meters.clone() };
        // The series are there from the start: a rate needs the zero before the first.
        Told::ALL.iter().for_each(|result| lane.count(*result, 0));
        let sender = Sender { lane: lane.clone(), current, is_failing: false, pause: PAUSE_MIN };
        (lane, sender.run())
    }

    /// Returns the channel as it is now.
    pub(super) fn channel(&self) -> Arc<Channel> {
        Arc::clone(&self.waiting.channel.borrow())
    }

    /// Goes on with another channel of the same name, at once if the one of before rests after a failure. What waits
    /// goes there; a message that is on its way comes back if it fails, and goes there too.
    pub(super) fn turn_to(&self, channel: Channel) {
        self.waiting.channel.send_if_modified(|current| {
            let is_other = !current.is_same(&channel);
            if is_other {
                *current = Arc::new(channel);
            }
            is_other
        });
    }

    /// Gives a notice to the channel if it wants it; where there is no room, the oldest of the lightest goes.
    pub(super) fn tell(&self, notice: &Notice) {
        if !self.channel().config.wants(notice.kind, notice.weight) {
            return;
        }
        let gone = self.queue().push(notice.clone());
        self.count(Told::Dropped, gone);
        self.waiting.news.notify_one();
    }

    /// Says that nothing more comes.
    pub(super) fn end(&self) {
        self.waiting.ending.cancel();
    }

    /// Counts what waits as not told: the task was cut off.
    pub(super) fn give_up(&self) {
        if let Some(message) = self.queue().take_all() {
            self.count(Told::Dropped, counted(&message));
            let (channel, left) = (&self.channel().config.name, message.notices.len());
            tracing::warn!(
                component = "Api",
                channel,
                "the channel {channel} was not told {left} messages before the end"
            );
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each change of the queue leaves it whole.
        self.waiting.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, result: Told, notices: u64) {
        self.meters.notifications(&self.channel().config.name, result, notices);
    }
}

/// The task of a lane.
struct Sender {
    lane: Lane,
    current: watch::Receiver<Arc<Channel>>,
    is_failing: bool,
    pause: Duration,
}

impl Sender {
    async fn run(mut self) {
        let mut per_minute = self.channel().config.per_minute;
        let mut bucket = Bucket::per_minute(per_minute, Instant::now());
        let mut rested = false;
        while self.has_work().await {
            if self.channel().config.per_minute != per_minute {
                per_minute = self.channel().config.per_minute;
                bucket = Bucket::per_minute(per_minute, Instant::now());
            }
            let held_back = self.token(&mut bucket).await;
            // What was held back goes as one: otherwise it would be held back again.
            let message = if held_back || rested { self.lane.queue().take_all() } else { self.lane.queue().take_one() };
            let Some(message) = message else { continue };
            let Some(rest) = self.send(message).await else {
                rested = false;
                continue;
            };
            if self.rest(rest).await.is_none() && rested {
                // It was tried again at the end, in vain.
                return self.lane.give_up();
            }
            rested = true;
        }
    }

    /// Returns the channel as it is now.
    fn channel(&mut self) -> Arc<Channel> {
        Arc::clone(&self.current.borrow_and_update())
    }

    /// Leaves the channel alone for a while, or until there is another one in its place; `None` when nothing more comes.
    async fn rest(&mut self, rest: Duration) -> Option<()> {
        let (ending, current) = (&self.lane.waiting.ending, &mut self.current);
        let another = async {
            if current.changed().await.is_err() {
                core::future::pending::<()>().await;
            }
        };
        let rested = tokio::time::timeout(rest, another);
        if ending.run_until_cancelled(rested).await?.is_ok() {
            self.pause = PAUSE_MIN;
        }
        Some(())
    }

    /// Waits until something waits; `false` when nothing does and nothing more comes.
    async fn has_work(&self) -> bool {
        loop {
            if !self.lane.queue().is_empty() {
                return true;
            }
            if self.lane.waiting.ending.is_cancelled() {
                return false;
            }
            tokio::select! {
                () = self.lane.waiting.news.notified() => {}
                () = self.lane.waiting.ending.cancelled() => {}
            }
        }
    }

    /// Waits for a token of the bucket; tells whether it had to. At the end nobody waits.
    async fn token(&self, bucket: &mut Bucket) -> bool {
        let mut waited = false;
        while let Err(until) = bucket.take(Instant::now()) {
            waited = true;
            let ending = &self.lane.waiting.ending;
            if ending.run_until_cancelled(tokio::time::sleep_until(until)).await.is_none() {
                break;
            }
        }
        waited
    }

    /// Sends a message; `None` when it is done with, otherwise it waits again, and this is how long the channel rests.
    async fn send(&mut self, message: Message) -> Option<Duration> {
        let channel = self.channel();
        let (lane, name) = (&self.lane, &channel.config.name);
        match channel.send(&message).await {
            Ok(()) => {
                lane.count(Told::Sent, counted(&message));
                if self.is_failing {
                    tracing::info!(component = "Api", channel = name, "the channel {name} takes messages again");
                }
                (self.is_failing, self.pause) = (false, PAUSE_MIN);
                None
            }
            Err(error) if error.is_passing() => {
                lane.count(Told::Retried, 1);
                self.note(&error);
                let gone = self.lane.queue().put_back(message);
                self.lane.count(Told::Dropped, gone);
                let rest = error.wait().unwrap_or(self.pause).max(PAUSE_MIN);
                self.pause = (self.pause * 2).min(PAUSE_MAX);
                Some(rest)
            }
            Err(error) => {
                lane.count(Told::Failed, counted(&message));
                tracing::warn!(component = "Api", channel = name, "the channel {name} was not told a message: {error}");
                None
            }
        }
    }

    /// Tells the log of the first of several failures.
    fn note(&mut self, error: &SendError) {
        let name = &self.lane.channel().config.name;
        if self.is_failing {
            tracing::debug!(component = "Api", channel = name, "the channel {name} still fails: {error}");
        } else {
            tracing::warn!(
                component = "Api",
                channel = name,
                "the channel {name} fails: {error}; what is to be told waits"
            );
        }
        self.is_failing = true;
    }
}

fn counted(message: &Message) -> u64 {
    message.notices.len() as u64
}

//! From what is committed to the channels, beside everything else: nobody waits for it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::channel::Channel;
use super::config::ChannelConfig;
use super::follow::Follower;
use super::lane::Lane;
use super::notice::Notice;
use crate::monitoring::Meters;
use crate::view::Update;

/// How long the end of the daemon waits for the last messages.
const FAREWELL: Duration = Duration::from_secs(3);

/// Gives notices to every channel that wants them; clones give to the same ones, whichever these are by then. Waits for
/// nothing but a reload that changes the list.
#[derive(Clone, Debug, Default)]
pub struct Teller {
    lanes: Arc<RwLock<Vec<Lane>>>,
}

impl Teller {
    /// Tells one thing that is committed.
    pub fn tell(&self, notice: &Notice) {
        self.lanes().iter().for_each(|lane| lane.tell(notice));
    }

    /// Returns the channels that are told.
    pub(crate) fn channels(&self) -> Vec<Arc<Channel>> {
        self.lanes().iter().map(Lane::channel).collect()
    }

    fn lanes(&self) -> RwLockReadGuard<'_, Vec<Lane>> {
        // Each change of the list leaves it whole.
        self.lanes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Lane>) -> T) -> T {
        change(&mut self.lanes.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells the channels what happens, until it is finished.
#[derive(Debug)]
pub(crate) struct Notifier {
    teller: Teller,
    /// What sends, by the name of its channel.
    tasks: BTreeMap<String, JoinHandle<()>>,
    follower: JoinHandle<()>,
    stop: CancellationToken,
    meters: Meters,
}

impl Notifier {
    /// Starts a task for each channel, and one that follows what is committed from now on.
    ///
    /// Only what comes after this call is told, and what was in force before is told as such: a restart repeats nothing.
    /// A channel that cannot be used is told in the log and left out: notices never keep orb from trading.
    pub(crate) fn start(
        channels: &[ChannelConfig],
        updates: broadcast::Receiver<Arc<Update>>,
        after_crash: bool,
        meters: &Meters,
    ) -> Self {
        let (teller, stop) = (Teller::default(), CancellationToken::new());
        // Without a channel too: one may be added, and what was told before it is not told to it as new.
        let follow = follow(updates, Follower::new(after_crash), teller.clone(), stop.clone());
        let (tasks, meters) = (BTreeMap::new(), meters.clone());
        let mut notifier = Self { teller, tasks, follower: tokio::spawn(follow), stop, meters };
        for config in channels {
            match Channel::open(config) {
                Ok(channel) => notifier.add(channel),
                Err(error) => {
                    let name = &config.name;
                    tracing::warn!(component = "Api", channel = name, "the channel {name} is left out: {error}");
                }
            }
        }
        notifier
    }

    fn add(&mut self, channel: Channel) {
        let name = channel.config.name.clone();
        let (lane, task) = Lane::open(channel, &self.meters);
        self.teller.change(|lanes| lanes.push(lane));
        self.tasks.insert(name, tokio::spawn(task));
    }

    /// Tells these channels from now on, and no others. One that is known by its name keeps what waits for it; one that
    /// is gone gets nothing more from when this returns, and what waited for it is counted as not told.
    pub(crate) async fn take_up(&mut self, channels: Vec<Channel>) {
        let stays = |lane: &Lane| channels.iter().any(|channel| channel.config.name == lane.channel().config.name);
        let gone: Vec<Lane> = self.teller.change(|lanes| lanes.extract_if(.., |lane| !stays(lane)).collect());
        for lane in gone {
            if let Some(task) = self.tasks.remove(&lane.channel().config.name) {
                task.abort();
                // It ends at its next step, which is a wait for another side.
                let _ = task.await;
            }
            lane.give_up();
        }
        for channel in channels {
            let known =
                self.teller.lanes().iter().find(|lane| lane.channel().config.name == channel.config.name).cloned();
            match known {
                Some(lane) => lane.turn_to(channel),
                None => self.add(channel),
            }
        }
    }

    /// Returns what tells the channels of what is committed elsewhere.
    pub(crate) fn teller(&self) -> Teller {
        self.teller.clone()
    }

    /// Tells what is still to be told and a last notice, within a few seconds; what did not go out by then is counted.
    pub(crate) async fn finish(self, last: &Notice) {
        self.stop.cancel();
        // It only takes what is there.
        let _ = self.follower.await;
        self.teller.tell(last);
        self.teller.lanes().iter().for_each(Lane::end);
        let deadline = tokio::time::Instant::now() + FAREWELL;
        for mut task in self.tasks.into_values() {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                let _ = task.await;
            }
        }
        self.teller.lanes().iter().for_each(Lane::give_up);
    }
}

/// Takes every update as it comes; each takes microseconds, so that none is missed.
async fn follow(
    mut updates: broadcast::Receiver<Arc<Update>>,
    mut follower: Follower,
    teller: Teller,
    stop: CancellationToken,
) {
    let tell = |notices: Vec<Notice>| notices.iter().for_each(|notice| teller.tell(notice));
    loop {
        let update = tokio::select! {
            biased;
            update = updates.recv() => update,
            () = stop.cancelled() => break,
        };
        match update {
            Ok(update) => tell(follower.on_update(&update)),
            Err(RecvError::Lagged(missed)) => tell(follower.on_missed(missed)),
            Err(RecvError::Closed) => break,
        }
    }
    // The engine has ended: what it committed last is there.
    loop {
        match updates.try_recv() {
            Ok(update) => tell(follower.on_update(&update)),
            Err(TryRecvError::Lagged(missed)) => tell(follower.on_missed(missed)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        }
    }
}

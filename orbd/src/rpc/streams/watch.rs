//! One stream of several topics, with one numbering and one heartbeat.

use std::{future::Future, pin::Pin};

use orb_api::v1::{self, watch_response::Event};
use tonic::Status;

use super::{
    account::AccountTopic,
    board::Board,
    equity::EquityTopic,
    fills::FillsTopic,
    follow::{Envelope, Source, Told},
    logs::LogsTopic,
    positions::PositionsTopic,
    signals::SignalsTopic,
    status::StatusTopic,
    topic::{News, Subscription, Topic},
};
use crate::{rpc::validate, store::Reader};

/// Tells of several topics.
#[derive(Debug)]
pub(super) struct Watch {
    parts: Vec<Box<dyn Part>>,
}

impl Watch {
    /// Reads what a client asks for.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when there is no topic, one twice or an unknown one, or a filter is none.
    pub(super) fn read(reader: &Reader, request: &v1::WatchRequest) -> Result<Self, Status> {
        let is_repeated = |index: usize| request.topics[..index].contains(&request.topics[index]);
        if request.topics.is_empty() {
            return Err(validate::invalid("topics", "give at least one, such as TOPIC_STATUS"));
        }
        if (0..request.topics.len()).any(is_repeated) {
            return Err(validate::invalid("topics", "one is there twice; give each once"));
        }
        if request.logs.is_some() && !request.topics.contains(&v1::Topic::Logs.into()) {
            return Err(validate::invalid("logs", "goes with TOPIC_LOGS only; add that topic, or leave it out"));
        }
        let parts = request.topics.iter().map(|&topic| part(topic, reader, request));
        Ok(Self { parts: parts.collect::<Result<_, _>>()? })
    }
}

fn part(topic: i32, reader: &Reader, request: &v1::WatchRequest) -> Result<Box<dyn Part>, Status> {
    Ok(match v1::Topic::try_from(topic) {
        Ok(v1::Topic::Status) => Box::new(Subscription::new(StatusTopic)),
        Ok(v1::Topic::Account) => Box::new(Subscription::new(AccountTopic)),
        Ok(v1::Topic::Positions) => Box::new(Subscription::new(PositionsTopic::default())),
        Ok(v1::Topic::Fills) => Box::new(Subscription::new(FillsTopic::default())),
        Ok(v1::Topic::Equity) => Box::new(Subscription::new(EquityTopic)),
        Ok(v1::Topic::Signals) => Box::new(Subscription::new(SignalsTopic::default())),
        Ok(v1::Topic::Logs) => {
            let asked = request.logs.clone().unwrap_or_default();
            Box::new(Subscription::new(LogsTopic::read(reader, &asked)?))
        }
        Ok(v1::Topic::Unspecified) | Err(_) => {
            return Err(validate::invalid("topics", format!("{topic} is no topic; give TOPIC_STATUS, ...")));
        }
    })
}

impl Source for Watch {
    type Message = v1::WatchResponse;
    type News = Event;

    fn resume(&mut self, board: &Board, after: u64) -> bool {
        let is_resumed = self.parts.iter_mut().all(|part| part.resume(board, after));
        if !is_resumed {
            self.parts.iter_mut().for_each(|part| part.start_over());
        }
        is_resumed
    }

    fn mark(&mut self, board: &Board) -> bool {
        self.parts.iter_mut().map(|part| usize::from(part.mark(board))).sum::<usize>() > 0
    }

    async fn prepare(&mut self) -> Result<(), Status> {
        for part in &mut self.parts {
            part.prepare().await?;
        }
        Ok(())
    }

    fn collect(&mut self, board: &Board, out: &mut Vec<Event>) {
        self.parts.iter_mut().for_each(|part| part.collect(board, out));
    }

    fn is_behind(&self, board: &Board) -> bool {
        self.parts.iter().any(|part| part.is_behind(board))
    }

    fn position(&self, board: &Board) -> u64 {
        board.sequence
    }

    fn message(envelope: Envelope, event: Told<Event>) -> v1::WatchResponse {
        let event = match event {
            Told::News(event) => event,
            Told::Heartbeat(beat) => Event::Heartbeat(beat),
            Told::Resumed(resumed) => Event::Resumed(resumed),
            Told::LedgerChanged(changed) => Event::LedgerChanged(changed),
        };
        let Envelope { sequence, ledger_id, server_time, stream_epoch } = envelope;
        v1::WatchResponse { sequence, ledger_id, server_time, stream_epoch, event: Some(event) }
    }
}

/// One topic of several, whichever it is.
trait Part: std::fmt::Debug + Send {
    fn resume(&mut self, board: &Board, after: u64) -> bool;
    fn start_over(&mut self);
    fn mark(&mut self, board: &Board) -> bool;
    fn prepare(&mut self) -> Pin<Box<dyn Future<Output = Result<(), Status>> + Send + '_>>;
    fn collect(&mut self, board: &Board, out: &mut Vec<Event>);
    fn is_behind(&self, board: &Board) -> bool;
}

impl<T: Watched> Part for Subscription<T> {
    /// What has numbers of its own begins with a snapshot, whose rows the client knows by those.
    fn resume(&mut self, board: &Board, after: u64) -> bool {
        T::HAS_OWN_NUMBERS || self.resume(board, after)
    }

    fn start_over(&mut self) {
        self.start_over();
    }

    fn mark(&mut self, board: &Board) -> bool {
        self.mark(board)
    }

    fn prepare(&mut self) -> Pin<Box<dyn Future<Output = Result<(), Status>> + Send + '_>> {
        Box::pin(self.prepare())
    }

    fn collect(&mut self, board: &Board, out: &mut Vec<Event>) {
        out.extend(self.collect(board).map(T::event));
    }

    fn is_behind(&self, board: &Board) -> bool {
        self.is_behind(board)
    }
}

/// Can be one topic of several.
trait Watched: Topic + std::fmt::Debug + Sized {
    /// Whether the stream's sequence says nothing about it.
    const HAS_OWN_NUMBERS: bool = false;

    fn event(news: News<Self>) -> Event;
}

/// Says which events tell of a topic.
macro_rules! watched {
    ($topic:ty, $snapshot:ident, $update:ident $(, $numbers:literal)?) => {
        impl Watched for $topic {
            $(const HAS_OWN_NUMBERS: bool = $numbers;)?

            fn event(news: News<Self>) -> Event {
                match news {
                    News::Snapshot(snapshot) => Event::$snapshot(snapshot),
                    News::Update(update) => Event::$update(update),
                }
            }
        }
    };
}

watched!(StatusTopic, StatusSnapshot, StatusUpdate);
watched!(AccountTopic, Account, Account);
watched!(PositionsTopic, PositionsSnapshot, PositionsUpdate);
watched!(FillsTopic, FillsSnapshot, FillsUpdate);
watched!(EquityTopic, EquitySnapshot, EquityUpdate);
watched!(SignalsTopic, SignalsSnapshot, SignalsUpdate);
watched!(LogsTopic, LogsSnapshot, LogsUpdate, true);

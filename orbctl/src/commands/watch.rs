//! `orbctl watch`.

use std::{
    cell::RefCell,
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use crossterm::event::{Event, EventStream};
use orb_api::{
    Client,
    v1::{StreamLogsRequest, Topic, WatchRequest},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time,
};
use tokio_stream::StreamExt as _;

use crate::{
    cli::Global,
    failure::{Failure, Kind},
    follow::keep,
    session::Session,
    watch::{Console, Screen, Step, draw, perform},
};

/// How often the screen is drawn where no key makes it sooner.
const FRAME: Duration = Duration::from_millis(100);
const LOG_BACKLOG: u32 = 100;
const TOPICS: [Topic; 6] =
    [Topic::Status, Topic::Account, Topic::Positions, Topic::Equity, Topic::Signals, Topic::Logs];

/// Fills the terminal with mode, state, alarms, positions, signals, the day's curve and the log
///
/// K stops all entries at once, without a question. F stops them and closes everything, P
/// pauses, C closes the position that the arrow keys mark; F and C ask. ? shows the keys, q
/// leaves. After 3 seconds of silence everything is grey; a lost connection is taken up again.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

pub(crate) async fn run(global: &Global, Args {}: Args) -> Result<(), Failure> {
    if !(io::stdout().is_terminal() && io::stdin().is_terminal()) {
        return Err(Failure::usage("watch needs a terminal: elsewhere use `orbctl status` and --follow"));
    }
    let session = Session::open_for_command(global).await?;
    let is_coloured = global.colour.is_wanted(&io::stdout());
    let start = Instant::now();
    let console = RefCell::new(Console::new());
    let mut live = session.client.live();
    let open = async |resume_after| {
        let logs = StreamLogsRequest { backlog: Some(LOG_BACKLOG), ..StreamLogsRequest::default() };
        let topics = TOPICS.iter().map(|&topic| topic.into()).collect();
        live.watch(WatchRequest { topics, logs: Some(logs), resume_after }).await
    };
    let feed = keep("watching", open, |told| {
        console.borrow_mut().board.on_told(told, start.elapsed());
        Ok(())
    });
    let unheard = |error: io::Error| Failure::new(Kind::Local, format!("cannot wait for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(unheard)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
    // Whatever ends first drops the screen, and with it the terminal is the shell's again.
    tokio::select! {
        failure = feed => Err(failure),
        ended = show(&console, &session.client, is_coloured, start) => ended,
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// Draws and takes keys until the person leaves.
async fn show(console: &RefCell<Console>, client: &Client, is_coloured: bool, start: Instant) -> Result<(), Failure> {
    let mut screen = Screen::open()?;
    let mut keys = EventStream::new();
    let mut ticks = time::interval(FRAME);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    let mut running = JoinSet::new();
    loop {
        screen.draw(|frame| draw(frame, &console.borrow(), is_coloured, start.elapsed()))?;
        tokio::select! {
            event = keys.next() => {
                if on_event(event, console, client, &mut running)? {
                    return Ok(());
                }
            }
            Some(done) = running.join_next() => console.borrow_mut().on_done(outcome(done)),
            _ = ticks.tick() => {}
        }
    }
}

/// Takes what the terminal tells; returns whether to leave.
fn on_event(
    event: Option<io::Result<Event>>,
    console: &RefCell<Console>,
    client: &Client,
    running: &mut JoinSet<Result<String, Failure>>,
) -> Result<bool, Failure> {
    let gone = |why: String| Failure::new(Kind::Local, format!("the terminal is gone: {why}"));
    let event = event.ok_or_else(|| gone("no more keys".to_owned()))?;
    let Event::Key(key) = event.map_err(|error| gone(error.to_string()))? else {
        // A new size is seen when the screen is drawn.
        return Ok(false);
    };
    match console.borrow_mut().on_key(key) {
        Step::Stay => Ok(false),
        Step::Quit => Ok(true),
        Step::Do(act) => {
            running.spawn(perform(client.clone(), act));
            Ok(false)
        }
    }
}

fn outcome(done: Result<Result<String, Failure>, tokio::task::JoinError>) -> Result<String, String> {
    match done {
        Ok(Ok(words)) => Ok(words),
        Ok(Err(failure)) => Err(failure.to_string()),
        Err(error) => Err(format!("the command did not end: {error}")),
    }
}

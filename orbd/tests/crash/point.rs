//! Where a process is killed, drawn from a number or read from a line.

use core::fmt;
use core::str::FromStr;

use crate::draw::Draw;
use crate::scene::SCENES;

/// Of a hundred points so many kill the process that goes on, too.
const TWICE_PERCENT: u64 = 25;
/// Of a hundred points so many let an operator clear the hold of the crash.
const RESUMED_PERCENT: u64 = 60;
/// The second death comes early: among what is done to go on.
const SECOND_COUNT_MAX: u64 = 25;
/// Where the second death may be.
const SECOND_PLACES: [&str; 7] = ["heard", "decided", "written", "committed", "sending", "sent", "shown"];

/// A passage of a place of the loop, as the daemon's trace tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    /// The place and its count, as in `committed:17`.
    pub(crate) name: String,
    /// The engine's time, in microseconds.
    pub(crate) at: i64,
}

/// Names a scene, where its processes are killed, and whether an operator lets entries through again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) scene: u64,
    /// The passage that ends each process, but for the last one, which none ends.
    pub(crate) deaths: Vec<String>,
    pub(crate) resumes: bool,
}

impl Point {
    /// Returns the scene of a number.
    pub(crate) const fn scene_of(number: u64) -> u64 {
        number % SCENES
    }

    /// Draws a point from a number, among the passages of its scene.
    pub(crate) fn draw(number: u64, passages: &[Passage]) -> Self {
        let mut draw = Draw::new(number);
        let last = u64::try_from(passages.len()).expect("a small number").checked_sub(1).expect("a day has passages");
        let chosen = usize::try_from(draw.from(0, last)).expect("a small number");
        let mut deaths = vec![passages[chosen].name.clone()];
        if draw.percent(TWICE_PERCENT) {
            let place = usize::try_from(draw.from(0, SECOND_PLACES.len() as u64 - 1)).expect("a small number");
            deaths.push(format!("{}:{}", SECOND_PLACES[place], draw.from(1, SECOND_COUNT_MAX)));
        }
        Self { scene: Self::scene_of(number), deaths, resumes: draw.percent(RESUMED_PERCENT) }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resumed = if self.resumes { " resumed" } else { "" };
        write!(f, "{} {}{resumed}", self.scene, self.deaths.join(" "))
    }
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let help = || format!("a point is like `3 committed:17 resumed`, not `{text}`");
        let mut words = text.split_whitespace();
        let scene = words.next().ok_or_else(help)?.parse().ok().filter(|scene| *scene < SCENES).ok_or_else(help)?;
        let (deaths, others): (Vec<&str>, Vec<&str>) = words.partition(|word| word.contains(':'));
        match others[..] {
            [] | ["resumed"] => {}
            _ => return Err(help()),
        }
        let deaths = deaths.into_iter().map(str::to_owned).collect();
        Ok(Self { scene, deaths, resumes: !others.is_empty() })
    }
}

/// Reads the trace that a daemon wrote.
pub(crate) fn passages(trace: &str) -> Vec<Passage> {
    let read = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [place, count, at] = words[..] else { panic!("a line of the trace: `{line}`") };
        Passage { name: format!("{place}:{count}"), at: at.parse().expect(line) }
    };
    trace.lines().map(read).collect()
}

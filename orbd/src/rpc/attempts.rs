//! Slows those who try tokens.
//!
//! Tokens of orb's making have 256 random bits, so trying them is hopeless; what a trier can do is fill logs and keep
//! the machine busy. So it is only failures that are counted and slowed, each peer's own: a good token passes always,
//! also from an address from which bad ones come, because behind a proxy everybody has the same address.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Failures that cost nothing: a person mistypes, a script starts before its token is there.
const FREE: u32 = 5;
/// Failures after which the peer is told to come later.
const SLOWED: u32 = 20;
/// The wait of the first failure that costs something; each further one doubles it.
const WAIT_FIRST: Duration = Duration::from_millis(250);
/// No answer waits longer.
const WAIT_MAX: Duration = Duration::from_secs(4);
/// After so long without a failure a peer begins anew.
const FORGET: Duration = Duration::from_secs(60);
/// Peers that are remembered; the one that failed longest ago goes first.
const PEERS_MAX: usize = 1024;
/// Answers that may be held back at a time; beyond them they are given at once.
const HELD_MAX: usize = 64;

/// Says where a call comes from, as far as failures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// An address; of IPv6 the network alone, of which one machine has all addresses.
    Network(IpAddr),
    /// The socket of this machine, or unknown.
    Local,
}

impl From<Option<IpAddr>> for Source {
    fn from(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Local,
            Some(IpAddr::V6(address)) if !address.is_loopback() => {
                let network = u128::from(address) >> 64 << 64;
                Self::Network(Ipv6Addr::from(network).into())
            }
            Some(address) => Self::Network(address),
        }
    }
}

/// Says how a failure is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// As it is, after a wait that may be zero.
    After(Duration),
    /// With the request to come after so long.
    Later(Duration),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Counts failures by peer, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    peers: Mutex<BTreeMap<Source, Failures>>,
    held: std::sync::Arc<()>,
}

/// Stands for an answer that is held back.
#[derive(Debug)]
pub(super) struct Held(#[expect(dead_code, reason = "it is counted")] std::sync::Arc<()>);

impl Attempts {
    /// Counts a failure and says how it is answered.
    pub(super) fn failed(&self, source: Source, now: Instant) -> Answer {
        let mut peers = self.lock();
        let count = match peers.get(&source) {
            Some(known) if now.duration_since(known.last) < FORGET => known.count.saturating_add(1),
            Some(_) | None => 1,
        };
        peers.insert(source, Failures { count, last: now });
        if peers.len() > PEERS_MAX {
            let oldest = peers.iter().min_by_key(|(_, failures)| failures.last).map(|(source, _)| *source);
            oldest.and_then(|oldest| peers.remove(&oldest));
        }
        match count {
            ..=FREE => Answer::After(Duration::ZERO),
            count if count <= SLOWED => Answer::After((WAIT_FIRST * (1 << (count - FREE - 1).min(8))).min(WAIT_MAX)),
            _ => Answer::Later(FORGET),
        }
    }

    /// Takes one of the places of answers that are held back; `None` when all are taken.
    pub(super) fn hold(&self) -> Option<Held> {
        let held = std::sync::Arc::clone(&self.held);
        (std::sync::Arc::strong_count(&held) <= HELD_MAX + 1).then_some(Held(held))
    }

    /// The map is whole after each statement, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Source, Failures>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Some(text.parse().unwrap()).into()
    }

    #[test]
    fn failures_of_one_peer_cost_more_and_more_and_are_forgotten() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let peer = source("10.0.0.1");
        let answers: Vec<_> = (0..25).map(|_| attempts.failed(peer, start)).collect();
        let after = |millis| Answer::After(Duration::from_millis(millis));
        assert_eq!(answers[..7], [after(0), after(0), after(0), after(0), after(0), after(250), after(500)]);
        assert_eq!((answers[19], answers[20]), (after(4000), Answer::Later(FORGET)));
        assert_eq!(attempts.failed(source("10.0.0.2"), start), after(0));
        assert_eq!(attempts.failed(peer, start + FORGET), after(0));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_is_forgotten() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        for index in 0..3000_u32 {
            let peer = Some(IpAddr::from(index.to_be_bytes())).into();
            attempts.failed(peer, start + Duration::from_millis(index.into()));
        }
        let peers = attempts.lock();
        assert_eq!(peers.len(), PEERS_MAX);
        assert!(!peers.contains_key(&source("0.0.0.1")));
        drop(peers);
        let held: Vec<_> = (0..HELD_MAX).map(|_| attempts.hold().unwrap()).collect();
        assert!(attempts.hold().is_none());
        drop(held);
        assert!(attempts.hold().is_some());
    }

    #[test]
    fn a_network_of_version_6_is_one_peer() {
        assert_eq!(source("2001:db8::1"), source("2001:db8::2"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:10.0.0.1"), source("10.0.0.1"));
    }
}

//! How many connections an address may have.
//!
//! Each connection takes a file and some memory of the daemon, with or without a token. An address that has its share
//! is still let in, a little later into a crowd: there commands alone are served, so that a kill gets through whatever
//! else runs on that machine, and a connection lasts for moments only.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::rpc::attempts::Source;

/// Connections of one address when nothing else is said. Behind a proxy everybody has the proxy's.
pub(crate) const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");
/// Connections of one address beyond its share, which commands alone can be given over.
const CROWD_MAX: usize = 16;

/// Counts the connections of each address. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Places {
    most: Arc<AtomicUsize>,
    taken: Arc<Mutex<BTreeMap<Source, usize>>>,
}

/// Stands for one connection until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    source: Source,
    /// The address has more connections than its share.
    pub(super) is_crowded: bool,
}

impl Places {
    pub(super) fn new(most: NonZeroUsize) -> Self {
        Self { most: Arc::new(AtomicUsize::new(most.get())), taken: Arc::default() }
    }

    /// Gives each address another share; connections that are open stay.
    pub(super) fn allow(&self, most: NonZeroUsize) {
        self.most.store(most.get(), Ordering::Relaxed);
    }

    /// Takes a place for a connection; `None` when its address has filled the crowd too.
    pub(super) fn take(&self, source: Source) -> Option<Place> {
        let (mut taken, most) = (self.lock(), self.most.load(Ordering::Relaxed));
        let own = taken.entry(source).or_default();
        if *own >= most + CROWD_MAX {
            return None;
        }
        *own += 1;
        let is_crowded = *own > most;
        drop(taken);
        Some(Place { places: self.clone(), source, is_crowded })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Source, usize>> {
        // Whole whenever the lock is free: nothing panics between its changes.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(own) = taken.get_mut(&self.source) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn source(text: &str) -> Source {
        Some(text.parse::<IpAddr>().unwrap()).into()
    }

    #[test]
    fn an_address_has_its_share_and_a_small_crowd_and_others_have_their_own() {
        let places = Places::new(NonZeroUsize::new(3).unwrap());
        let mut held: Vec<_> = (0..3).map(|_| places.take(source("10.0.0.1")).unwrap()).collect();
        assert!(held.iter().all(|place| !place.is_crowded));
        let crowd: Vec<_> = (0..CROWD_MAX).map(|_| places.take(source("10.0.0.1")).unwrap()).collect();
        assert!(crowd.iter().all(|place| place.is_crowded));
        assert!(places.take(source("10.0.0.1")).is_none());
        assert!(places.take(source("10.0.0.2")).is_some_and(|place| !place.is_crowded));
        drop(crowd);
        held.pop();
        assert!(places.take(source("10.0.0.1")).is_some_and(|place| !place.is_crowded), "a place that is free again");
        drop(held);
        assert!(places.lock().is_empty(), "who has gone is forgotten");
    }

    #[test]
    fn another_share_counts_for_new_connections() {
        let places = Places::new(NonZeroUsize::new(1).unwrap());
        let _first = places.take(source("10.0.0.1")).unwrap();
        places.allow(NonZeroUsize::new(2).unwrap());
        assert!(!places.take(source("10.0.0.1")).unwrap().is_crowded);
        places.clone().allow(NonZeroUsize::MIN);
        assert!(places.take(source("10.0.0.1")).unwrap().is_crowded, "clones share it");
    }

    #[test]
    fn a_machine_with_a_whole_network_has_one_share() {
        let places = Places::new(NonZeroUsize::new(1).unwrap());
        let first = places.take(source("2001:db8::1")).unwrap();
        assert!(places.take(source("2001:db8::2")).unwrap().is_crowded);
        assert!(!places.take(source("2001:db8:0:1::1")).unwrap().is_crowded);
        drop(first);
    }
}

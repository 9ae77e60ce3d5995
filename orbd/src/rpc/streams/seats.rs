//! How many streams there may be.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tonic::Status;

use crate::monitoring::{Meters, StreamClient};

/// Streams on one token.
pub(super) const PER_CALLER_MAX: usize = 32;
/// Streams of all callers.
pub(super) const TOTAL_MAX: usize = 1024;

/// Counts the streams of each caller.
#[derive(Clone, Debug, Default)]
pub(super) struct Seats {
    taken: Arc<Mutex<Taken>>,
    meters: Meters,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_caller: BTreeMap<Arc<str>, usize>,
}

/// Stands for one open stream.
#[derive(Debug)]
pub(in crate::rpc) struct Seat {
    seats: Seats,
    caller: Arc<str>,
    _counted: StreamClient,
}

impl Seats {
    /// Makes places that are counted for the figures too.
    pub(super) fn counted(meters: &Meters) -> Self {
        Self { meters: meters.clone(), ..Self::default() }
    }

    /// Takes a place for a stream, until what is returned is dropped.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` when the caller has its share, or all places are taken.
    pub(super) fn take(&self, caller: &Arc<str>) -> Result<Seat, Status> {
        let mut taken = self.lock();
        let own = taken.by_caller.get(caller).copied().unwrap_or(0);
        if own >= PER_CALLER_MAX {
            return Err(Status::resource_exhausted(format!(
                "this token has {PER_CALLER_MAX} streams open, which is the most: end one, or watch several topics in \
                 one stream of LiveService.Watch"
            )));
        }
        if taken.total >= TOTAL_MAX {
            return Err(Status::resource_exhausted(format!(
                "the daemon serves {TOTAL_MAX} streams, which is the most: end some, or try again later"
            )));
        }
        taken.total += 1;
        taken.by_caller.insert(Arc::clone(caller), own + 1);
        Ok(Seat { seats: self.clone(), caller: Arc::clone(caller), _counted: self.meters.stream() })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Whole whenever the lock is free: nothing panics between its changes.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.total -= 1;
        let left = taken.by_caller.get(&self.caller).map_or(0, |own| own - 1);
        if left == 0 {
            taken.by_caller.remove(&self.caller);
        } else {
            taken.by_caller.insert(Arc::clone(&self.caller), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_caller_has_so_many_streams_and_a_dropped_one_gives_its_place_back() {
        let (seats, ann, bob) = (Seats::default(), Arc::from("ann"), Arc::from("bob"));
        let mut held: Vec<_> = (0..PER_CALLER_MAX).map(|_| seats.take(&ann).unwrap()).collect();
        let refused = seats.take(&ann).unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(refused.message().contains("LiveService.Watch"), "{refused}");
        assert!(seats.take(&bob).is_ok(), "another caller has places of its own");
        held.pop();
        held.push(seats.take(&ann).unwrap());
        drop(held);
        let taken = seats.lock();
        assert_eq!((taken.total, taken.by_caller.len()), (0, 0));
    }

    #[test]
    fn all_callers_together_have_so_many_streams() {
        let seats = Seats::default();
        let caller = |number: usize| Arc::from(format!("caller-{}", number / PER_CALLER_MAX));
        let held: Vec<_> = (0..TOTAL_MAX).map(|number| seats.take(&caller(number)).unwrap()).collect();
        let refused = seats.take(&Arc::from("late")).unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        drop(held);
        assert!(seats.take(&Arc::from("late")).is_ok());
    }
}

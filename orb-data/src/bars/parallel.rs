//! Work spread over a bounded number of threads.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Returns how many threads the machine runs at once.
pub(super) fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does `count` pieces of work on at most `threads` threads and returns their results in order.
///
/// Pieces are begun in order, and none after one has failed; so the error returned is that of the first piece that
/// fails, whatever the number of threads.
pub(super) fn in_parallel<T: Send, E: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    if threads.min(count) <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(count));
    let run = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let result = work(index);
            if result.is_err() {
                next.fetch_add(count, Ordering::Relaxed);
            }
            results.lock().expect("no thread panics while it holds the results").push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            scope.spawn(run);
        }
        run();
    });
    let mut results = results.into_inner().expect("no thread panicked while it held the results");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_and_the_first_error() {
        for threads in [1, 2, 5] {
            let squares: Result<Vec<usize>, ()> = in_parallel(threads, 100, |index| Ok(index * index));
            assert_eq!(squares, Ok((0..100).map(|index| index * index).collect()));
            let failed: Result<Vec<()>, usize> =
                in_parallel(threads, 100, |index| if index % 30 == 29 { Err(index) } else { Ok(()) });
            assert_eq!(failed, Err(29));
        }
    }
}

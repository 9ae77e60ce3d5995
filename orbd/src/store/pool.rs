//! A few connections, shared by readers.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::connect::{AnyConn, Purpose, connect};
use super::error::StoreError;
use super::url::DatabaseUrl;

/// Bounds the connections of a pool.
const CONNECTIONS_MAX: usize = 4;

/// Lends connections of one purpose. Clones share them.
#[derive(Clone)]
pub(in crate::store) struct Pool(Arc<Inner>);

struct Inner {
    url: DatabaseUrl,
    purpose: Purpose,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<AnyConn>,
    lent: usize,
}

impl Pool {
    /// Makes a pool that opens its connections when they are needed.
    pub(in crate::store) fn new(url: &DatabaseUrl, purpose: Purpose) -> Self {
        let (state, returned) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Inner { url: url.clone(), purpose, state, returned }))
    }

    /// Runs a query; once more on a new connection where the one that had been idle turns out to be lost.
    pub(in crate::store) fn with<T>(
        &self,
        mut query: impl FnMut(&mut AnyConn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut loan = self.lend();
        if let Some(conn) = loan.conn.as_mut() {
            match query(conn) {
                Err(error) if error.is_lost() => loan.conn = None,
                done => return done,
            }
        }
        let conn = loan.conn.insert(connect(&self.0.url, self.0.purpose)?);
        let done = query(conn);
        if done.as_ref().is_err_and(StoreError::is_lost) {
            loan.conn = None;
        }
        done
    }

    fn lend(&self) -> Loan<'_> {
        let mut state = self.0.state();
        while state.lent >= CONNECTIONS_MAX {
            state = self.0.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.lent += 1;
        Loan { inner: &self.0, conn: state.idle.pop() }
    }
}

impl Inner {
    /// A panic of another thread leaves a list of connections as good as before.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the connection back however the query ends.
struct Loan<'a> {
    inner: &'a Inner,
    conn: Option<AnyConn>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let conn = self.conn.take().filter(|_| !std::thread::panicking());
        let mut state = self.inner.state();
        state.lent -= 1;
        state.idle.extend(conn);
        drop(state);
        self.inner.returned.notify_one();
    }
}

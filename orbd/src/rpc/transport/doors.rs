//! What of the way in may change while the API is served: certificates, names and pages, connections of an address.

use std::{
    num::NonZeroUsize,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    Exposure, TlsError, WebRules,
    places::Places,
    tls::{Certificates, Fresh},
};

/// The names and pages that are let in now. Clones share them.
#[derive(Clone, Debug, Default)]
pub(in crate::rpc) struct Visitors(Arc<RwLock<Arc<WebRules>>>);

impl Visitors {
    pub(super) fn new(rules: WebRules) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(rules))))
    }

    /// Returns the rules in force.
    pub(in crate::rpc) fn rules(&self) -> Arc<WebRules> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn turn_to(&self, rules: WebRules) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}

/// Changes the way in while the API is served. Clones change the same one.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    pub(super) visitors: Visitors,
    pub(super) places: Places,
    pub(super) certificates: Option<Arc<Certificates>>,
}

/// Holds what the way in is changed to, read and found good.
#[derive(Debug)]
pub(crate) struct Opened {
    rules: WebRules,
    connections: NonZeroUsize,
    certificates: Option<Fresh>,
}

impl Opened {
    /// Tells whether the certificates are others than those in force; `None` where there are none.
    pub(crate) fn has_other_certificates(&self) -> Option<bool> {
        self.certificates.as_ref().map(|fresh| fresh.is_other)
    }
}

impl Doors {
    /// Reads what the way in is to be changed to, and changes nothing; the address, the socket and whether there is
    /// encryption stay as they are.
    ///
    /// # Errors
    /// [`TlsError`] when the certificates cannot be read, or do not go together.
    pub(crate) fn read(&self, exposure: &Exposure) -> Result<Opened, TlsError> {
        let certificates = match (&self.certificates, &exposure.tls) {
            (Some(certificates), Some(files)) => Some(certificates.read_again(files)?),
            (Some(_) | None, _) => None,
        };
        Ok(Opened { rules: exposure.web.clone(), connections: exposure.connections, certificates })
    }

    /// Changes the way in; connections that are open stay.
    pub(crate) fn turn_to(&self, opened: Opened) {
        let Opened { rules, connections, certificates } = opened;
        self.visitors.turn_to(rules);
        self.places.allow(connections);
        if let (Some(kept), Some(fresh)) = (&self.certificates, certificates) {
            kept.turn_to(fresh);
        }
    }
}

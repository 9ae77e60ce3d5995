//! The engine among faults: a broker that lies, loses, repeats, and is late.

mod rig;
mod script;

mod barrier;
mod basics;
mod breaker;
mod closing;
mod coverage;
mod holds;
mod live;
mod lookups;
mod reconcile;
mod restart;

//! The engine among faults: a broker that lies, loses, repeats, and is late.

mod rig;
mod script;

mod adoption;
mod alarms;
mod barrier;
mod basics;
mod breaker;
mod closing;
mod closing_halted;
mod closing_resumed;
mod corrections;
mod coverage;
mod daily_loss;
mod holds;
mod holds_matrix;
mod live;
mod lookups;
mod reconcile;
mod restart;
mod scan;

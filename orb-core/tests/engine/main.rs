//! The engine among faults: a broker that lies, loses, repeats, and is late.

mod rig;
mod script;

mod basics;

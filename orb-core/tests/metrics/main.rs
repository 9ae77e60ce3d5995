//! The metrics against figures that are known: by hand, from papers, from other packages, and by their own laws.

mod bootstrap;
mod breakdowns;
mod days;
mod properties;
mod reference;
mod rig;
mod significance;
mod trades;

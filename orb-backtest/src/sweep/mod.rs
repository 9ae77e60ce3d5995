//! The pure half of a search over settings: what is tried, what lies beside what, what is learned on which days.

mod axes;
mod objective;
mod walk_forward;

pub use axes::{Axes, Axis, AxisError, VALUES_MAX, neighbour_mean, steps};
pub use objective::{OBJECTIVES, Objective, UnknownObjective};
pub use walk_forward::{Split, WalkForward, WalkForwardError, Window, metrics_of, stitch};

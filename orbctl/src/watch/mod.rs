//! The screen of `orbctl watch`: what it knows, what its keys do, how it looks.

mod act;
mod board;
mod console;
mod curve;
mod panes;
mod popup;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod view;

pub(crate) use act::{Act, perform};
pub(crate) use board::Board;
pub(crate) use console::{Console, Step};
pub(crate) use terminal::Screen;
pub(crate) use theme::Theme;
pub(crate) use view::draw;

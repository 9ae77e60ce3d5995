//! The API as a client sees it: a real server and a real database, and a runtime that is played.

mod access;
mod commands;
mod fan_out;
mod fixture;
mod fuzz;
mod lists;
mod streams;
mod topics;

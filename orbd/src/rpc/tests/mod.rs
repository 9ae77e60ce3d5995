//! The API as a client sees it: a real server and a real database, and a runtime that is played.

mod access;
mod calls;
mod commands;
mod fan_out;
mod fixture;
mod fuzz;
mod lists;
mod replies;
mod streams;
mod topics;

//! Tests of notices: what is told, what it looks like, and what becomes of it at servers of all kinds.

mod delivery;
mod following;
mod held_back;
mod made;
mod mail;
mod renewed;
mod server;
mod smtp;
mod templates;
mod tls;

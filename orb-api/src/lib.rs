//! The gRPC contract of orb: generated code, conversions and a typed client.
//!
//! The contract itself is `proto/orb/v1/*.proto`; [`v1`] is generated from it. [`Client`]
//! connects and authenticates. [`decimal`] and [`time`] convert between the wire's
//! decimal strings and timestamps and plain integers.

mod client;
pub mod decimal;
mod refusal;
pub mod time;
mod token;

pub use client::{Authorized, Bearer, Client, ClientIdentity, ConnectError, Endpoint};
pub use refusal::{ERROR_DOMAIN, FieldFault, REMEDY, Refusal};
pub use token::{Token, TokenError};

/// The encoded `FileDescriptorSet` of [`v1`] and what it imports, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/orb.v1.bin"));

/// The default number of rows of a page, where a request says 0.
pub const PAGE_SIZE_DEFAULT: u32 = 50;

/// The greatest number of rows of a page; more is taken as this.
pub const PAGE_SIZE_MAX: u32 = 1000;

/// The messages, clients and servers of package `orb.v1`.
#[expect(unused_qualifications, clippy::allow_attributes, reason = "generated code")]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/orb.v1.rs"));
}

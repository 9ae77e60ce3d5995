//! The four kinds of requests, as endpoints of the client library: none of its own keeps a refusal's code and extras.

use std::borrow::Cow;
use std::convert::Infallible;

use http::{Method, StatusCode};
use http_endpoint::{Bytes, EndpointDef, Str};

use super::super::wire::order::ErrorBody;

/// Holds what is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    /// Path on the host, percent-encoded.
    pub(crate) path: String,
    /// Query without the question mark, encoded; empty for none.
    pub(crate) query: String,
    /// JSON; empty for none.
    pub(crate) body: Vec<u8>,
}

/// What the broker said in place of what was wanted: a refusal as it writes them, or whatever else it was.
pub(super) type Said = Result<ErrorBody, Vec<u8>>;

/// Takes an endpoint's error apart; `None` when the request could not be made.
pub(super) trait StatusError {
    fn into_status(self) -> Option<(StatusCode, Said)>;
}

macro_rules! endpoint {
    ($(#[$doc:meta])* $name:ident, $error:ident, $method:ident) => {
        EndpointDef! {
            $(#[$doc])*
            pub(super) $name(Call),
            Ok => Vec<u8>, [OK, NO_CONTENT,],
            Err => $error, [],
            ConversionErr => Infallible,
            ApiErr => ErrorBody,

            fn method() -> Method {
                Method::$method
            }
            fn path(call: &Call) -> Str {
                Cow::Owned(call.path.clone())
            }
            fn query(call: &Call) -> Result<Option<Str>, Infallible> {
                Ok((!call.query.is_empty()).then(|| Cow::Owned(call.query.clone())))
            }
            fn body(call: &Call) -> Result<Option<Bytes>, Infallible> {
                Ok((!call.body.is_empty()).then(|| Cow::Owned(call.body.clone())))
            }
            fn parse(body: &[u8]) -> Result<Vec<u8>, Infallible> {
                Ok(body.to_vec())
            }
            fn parse_err(body: &[u8]) -> Result<ErrorBody, Vec<u8>> {
                serde_json::from_slice(body).map_err(|_| body.to_vec())
            }
        }

        impl StatusError for $error {
            fn into_status(self) -> Option<(StatusCode, Said)> {
                match self {
                    Self::UnexpectedStatus(status, said) => Some((status, said)),
                    Self::Http(_) => None,
                    Self::Conversion(never) => match never {},
                }
            }
        }
    };
}

endpoint! {
    /// Asks for something.
    Get, GetError, GET
}
endpoint! {
    /// Makes something.
    Post, PostError, POST
}
endpoint! {
    /// Changes something.
    Patch, PatchError, PATCH
}
endpoint! {
    /// Ends something.
    Delete, DeleteError, DELETE
}

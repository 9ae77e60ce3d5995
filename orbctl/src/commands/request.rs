//! What every command that changes something carries.

use clap::Args;

use crate::failure::{Failure, Kind};

/// Who asks again, and why.
#[derive(Args, Clone, Debug)]
pub(crate) struct Request {
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// The id of the request, a UUID; repeating an id never acts twice
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
}

impl Request {
    /// Returns the id given, or a new one.
    pub(crate) fn id(&self) -> Result<String, Failure> {
        self.request_id.clone().map_or_else(random_uuid, Ok)
    }
}

/// Explains a failure after which it is open whether the daemon acted.
pub(crate) fn explain(failure: Failure, request_id: &str) -> Failure {
    if failure.kind() == Kind::Unavailable {
        failure.with_hint(format!("it may have been done: repeat it with --request-id {request_id}"))
    } else {
        failure
    }
}

/// Makes a UUID of version 4.
pub(crate) fn random_uuid() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Kind::Local, format!("the system has no random numbers: {error}")))?;
    let value = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{value:032x}");
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_random_uuid() {
        let (one, two) = (random_uuid().unwrap(), random_uuid().unwrap());
        assert_ne!(one, two);
        let parts: Vec<_> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4");
        assert!(matches!(&one[19..20], "8" | "9" | "a" | "b"), "{one}");
    }
}

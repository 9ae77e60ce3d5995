//! What a refusal says to programs: the details of a status, read.

use std::time::Duration;

use tonic::Status;
use tonic_types::StatusExt as _;

/// The domain of the reasons in refusals (`google.rpc.ErrorInfo`).
pub const ERROR_DOMAIN: &str = "orb";

/// The key under which the details of a refusal say what to do.
pub const REMEDY: &str = "remedy";

/// The details of a refusal. A refusal of an older daemon, or of something between, has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Why, as a code in capital letters that does not change, such as `ROLE_TOO_LOW`. Absent without details.
    pub reason: Option<String>,
    /// What to do, in words. Absent when there is nothing to say.
    pub remedy: Option<String>,
    /// The fields of the request that are at fault.
    pub fields: Vec<FieldFault>,
    /// After which time the call may be made again. Absent when waiting does not help.
    pub retry_after: Option<Duration>,
}

/// A field of a request that is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// The field's name in the contract.
    pub field: String,
    /// What is wrong with it, and what to do.
    pub description: String,
}

impl Refusal {
    /// Reads the details of a status.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| info.domain == ERROR_DOMAIN);
        let violations = details.bad_request().map(|request| request.field_violations.as_slice()).unwrap_or_default();
        let fault = |of: &tonic_types::FieldViolation| FieldFault {
            field: of.field.clone(),
            description: of.description.clone(),
        };
        Self {
            reason: info.map(|info| info.reason.clone()),
            remedy: info.and_then(|info| info.metadata.get(REMEDY).cloned()),
            fields: violations.iter().map(fault).collect(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic::Code;
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn details_are_read_and_may_be_missing_or_foreign() {
        assert_eq!(Refusal::of(&Status::internal("x")), Refusal::default());
        let damaged = Status::with_details(Code::Internal, "x", bytes(&[0xFF, 0xFF]));
        assert_eq!(Refusal::of(&damaged), Refusal::default());
        let metadata = HashMap::from([(REMEDY.to_owned(), "wait".to_owned())]);
        let foreign = ErrorDetails::with_error_info("X", "example.com", metadata.clone());
        assert_eq!(Refusal::of(&Status::with_error_details(Code::Aborted, "x", foreign)), Refusal::default());
        let mut own = ErrorDetails::with_error_info("X", ERROR_DOMAIN, metadata);
        own.add_bad_request_violation("symbol", "empty").set_retry_info(Some(Duration::from_secs(1)));
        let refusal = Refusal::of(&Status::with_error_details(Code::Aborted, "x", own));
        assert_eq!((refusal.reason.as_deref(), refusal.remedy.as_deref()), (Some("X"), Some("wait")));
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(1)));
        assert_eq!((&*refusal.fields[0].field, &*refusal.fields[0].description), ("symbol", "empty"));
    }

    fn bytes(bytes: &'static [u8]) -> prost::bytes::Bytes {
        prost::bytes::Bytes::from_static(bytes)
    }
}

//! Refusals with details for programs: why as a code, what to do, and which field or state is at fault.
//!
//! A message reads "what is wrong; what to do". The second part is also the `remedy` of the details.

use std::{collections::HashMap, time::Duration};

use orb_api::{ERROR_DOMAIN, REMEDY};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Refuses with a reason that programs can tell apart, in capital letters.
pub(super) fn refuse(code: Code, reason: &str, message: impl Into<String>) -> Status {
    let message = message.into();
    let details = details(reason, &message, HashMap::new());
    Status::with_error_details(code, message, details)
}

/// Refuses a field's value.
pub(super) fn field(field: &str, what: &str) -> Status {
    let mut details = details("INVALID_FIELD", what, HashMap::from([("field".to_owned(), field.to_owned())]));
    details.add_bad_request_violation(field, what);
    Status::with_error_details(Code::InvalidArgument, format!("{field}: {what}"), details)
}

/// Refuses what cannot be in this state; `subject` is what would have to change.
pub(super) fn precondition(reason: &str, subject: &str, message: &str) -> Status {
    let mut details = details(reason, message, HashMap::new());
    details.add_precondition_failure_violation(reason, subject, message);
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// Refuses for now.
pub(super) fn later(code: Code, reason: &str, message: &str, wait: Duration) -> Status {
    let mut details = details(reason, message, HashMap::new());
    details.set_retry_info(Some(wait));
    Status::with_error_details(code, message, details)
}

fn details(reason: &str, message: &str, mut metadata: HashMap<String, String>) -> ErrorDetails {
    if let Some((_, remedy)) = message.split_once("; ") {
        metadata.insert(REMEDY.to_owned(), remedy.to_owned());
    }
    ErrorDetails::with_error_info(reason, ERROR_DOMAIN, metadata)
}

#[cfg(test)]
mod tests {
    use orb_api::Refusal;

    use super::*;

    #[test]
    fn details_are_read_back() {
        let status = field("page_size", "-1 is negative; give 1 to 1000");
        assert_eq!(
            (status.code(), status.message()),
            (Code::InvalidArgument, "page_size: -1 is negative; give 1 to 1000")
        );
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.reason.as_deref(), Some("INVALID_FIELD"));
        assert_eq!(refusal.remedy.as_deref(), Some("give 1 to 1000"));
        assert_eq!(refusal.fields[0].field, "page_size");
        let refusal = Refusal::of(&later(Code::ResourceExhausted, "TOO_MANY", "too many", Duration::from_secs(3)));
        assert_eq!((refusal.retry_after, refusal.remedy), (Some(Duration::from_secs(3)), None));
        let status = precondition("NOT_FLAT", "positions", "positions are open; close them first");
        assert_eq!(status.code(), Code::FailedPrecondition);
        let violation = &status.get_details_precondition_failure().unwrap().violations[0];
        assert_eq!((&*violation.r#type, &*violation.subject), ("NOT_FLAT", "positions"));
        assert_eq!(Refusal::of(&status).remedy.as_deref(), Some("close them first"));
    }
}

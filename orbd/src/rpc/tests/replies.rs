//! What every reply has, whatever was asked for.

use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use tonic::Code;

use super::{
    calls::{Calls, methods, path},
    fixture::Fixture,
};
use crate::auth::is_command;

/// What has no reply here, and why: one environment, no curve, no report, and no bars.
const WITHOUT: [(&str, Code); 5] = [
    ("ReloadConfig", Code::FailedPrecondition),
    ("SetEnvironment", Code::FailedPrecondition),
    ("GetIntradayEquity", Code::NotFound),
    ("GetParityReport", Code::NotFound),
    ("ListBars", Code::NotFound),
];

/// Fills in what a request needs, by the names of its fields.
fn request(method: &MethodDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(method.input());
    let text = |text: &str| Value::String(text.to_owned());
    for field in method.input().fields().filter(|field| !field.is_list()) {
        let value = match field.name() {
            "request_id" => text(method.name()),
            "reason" => text("a test"),
            "symbol" => text("NVDA"),
            "date" => text("2026-02-13"),
            "client_order_id" => text("order-0"),
            "account_id" => text("SIM"),
            "id" if method.name() == "GetSignal" => text("2026-02-13/orb-classic/NVDA/1"),
            "action" | "environment" => Value::EnumNumber(1),
            "max_positions" => Value::U32(4),
            _ => continue,
        };
        message.set_field(&field, value);
    }
    message
}

fn text_of<'a>(message: &'a DynamicMessage, field: &str) -> std::borrow::Cow<'a, Value> {
    message.get_field_by_name(field).unwrap_or_else(|| panic!("there is no {field} in {message:?}"))
}

#[tokio::test]
async fn every_reply_of_every_method_names_its_books_and_the_mode() {
    let (fixture, mut replies) = (Fixture::start().await, 0);
    let ledger = fixture.handle.current().ledger.id.to_string();
    let shared = Calls::of(fixture, "20S");
    for method in methods().iter().filter(|method| !method.is_server_streaming()) {
        let message = request(method).encode_to_vec();
        // A command changes what the next one finds.
        let (code, reply) = if is_command(&path(method)) {
            Calls::of(Fixture::start().await, "20S").call(method, &message).await
        } else {
            shared.call(method, &message).await
        };
        if code != Code::Ok {
            assert!(WITHOUT.contains(&(method.name(), code)), "{}: {code:?}", method.full_name());
            continue;
        }
        let reply = DynamicMessage::decode(method.output(), &*reply).unwrap();
        let books = text_of(&reply, "ledger");
        let books = books.as_message().unwrap_or_else(|| panic!("{}: {reply:?}", method.full_name()));
        assert_eq!(text_of(books, "id").as_str(), Some(&*ledger), "{}", method.full_name());
        let mode = text_of(books, "environment").as_enum_number();
        assert_eq!(mode, Some(orb_api::v1::Environment::Sim.into()), "{}", method.full_name());
        replies += 1;
    }
    assert!(replies > 25, "{replies}");
}

//! Requests of any content, straight into the services: each is replied to or refused with a reason, and none is fatal.

use proptest::{prelude::any, strategy::Strategy, strategy::ValueTree as _, test_runner::TestRunner};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use tonic::Code;

use super::{
    calls::{Calls, methods},
    fixture::Fixture,
};

/// Requests of each method that are messages of its kind.
const MESSAGES: usize = 60;
/// Requests of each method that are any bytes.
const BYTES: usize = 20;
/// Messages within messages that are filled.
const DEPTH: usize = 4;
/// Texts that mean something to somebody.
const TEXTS: [&str; 24] = [
    "",
    "NVDA",
    "aapl",
    "NO SUCH",
    "orb-classic",
    "order-0",
    "r-1",
    "r-2",
    "2026-02-13",
    "2026-02-30",
    "0000-00-00",
    "0.05",
    "-1",
    "1e99",
    "99999999999999999999999999.999999999",
    "NaN",
    "a\nb",
    "\0",
    "é\u{202e}\u{1F600}",
    "' OR 1=1 --",
    "%_\\",
    "2026-02-13/orb-classic/NVDA/1",
    "NVDA|orb-classic",
    "DEMO-1",
];

/// Random bytes, of which a request is made; zeros behind their end.
struct Tape<'a>(std::slice::Iter<'a, u8>);

impl Tape<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[usize::from(self.byte()) % values.len()]
    }

    fn text(&mut self) -> String {
        match self.byte() % 8 {
            0 => "x".repeat(usize::from(self.byte()) * 8),
            1 => {
                let bytes: Vec<_> = (0..self.byte() % 16).map(|_| self.byte()).collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => self.one_of(&TEXTS).to_owned(),
        }
    }

    fn message(&mut self, kind: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(kind.clone());
        for field in kind.fields().filter(|_| depth < DEPTH) {
            if self.byte().is_multiple_of(3) {
                continue;
            }
            let value = if field.is_list() {
                Value::List((0..self.byte() % 4).map(|_| self.value(&field, depth)).collect())
            } else {
                self.value(&field, depth)
            };
            message.set_field(&field, value);
        }
        message
    }

    fn value(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        match field.kind() {
            Kind::Message(kind) => Value::Message(self.message(&kind, depth + 1)),
            Kind::Enum(_) => Value::EnumNumber(i32::from(self.byte() % 12) - 1),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes(self.text().into_bytes().into()),
            Kind::Bool => Value::Bool(self.byte().is_multiple_of(2)),
            Kind::Double => Value::F64(self.one_of(&[0.0, -1.0, 0.5, 1e308, f64::NAN, f64::INFINITY])),
            Kind::Float => Value::F32(self.one_of(&[0.0, -1.0, 0.5, f32::NAN, f32::INFINITY])),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                Value::I32(self.one_of(&[0, 1, -1, 7, 1_000, i32::MAX, i32::MIN]))
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                Value::I64(self.one_of(&[0, 1, -1, 1_770_000_000, i64::MAX, i64::MIN]))
            }
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.one_of(&[0, 1, 7, 1_000, u32::MAX])),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.one_of(&[0, 1, 1_000, u64::MAX])),
        }
    }
}

#[tokio::test]
async fn requests_of_any_content_are_replied_to_or_refused() {
    let fixture = Fixture::start().await;
    let calls = Calls::of(fixture, "300m");
    let mut runner = TestRunner::deterministic();
    let bytes = proptest::collection::vec(any::<u8>(), 0..160);
    let mut tape = || bytes.new_tree(&mut runner).unwrap().current();
    let mut codes = std::collections::BTreeMap::<i32, u32>::new();
    for method in methods() {
        for _ in 0..MESSAGES {
            let tape = tape();
            let message = Tape(tape.iter()).message(&method.input(), 0);
            let (code, _) = calls.call(&method, &message.encode_to_vec()).await;
            let is_fault = matches!(code, Code::Unknown | Code::Internal | Code::DataLoss | Code::Unauthenticated);
            assert!(!is_fault, "{}: {code:?}: {message:?}", method.full_name());
            *codes.entry(code as i32).or_default() += 1;
        }
        for _ in 0..BYTES {
            // What is no message is told as INTERNAL, which is gRPC's own code for it.
            calls.call(&method, &tape()).await;
        }
    }
    // The requests are not all refused alike.
    for code in [Code::Ok, Code::InvalidArgument, Code::NotFound] {
        assert!(codes.contains_key(&(code as i32)), "{codes:?}");
    }
}

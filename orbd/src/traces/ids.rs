//! The ids of traces and spans, which follow from what they are about.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use sha2::{Digest as _, Sha256};

/// Names the trace of a signal: its ledger and its id are the same in every process.
pub(super) fn trace(ledger: &str, signal: &str) -> TraceId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash(&["orb.trace.1", ledger, signal])[..16]);
    TraceId::from_bytes(bytes)
}

/// Names a span of a trace by its name and by what tells it from others of that name.
pub(super) fn span(trace: TraceId, name: &str, what: &str) -> SpanId {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash(&["orb.span.1", &trace.to_string(), name, what])[..8]);
    SpanId::from_bytes(bytes)
}

pub(super) fn context(trace: TraceId, span: SpanId) -> SpanContext {
    SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::NONE)
}

/// Hashes texts, each with its length.
fn hash(texts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_in_every_process_and_differ_by_what_they_are_about() {
        let id = trace("paper-1", "2026-02-13/orb-classic/NVDA/1");
        assert_eq!(id, trace("paper-1", "2026-02-13/orb-classic/NVDA/1"));
        assert_ne!(id, trace("live-1", "2026-02-13/orb-classic/NVDA/1"));
        assert_ne!(trace("ab", "c"), trace("a", "bc"));
        assert_ne!(span(id, "order", "a"), span(id, "order", "b"));
        assert!(id != TraceId::INVALID && span(id, "signal", "") != SpanId::INVALID);
    }
}

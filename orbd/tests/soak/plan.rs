//! What goes wrong, drawn from a seed: each kind of fault at a modest rate, or at a moment, or not at all.

use std::fmt::Write as _;

use crate::draw::Draw;

/// Draws a plan of faults, as it would stand in a file.
pub(crate) fn draw(seed: u64, draw: &mut Draw) -> String {
    let mut plan = format!("seed = {seed}\n");
    http(draw, &mut plan);
    streams(draw, &mut plan);
    orders(draw, &mut plan);
    plan
}

fn http(draw: &mut Draw, plan: &mut String) {
    let latency = format!("{{ latency_ms = {} }}", draw.from(5, 100));
    for (fault, per_mille) in [
        (latency.as_str(), 100),
        ("\"timeout_before\"", 20),
        ("\"timeout_after\"", 20),
        ("\"too_many_requests\"", 40),
        ("{ status = 503 }", 40),
        ("{ status_after = 504 }", 30),
        ("\"truncated\"", 30),
        ("\"html\"", 20),
    ] {
        if draw.percent(40) {
            // What the daemon cannot start without is left alone: that is another test's.
            rule(plan, "http", fault, "path = \"/v2/orders*\"", &rate(draw.from(1, per_mille)));
        }
    }
}

fn streams(draw: &mut Draw, plan: &mut String) {
    let delay = format!("{{ delay_ms = {} }}", draw.from(50, 3_000));
    for (fault, per_mille) in [
        ("\"drop\"", 30),
        ("\"duplicate\"", 80),
        (delay.as_str(), 60),
        ("\"reorder\"", 60),
        ("\"unknown_type\"", 40),
        ("\"unknown_field\"", 80),
    ] {
        if draw.percent(40) {
            rule(plan, "stream", fault, stream(draw), &rate(draw.from(1, per_mille)));
        }
    }
    if draw.percent(50) {
        rule(plan, "stream", "\"disconnect\"", stream(draw), &moment(draw));
    }
    if draw.percent(20) {
        let fault = format!("{{ mute_seconds = {} }}", draw.from(2, 40));
        rule(plan, "stream", &fault, stream(draw), &moment(draw));
    }
}

fn stream(draw: &mut Draw) -> &'static str {
    if draw.percent(60) { "stream = \"trade_updates\"" } else { "stream = \"data\"" }
}

fn orders(draw: &mut Draw, plan: &mut String) {
    let pieces = format!("{{ pieces = {{ count = {}, every_ms = {} }} }}", draw.from(2, 4), draw.from(50, 2_000));
    let cancelling = format!("{{ pending_cancel_ms = {} }}", draw.from(100, 4_000));
    let pending = format!("{{ pending_new_ms = {} }}", draw.from(100, 4_000));
    for (fault, per_mille) in [
        (pieces.as_str(), 500),
        (cancelling.as_str(), 300),
        (pending.as_str(), 200),
        ("{ rejected = \"not today\" }", 150),
        ("{ replace_rejected = true }", 300),
        ("{ fills_after_cancel = true }", 200),
    ] {
        if draw.percent(35) {
            rule(plan, "order", fault, "", &rate(draw.from(50, per_mille)));
        }
    }
}

fn rule(plan: &mut String, of: &str, fault: &str, more: &str, when: &str) {
    writeln!(plan, "[[{of}]]\nfault = {fault}\n{more}\nwhen = {{ {when} }}").expect("a text grows");
}

fn rate(per_mille: u64) -> String {
    format!("rate = 0.{per_mille:03}")
}

/// Draws a moment between the range's end and the flatten.
fn moment(draw: &mut Draw) -> String {
    format!("at = \"09:{:02}:{:02}\"", draw.from(35, 49), draw.from(0, 59))
}

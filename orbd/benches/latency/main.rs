//! How long orb takes from a frame that asks for something to be done until the order is on its way.
//!
//! Three ways are measured: the engine alone; from the bytes of a trade on a websocket to the bytes of the entry on the
//! HTTP socket, with the commit to SQLite between; and from the bytes of a fill to those of the protective stop. The
//! latter two go through what trades live, the adapter, the runtime and the records, to a server on this machine that
//! reads the same clock when it has written and when it has read.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod commit;
mod day;
mod engine;
mod samples;
mod server;
mod sockets;

fn main() {
    println!("{:<58} {:>7} {:>10} {:>10} {:>10} {:>10}", "", "samples", "p50", "p99", "p99.9", "max");
    let (bars, trades) = engine::measure();
    bars.print("engine: bars of an instant in to order command");
    trades.print("engine: trade in to order command");
    let folder = tempfile::tempdir().expect("a folder");
    commit::measure(folder.path()).print("records: an entry's commit to SQLite");
    let rig = sockets::Rig::new(folder.path());
    rig.entries().print("sockets: trade frame written to entry's bytes read");
    rig.stops().print("sockets: fill frame written to protective stop's bytes read");
}

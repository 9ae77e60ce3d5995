//! Generates the code of `orb.v1` from `proto/`, without `protoc`.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

const ROOT: &str = "../proto";
const FILES: [&str; 6] = [
    "orb/v1/control.proto",
    "orb/v1/portfolio.proto",
    "orb/v1/signal.proto",
    "orb/v1/history.proto",
    "orb/v1/log.proto",
    "orb/v1/live.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={ROOT}");
    let descriptors = protox::compile(FILES, [ROOT])?;
    // `compile_fds` writes no descriptor file of its own; reflection needs one.
    let out = PathBuf::from(env::var("OUT_DIR")?).join("orb.v1.bin");
    fs::write(out, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().build_client(true).build_server(true).btree_map(".").compile_fds(descriptors)?;
    Ok(())
}

//! Generates the code of `orb.journal.v1` from `proto/`, without `protoc`.

use std::error::Error;

const ROOT: &str = "../proto";
const FILE: &str = "orb/journal/v1/journal.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={ROOT}/orb/journal");
    println!("cargo::rerun-if-changed=../migrations");
    let descriptors = protox::compile([FILE], [ROOT])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}

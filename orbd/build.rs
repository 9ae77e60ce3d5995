//! Generates the code of `orb.journal.v1` from `proto/`, without `protoc`, names the engine that is built in, and takes
//! in the dashboard where it has been built.

#[path = "build/dashboard.rs"]
mod dashboard;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = "../proto";
const FILE: &str = "orb/journal/v1/journal.proto";
const ENGINE: &str = "../orb-core/src";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={ROOT}/orb/journal");
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed={ENGINE}");
    let descriptors = protox::compile([FILE], [ROOT])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    dashboard::embed(Path::new(&std::env::var("OUT_DIR")?))?;
    println!("cargo::rustc-env=ORB_ENGINE={:016x}", fingerprint(Path::new(ENGINE))?);
    Ok(())
}

/// Hashes the engine's sources (FNV-1a, 64 bits): two builds of one fingerprint decide alike, whatever else changed.
fn fingerprint(folder: &Path) -> Result<u64, Box<dyn Error>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for file in files {
        add(file.strip_prefix(folder)?.to_string_lossy().as_bytes());
        add(&fs::read(&file)?);
    }
    Ok(hash)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

//! Takes in the built dashboard: each file as it is, and compressed where that makes it smaller. Needs no Node.js;
//! without a built dashboard the list is empty.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};

/// Always there, so that cargo can watch it.
const WATCHED: &str = "../dashboard/dist";
/// Where `make dashboard` writes.
const SITE: &str = "../dashboard/dist/site";

/// Writes `dashboard.rs`, the list of the files, into a folder.
pub(crate) fn embed(out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={WATCHED}");
    let kept = out.join("dashboard");
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::create_dir_all(&kept)?;
    let mut files = Vec::new();
    if Path::new(SITE).join("index.html").is_file() {
        super::collect(Path::new(SITE), &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        list.push_str(&asset(number, file, &kept)?);
    }
    list.push(']');
    fs::write(out.join("dashboard.rs"), list)?;
    Ok(())
}

/// Copies one file, so that the code compiles whatever happens to the original meanwhile.
fn asset(number: usize, file: &Path, kept: &Path) -> Result<String, Box<dyn Error>> {
    let path = file.strip_prefix(SITE)?.to_str().ok_or_else(|| format!("{}: not UTF-8", file.display()))?;
    let (kind, is_text) = kind(file)?;
    let bytes = fs::read(file)?;
    let plain = keep(kept.join(number.to_string()), &bytes)?;
    let compressed = if is_text { gzip(&bytes)? } else { Vec::new() };
    let smaller = if is_text && compressed.len() < bytes.len() {
        format!("Some(include_bytes!({:?}))", keep(kept.join(format!("{number}.gz")), &compressed)?)
    } else {
        "None".to_owned()
    };
    let mut entry = String::new();
    write!(entry, "    Asset {{ path: \"/{path}\", kind: {kind:?}, ")?;
    writeln!(entry, "plain: include_bytes!({plain:?}), gzip: {smaller} }},")?;
    Ok(entry)
}

fn keep(path: PathBuf, bytes: &[u8]) -> Result<PathBuf, Box<dyn Error>> {
    fs::write(&path, bytes)?;
    Ok(path)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// Returns the content type, and whether compression is worth trying. Browsers are told not to guess.
fn kind(file: &Path) -> Result<(&'static str, bool), Box<dyn Error>> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    Ok(match extension {
        "html" => ("text/html; charset=utf-8", true),
        "js" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "svg" => ("image/svg+xml", true),
        "json" | "webmanifest" => ("application/json", true),
        "txt" | "md" => ("text/plain; charset=utf-8", true),
        "woff2" => ("font/woff2", false),
        "png" => ("image/png", false),
        "ico" => ("image/x-icon", false),
        _ => return Err(format!("{}: name its content type in orbd/build/dashboard.rs", file.display()).into()),
    })
}

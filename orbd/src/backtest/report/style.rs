//! The page's own style and script, and the policy that lets nothing else in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The style.
pub(super) const STYLE: &str = include_str!("style.css");

/// The script: values under the pointer, and sorting. The page is whole without it.
pub(super) const SCRIPT: &str = include_str!("script.js");

/// Returns the content security policy: this style and this script by their hashes, and no load of anything.
pub(super) fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

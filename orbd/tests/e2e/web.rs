//! The dashboard of a demo, as a browser asks for it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use tempfile::TempDir;

use crate::daemon::Demo;

/// Asks as browsers without encryption do, and returns the whole answer.
fn asked(demo: &Demo, method: &str, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(&demo.address).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_dashboard_is_served_beside_the_api_under_strict_rules() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), &["--speed", "max"]);
    let page = asked(&demo, "GET", "/", &demo.address);
    let status = if orbd::web::is_built() { "HTTP/1.1 200 " } else { "HTTP/1.1 503 " };
    assert!(page.starts_with(status), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'; script-src 'self';"), "{page}");
    assert!(page.contains("<html lang=\"en\""), "{page}");

    let head = asked(&demo, "HEAD", "/", &demo.address);
    assert!(head.starts_with(status) && head.ends_with("\r\n\r\n"), "{head}");
    assert!(asked(&demo, "POST", "/", &demo.address).starts_with("HTTP/1.1 405 "));
    // A name that a hostile page may have pointed here shows nothing, not even pages.
    assert!(asked(&demo, "GET", "/", "orb.example.com").starts_with("HTTP/1.1 403 "));
    // What looks like the API is the API's to refuse.
    assert!(asked(&demo, "GET", "/orb.v1.ControlService/GetStatus", &demo.address).starts_with("HTTP/1.1 405 "));
}

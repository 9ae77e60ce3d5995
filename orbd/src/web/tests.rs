use axum::{Router, body::Body, response::Response};
use http::{Method, Request, StatusCode, header};
use tower::ServiceExt as _;

use super::{
    asset::{Asset, BUILT},
    site::{is_built, router, router_of},
};

const SITE: &[Asset] = &[
    Asset { path: "/assets/index-1a2b.js", kind: "text/javascript; charset=utf-8", plain: b"plain", gzip: Some(b"gz") },
    Asset { path: "/assets/inter-3c4d.woff2", kind: "font/woff2", plain: b"font", gzip: None },
    Asset { path: "/icon.svg", kind: "image/svg+xml", plain: b"<svg/>", gzip: None },
    Asset { path: "/index.html", kind: "text/html; charset=utf-8", plain: b"<html>orb", gzip: Some(b"zipped") },
];

async fn asked(router: Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let builder = Request::builder().method(method).uri(path);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    router.oneshot(builder.body(Body::empty()).unwrap()).await.unwrap()
}

async fn got(path: &str) -> Response {
    asked(router_of(SITE), Method::GET, path, &[]).await
}

async fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn check_header(response: &Response, name: &str, expect: Option<&str>) {
    let value = response.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(value, expect, "{name}");
}

#[tokio::test]
async fn every_page_is_the_index_and_is_never_kept() {
    for path in ["/", "/signals", "/history", "/logs", "/logs/", "/signals?symbol=NVDA"] {
        let response = got(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        check_header(&response, "content-type", Some("text/html; charset=utf-8"));
        check_header(&response, "cache-control", Some("no-store"));
        assert_eq!(body(response).await, "<html>orb", "{path}");
    }
}

#[tokio::test]
async fn files_named_by_their_content_are_kept_and_others_are_asked_for_anew() {
    for path in ["/assets/index-1a2b.js", "/assets/inter-3c4d.woff2"] {
        check_header(&got(path).await, "cache-control", Some("public, max-age=31536000, immutable"));
    }
    let icon = got("/icon.svg").await;
    check_header(&icon, "cache-control", Some("no-cache"));
    check_header(&icon, "content-type", Some("image/svg+xml"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_leads_to_the_dashboard() {
    for path in ["/index.html", "/assets/index-0000.js", "/assets/../index.html", "/trades", "/logs/1", "//", "/%2e"] {
        let response = got(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        check_header(&response, "cache-control", Some("no-store"));
        assert!(body(response).await.contains("href=\"/\""), "{path}");
    }
}

#[tokio::test]
async fn nothing_but_the_daemon_itself_may_run_in_a_page_whatever_is_asked_for() {
    let answers = [
        got("/").await,
        got("/assets/index-1a2b.js").await,
        got("/nothing").await,
        asked(router_of(SITE), Method::POST, "/", &[]).await,
        asked(router_of(&[]), Method::GET, "/", &[]).await,
    ];
    for response in answers {
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        let rules: Vec<_> = policy.split(';').map(str::trim).collect();
        for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"] {
            assert!(rules.contains(&rule), "{rule} is not in {policy}");
        }
        for rule in ["worker-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            assert!(rules.contains(&rule), "{rule} is not in {policy}");
        }
        for word in ["unsafe", "http", "*", "blob:"] {
            assert!(!policy.contains(word), "{word} is in {policy}");
        }
        check_header(&response, "x-content-type-options", Some("nosniff"));
        check_header(&response, "x-frame-options", Some("DENY"));
        check_header(&response, "referrer-policy", Some("no-referrer"));
        check_header(&response, "set-cookie", None);
    }
}

#[tokio::test]
async fn a_browser_that_takes_gzip_gets_it_where_there_is_one() {
    let path = "/assets/index-1a2b.js";
    for accepted in ["gzip", "deflate, GZIP;q=0.5", "br, gzip, zstd"] {
        let response = asked(router_of(SITE), Method::GET, path, &[("accept-encoding", accepted)]).await;
        check_header(&response, "content-encoding", Some("gzip"));
        check_header(&response, "vary", Some("accept-encoding"));
        assert_eq!(body(response).await, "gz", "{accepted}");
    }
    for refused in ["", "br", "gzip;q=0", "gzip; q=0.000", "*"] {
        let response = asked(router_of(SITE), Method::GET, path, &[("accept-encoding", refused)]).await;
        check_header(&response, "content-encoding", None);
        check_header(&response, "vary", Some("accept-encoding"));
        assert_eq!(body(response).await, "plain", "{refused}");
    }
    let font = asked(router_of(SITE), Method::GET, "/assets/inter-3c4d.woff2", &[("accept-encoding", "gzip")]).await;
    check_header(&font, "content-encoding", None);
    assert_eq!(body(font).await, "font");
}

#[tokio::test]
async fn pages_are_read_and_nothing_else() {
    assert_eq!(asked(router_of(SITE), Method::HEAD, "/", &[]).await.status(), StatusCode::OK);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
        let response = asked(router_of(SITE), method.clone(), "/", &[]).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(response.headers()[header::ALLOW], "GET, HEAD");
    }
}

#[tokio::test]
async fn without_a_build_every_page_says_how_to_make_one() {
    for path in ["/", "/logs", "/anything"] {
        let response = asked(router_of(&[]), Method::GET, path, &[]).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let page = body(response).await;
        assert!(page.contains("make dashboard") && !page.contains("<style") && !page.contains("<script"), "{page}");
    }
}

#[tokio::test]
async fn what_is_built_in_is_whole() {
    assert_eq!(is_built(), !BUILT.is_empty());
    let response = asked(router(), Method::GET, "/", &[]).await;
    assert_eq!(response.status().is_success(), is_built());
    for asset in BUILT {
        assert!(!asset.plain.is_empty() || asset.gzip.is_none(), "{}", asset.path);
        assert!(asset.path.starts_with('/') && !asset.path.contains(['\\', '%', '?', '#', ' ']), "{}", asset.path);
    }
}

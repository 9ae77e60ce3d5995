//! Answers requests for pages and their files.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{
    asset::{Asset, BUILT},
    headers::seal,
    missing,
};

/// The file behind every page.
const INDEX: &str = "/index.html";
/// The pages that the dashboard has; it draws them itself.
const PAGES: [&str; 4] = ["/", "/signals", "/history", "/logs"];
/// Files whose name changes with their content are kept for a year.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// The page is asked for anew each time: it names the files of this very build.
const NEVER: &str = "no-store";
/// Other files are asked for anew each time too, and may be kept.
const ASK: &str = "no-cache";

/// Tells whether the dashboard is built in.
#[must_use]
pub fn is_built() -> bool {
    Site(BUILT).is_built()
}

/// Returns what answers requests for the dashboard; without one, a page says how to build it.
pub fn router() -> Router {
    router_of(BUILT)
}

pub(super) fn router_of(assets: &'static [Asset]) -> Router {
    Router::new().fallback(answer).with_state(Site(assets))
}

async fn answer(State(site): State<Site>, request: Request) -> Response {
    let mut response = match *request.method() {
        // The server leaves the content of an answer to HEAD away by itself.
        Method::GET | Method::HEAD => site.get(request.uri().path(), takes_gzip(request.headers())),
        _ => not_allowed(),
    };
    seal(response.headers_mut());
    response
}

#[derive(Clone, Copy)]
struct Site(&'static [Asset]);

impl Site {
    fn is_built(self) -> bool {
        self.find(INDEX).is_some()
    }

    fn find(self, path: &str) -> Option<&'static Asset> {
        self.0.iter().find(|asset| asset.path == path)
    }

    fn get(self, path: &str, takes_gzip: bool) -> Response {
        if !self.is_built() {
            return text(StatusCode::SERVICE_UNAVAILABLE, missing::not_built());
        }
        // A slash at the end is what people type.
        let page = if path == "/" { path } else { path.trim_end_matches('/') };
        let (wanted, kept) = if PAGES.contains(&page) { (INDEX, Some(NEVER)) } else { (path, None) };
        // The page has one address only: its own name is none.
        match self.find(wanted).filter(|_| path != INDEX) {
            Some(asset) => file(asset, kept, takes_gzip),
            None => text(StatusCode::NOT_FOUND, missing::no_such_page()),
        }
    }
}

/// Answers with a file; `kept` says how long a browser may, where the file's name does not.
fn file(asset: &Asset, kept: Option<&'static str>, takes_gzip: bool) -> Response {
    let kept = kept.unwrap_or(if asset.is_hashed() { FOREVER } else { ASK });
    let gzip = asset.gzip.filter(|_| takes_gzip);
    let mut response = Response::new(Body::from(gzip.unwrap_or(asset.plain)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    if gzip.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if asset.gzip.is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

fn text(status: StatusCode, page: String) -> Response {
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(NEVER));
    response
}

fn not_allowed() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// Tells whether a browser takes gzip: every one does, and programs that do not never say so.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().trim_end_matches(['0', '.']) == "q=";
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

//! Under which names the API may be reached, and which pages may call it.

use http::{HeaderValue, Request, Uri, header, request::Parts, uri::Authority};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::Visitors;

/// Names under which this machine reaches itself. Any other name may have been pointed here by a hostile page.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
/// How long a browser may remember what it may call.
const PREFLIGHT_MAX_AGE: std::time::Duration = std::time::Duration::from_secs(600);

/// Says which names and pages are let in besides this machine's own. Nothing is, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebRules {
    /// Names of hosts, without a port.
    pub allowed_hosts: Vec<String>,
    /// Origins of pages, such as `https://desk.example.com`.
    pub allowed_origins: Vec<String>,
}

/// Explains why a request is refused before its token is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rpc) enum Stranger {
    /// It was sent to a name that is not this daemon's: perhaps one that a page pointed here.
    Host,
    /// It comes from a page of another site.
    Site,
}

impl WebRules {
    /// Checks the name that a request was sent to and the page that it comes from.
    pub(in crate::rpc) fn check<B>(&self, request: &Request<B>) -> Result<(), Stranger> {
        self.check_host(request)?;
        self.check_site(request)
    }

    /// Checks the authority of HTTP/2 and the host header of HTTP/1.1: what is there must be a known name.
    pub(in crate::rpc) fn check_host<B>(&self, request: &Request<B>) -> Result<(), Stranger> {
        let header = request.headers().get(header::HOST).map(|value| value.to_str().unwrap_or_default());
        let authority = request.uri().authority().map(Authority::as_str);
        let is_named = header.is_some() || authority.is_some();
        let named = [header, authority].into_iter().flatten();
        if is_named && named.into_iter().all(|name| self.is_host(name)) { Ok(()) } else { Err(Stranger::Host) }
    }

    /// Browsers say which page a request comes from; programs do not.
    fn check_site<B>(&self, request: &Request<B>) -> Result<(), Stranger> {
        let headers = request.headers();
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let host = request.uri().authority().map(Authority::as_str).or(host);
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if let (Some(origin), None) = (origins.next(), origins.next()) {
            let origin = origin.to_str().map_err(|_| Stranger::Site)?;
            let is_own = host.is_some_and(|host| is_origin_of(origin, host));
            return if is_own || self.is_allowed(origin) { Ok(()) } else { Err(Stranger::Site) };
        }
        if headers.contains_key(header::ORIGIN) {
            return Err(Stranger::Site);
        }
        match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            None | Some(b"same-origin" | b"none") => Ok(()),
            Some(_) => Err(Stranger::Site),
        }
    }

    fn is_allowed(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed == origin)
    }

    fn is_host(&self, authority: &str) -> bool {
        let configured = self.allowed_hosts.iter().map(String::as_str);
        LOOPBACK.into_iter().chain(configured).any(|host| {
            let start = authority.get(..host.len()).filter(|start| start.eq_ignore_ascii_case(host));
            start.is_some() && is_port(&authority[host.len()..])
        })
    }

    /// Tells whether pages of other sites may call.
    pub(in crate::rpc) const fn has_pages(&self) -> bool {
        !self.allowed_origins.is_empty()
    }
}

impl Visitors {
    /// Returns what tells browsers which pages may call, by the rules that are in force when they ask.
    pub(in crate::rpc) fn cors(&self) -> CorsLayer {
        let visitors = self.clone();
        let is_allowed = move |origin: &HeaderValue, _: &Parts| {
            origin.to_str().is_ok_and(|origin| visitors.rules().is_allowed(origin))
        };
        let name = http::HeaderName::from_static;
        let asked = [name("x-grpc-web"), name("x-user-agent"), name("grpc-timeout"), name("grpc-accept-encoding")];
        let told = [name("grpc-status"), name("grpc-message"), name("grpc-status-details-bin"), name("grpc-encoding")];
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_allowed))
            .allow_methods([http::Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE].into_iter().chain(asked).collect::<Vec<_>>())
            .expose_headers(told)
            .max_age(PREFLIGHT_MAX_AGE)
    }
}

/// Tells whether an origin is a page of a host; a proxy may have taken the encryption off, so the scheme is left out.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

/// Tells whether a text is an origin as browsers write it: scheme and host, and a port only where it is not the usual one.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let usual = match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => return false,
    };
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_lower && authority.port_u16() != usual && text == format!("{scheme}://{authority}") && !text.contains('@')
}

/// Tells whether a text is the name of a host, without a port.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    let authority = text.parse::<Authority>();
    authority.is_ok_and(|authority| authority.host() == text && !text.contains(['@', '*']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let builder = Request::builder().uri(uri);
        headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value)).body(()).unwrap()
    }

    #[track_caller]
    fn check(rules: &WebRules, host: &str, headers: &[(&str, &str)], expect: Result<(), Stranger>) {
        let with_host: Vec<_> = [("host", host)].into_iter().chain(headers.iter().copied()).collect();
        assert_eq!(rules.check(&request("/x", &with_host)), expect, "{host} {headers:?}");
        if let Ok(uri) = format!("http://{host}/x").parse::<Uri>() {
            assert_eq!(rules.check(&request(&uri.to_string(), headers)), expect, "{host} {headers:?}");
        }
    }

    fn configured() -> WebRules {
        WebRules {
            allowed_hosts: vec!["orb.example.com".to_owned()],
            allowed_origins: vec!["https://desk.example.com".to_owned()],
        }
    }

    #[test]
    fn only_loopback_names_and_configured_ones_are_hosts() {
        let none = WebRules::default();
        for host in ["localhost", "LOCALHOST:7070", "127.0.0.1:1", "[::1]:7070", "[::1]"] {
            check(&none, host, &[], Ok(()));
        }
        let strangers =
            ["", "orb.example.com.evil", "localhost.example.com", "127.0.0.1.nip.io:80", "localhost:99999", "é"];
        for host in strangers {
            check(&none, host, &[], Err(Stranger::Host));
            check(&configured(), host, &[], Err(Stranger::Host));
        }
        check(&none, "orb.example.com", &[], Err(Stranger::Host));
        check(&configured(), "Orb.Example.com:443", &[], Ok(()));
        assert_eq!(none.check(&request("/x", &[])), Err(Stranger::Host));
        let both = request("http://localhost/x", &[("host", "evil.example.com")]);
        assert_eq!(none.check(&both), Err(Stranger::Host));
    }

    #[test]
    fn only_own_pages_and_configured_ones_may_call() {
        let (none, some) = (WebRules::default(), configured());
        let origin = |origin| [("origin", origin)];
        check(&none, "localhost:7070", &origin("http://localhost:7070"), Ok(()));
        check(&some, "orb.example.com", &origin("https://orb.example.com"), Ok(()));
        check(&some, "localhost:7070", &origin("https://desk.example.com"), Ok(()));
        let others = ["http://localhost:8080", "https://desk.example.com", "null", "", "https://desk.example.com:444"];
        for other in others {
            check(&none, "localhost:7070", &origin(other), Err(Stranger::Site));
        }
        for other in ["https://desk.example.com.evil", "http://desk.example.com", "null"] {
            check(&some, "localhost:7070", &origin(other), Err(Stranger::Site));
        }
        let two = [("origin", "http://localhost:7070"), ("origin", "https://evil.example.com")];
        check(&none, "localhost:7070", &two, Err(Stranger::Site));
        for site in ["cross-site", "same-site", "new-word"] {
            check(&none, "localhost:7070", &[("sec-fetch-site", site)], Err(Stranger::Site));
        }
        for site in ["same-origin", "none"] {
            check(&none, "localhost:7070", &[("sec-fetch-site", site)], Ok(()));
        }
    }

    #[test]
    fn origins_and_hosts_have_one_form() {
        for text in ["https://desk.example.com", "http://localhost:5173", "https://[::1]:8443"] {
            assert!(is_origin(text), "{text}");
        }
        for text in ["*", "null", "", "desk.example.com", "https://desk.example.com/", "https://a.b:443", "http://A.b"]
        {
            assert!(!is_origin(text), "{text}");
        }
        for text in ["ftp://a.b", "https://u@a.b", "https://a.b/x", "https://a.b?x"] {
            assert!(!is_origin(text), "{text}");
        }
        assert!(is_host_name("orb.example.com") && is_host_name("10.0.0.7") && is_host_name("[2001:db8::1]"));
        for text in ["", "orb.example.com:443", "https://orb.example.com", "*", "*.example.com", "a b", "u@h"] {
            assert!(!is_host_name(text), "{text}");
        }
    }
}

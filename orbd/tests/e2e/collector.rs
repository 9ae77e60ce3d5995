//! A collector of OpenTelemetry on this machine, and what every trace must be.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
    trace::v1::{Span, status::StatusCode},
};
use tonic::{Request, Response, Status};

/// A collector that takes everything; its thread ends with the test's process.
pub(crate) struct Collector {
    pub(crate) url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    /// What came as `authorization`.
    headers: Arc<Mutex<Vec<String>>>,
}

struct Service {
    spans: Arc<Mutex<Vec<Span>>>,
    headers: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let header = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        self.headers.lock().unwrap().extend(header.map(ToOwned::to_owned));
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        self.spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let (spans, headers) = (Arc::default(), Arc::default());
        let service = Service { spans: Arc::clone(&spans), headers: Arc::clone(&headers) };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
                let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(service));
                server.serve_with_incoming(incoming).await.unwrap();
            });
        });
        Self { url: format!("http://{address}"), spans, headers }
    }

    pub(crate) fn headers(&self) -> Vec<String> {
        self.headers.lock().unwrap().clone()
    }

    /// Returns the traces by the signal that each is about; every one of them is as it must be.
    #[track_caller]
    pub(crate) fn traces(&self) -> BTreeMap<String, Trace> {
        let mut by_id: BTreeMap<Vec<u8>, Vec<Span>> = BTreeMap::new();
        for span in self.spans.lock().unwrap().iter() {
            by_id.entry(span.trace_id.clone()).or_default().push(span.clone());
        }
        let count = by_id.len();
        let traces: BTreeMap<_, _> = by_id.into_values().map(Trace::of).collect();
        assert_eq!(traces.len(), count, "a signal has two traces");
        traces
    }
}

/// The spans of one signal.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) root: Span,
    pub(crate) below: Vec<Span>,
}

impl Trace {
    /// Checks what every trace must be, and returns it with its signal.
    #[track_caller]
    fn of(mut spans: Vec<Span>) -> (String, Self) {
        let roots = spans.extract_if(.., |span| span.parent_span_id.is_empty()).collect::<Vec<_>>();
        let [root] = <[Span; 1]>::try_from(roots).unwrap_or_else(|roots| panic!("{roots:#?}"));
        assert_eq!(root.name, "signal");
        let all: BTreeMap<_, _> = spans.iter().chain([&root]).map(|span| (&span.span_id, span)).collect();
        assert_eq!(all.len(), spans.len() + 1, "two spans have one id: {spans:#?}");
        for span in &spans {
            let parent = all.get(&span.parent_span_id).unwrap_or_else(|| panic!("no parent: {span:#?}"));
            assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:#?}");
            assert!(
                parent.start_time_unix_nano <= span.start_time_unix_nano
                    && span.end_time_unix_nano <= parent.end_time_unix_nano,
                "{span:#?} is not within {parent:#?}"
            );
            for link in &span.links {
                assert!(link.trace_id == root.trace_id && all.contains_key(&link.span_id), "{span:#?}");
            }
        }
        let starts: Vec<_> = spans.iter().map(|span| span.start_time_unix_nano).collect();
        assert!(starts.is_sorted(), "they are in the order of time: {spans:#?}");
        (text(&root, "orb.signal.id").expect("a signal"), Self { root, below: spans })
    }

    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Span> {
        self.below.iter().filter(move |span| span.name == name)
    }

    /// Returns the id and the shares of every fill.
    pub(crate) fn fills(&self) -> Vec<(String, i64)> {
        let fill = |span: &Span| Some((text(span, "orb.fill.id")?, number(span, "orb.quantity")?));
        self.named("fill").map(|span| fill(span).expect("a fill")).collect()
    }
}

pub(crate) fn is_error(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32)
}

pub(crate) fn text(span: &Span, key: &str) -> Option<String> {
    let found = value(span, key)?;
    let Value::StringValue(text) = found else { panic!("{key}: {found:?}") };
    Some(text)
}

pub(crate) fn number(span: &Span, key: &str) -> Option<i64> {
    let found = value(span, key)?;
    let Value::IntValue(number) = found else { panic!("{key}: {found:?}") };
    Some(number)
}

fn value(span: &Span, key: &str) -> Option<Value> {
    span.attributes.iter().find(|found| found.key == key)?.value.clone()?.value
}

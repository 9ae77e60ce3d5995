//! Calls of any method by its descriptor, straight into the services.

use std::{pin::Pin, sync::Arc};

use axum::{Router, body::Body};
use http::{HeaderMap, Request, Version, header};
use http_body::Body as _;
use orb_api::Token;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Code;
use tower::ServiceExt as _;

use super::fixture::{ADMIN, Fixture};
use crate::{
    auth::{Auth, Role},
    rpc::routes,
};

/// Returns every method of the contract, so that a new one is looked at by itself.
pub(super) fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(orb_api::FILE_DESCRIPTOR_SET).unwrap();
    let services = pool.services().filter(|service| service.package_name() == "orb.v1");
    services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

/// Returns the path at which a method is called.
pub(super) fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// The services of a fixture, without a connection.
pub(super) struct Calls {
    router: Router,
    wait: &'static str,
    _stop: DropGuard,
    _fixture: tempfile::TempDir,
}

impl Calls {
    /// Takes the services of a fixture, for calls that may wait so long, and reads its audits away.
    pub(super) fn of(fixture: Fixture, wait: &'static str) -> Self {
        let auth = Auth::new().with_token(&Token::parse(ADMIN).unwrap(), "eve", Role::Admin);
        let stop = CancellationToken::new();
        let router = routes(fixture.handle.clone(), Arc::new(auth), &stop).unwrap().into_axum_router();
        let mut audits = fixture.audits;
        tokio::spawn(async move { while audits.recv().await.is_some() {} });
        Self { router, wait, _stop: stop.drop_guard(), _fixture: fixture.folder }
    }

    /// Sends a message to a method as an admin; returns the code, of a stream that begins OK, and the reply's message.
    pub(super) async fn call(&self, method: &MethodDescriptor, message: &[u8]) -> (Code, Vec<u8>) {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let request = Request::post(path(method))
            .version(Version::HTTP_2)
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::AUTHORIZATION, format!("Bearer {ADMIN}"))
            .header("grpc-timeout", self.wait)
            .body(Body::from([&[0][..], &length, message].concat()));
        let (parts, mut body) = self.router.clone().oneshot(request.unwrap()).await.unwrap().into_parts();
        if let Some(code) = code(&parts.headers) {
            return (code, Vec::new());
        }
        let mut reply = Vec::new();
        while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            match frame.unwrap().into_data() {
                Ok(_) if method.is_server_streaming() => return (Code::Ok, Vec::new()),
                Ok(data) => reply.extend(data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap();
                    let code = code(&trailers).expect("trailers with a status");
                    return (code, reply.split_off(reply.len().min(FRAME_BYTES)));
                }
            }
        }
        panic!("{}: a reply without a status", method.full_name());
    }
}

/// What stands before each message.
const FRAME_BYTES: usize = 5;

fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|value| Code::from_bytes(value.as_bytes()))
}

//! Who gets in, and what can be seen without a token.

use std::{num::NonZeroUsize, sync::Arc};

use orb_api::{Client, Endpoint, Refusal, Token, v1};
use tokio::net::TcpStream;
use tokio_stream::StreamExt as _;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::{
    v1::{self as reflection, server_reflection_client::ServerReflectionClient as ReflectionClient},
    v1alpha::{self as reflection_alpha, server_reflection_client::ServerReflectionClient as ReflectionClientAlpha},
};

use super::fixture::{Fixture, OPERATOR, VIEWER};
use crate::{
    auth::{Auth, Permission, Role, permission},
    rpc::{Exposure, ServeError, WebRules, bind, listen, serve},
};

#[tokio::test]
async fn a_token_of_a_sufficient_role_is_needed() {
    let fixture = Fixture::start().await;
    let status = v1::GetStatusRequest {};
    let kill = || v1::SetKillSwitchRequest { request_id: "1".to_owned(), action: 1, ..Default::default() };
    for (token, expect) in [(None, Code::Unauthenticated), (Some("wrong"), Code::Unauthenticated)] {
        let client = fixture.client_with(token).await;
        assert_eq!(client.control().get_status(status).await.unwrap_err().code(), expect);
        assert_eq!(client.control().set_kill_switch(kill()).await.unwrap_err().code(), expect);
    }
    let viewer = fixture.client_with(Some(VIEWER)).await;
    assert!(viewer.control().get_status(status).await.is_ok());
    let refused = viewer.control().set_kill_switch(kill()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("operator"), "{}", refused.message());
    assert!(fixture.runtime.seen.lock().unwrap().is_empty());
}

async fn channel(fixture: &Fixture) -> Channel {
    Channel::from_shared(fixture.uri()).unwrap().connect().await.unwrap()
}

/// Calls any method with an empty message.
async fn call(fixture: &Fixture, path: &str, host: &str) -> tonic::Status {
    let channel = Channel::from_shared(fixture.uri()).unwrap();
    let origin = format!("http://{host}:{}", fixture.port).parse().unwrap();
    let mut client = tonic::client::Grpc::new(channel.origin(origin).connect().await.unwrap());
    client.ready().await.unwrap();
    let mut request = tonic::Request::new(());
    let token = format!("Bearer {OPERATOR}").parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    client.unary(request, path.parse().unwrap(), codec).await.map_or_else(|status| status, |_| tonic::Status::ok(""))
}

#[tokio::test]
async fn an_undeclared_method_is_refused() {
    let fixture = Fixture::start().await;
    for path in ["/orb.v1.ControlService/Undeclared", "/other.Service/Method"] {
        let status = call(&fixture, path, "localhost").await;
        assert_eq!(status.code(), Code::PermissionDenied, "{path}");
        assert!(status.message().contains("no declared permission"), "{}", status.message());
    }
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let fixture = Fixture::start().await;
    let path = "/orb.v1.ControlService/GetStatus";
    assert_eq!(call(&fixture, path, "localhost").await.code(), Code::Ok);
    let status = call(&fixture, path, "orb.example.com").await;
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("localhost"), "{}", status.message());
}

#[test]
fn every_method_of_the_contract_is_declared() {
    let set = <prost_types::FileDescriptorSet as prost::Message>::decode(orb_api::FILE_DESCRIPTOR_SET).unwrap();
    let mut methods = 0;
    for file in set.file.iter().filter(|file| file.package() == "orb.v1") {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/orb.v1.{}/{}", service.name(), method.name());
                assert!(matches!(permission(&path), Some(Permission::Needs(_))), "{path}");
                methods += 1;
            }
        }
    }
    assert!(methods >= 17);
}

#[tokio::test]
async fn health_is_open_and_says_serving() {
    let fixture = Fixture::start().await;
    let mut client = HealthClient::new(channel(&fixture).await);
    for service in ["", "orb.v1.ControlService"] {
        let mut states = client.watch(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        while states.next().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    }
}

#[tokio::test]
async fn both_reflections_list_the_services() {
    let fixture = Fixture::start().await;
    let request = reflection::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(reflection::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = ReflectionClient::new(channel(&fixture).await);
    let mut replies = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    let reply = format!("{:?}", replies.next().await.unwrap().unwrap());
    let request = reflection_alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(reflection_alpha::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = ReflectionClientAlpha::new(channel(&fixture).await);
    let mut replies = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    let reply_alpha = format!("{:?}", replies.next().await.unwrap().unwrap());
    for service in ["Control", "Portfolio", "Signal", "History", "Log"] {
        let name = format!("orb.v1.{service}Service");
        assert!(reply.contains(&name) && reply_alpha.contains(&name), "{name} in {reply}");
    }
    assert!(reply.contains("grpc.health.v1.Health"));
}

#[tokio::test]
async fn only_this_machine_is_listened_to_and_a_taken_port_is_named() {
    let error = listen("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ServeError::NotLoopback(_)), "{error}");
    let first = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = first.local_addr().unwrap();
    let error = listen(address).await.unwrap_err();
    assert!(matches!(error, ServeError::Occupied(_)));
    assert!(error.to_string().contains(&address.port().to_string()), "{error}");
}

/// Whoever opens connections without end has nothing of it, and takes nobody the kill.
#[tokio::test]
async fn an_address_with_too_many_connections_is_told_and_can_kill() {
    let fixture = Fixture::start().await;
    let most = NonZeroUsize::new(4).unwrap();
    let address = "127.0.0.1:0".parse().unwrap();
    let exposure = Exposure { address, socket: None, tls: None, connections: most, web: WebRules::default() };
    let listeners = bind(&exposure).await.unwrap();
    let (uri, address) = (listeners.url().unwrap(), listeners.local_addr().unwrap());
    let token = || Token::parse(OPERATOR).unwrap();
    let auth = Arc::new(Auth::new().with_token(&token(), "ann", Role::Operator));
    tokio::spawn(serve(listeners, fixture.handle.clone(), auth, fixture.stop.clone()));
    let mut idle = Vec::new();
    for _ in 0..most.get() {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let connect = async || Client::connect(Endpoint::new(uri.clone(), Some(token()))).await.unwrap();
    let client = connect().await;
    let refused = client.control().get_status(v1::GetStatusRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let told = Refusal::of(&refused);
    assert_eq!(told.reason.as_deref(), Some("TOO_MANY_CONNECTIONS"));
    assert!(told.retry_after.is_some() && told.remedy.is_some_and(|remedy| remedy.contains("close some")));
    let kill = v1::SetKillSwitchRequest { request_id: "1".to_owned(), action: 1, ..Default::default() };
    let reply = client.control().set_kill_switch(kill).await.unwrap().into_inner();
    assert_eq!(reply.state(), v1::TradingState::Halted);
    // With the others gone, the address may come again.
    drop((idle, client));
    for _ in 0..1000 {
        let asked = connect().await.control().get_status(v1::GetStatusRequest {}).await;
        match asked {
            Ok(_) => return,
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the places of those who have gone are not free");
}

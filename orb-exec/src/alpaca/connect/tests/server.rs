//! A websocket server whose part the test speaks itself.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

/// Waits for connections.
pub(super) struct Server {
    listener: TcpListener,
}

/// Speaks the server's part of one connection.
pub(super) struct Connection {
    socket: WebSocketStream<TcpStream>,
    /// Text and binary frames that were sent.
    pub(super) sent: u64,
}

impl Server {
    pub(super) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(super) fn address(&self) -> Url {
        format!("ws://{}", self.listener.local_addr().unwrap()).parse().unwrap()
    }

    /// Takes the next connection and says nothing yet.
    pub(super) async fn accept(&self) -> Connection {
        let (stream, _) = self.listener.accept().await.unwrap();
        Connection { socket: tokio_tungstenite::accept_async(stream).await.unwrap(), sent: 0 }
    }

    /// Answers the next upgrade with a text that is no upgrade.
    pub(super) async fn refuse(&self, answer: &str) {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// Takes the next connection of the stream of prices, up to the subscription.
    pub(super) async fn accept_prices(&self) -> Connection {
        let mut connection = self.accept().await;
        connection.text(&json!([{ "T": "success", "msg": "connected" }])).await;
        assert_eq!(connection.hear().await["action"], "auth");
        connection.text(&json!([{ "T": "success", "msg": "authenticated" }])).await;
        assert_eq!(connection.hear().await["action"], "subscribe");
        connection.text(&json!([{ "T": "subscription", "bars": ["*"] }])).await;
        connection
    }

    /// Takes the next connection of the stream of order news, up to the confirmation.
    pub(super) async fn accept_orders(&self) -> Connection {
        let mut connection = self.accept().await;
        let auth = connection.hear().await;
        assert_eq!((&auth["action"], &auth["key"], &auth["secret"]), (&json!("auth"), &json!("key"), &json!("secret")));
        connection.binary(&json!({ "stream": "authorization", "data": { "status": "authorized" } })).await;
        assert_eq!(connection.hear().await["data"]["streams"], json!(["trade_updates"]));
        connection.binary(&json!({ "stream": "listening", "data": { "streams": ["trade_updates"] } })).await;
        connection
    }
}

impl Connection {
    /// Waits for the client's next message.
    pub(super) async fn hear(&mut self) -> Value {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("a text was awaited: {other:?}")
                }
            }
        }
    }

    /// Waits for the client's farewell or the end of the connection; true when there was a farewell.
    pub(super) async fn farewell(&mut self) -> bool {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(_))) => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return false,
            }
        }
    }

    /// Ends the connection without a farewell.
    pub(super) async fn cut(&mut self) {
        self.socket.get_mut().shutdown().await.unwrap();
    }

    pub(super) async fn text(&mut self, message: &Value) {
        self.raw(&message.to_string()).await;
    }

    pub(super) async fn raw(&mut self, text: &str) {
        self.sent += 1;
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(super) async fn binary(&mut self, message: &Value) {
        self.sent += 1;
        self.socket.send(Message::binary(message.to_string().into_bytes())).await.unwrap();
    }
}

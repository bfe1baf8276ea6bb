//! The client against real sockets on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up stops")]

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use weir_http::{
    AddressClass, Client, Forbidden, Guard, ReadError, TransportFailure, classify_transport, client,
    read_capped,
};

/// A server that gives every connection the same bytes and hangs up, or
/// keeps silent where there are none.
struct Server {
    address: std::net::SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(answer: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                let _ = socket.write_all(answer).await;
            }
        });
        Self { address, task }
    }

    fn url(&self, host: &str) -> url::Url {
        format!("http://{host}:{}/", self.address.port()).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn local() -> Client {
    let guard = Guard { allow_loopback: true, ..Guard::default() };
    client(guard, Duration::from_millis(500)).unwrap()
}

async fn get(client: &Client, url: url::Url) -> Result<reqwest::Response, TransportFailure> {
    let request = client.request(Method::GET, url).unwrap();
    request.send().await.map_err(|error| classify_transport(&error))
}

#[tokio::test]
async fn a_name_that_resolves_inwards_is_refused_at_connect() {
    let shut = client(Guard::default(), Duration::from_secs(5)).unwrap();
    let failure = get(&shut, "https://localhost:9/".parse().unwrap()).await.unwrap_err();
    let loopback = Forbidden::Address(AddressClass::Loopback);
    assert_eq!(failure, TransportFailure::Forbidden(loopback));
}

#[tokio::test]
async fn the_local_profile_reaches_loopback_by_name_and_address() {
    let server = Server::start(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    for host in ["127.0.0.1", "localhost"] {
        let response = get(&local(), server.url(host)).await.unwrap();
        assert_eq!(read_capped(response, 2).await.unwrap(), b"ok", "{host}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_an_order() {
    let redirect = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(redirect).await;
    let response = get(&local(), server.url("127.0.0.1")).await.unwrap();
    assert_eq!(response.status(), 302);
}

#[tokio::test]
async fn nobody_listening_is_refused_and_silence_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let nobody = format!("http://127.0.0.1:{port}/").parse().unwrap();
    assert_eq!(get(&local(), nobody).await.unwrap_err(), TransportFailure::Refused);

    let silent = Server::start(b"").await;
    let failure = get(&local(), silent.url("127.0.0.1")).await.unwrap_err();
    assert_eq!(failure, TransportFailure::Timeout);
}

#[tokio::test]
async fn garbage_and_a_hang_up_are_neither() {
    let garbage = Server::start(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    let failure = get(&local(), garbage.url("127.0.0.1")).await.unwrap_err();
    assert_eq!(failure, TransportFailure::Other);
}

#[tokio::test]
async fn a_body_is_capped_whether_announced_or_not() {
    let announced = Server::start(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789").await;
    let chunked = Server::start(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n",
    )
    .await;
    for server in [announced, chunked] {
        let response = get(&local(), server.url("127.0.0.1")).await.unwrap();
        assert_eq!(read_capped(response, 8).await, Err(ReadError::TooLarge { max_bytes: 8 }));
        let response = get(&local(), server.url("127.0.0.1")).await.unwrap();
        assert_eq!(read_capped(response, 9).await.unwrap(), b"123456789");
    }
}

#[tokio::test]
async fn a_truncated_body_is_an_error_and_not_a_short_body() {
    let server = Server::start(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234").await;
    let response = get(&local(), server.url("127.0.0.1")).await.unwrap();
    let broken = read_capped(response, 100).await.unwrap_err();
    assert_eq!(broken, ReadError::Transport(TransportFailure::Other));
}

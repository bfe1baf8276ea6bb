//! The real SDK against a server on loopback that answers as AWS would.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_config::Region;
use aws_sdk_sqs::config::Credentials;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;

use super::*;

/// The requests that reached the server: (operation, body).
type Received = Arc<Mutex<Vec<(String, Value)>>>;

/// An AWS that gives the same answer to everything, for one test.
pub(crate) struct FakeAws {
    address: SocketAddr,
    received: Received,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl FakeAws {
    pub(crate) async fn answering(status: u16, body: &'static str) -> Self {
        let received = Received::default();
        let seen = Arc::clone(&received);
        let status = StatusCode::from_u16(status).unwrap();
        let handler = move |headers: HeaderMap, request: String| async move {
            let operation = headers["x-amz-target"].to_str().unwrap().to_owned();
            seen.lock().unwrap().push((operation, serde_json::from_str(&request).unwrap()));
            (status, [("content-type", "application/x-amz-json-1.1")], body)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(handler);
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, received, server }
    }

    pub(crate) async fn config(&self) -> SdkConfig {
        config_for(self.address).await
    }

    pub(crate) fn received(&self) -> Vec<(String, Value)> {
        self.received.lock().unwrap().clone()
    }
}

async fn config_for(address: SocketAddr) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let loader = loader().region(Region::from_static("eu-central-1")).credentials_provider(credentials);
    loader.endpoint_url(format!("http://{address}")).load().await
}

#[tokio::test]
async fn a_definite_refusal_is_named_and_not_repeated() {
    let body = r#"{"__type": "AccessDeniedException", "message": "user canary may not"}"#;
    let aws = FakeAws::answering(400, body).await;
    let error =
        sqs(&aws.config().await).get_queue_attributes().queue_url("http://q").send().await.unwrap_err();
    assert_eq!(failure(&error), "AccessDeniedException");
    assert_eq!(aws.received().len(), 1);
}

#[tokio::test]
async fn a_server_error_is_repeated_a_bounded_number_of_times() {
    let aws = FakeAws::answering(500, r#"{"__type": "InternalFailure"}"#).await;
    let error =
        sqs(&aws.config().await).get_queue_attributes().queue_url("http://q").send().await.unwrap_err();
    assert_eq!(failure(&error), "InternalFailure");
    assert_eq!(aws.received().len(), usize::try_from(ATTEMPTS).unwrap());
}

#[tokio::test]
async fn an_absent_server_cannot_be_reached() {
    let deserted = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = sqs(&config_for(deserted).await)
        .get_queue_attributes()
        .queue_url("http://q")
        .send()
        .await
        .unwrap_err();
    assert_eq!(failure(&error), "cannot be reached");
}

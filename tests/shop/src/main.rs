//! The stand-in as a program: bind, tell where, serve until told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use shop_standin::{Clock, Config, Server};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: shop-standin [--listen 127.0.0.1:0] [--ready-file PATH] [--config FILE]";

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}\n{USAGE}")]
    Usage(String),
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error(transparent)]
    Config(#[from] shop_standin::ConfigError),
    #[error("cannot listen on {0}: {1}")]
    Serve(String, shop_standin::ServeError),
    #[error("signals: {0}")]
    Signal(std::io::Error),
}

struct Arguments {
    listen: String,
    ready_file: Option<PathBuf>,
    config: Option<PathBuf>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    let arguments = parse(arguments)?;
    let config = match &arguments.config {
        Some(path) => Config::from_json(&read(path)?)?,
        None => Config::built_in()?,
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Signal)?;
    let server = Server::start(config, &arguments.listen, Clock::real())
        .await
        .map_err(|error| Failure::Serve(arguments.listen.clone(), error))?;
    tracing::info!(url = %server.url, "the stand-in shop is open");
    if let Some(path) = &arguments.ready_file {
        announce(path, &server).map_err(|error| Failure::File(path.clone(), error))?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.stop().await;
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, Failure> {
    let mut parsed = Arguments { listen: "127.0.0.1:0".to_owned(), ready_file: None, config: None };
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| Failure::Usage(format!("{name} needs a value")));
        match name.as_str() {
            "--listen" => parsed.listen = value()?,
            "--ready-file" => parsed.ready_file = Some(value()?.into()),
            "--config" => parsed.config = Some(value()?.into()),
            _ => return Err(Failure::Usage(format!("unknown argument {name}"))),
        }
    }
    Ok(parsed)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::File(path.to_owned(), error))
}

/// Writes the address and keys, whole or not at all.
fn announce(path: &Path, server: &Server) -> std::io::Result<()> {
    let ready = json!({
        "url": server.url,
        "consumer_key": server.consumer_key,
        "consumer_secret": server.consumer_secret,
        "pid": std::process::id(),
    });
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    std::fs::write(&draft, ready.to_string())?;
    std::fs::rename(&draft, path)
}

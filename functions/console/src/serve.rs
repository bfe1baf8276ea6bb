//! The console on somebody's own machine.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use weir_runtime::environment::ConsoleEnvironment;

use crate::auth::Auth;
use crate::local::Local;
use crate::router;
use crate::wire::{Failure, Surroundings};

/// A console that is ready to be served, and the address to open it by.
pub struct Ready {
    listener: TcpListener,
    router: Router,
    /// What to open in a browser; works once.
    pub invitation: String,
}

/// Binds to loopback and makes the one-time address.
pub async fn ready(surroundings: &Surroundings, environment: &ConsoleEnvironment) -> Result<Ready, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, environment.port)).await?;
    let (user, clock) = (environment.user.as_deref(), Arc::clone(&surroundings.clock));
    let local = Local::new(listener.local_addr()?, user, clock);
    let invitation = local.invitation().unwrap_or_default();
    Ok(Ready { listener, router: router(surroundings.app(Auth::Local(local))?), invitation })
}

impl Ready {
    /// Serves until the process ends.
    pub async fn serve(self) -> Result<(), Failure> {
        Ok(axum::serve(self.listener, self.router).await?)
    }
}

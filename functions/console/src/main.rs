//! HTTP: the operators' API and pages, in a function; `console serve`: the
//! same on this machine; `console doctor`: is everything as it has to be?

use std::process::ExitCode;

use console::wire::{Failure, Surroundings};
use console::{doctor, router, serve};
use weir_runtime::environment::{ConsoleEnvironment, TelemetryEnvironment, process};
use weir_runtime::telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let environment = ConsoleEnvironment::read(&process)?;
    if environment.in_lambda {
        return function().await;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["serve"] => on_this_machine(&environment).await,
        ["doctor", ref arguments @ ..] => doctor::run(arguments).await,
        _ => {
            eprintln!("usage: console [serve | doctor …]");
            Ok(ExitCode::from(2))
        }
    }
}

fn telemetry() -> Result<Telemetry, Failure> {
    Ok(Telemetry::init("console", &TelemetryEnvironment::read(&process)?)?)
}

async fn function() -> Result<ExitCode, Failure> {
    let telemetry = telemetry()?;
    let surroundings = Surroundings::read().await?;
    let app = surroundings.app(surroundings.openid()?)?;
    // Written before the answer leaves: afterwards the function may freeze.
    lambda_http::run(router(app).layer(axum::middleware::map_response(
        move |response: axum::response::Response| async move {
            telemetry.flush();
            response
        },
    )))
    .await?;
    Ok(ExitCode::SUCCESS)
}

async fn on_this_machine(environment: &ConsoleEnvironment) -> Result<ExitCode, Failure> {
    telemetry()?;
    let ready = serve::ready(&Surroundings::read().await?, environment).await?;
    eprintln!("Open this once, here: {}", ready.invitation);
    ready.serve().await?;
    Ok(ExitCode::SUCCESS)
}

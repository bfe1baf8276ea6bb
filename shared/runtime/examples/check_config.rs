//! The door behind `make check CONFIG=directory`: prints what is wrong with a
//! directory of configuration documents, one line each, and exits 1 if
//! anything is. With `local` as a second argument, plain http to loopback is
//! allowed, as on the local stack.
#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::path::Path;
use std::process::ExitCode;

use weir_runtime::config::check_directory;
use weir_runtime::environment::Profile;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (directory, profile) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [directory] => (directory, Profile::Aws),
        [directory, "local"] => (directory, Profile::Local),
        _ => {
            eprintln!("usage: check_config DIRECTORY [local]");
            return ExitCode::from(2);
        }
    };
    let problems = check_directory(Path::new(directory), profile);
    if problems.is_empty() {
        println!("{directory}: no problems");
        return ExitCode::SUCCESS;
    }
    for problem in &problems {
        println!("{problem}");
    }
    ExitCode::FAILURE
}

//! One process of a torture: asks, holds, gives back, and dies; and writes down
//! what it sees of that.
//!
//! What it is to do stands in its environment, which the reapers that it starts
//! inherit.

#![forbid(unsafe_code)]

mod allocator;
mod body;
mod client;
mod command;
mod fate;
mod hooks;
mod lender;
mod menu;
mod order;
mod probe;
mod request;
mod seen;
mod task;

use std::process::ExitCode;

fn main() -> ExitCode {
    // What is thrown here is meant to be.
    std::panic::set_hook(Box::new(|panic| {
        if panic
            .payload()
            .downcast_ref::<request::OnPurpose>()
            .is_none()
        {
            eprintln!("torture-worker: {panic}");
        }
    }));
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let task = task::get();
    match args[..] {
        ["work"] => {
            fate::begin("worker");
            request::work(task);
        }
        ["probe"] => {
            fate::begin("probe");
            probe::run(task);
        }
        ["lend", machine] => {
            seen::begin("worker", machine);
            lender::run(task);
        }
        ["ask-all", machine] => {
            seen::begin("probe", machine);
            lender::take_all(task);
        }
        ["client"] => {
            fate::begin("client");
            client::run(task);
        }
        ["body", ref names @ ..] => body::run(task, names),
        ["command", ref words @ ..] => return command::run(task, words),
        ["hang", ref words @ ..] => command::hang(words),
        ["linger"] => command::linger(task),
        _ => {
            eprintln!("started by `cargo xtask torture`");
            return ExitCode::from(2);
        }
    }
    seen::write(torture::history::Event::Ends);
    ExitCode::SUCCESS
}

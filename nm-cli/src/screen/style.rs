//! The meaning of colours, the same in every view.

use anstyle::{AnsiColor, Style};
use nm_runtime::journal::{Event, Kind, Phase};
use nm_runtime::record::State;

pub const PLAIN: Style = Style::new();
pub const STRONG: Style = Style::new().bold();
pub const FAINT: Style = Style::new().dimmed();
pub const FREE: Style = AnsiColor::Green.on_default();
pub const HELD: Style = AnsiColor::Cyan.on_default();
pub const WAITING: Style = AnsiColor::Yellow.on_default();
pub const HOOK: Style = AnsiColor::Magenta.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();

pub fn state(state: State) -> Style {
    match state {
        State::Clean => FREE,
        State::Dirty => WAITING,
        State::Broken => BAD,
    }
}

pub fn event(event: &Event) -> Style {
    match event.kind {
        Kind::Acquired => HELD,
        Kind::Waiting => WAITING,
        Kind::Released if event.state == Some(State::Broken) => BAD,
        Kind::Released => FREE,
        Kind::Timeout | Kind::Deadlock | Kind::Died | Kind::Lost => BAD,
        _ if event.phase == Some(Phase::Failed) => BAD,
        _ => HOOK,
    }
}

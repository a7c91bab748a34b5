//! The live screen: in the terminal's alternate screen, so that its contents are
//! restored afterwards.

use std::cell::RefCell;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyModifiers};
use crossterm::{cursor, execute, queue, style::Print, terminal};

use crate::pools::views;
use crate::screen::clock::Clock;
use crate::screen::{Screen, style, text};
use crate::views::status::page::show;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How often pools are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub fn run(screen: &mut Screen, pools: &[String], json: bool) -> Result<()> {
    match !json && io::stdout().is_terminal() && io::stdin().is_terminal() {
        true => live(screen, pools),
        false => changes(screen, pools, json),
    }
}

/// Without a terminal: prints everything again whenever something has changed.
fn changes(screen: &mut Screen, pools: &[String], json: bool) -> Result<()> {
    let mut last = String::new();
    loop {
        let views = views(pools)?;
        // Without times, which grow by themselves.
        let now = format!("{views:?}");
        if now != last {
            if !last.is_empty() && !json {
                screen.end_line()?;
            }
            show(screen, &views, json)?;
            screen.flush()?;
            last = now;
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn live(screen: &Screen, pools: &[String]) -> Result<()> {
    // Before the terminal is taken, so that an error can be read.
    views(pools)?;
    let _live = Live::begin()?;
    let mut clock = Clock::new();
    loop {
        let (columns, rows) = terminal::size()?;
        let text = match draw(screen, pools, columns, &mut clock) {
            Ok(text) => text,
            // A pool may be removed while we look.
            Err(error) => crate::exit::chain(&*error),
        };
        put(&text, usize::from(rows))?;
        if !stay()? {
            return Ok(());
        }
    }
}

fn draw(screen: &Screen, pools: &[String], columns: u16, clock: &mut Clock) -> Result<String> {
    let text = Buffer::default();
    let mut page = screen.like(text.clone(), usize::from(columns).max(1));
    let now = nm_runtime::inspect::now();
    let title = format!("{}  q quits", clock.second(now));
    page.say(&title, style::FAINT)?;
    show(&mut page, &views(pools)?, false)?;
    page.flush()?;
    Ok(text.take())
}

/// Draws over the old lines one by one, so that nothing flickers.
fn put(text: &str, rows: usize) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    queue!(out, terminal::BeginSynchronizedUpdate)?;
    let lines: Vec<_> = text.lines().collect();
    let room = match lines.len() > rows {
        true => rows.saturating_sub(1),
        false => lines.len(),
    };
    for (row, line) in lines[..room].iter().enumerate() {
        queue!(out, cursor::MoveTo(0, row as u16), Print(line))?;
        queue!(out, terminal::Clear(terminal::ClearType::UntilNewLine))?;
    }
    if room < lines.len() {
        let more = text::count((lines.len() - room) as u64, "more line");
        queue!(out, cursor::MoveTo(0, room as u16), Print(more))?;
        queue!(out, terminal::Clear(terminal::ClearType::UntilNewLine))?;
    } else if room < rows {
        queue!(out, cursor::MoveTo(0, room as u16))?;
        queue!(out, terminal::Clear(terminal::ClearType::FromCursorDown))?;
    }
    queue!(out, terminal::EndSynchronizedUpdate)?;
    out.flush()
}

/// Waits until it is time to look again; `false` if the user quits.
fn stay() -> io::Result<bool> {
    if !event::poll(LOOK_EVERY)? {
        return Ok(true);
    }
    let Event::Key(key) = event::read()? else {
        return Ok(true);
    };
    let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    let done = control_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc);
    Ok(!done)
}

/// While this lives, the terminal is ours.
struct Live;

impl Live {
    fn begin() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let live = Self;
        execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
        Ok(live)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // The terminal may have gone.
        let _ = execute!(io::stdout(), cursor::Show, terminal::LeaveAlternateScreen);
        let _ = terminal::disable_raw_mode();
    }
}

/// Text that is being drawn.
#[derive(Clone, Default)]
struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> String {
        String::from_utf8_lossy(&self.0.take()).into_owned()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

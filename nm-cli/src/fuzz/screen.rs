use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use serde::Serialize;

use crate::screen::{Screen, text};

#[derive(Clone, Default)]
struct Page(Rc<RefCell<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shows something on a screen without colours, and checks the result.
pub fn shown(width: usize, show: impl FnOnce(&mut Screen) -> io::Result<()>) -> String {
    let page = Page::default();
    let mut screen = Screen::plain(page.clone(), width);
    show(&mut screen).unwrap();
    screen.flush().unwrap();
    let shown = String::from_utf8(page.0.take()).unwrap();
    for line in shown.lines() {
        is_shown(line);
    }
    shown
}

/// The line is safe on a terminal.
#[track_caller]
pub fn is_shown(line: &str) {
    assert_eq!(text::escape(line), line);
}

/// JSON that people may see, and programs read.
pub fn json(value: &impl Serialize) {
    let text = shown(80, |screen| screen.json(value));
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    let plain = serde_json::to_string(value).unwrap();
    assert_eq!(
        read,
        serde_json::from_str::<serde_json::Value>(&plain).unwrap()
    );
}

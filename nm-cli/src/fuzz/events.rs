use nm_runtime::journal::{Event, Kind, Phase, State};
use nm_runtime::{Access, Holder};

/// A history made of these bytes, whatever they are: few pools, names and threads,
/// so that its events have to do with each other.
pub fn events(bytes: &[u8]) -> Vec<Event> {
    let mut bytes = Bytes(bytes);
    let mut events = Vec::new();
    let mut time = 1_795_295_000_000_000;
    while !bytes.0.is_empty() {
        let event = bytes.event(time);
        time = event.time;
        events.push(event);
    }
    events
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn event(&mut self, before: u64) -> Event {
        let mut event = self.event_of_run(before);
        if event.holder.pid == 2 {
            "other".clone_into(&mut event.holder.run);
        }
        event
    }

    fn event_of_run(&mut self, before: u64) -> Event {
        Event {
            v: 1,
            kind: self.one_of(Kind::ALL),
            time: self.time(before),
            pool: self.one_of(&["db", "smtp"]).to_owned(),
            name: self.name(),
            id: self.one_of(&["1-0", "1-1", "2-0", "2-1"]).to_owned(),
            holder: Holder {
                test: self.word("app::tests::a"),
                pid_namespace: None,
                pid: self.number() % 3,
                token: self.one_of(&["1-0", "2-0"]).to_owned(),
                run: "run".to_owned(),
                file: self.word("tests/a.rs"),
                line: self.number(),
                since: 0,
                host: None,
            },
            fence: None,
            detail: self.detail(),
            waited: self.waited(),
            access: self.one_of(&[None, Some(Access::Exclusive), Some(Access::Shared)]),
            state: self.one_of(&[
                None,
                Some(State::Clean),
                Some(State::Dirty),
                Some(State::Broken),
            ]),
            phase: self.one_of(&[
                None,
                Some(Phase::Started),
                Some(Phase::Done),
                Some(Phase::Failed),
            ]),
        }
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u32 {
        u32::from(self.byte())
    }

    fn long(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()].clone()
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// This, mostly.
    fn word(&mut self, usual: &str) -> String {
        match self.byte() {
            255 => self.text(),
            n => usual.to_owned() + &"b".repeat(usize::from(n % 3)),
        }
    }

    /// Clocks are set, too.
    fn time(&mut self, before: u64) -> u64 {
        match self.byte() {
            254 => before.saturating_sub(self.long()),
            255 => self.long(),
            n => before.saturating_add(u64::from(n) * 1000),
        }
    }

    fn name(&mut self) -> Option<String> {
        match self.byte() % 8 {
            0 => None,
            7 => Some(self.text()),
            n => Some(format!("db-{}", n % 3)),
        }
    }

    fn detail(&mut self) -> Option<String> {
        match self.byte() {
            255 => Some(self.text()),
            n => self.one_of(&[
                None,
                Some(format!("{} of 3", n % 4)),
                Some("all".to_owned()),
            ]),
        }
    }

    fn waited(&mut self) -> Option<u64> {
        match self.byte() {
            0 => None,
            255 => Some(self.long()),
            n => Some(u64::from(n) * 1000),
        }
    }
}

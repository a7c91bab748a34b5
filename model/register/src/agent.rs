//! An agent, and the one test that it serves at a time.

use nm_register::{Access, Beats, Document, Due, Hold, Look, Observer, Session, Start, Tag, Token};

/// What the test of a machine does, which asks for the name at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// With this access.
    pub access: Access,
    /// Whether the wait may end.
    pub gives_up: bool,
    /// Whether the body may end.
    pub ends: bool,
}

/// A request that was made, and whose end is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Its token.
    pub token: Token,
    /// Its test waits no more.
    pub given_up: bool,
}

/// A test's body that uses the name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Body {
    /// As it was granted.
    pub hold: Hold,
    /// It was told that its lease is lost.
    pub told: bool,
}

/// A beat on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Beat {
    /// None.
    None,
    /// To the server.
    Sent(u64),
    /// Back, from this process of the server.
    Answered(u64, Start),
    /// Back: the session was declared dead.
    Refused,
}

/// The answer of a READ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// The document's tag.
    pub tag: Option<Tag>,
    /// The document.
    pub document: Document,
    /// The rest.
    pub look: Look,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Agent {
    /// What its test does.
    pub plan: Plan,
    /// Its session.
    pub session: Session,
    /// Its own beats.
    pub beats: Beats,
    /// What it sees of others.
    pub observer: Observer,
    /// How often it had to connect.
    pub connections: u64,
    /// The beat on its way.
    pub beat: Beat,
    /// When it last sent one.
    pub beaten: Option<u8>,
    /// The request in hand.
    pub asked: Option<Asked>,
    /// Holds that are not over, as far as it knows.
    pub known: Vec<Hold>,
    /// Holds that are to be released.
    pub releasing: Vec<Hold>,
    /// A change whose outcome is not known was made of the document with this tag.
    pub unsettled: Option<Option<Tag>>,
    /// What it read last.
    pub page: Option<Box<Page>>,
    /// What is due since then.
    pub due: Vec<Due>,
    /// Tests that use the name.
    pub bodies: Vec<Body>,
    /// Whether its last change hangs at the server.
    pub hangs: bool,
}

impl Agent {
    /// Whether it has nothing to ask of the server.
    pub fn is_idle(&self) -> bool {
        self.asked.is_none()
            && self.releasing.is_empty()
            && self.unsettled.is_none()
            && !self.beats.must_say_again()
    }

    /// The connections are made anew.
    pub fn reconnect(&mut self) {
        self.beats.cut();
        self.connections += 1;
        self.beat = Beat::None;
        self.page = None;
        self.due.clear();
        self.hangs = false;
    }
}

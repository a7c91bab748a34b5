//! What a process of a test does: one line after the other.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nm_agent::wire::{
    Answer, Ask, Asked, Grant, Greeting, Hello, Join, Lock, Look, Released, Told, VERSION, Welcome,
};
use nm_register::{Access, After, Names, Spec, State, Token, Wanted, Who};
use rustix::fs::{FlockOperation, flock};

/// Nothing takes longer, or the test has failed.
const LONG: Duration = Duration::from_secs(90);

/// A token, and its file, which is locked for as long as it is there.
pub struct Held {
    pub token: Token,
    pub lock: Lock,
    path: PathBuf,
    file: File,
    /// It is the agent's to remove.
    has_release: bool,
}

impl Held {
    /// Writes down that a name is given back, before that is said.
    pub fn note_release(&mut self, name: &str) {
        let released = Released {
            name: name.to_owned(),
            after: clean(),
        };
        let line = serde_json::to_string(&released).unwrap();
        self.file.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.has_release = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.has_release {
            let _ = fs::remove_file(&self.path);
        }
    }
}

pub struct Process {
    dir: PathBuf,
    stream: UnixStream,
    lines: BufReader<UnixStream>,
    told: VecDeque<Told>,
    next: u64,
    pub welcome: Welcome,
}

pub fn number() -> u128 {
    let mut bytes = [0; 16];
    std::io::Read::read_exact(&mut File::open("/dev/urandom").unwrap(), &mut bytes).unwrap();
    u128::from_ne_bytes(bytes)
}

impl Process {
    pub fn connect(dir: &Path) -> Self {
        match Self::greet(dir, VERSION) {
            (process, Greeting::Welcome(welcome)) => Self { welcome, ..process },
            (_, greeting) => panic!("{greeting:?}"),
        }
    }

    /// With lines of this version.
    pub fn greet(dir: &Path, v: u32) -> (Self, Greeting) {
        let stream = UnixStream::connect(dir.join("agent.sock")).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let hello = Hello {
            v,
            program: "test".to_owned(),
        };
        let hello = serde_json::to_string(&hello).unwrap();
        (&stream)
            .write_all(format!("{hello}\n").as_bytes())
            .unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let process = Self {
            dir: dir.to_owned(),
            stream,
            lines,
            told: VecDeque::new(),
            next: 1,
            welcome: Welcome {
                v: 0,
                server: String::new(),
                host: String::new(),
                lease: 0,
            },
        };
        (process, serde_json::from_str(&line).unwrap())
    }

    /// A new token.
    pub fn token(&self) -> Held {
        let token = Token(number());
        let path = self.dir.join("locks").join(token.to_string());
        let file = File::create_new(&path).unwrap();
        flock(&file, FlockOperation::LockExclusive).unwrap();
        let found = file.metadata().unwrap();
        let lock = Lock {
            device: found.dev(),
            inode: found.ino(),
        };
        Held {
            token,
            lock,
            path,
            file,
            has_release: false,
        }
    }

    pub fn ask(&mut self, ask: Ask) -> u64 {
        self.ask_of("gcp", ask)
    }

    pub fn ask_of(&mut self, pool: &str, ask: Ask) -> u64 {
        self.try_ask_of(pool, ask).unwrap()
    }

    /// Asks, unless the agent has hung up.
    pub fn try_ask_of(&mut self, pool: &str, ask: Ask) -> std::io::Result<u64> {
        let id = self.next;
        self.next += 1;
        let asked = Asked {
            id,
            space: "acme/shop".to_owned(),
            pool: pool.to_owned(),
            ask,
        };
        let line = serde_json::to_string(&asked).unwrap();
        self.stream.write_all(format!("{line}\n").as_bytes())?;
        Ok(id)
    }

    /// The next answer to this.
    pub fn answer(&mut self, id: u64) -> Answer {
        if let Some(at) = self.told.iter().position(|told| told.id == id) {
            return self.told.remove(at).unwrap().answer;
        }
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "the agent has ended");
            let told: Told = serde_json::from_str(&line).unwrap();
            if told.id == id {
                return told.answer;
            }
            self.told.push_back(told);
        }
    }

    /// The answer to what is asked now.
    pub fn asks(&mut self, ask: Ask) -> Answer {
        let id = self.ask(ask);
        self.answer(id)
    }

    /// What a request is granted, whatever its places before are.
    pub fn granted(&mut self, id: u64) -> Vec<Grant> {
        loop {
            match self.answer(id) {
                Answer::Granted(grants) => return grants,
                Answer::Waiting(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Joins, and is granted a name at once or later.
    pub fn takes(&mut self, held: &Held, test: &str) -> Grant {
        let id = self.ask(join(held, test));
        self.granted(id).remove(0)
    }

    pub fn releases(&mut self, held: &Held, name: &str) -> Answer {
        self.asks(release(held.token, name))
    }

    pub fn look(&mut self) -> Look {
        match self.asks(Ask::Look) {
            Answer::Look(look) => *look,
            other => panic!("{other:?}"),
        }
    }

    /// Whether the agent has gone.
    pub fn is_cut(&mut self) -> bool {
        let mut line = String::new();
        matches!(self.lines.read_line(&mut line), Ok(0) | Err(_))
    }
}

pub fn wants(held: &Held, test: &str) -> Join {
    Join {
        token: held.token,
        lock: held.lock,
        wants: Wanted::Count(1),
        access: Access::Exclusive,
        has_hooks: true,
        has_allocator: false,
        warm_first: false,
        even_broken: false,
        first: 0,
        request: format!("r-{test}"),
        who: Who {
            test: test.to_owned(),
            ..Who::default()
        },
        spec: Some(Spec {
            names: Names::Listed(vec!["gcp-0".to_owned()]),
            place: "Cargo.toml:3".to_owned(),
        }),
        assign: None,
        waits: true,
    }
}

pub fn join(held: &Held, test: &str) -> Ask {
    Ask::Join(Box::new(wants(held, test)))
}

pub fn clean() -> After {
    After {
        state: State::Clean,
        reason: None,
        as_it_was: false,
    }
}

pub fn release(token: Token, name: &str) -> Ask {
    release_of(token, name, None)
}

/// A release as it is said again, by a process that knows what it held.
pub fn release_of(token: Token, name: &str, fence: Option<u64>) -> Ask {
    Ask::Release {
        token,
        name: name.to_owned(),
        fence,
        after: clean(),
        durable: true,
    }
}

/// A release whose answer does not wait for the server.
pub fn let_go(token: Token, name: &str) -> Ask {
    Ask::Release {
        token,
        name: name.to_owned(),
        fence: None,
        after: clean(),
        durable: false,
    }
}

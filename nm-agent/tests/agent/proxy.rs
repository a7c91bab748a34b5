//! What lies between a machine and its server, and can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// What becomes of connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the server at this port.
    To(u16),
    /// They stay, and new ones are taken, but nothing comes through.
    Silent,
}

struct Shared {
    way: Mutex<Way>,
    changed: Condvar,
    streams: Mutex<Vec<TcpStream>>,
    /// How long each part of what is said is on its way.
    delay: Duration,
}

pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub fn to(port: u16) -> Self {
        Self::far(port, Duration::ZERO)
    }

    /// The same, with a delay each way.
    pub fn far(port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            way: Mutex::new(Way::To(port)),
            changed: Condvar::new(),
            streams: Mutex::default(),
            delay,
        });
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            shared: shared.clone(),
        };
        // Ends with the process of the tests.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                thread::spawn(move || shared.serve(stream));
            }
        });
        proxy
    }

    pub fn set(&self, way: Way) {
        *self.shared.way.lock().unwrap() = way;
        self.shared.changed.notify_all();
    }

    /// Ends all connections, and does otherwise with those that come.
    pub fn cut(&self, way: Way) {
        self.set(way);
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn serve(self: Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.port())) else {
            return;
        };
        let pairs = [(&client, &server), (&server, &client)];
        let [there, back] = pairs.map(|(from, to)| {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let shared = self.clone();
            thread::spawn(move || shared.copy(from, to))
        });
        self.streams.lock().unwrap().extend([client, server]);
        there.join().unwrap();
        back.join().unwrap();
    }

    /// Where to, once anything comes through.
    fn port(&self) -> u16 {
        let way = self.way.lock().unwrap();
        let silent = |way: &mut Way| *way == Way::Silent;
        match *self.changed.wait_while(way, silent).unwrap() {
            Way::To(port) => port,
            Way::Silent => unreachable!("it waits while it is"),
        }
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 1 << 14];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            self.port();
            thread::sleep(self.delay);
            if to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        for stream in [from, to] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

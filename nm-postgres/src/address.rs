//! Which server it is, and how one gets in. A password is in no message.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::IpAddr;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::{Error, Kind};
use crate::passfile;

/// What an address may refer to, beside what it says itself.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `PGPASSFILE`.
    pub passfile: Option<PathBuf>,
    /// `PGSSLROOTCERT`.
    pub root_certificate: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        let file = |key| std::env::var_os(key).filter(|file| !file.is_empty());
        Self {
            passfile: file("PGPASSFILE").map(PathBuf::from),
            root_certificate: file("PGSSLROOTCERT").map(PathBuf::from),
        }
    }
}

/// A server's address, read and checked.
#[derive(Clone)]
pub struct Address {
    pub(crate) config: Config,
    /// Whom to trust; `None` if the connection is not encrypted.
    pub(crate) tls: Option<Trust>,
    shown: String,
}

/// Whose certificates a server may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those that this machine trusts.
    System,
    /// Those that are signed by one of this file's.
    File(PathBuf),
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.shown)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

const FORM: &str = "expected `postgres://USER@HOST:PORT/DATABASE`, for example `postgres://ci@db.example.org/names`";

const PORT: u16 = 5432;

/// The part of a connect that may take long: a host that does not answer.
const CONNECT: Duration = Duration::from_secs(10);

impl Address {
    /// Reads an address in the form of PostgreSQL's own programs.
    ///
    /// The connection is encrypted, and the server's certificate and name are checked, unless
    /// the server is on this machine or the address says `sslmode=disable`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or a file that it names. The password is in no message.
    pub fn parse(text: &str, surroundings: &Surroundings) -> Result<Self, Error> {
        let wrong = |what: String| Error::new(Kind::Config, what);
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
            return Err(wrong(format!(
                "the server's address is none of PostgreSQL; {FORM}"
            )));
        }
        // Ours: those that tokio-postgres does not know, or knows otherwise.
        let mut ours = BTreeMap::new();
        let mut theirs = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key {
                "sslmode" | "sslrootcert" | "passfile" => {
                    ours.insert(key, decoded(value));
                }
                _ => theirs.push(part),
            }
        }
        let mut config = Config::from_str(&format!("{address}?{}", theirs.join("&")))
            // What it says may be of the address: it is not shown.
            .map_err(|_| wrong(format!("the server's address cannot be read; {FORM}")))?;
        let [host] = config.get_hosts() else {
            return Err(wrong(format!(
                "the server's address must name one host; {FORM}"
            )));
        };
        let host = match host {
            // The end of the password: it would be shown.
            Host::Tcp(host) if host.contains('@') => {
                return Err(wrong(format!(
                    "the password in the server's address has an `@`; write `%40` for it; {FORM}"
                )));
            }
            Host::Tcp(host) => host.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        };
        let Some(user) = config.get_user().map(str::to_owned) else {
            return Err(wrong(format!(
                "the server's address must name a user; {FORM}"
            )));
        };
        let port = config.get_ports().first().copied().unwrap_or(PORT);
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        let shown = match host.contains(':') {
            true => format!("[{host}]:{port}/{database} as {user}"),
            false => format!("{host}:{port}/{database} as {user}"),
        };
        let file = |key: &str, variable: &str, otherwise: &Option<PathBuf>| {
            let (what, file) = match ours.get(key) {
                Some(file) => (key, PathBuf::from(file)),
                None => match otherwise {
                    Some(file) => (variable, file.clone()),
                    None => return Ok(None),
                },
            };
            match file.is_relative() && file.as_os_str() != "system" {
                // A machine's agent, which reads it, is in another directory than who has said so.
                true => Err(wrong(format!(
                    "{shown}: `{what}` is the relative path `{}`; write an absolute one",
                    file.display()
                ))),
                false => Ok(Some(file)),
            }
        };
        let root = file(
            "sslrootcert",
            "PGSSLROOTCERT",
            &surroundings.root_certificate,
        )?;
        let trust = || match root {
            Some(file) if file.as_os_str() != "system" => Trust::File(file),
            _ => Trust::System,
        };
        let tls = match ours.get("sslmode").map(String::as_str) {
            Some("disable") => None,
            Some("require" | "verify-full") => Some(trust()),
            None if is_here(&host) => None,
            None => Some(trust()),
            Some(mode @ ("allow" | "prefer")) => {
                return Err(wrong(format!(
                    "{shown}: `sslmode={mode}` may end in plain text; write `verify-full`, which is the default, or `disable`"
                )));
            }
            Some("verify-ca") => {
                return Err(wrong(format!(
                    "{shown}: `sslmode=verify-ca` would not check the server's name; write `verify-full`, which is the default"
                )));
            }
            Some(mode) => {
                let mode = mode.escape_debug();
                return Err(wrong(format!(
                    "{shown}: unknown `sslmode={mode}`; expected `verify-full`, `require` or `disable`"
                )));
            }
        };
        config.ssl_mode(match tls {
            Some(_) => SslMode::Require,
            None => SslMode::Disable,
        });
        if config.get_password().is_none()
            && let Some(file) = file("passfile", "PGPASSFILE", &surroundings.passfile)?
        {
            let text = read_passfile(&file)?;
            if let Some(password) = passfile::find(&text, &host, port, &database, &user) {
                config.password(password);
            }
        }
        config.application_name("name-manager");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        Ok(Self { config, tls, shown })
    }

    /// Whether the connection is encrypted, and the server's certificate and name are checked.
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether what is sent stays on this machine.
    pub fn is_on_this_machine(&self) -> bool {
        match self.config.get_hosts() {
            [Host::Tcp(host)] => is_here(host),
            _ => true,
        }
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(PORT)
    }
}

/// Whether what is sent there leaves this machine.
fn is_here(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost" || host.starts_with('/') || address.is_ok_and(|it| it.is_loopback())
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn read_passfile(file: &Path) -> Result<String, Error> {
    let shown = file.display();
    let failed = |error| {
        Error::new(
            Kind::Config,
            format!("failed to read the password file `{shown}`"),
        )
        .because(error)
    };
    #[cfg(unix)]
    if fs::metadata(file).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(Error::new(
            Kind::Config,
            format!("others may read the password file `{shown}`; run `chmod 600 {shown}`"),
        ));
    }
    fs::read_to_string(file).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, Error> {
        Address::parse(text, &Surroundings::default())
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_somebody_wrote_otherwise() {
        let file = Trust::File("/etc/ca.pem".into());
        for (text, tls) in [
            ("postgres://ci@db.example.org/names", Some(Trust::System)),
            ("postgres://ci@10.0.0.7/names", Some(Trust::System)),
            (
                "postgres://ci@db/names?sslmode=require",
                Some(Trust::System),
            ),
            (
                "postgres://ci@db/names?sslmode=verify-full&sslrootcert=/etc/ca.pem",
                Some(file.clone()),
            ),
            (
                "postgres://ci@db/names?sslrootcert=%2Fetc%2Fca.pem",
                Some(file),
            ),
            ("postgres://ci@db/names?sslmode=disable", None),
            ("postgres://ci@localhost/names", None),
            ("postgres://ci@127.0.0.3/names", None),
            ("postgres://ci@[::1]:7/names", None),
            ("postgres://ci@%2Frun%2Fpg/names", None),
            (
                "postgres://ci@localhost/names?sslmode=require",
                Some(Trust::System),
            ),
        ] {
            let address = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(address.tls, tls, "{text}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (text, shown) in [
            ("postgresql://ci:secret@db:7/names", "db:7/names as ci"),
            ("postgres://ci:secret@db", "db:5432/ci as ci"),
            ("postgres://ci:secret@[::1]/names", "[::1]:5432/names as ci"),
        ] {
            let address = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), format!("Address({shown})"));
        }
    }

    #[test]
    fn a_wrong_address_says_what_to_write_and_not_the_password() {
        for (text, said) in [
            ("", "expected `postgres://"),
            ("secret", "expected `postgres://"),
            ("mysql://ci:secret@db/names", "expected `postgres://"),
            ("postgres://db/names", "must name a user"),
            ("postgres://ci:secret@/names", "must name one host"),
            ("postgres://ci:my@secret@db/names", "write `%40`"),
            ("postgres://ci:secret@a,b/names", "must name one host"),
            ("postgres://ci:secret@db:port/names", "cannot be read"),
            ("postgres://ci:secret@db/names?no=thing", "cannot be read"),
            (
                "postgres://ci:secret@db/names?sslmode=prefer",
                "may end in plain text",
            ),
            (
                "postgres://ci:secret@db/names?sslmode=verify-ca",
                "would not check the server's name",
            ),
            (
                "postgres://ci:secret@db/names?sslmode=on",
                "unknown `sslmode=on`",
            ),
            (
                "postgres://ci@db/names?passfile=/nowhere",
                "failed to read the password file `/nowhere`",
            ),
            (
                "postgres://ci@db/names?passfile=.pgpass",
                "`passfile` is the relative path `.pgpass`; write an absolute one",
            ),
            (
                "postgres://ci@db/names?sslrootcert=ca.crt",
                "`sslrootcert` is the relative path `ca.crt`; write an absolute one",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.kind(), Kind::Config, "{text}");
            let shown = format!("{error} {error:?}");
            assert!(
                shown.contains(said) && !shown.contains("secret"),
                "{text}: {shown}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_password_file_is_read_if_it_is_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pgpass");
        fs::write(&file, "db:5432:names:ci:secret\n").unwrap();
        let surroundings = Surroundings {
            passfile: Some(file.clone()),
            ..Surroundings::default()
        };
        let parse = |text| Address::parse(text, &surroundings);
        let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        let error = parse("postgres://ci@db/names").unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        mode(0o600);
        let address = parse("postgres://ci@db/names").unwrap();
        assert_eq!(address.config.get_password(), Some(&b"secret"[..]));
        let address = parse("postgres://ci:other@db/names").unwrap();
        assert_eq!(address.config.get_password(), Some(&b"other"[..]));
    }
}

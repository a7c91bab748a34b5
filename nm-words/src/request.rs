//! The text in which the attributes of a test pass their requests to the engine:
//! `db max=2;mail shared`. As structs they would cost the compiler twice as much as the
//! rest of an annotated test.
//!
//! Each option is one line of the table below, from which writer and reader are made.

macro_rules! options {
    ($($(#[$doc:meta])* $option:ident: $value:ty,)+) => {
        /// What one `#[shared_resource(..)]` asks for.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Request<'a> {
            /// `pool`.
            pub pool: &'a str,
            /// The line of the attribute. Passed in a text of its own: for an attribute
            /// inside another macro only rustc knows it, and only later.
            pub line: u32,
            $($(#[$doc])* pub $option: $value,)+
        }

        fn write_one(text: &mut String, request: &Request<'_>) {
            text.push_str(request.pool);
            $(write_option(text, stringify!($option), request.$option.write());)+
        }

        fn read_one(text: &str) -> Option<Request<'_>> {
            let mut words = text.split(' ');
            let mut request = Request { pool: words.next()?, ..Request::default() };
            for word in words {
                let (option, value) = word.split_once('=').unwrap_or((word, ""));
                match option {
                    $(stringify!($option) => request.$option = Value::read(value)?,)+
                    _ => return None,
                }
            }
            Some(request)
        }

        #[cfg(test)]
        const OPTIONS: &[&str] = &[$(stringify!($option)),+];
    };
}

options! {
    /// `max`.
    max: Option<u32>,
    /// `names`; empty if not given.
    names: Vec<&'a str>,
    /// `name`: this one only.
    name: Option<&'a str>,
    /// `access = "shared"`.
    shared: bool,
    /// `count`, or `all`.
    amount: Amount,
    /// `wait_timeout`, checked by the attribute to be a duration.
    wait_timeout: Option<&'a str>,
    /// `set_env`.
    set_env: bool,
    /// The test takes no parameter from it, and the attribute says neither which name, nor
    /// how many it wants or there are: in an unbounded pool it achieves nothing.
    bare: bool,
    /// A thread that holds the pool already has it again, as with the keys of serial_test.
    again: bool,
    /// Not any name, but the one of this process, which no other has.
    own: bool,
}

/// How many names one request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// This many at once; the default is 1.
    Count(u32),
    /// The whole pool.
    All,
}

impl Default for Amount {
    fn default() -> Self {
        Self::Count(1)
    }
}

/// Adds one request to the text of a test, without its line.
///
/// Spaces, `,` and `;` are separators here. No value contains one, except spaces in a
/// duration, where they mean nothing: these are dropped.
pub fn append(text: &mut String, request: &Request<'_>) {
    if !text.is_empty() {
        text.push(';');
    }
    write_one(text, request);
}

/// Reads what [`append`] wrote, and the lines of the attributes, `12 15`. An item is
/// `None` if this version did not write it.
pub fn read<'a>(text: &'a str, lines: &'a str) -> impl Iterator<Item = Option<Request<'a>>> {
    let lines = lines.split_whitespace();
    text.split(';').zip(lines).map(|(text, line)| {
        Some(Request {
            line: line.parse().ok()?,
            ..read_one(text)?
        })
    })
}

/// Whether each request is for the name of this process: what differs otherwise, a text says
/// of all its requests or of none.
pub fn is_for_own_names(text: &str) -> bool {
    matches!(text.as_bytes(), [.., b' ', b'o', b'w', b'n'])
}

fn write_option(text: &mut String, option: &str, value: Option<String>) {
    let Some(value) = value else {
        return;
    };
    text.push(' ');
    text.push_str(option);
    if !value.is_empty() {
        text.push('=');
        text.extend(value.split_whitespace());
    }
}

/// The value of an option.
trait Value<'a>: Sized {
    /// `None` if the option is not given; empty if the option is its own value.
    fn write(&self) -> Option<String>;

    fn read(text: &'a str) -> Option<Self>;
}

impl Value<'_> for Option<u32> {
    fn write(&self) -> Option<String> {
        self.map(|number| number.to_string())
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Some)
    }
}

impl<'a> Value<'a> for Option<&'a str> {
    fn write(&self) -> Option<String> {
        self.map(str::to_owned)
    }

    fn read(text: &'a str) -> Option<Self> {
        Some(Some(text))
    }
}

impl<'a> Value<'a> for Vec<&'a str> {
    fn write(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.join(","))
    }

    fn read(text: &'a str) -> Option<Self> {
        Some(text.split(',').collect())
    }
}

impl Value<'_> for bool {
    fn write(&self) -> Option<String> {
        self.then(String::new)
    }

    fn read(text: &str) -> Option<Self> {
        text.is_empty().then_some(true)
    }
}

impl Value<'_> for Amount {
    fn write(&self) -> Option<String> {
        match self {
            Self::Count(1) => None,
            Self::Count(count) => Some(count.to_string()),
            Self::All => Some("all".to_owned()),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "all" => Some(Self::All),
            count => count.parse().ok().map(Self::Count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, OPTIONS, Request, read};

    fn written(requests: &[Request<'_>]) -> String {
        let mut text = String::new();
        for request in requests {
            super::append(&mut text, request);
        }
        text
    }

    fn full() -> Request<'static> {
        Request {
            pool: "db",
            line: 12,
            max: Some(2),
            names: vec!["db_a", "eu.west-1"],
            name: Some("db_a"),
            shared: true,
            amount: Amount::All,
            wait_timeout: Some("1h30m"),
            set_env: true,
            bare: true,
            again: true,
            own: true,
        }
    }

    #[track_caller]
    fn comes_through(requests: &[Request<'_>]) {
        let text = written(requests);
        let lines: Vec<String> = requests.iter().map(|it| it.line.to_string()).collect();
        let lines = lines.join(" ");
        let found: Option<Vec<_>> = read(&text, &lines).collect();
        assert_eq!(found.as_deref(), Some(requests), "{text}");
    }

    #[test]
    fn every_option_comes_through() {
        let text = written(&[full()]);
        let words: Vec<&str> = text.split([' ', '=']).collect();
        for option in OPTIONS {
            assert!(words.contains(option), "{option} is not in {text}");
        }
        comes_through(&[full()]);
    }

    #[test]
    fn what_is_not_given_comes_through_beside_what_is() {
        let bare = Request {
            pool: "mail",
            line: 15,
            ..Request::default()
        };
        let several = Request {
            amount: Amount::Count(3),
            ..bare.clone()
        };
        let all = [bare, full(), several];
        assert_eq!(written(&all[..1]), "mail");
        comes_through(&all[..1]);
        comes_through(&all);
    }

    #[test]
    fn spaces_in_a_duration_mean_nothing() {
        let spaced = Request {
            wait_timeout: Some(" 1h  30m "),
            ..Request::default()
        };
        assert_eq!(written(&[spaced]), " wait_timeout=1h30m");
    }

    #[test]
    fn what_this_version_would_not_write_is_not_read() {
        for text in [
            "db so",
            "db max=two",
            "db shared=yes",
            "db amount=",
            "db amount=some",
        ] {
            assert_eq!(read(text, "1").collect::<Vec<_>>(), [None], "{text}");
        }
        assert_eq!(read("db", "x").collect::<Vec<_>>(), [None]);
    }
}

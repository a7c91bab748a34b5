//! The public error, with its private kinds.

use std::error::Error as StdError;
use std::fmt;

/// Any error, as returned by users' hooks and conversions.
pub type BoxError = Box<dyn StdError + Send + Sync>;

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a name could not be lent or given back.
///
/// Opaque: use the predicates. `Display` is one line that names the thing,
/// what was found and what to do; the cause, if any, is the
/// [`source`](StdError::source).
///
/// ```
/// use name_manager::Pool;
///
/// let error = Pool::open("Data Base").unwrap_err();
/// assert!(error.to_string().contains("`Data Base`"));
/// assert!(!error.is_timeout());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    source: Option<BoxError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    AlreadyHeld,
    Broken,
    Config,
    Deadlock,
    FormatTooNew,
    Hook,
    Io,
    Lost,
    Never,
    Timeout,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    #[cfg(all(unix, feature = "server"))]
    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    pub(crate) fn io(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::new(Kind::Io, message).because(source)
    }

    pub(crate) fn hook(message: impl Into<String>, source: BoxError) -> Self {
        Self::new(Kind::Hook, message).because(source)
    }

    pub(crate) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The deadline passed before a name was free.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use name_manager::Pool;
    /// # fn main() -> Result<(), name_manager::Error> {
    /// let pool = Pool::open("error-doc-timeout")?;
    /// let held = pool.request().name("error-doc-timeout-0").acquire()?;
    /// let error = std::thread::spawn(move || {
    ///     let again = pool.request().name("error-doc-timeout-0");
    ///     again.timeout(Duration::from_millis(10)).acquire().unwrap_err()
    /// });
    /// assert!(error.join().unwrap().is_timeout());
    /// # drop(held);
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// The request was part of a deadlock cycle, and was chosen to fail so that the
    /// other requests can proceed.
    pub fn is_deadlock(&self) -> bool {
        self.0.kind == Kind::Deadlock
    }

    /// The thread already holds what it asks for, or asks for a pool within a hook of that
    /// pool, so waiting would never end.
    ///
    /// ```
    /// # use name_manager::Pool;
    /// # fn main() -> Result<(), name_manager::Error> {
    /// let pool = Pool::open("error-doc-held")?;
    /// let held = pool.request().name("error-doc-held-0").acquire()?;
    /// let error = pool.request().name("error-doc-held-0").acquire().unwrap_err();
    /// assert!(error.is_already_held());
    /// # drop(held);
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_already_held(&self) -> bool {
        self.0.kind == Kind::AlreadyHeld
    }

    /// A declaration, `Cargo.toml`, an environment variable or an argument is wrong.
    ///
    /// ```
    /// # use name_manager::Pool;
    /// assert!(Pool::open("../etc").unwrap_err().is_config());
    /// ```
    pub fn is_config(&self) -> bool {
        self.0.kind == Kind::Config
    }

    /// The name was marked broken, or could not be made usable.
    pub fn is_broken(&self) -> bool {
        self.0.kind == Kind::Broken
    }

    /// A hook of the pool's [`Resource`](crate::Resource) failed or panicked; its
    /// error is the source.
    pub fn is_hook(&self) -> bool {
        self.0.kind == Kind::Hook
    }

    /// The state directory was removed or replaced while the name was lent, so
    /// that another holder may have been lent it too.
    pub fn is_lost(&self) -> bool {
        self.0.kind == Kind::Lost
    }

    /// The pool's [`Allocator`](crate::Allocator) says that it will never grant this.
    pub fn is_never(&self) -> bool {
        self.0.kind == Kind::Never
    }

    /// The state was written by a newer version of `name-manager`.
    pub fn is_format_too_new(&self) -> bool {
        self.0.kind == Kind::FormatTooNew
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    /// The message and its causes: this is what `unwrap` prints in a test.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            let said = error.to_string();
            // A message that goes on after its cause has it in its text.
            if !text.contains(&said) {
                text = format!("{text}: {said}");
            }
            cause = error.source();
        }
        f.write_str(&text)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

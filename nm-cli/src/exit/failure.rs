use std::error::Error;
use std::fmt;

/// Why a subcommand failed, with its exit code.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            source: None,
        }
    }

    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// An error and its causes, in one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // A message that goes on after its cause has it in its text.
        if !text.contains(&said) {
            text.push_str(&format!(": {said}"));
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_the_message_has_is_not_said_again() {
        let cause = || std::io::Error::other("disk full");
        let failure = Failure::new(1, "failed to write `a`").because(cause());
        assert_eq!(chain(&failure), "failed to write `a`: disk full");
        let failure = Failure::new(1, "failed to write `a`: disk full; make room").because(cause());
        assert_eq!(chain(&failure), "failed to write `a`: disk full; make room");
    }
}

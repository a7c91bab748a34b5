//! Stands in for the engine's askers.

#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) test: String,
}

impl Asker {
    pub(crate) fn token(&self) -> String {
        self.test.clone()
    }
}

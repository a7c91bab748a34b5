use std::time::Duration;

/// Measurements of one thing.
pub struct Figures(Vec<Duration>);

impl Figures {
    pub fn new(mut all: Vec<Duration>) -> Self {
        all.sort();
        Self(all)
    }

    pub fn median(&self) -> Duration {
        self.at(0.5)
    }

    /// The value that this share of all does not exceed.
    pub fn at(&self, share: f64) -> Duration {
        let last = self.0.len() - 1;
        self.0[(last as f64 * share).round() as usize]
    }
}

pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub fn ratio(ours: Duration, raw: Duration) -> f64 {
    ours.as_secs_f64() / raw.as_secs_f64()
}

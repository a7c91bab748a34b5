/// One figure, measured several times.
#[derive(Clone, Debug)]
pub struct Spread(Vec<f64>);

impl Spread {
    pub fn new(mut all: Vec<f64>) -> Self {
        assert!(!all.is_empty(), "nothing was measured");
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// The value that this share of all does not exceed.
    pub fn at(&self, share: f64) -> f64 {
        let last = self.0.len() - 1;
        self.0[(last as f64 * share).round() as usize]
    }

    pub fn max(&self) -> f64 {
        self.at(1.0)
    }

    /// `20.9 to 25.0`
    pub fn range(&self) -> String {
        format!("{} to {}", figure(self.at(0.0)), figure(self.max()))
    }
}

/// With three digits that mean something.
pub fn figure(number: f64) -> String {
    match number.abs() {
        size if size < 10.0 => format!("{number:.2}"),
        size if size < 100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

use std::fmt;

/// What one comparison found.
pub struct Table {
    title: String,
    /// What was done, in a sentence or two.
    about: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    goals: Vec<Goal>,
}

/// A ratio that is to stay below a bound.
pub struct Goal {
    what: String,
    found: f64,
    bound: f64,
}

impl Table {
    pub fn new(title: &str, about: &str, columns: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            about: about.to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            rows: Vec::new(),
            goals: Vec::new(),
        }
    }

    /// Adds a row; cells that are missing are shown as such.
    pub fn row(&mut self, mut cells: Vec<String>) {
        cells.resize(self.columns.len(), "–".to_owned());
        self.rows.push(cells);
    }

    pub fn goal(&mut self, what: &str, found: f64, bound: f64) {
        self.goals.push(Goal {
            what: what.to_owned(),
            found,
            bound,
        });
    }

    pub fn goals(&self) -> &[Goal] {
        &self.goals
    }
}

impl Goal {
    pub fn columns() -> Table {
        Table::new("Goals", "", &["what", "found", "at most", "reached"])
    }

    pub fn cells(&self) -> Vec<String> {
        let reached = match self.found <= self.bound {
            true => "yes",
            false => "**no**",
        };
        vec![
            self.what.clone(),
            format!("{:.3}", self.found),
            format!("{}", self.bound),
            reached.to_owned(),
        ]
    }
}

/// Markdown whose columns hold in a terminal too.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        if !self.about.is_empty() {
            writeln!(f, "{}\n", self.about)?;
        }
        let length = |cell: &String| cell.chars().count();
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| &row[column]);
            cells.chain([&self.columns[column]]).map(length).max()
        };
        let widths: Vec<_> = (0..self.columns.len())
            .map(|column| width(column).unwrap_or(0))
            .collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: &[String]| {
            for (cell, width) in cells.iter().zip(&widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")
        };
        line(f, &self.columns)?;
        let rule: Vec<_> = widths.iter().map(|&width| "-".repeat(width)).collect();
        line(f, &rule)?;
        for row in &self.rows {
            line(f, row)?;
        }
        Ok(())
    }
}

use std::io::{self, BufRead, Write};

use crate::result::Result;

/// Waits for a line; false at the end of the input.
pub fn listen() -> Result<bool> {
    Ok(io::stdin().lock().read_line(&mut String::new())? > 0)
}

/// Writes a line of numbers.
pub fn say(numbers: &[u64]) -> Result<()> {
    let mut line = String::new();
    for number in numbers {
        line.push_str(&format!("{number} "));
    }
    line.push('\n');
    let mut output = io::stdout().lock();
    output.write_all(line.as_bytes())?;
    Ok(output.flush()?)
}

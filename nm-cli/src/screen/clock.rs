//! Times and durations as people read them.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Microseconds since 1970 as the user's clock shows them.
pub struct Clock {
    zone: TimeZone,
    /// The second that was shown last: many events share it.
    second: i64,
    text: String,
    day: String,
}

impl Clock {
    pub fn new() -> Self {
        Self {
            zone: TimeZone::system(),
            second: i64::MIN,
            text: String::new(),
            day: String::new(),
        }
    }

    /// `14:03:59.123`
    pub fn time(&mut self, micros: u64) -> String {
        self.turn_to(micros);
        let mut text = self.text.clone();
        let millis = micros / 1000 % 1000;
        let _ = write!(text, ".{millis:03}");
        text
    }

    /// `14:03:59`
    pub fn second(&mut self, micros: u64) -> &str {
        self.turn_to(micros);
        &self.text
    }

    /// `2026-11-21`
    pub fn day(&mut self, micros: u64) -> &str {
        self.turn_to(micros);
        &self.day
    }

    fn turn_to(&mut self, micros: u64) {
        let second = (micros / 1_000_000) as i64;
        if second == self.second {
            return;
        }
        self.second = second;
        // A journal may say anything.
        let time = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        let time = time.to_zoned(self.zone.clone());
        self.text = time.strftime("%H:%M:%S").to_string();
        self.day = time.strftime("%Y-%m-%d").to_string();
    }
}

/// `12 µs`, `3.4 ms`, `1.23 s`, `3m 05s`, `2h 07m`.
pub fn duration(micros: u64) -> String {
    let seconds = micros as f64 / 1e6;
    match micros {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{micros} µs"),
        1_000..99_950 => format!("{:.1} ms", micros as f64 / 1e3),
        99_950..999_500 => format!("{:.0} ms", micros as f64 / 1e3),
        999_500..9_995_000 => format!("{seconds:.2} s"),
        9_995_000..59_950_000 => format!("{seconds:.1} s"),
        59_950_000..3_599_500_000 => {
            let seconds = (micros + 500_000) / 1_000_000;
            format!("{}m {:02}s", seconds / 60, seconds % 60)
        }
        _ => {
            let minutes = micros.saturating_add(30_000_000) / 60_000_000;
            format!("{}h {:02}m", minutes / 60, minutes % 60)
        }
    }
}

/// How long ago, in whole seconds, so that a live screen does not flicker.
pub fn age(since: u64, now: u64) -> String {
    let seconds = now.saturating_sub(since) / 1_000_000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_about_three_digits() {
        let cases = [
            (0, "0 s"),
            (999, "999 µs"),
            (99_949, "99.9 ms"),
            (999_499, "999 ms"),
            (999_500, "1.00 s"),
            (59_949_000, "59.9 s"),
            (59_950_000, "1m 00s"),
            (3_599_499_999, "59m 59s"),
            (3_600_000_000, "1h 00m"),
        ];
        for (micros, text) in cases {
            assert_eq!(duration(micros), text);
        }
        duration(u64::MAX);
    }

    #[test]
    fn no_time_in_a_journal_is_too_odd_to_show() {
        for micros in [0, u64::MAX, 1_795_295_000_000_000] {
            Clock::new().time(micros);
        }
    }
}

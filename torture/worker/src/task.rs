use std::env;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

/// What the environment says that this process is to do.
#[derive(Debug)]
pub struct Task {
    pub seed: u64,
    /// Of the round: its histories are in `histories`.
    pub dir: PathBuf,
    /// All end when there is such a file.
    pub stop: PathBuf,
    /// How many requests.
    pub requests: u64,
    /// The number of threads.
    pub threads: u32,
    /// How many of 1000 processes kill themselves at a failpoint.
    pub deaths: u32,
    /// Where alone workers kill themselves, if it is not anywhere.
    pub at: Option<String>,
    /// How many of 1000 requests hold what they get for more than a second.
    pub long: u32,
    /// Most hold what they get for less than that, in microseconds.
    pub hold: u64,
    /// A waiter that waits for this long is not served at all.
    pub patience: Duration,
    /// How many of 1000 failpoints are stopped at for a moment.
    pub jitter: u32,
    /// The command line, if it is to be used.
    pub cli: Option<PathBuf>,
    /// How many of 1000 hooks of pool `frail` fail.
    pub fails: u32,
    /// Name and size of each pool; `None` if it is unbounded.
    pub pools: Vec<(String, Option<u32>)>,
}

/// This process's task.
pub fn get() -> &'static Task {
    static TASK: OnceLock<Task> = OnceLock::new();
    TASK.get_or_init(|| {
        let text = |key: &str| {
            let key = format!("TORTURE_{key}");
            env::var(&key).unwrap_or_else(|_| panic!("{key} is not set"))
        };
        let number = |key: &str| -> u64 {
            let text = text(key);
            text.parse()
                .unwrap_or_else(|_| panic!("TORTURE_{key} is `{text}`"))
        };
        let pool = |text: &str| {
            let (pool, max) = text.split_once(':').expect("TORTURE_POOLS has pool:max");
            let max = (max != "none").then(|| max.parse().expect("max is a number"));
            (pool.to_owned(), max)
        };
        Task {
            seed: number("SEED"),
            dir: text("DIR").into(),
            stop: text("STOP").into(),
            requests: number("REQUESTS"),
            threads: number("THREADS") as u32,
            deaths: number("DEATHS") as u32,
            at: env::var("TORTURE_AT").ok(),
            long: number("LONG") as u32,
            hold: number("HOLD"),
            patience: Duration::from_millis(number("PATIENCE")),
            jitter: number("JITTER") as u32,
            fails: number("FAILS") as u32,
            cli: env::var_os("TORTURE_CLI").map(PathBuf::from),
            pools: text("POOLS").split(',').map(pool).collect(),
        }
    })
}

impl Task {
    /// The size of that pool; `None` if it is unbounded.
    pub fn max(&self, pool: &str) -> Option<u32> {
        let mut pools = self.pools.iter();
        pools.find(|(name, _)| name == pool)?.1
    }

    /// Whether all are to end.
    pub fn is_over(&self) -> bool {
        self.stop.exists()
    }
}

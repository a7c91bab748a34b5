//! Things to do while the world breaks. The one who does them is the `subject`.

use crate::support::pool_test::PoolTest;

pub struct Scene {
    pub name: &'static str,
    pub ask: &'static str,
    set_up: fn(&mut PoolTest),
    act: fn(&mut PoolTest, &str) -> String,
}

pub const SCENES: [Scene; 11] = [
    Scene {
        name: "the first lease of all",
        ask: "db",
        set_up: |_| (),
        act: acquire,
    },
    Scene {
        name: "a lease of a name that was lent before",
        ask: "db",
        set_up: |test| {
            test.hold("before").kill("before");
        },
        act: acquire,
    },
    Scene {
        name: "the second lease of a process",
        ask: "db",
        set_up: |test| {
            test.hold("subject").release("subject");
        },
        act: acquire,
    },
    Scene {
        name: "a reader beside another",
        ask: "db shared",
        set_up: |test| {
            test.holds("other", "db shared");
        },
        act: acquire,
    },
    Scene {
        name: "all names",
        ask: "db all",
        set_up: |test| {
            test.hold("before").release("before");
        },
        act: acquire,
    },
    Scene {
        name: "a release",
        ask: "db",
        set_up: |test| {
            test.hold("subject");
        },
        act: |test, _| test.tell("subject", "release"),
    },
    Scene {
        name: "a wait as head",
        ask: "db",
        set_up: |test| {
            test.holds("other", "db all");
        },
        act: wait,
    },
    Scene {
        name: "a wait in line",
        ask: "db all",
        set_up: |test| {
            test.holds("other", "db all");
            test.waits("head", "db name=db-1").wait("ahead");
        },
        act: wait_behind,
    },
    Scene {
        name: "a wait for a given name",
        ask: "db name=db-0",
        set_up: |test| {
            test.holds("other", "db all");
        },
        act: wait,
    },
    Scene {
        name: "a name that is made",
        ask: "made",
        set_up: |_| (),
        act: acquire,
    },
    Scene {
        name: "a name that is made fresh",
        ask: "made",
        set_up: |test| {
            test.holds("before", "made");
            test.kill("before");
        },
        act: acquire,
    },
];

impl Scene {
    /// Everything that comes before what is to fail.
    pub fn set_up(&self) -> PoolTest {
        let mut test = PoolTest::new("db", 2);
        test.also("made", 1);
        (self.set_up)(&mut test);
        // The thread of the subject exists from here on.
        if self.name != "a release" {
            test.release("subject");
        }
        test
    }

    pub fn pool(&self) -> &'static str {
        self.ask.split(' ').next().unwrap_or_default()
    }

    /// What is to fail; gives the subject's answer.
    pub fn act(&self, test: &mut PoolTest) -> String {
        (self.act)(test, self.ask)
    }
}

fn acquire(test: &mut PoolTest, ask: &str) -> String {
    test.tell("subject", &format!("acquire {ask}"))
}

fn wait(test: &mut PoolTest, ask: &str) -> String {
    let answer = test.waits_or_answers("subject", ask);
    test.release("other");
    answer.unwrap_or_else(|| test.end_of_wait("subject"))
}

fn wait_behind(test: &mut PoolTest, ask: &str) -> String {
    let answer = test.waits_or_answers("subject", ask);
    test.release("other");
    for waiter in ["head", "ahead"] {
        test.expect_granted(waiter);
        test.release(waiter);
    }
    answer.unwrap_or_else(|| test.end_of_wait("subject"))
}

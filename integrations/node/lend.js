// Lends tests the names of name-manager's pools, whichever runner runs them.

const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { createInterface } = require("node:readline");

/**
 * Takes a name of the pool, waiting while all are held: { name, index, pool, env, giveBack }.
 * The label says in messages what it is for. Options are those of `name-manager hold`, like
 * "--shared". Every lease is given back by `await giveBack()`, or, if what used it has failed,
 * by `await giveBack({ dirty: true })`.
 */
exports.lend = async function lend(pool, label, ...options) {
  const args = ["hold", pool, "--json", "--for", label, ...options];
  const hold = spawn("name-manager", args, {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true, // Ctrl-C must not end it before the test that it is for
  });
  const ended = once(hold, "exit");
  ended.catch(() => {}); // reported below
  for await (const line of createInterface({ input: hold.stdout })) {
    // What it goes by if this process is killed: the last line of its input.
    hold.stdin.write("dirty\n");
    const giveBack = async ({ dirty = false } = {}) => {
      if (dirty) hold.stdin.end();
      else hold.kill();
      const [code] = await ended;
      if (code !== 0) throw new Error(`a name of pool ${pool} was not held to the end`);
    };
    return { ...JSON.parse(line), giveBack };
  }
  const [code] = await ended;
  throw new Error(`no name of pool ${pool}: name-manager exited with ${code}`);
};

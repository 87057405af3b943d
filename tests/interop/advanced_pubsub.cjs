// autobahn-js with what the router has beyond plain publish and subscribe, and the meta API.
// Run by with_router.py, with NODE_PATH at its packages. Prints one line for each step, ends with 1 if any failed.
"use strict";

const assert = require("node:assert");
const autobahn = require("autobahn");

const realm = process.env.REALM;
const limit = 5000; // ms that one step may take

function timely(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${limit} ms`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function join() {
  const connection = new autobahn.Connection({ realm, url: process.env.WS_URL, max_retries: 0 });
  const joined = new Promise((resolve, reject) => {
    const left = new Promise((gone) => {
      connection.onclose = (reason, details) => {
        gone(details);
        reject(new Error(`closed: ${reason}`));
        return true; // do not connect again
      };
    });
    connection.onopen = (session) => resolve({ connection, session, left });
    connection.open();
  });
  return timely(joined, "join");
}

async function refused(promise, uri) {
  try {
    await timely(promise, uri);
  } catch (e) {
    assert.strictEqual(e.error, uri, e.message);
    return;
  }
  throw new Error(`wanted the error ${uri}`);
}

class Inbox {
  constructor() {
    this.events = [];
    this.waiting = [];
    this.take = (args, kwargs, details) => {
      this.events.push({ args, kwargs, details });
      if (this.waiting.length > 0) {
        this.waiting.shift()(this.events.shift());
      }
    };
  }
  next() {
    const ready = this.events.length > 0 ? Promise.resolve(this.events.shift())
      : new Promise((resolve) => this.waiting.push(resolve));
    return timely(ready, "event");
  }
}

const steps = {
  async retained(a, b) {
    const options = { acknowledge: true, retain: true };
    await timely(a.session.publish("pubsub.js.retained", [1], {}, options), "publish");
    await timely(a.session.publish("pubsub.js.retained", [2], { k: 3 }, options), "publish");
    const inbox = new Inbox();
    await timely(b.session.subscribe("pubsub.js.", inbox.take, { match: "prefix", get_retained: true }), "subscribe");
    const e = await inbox.next();
    assert.deepStrictEqual([e.args, { ...e.kwargs }, e.details.topic], [[2], { k: 3 }, "pubsub.js.retained"]);
  },

  async testament(a, b) {
    const inbox = new Inbox();
    await timely(b.session.subscribe("pubsub.js.will", inbox.take), "subscribe");
    await timely(a.session.call("wamp.session.add_testament", ["pubsub.js.will", ["gone"], {}]), "add");
    a.connection.close();
    assert.deepStrictEqual((await inbox.next()).args, ["gone"]);
  },

  async kill(a, b) {
    const id = b.session.id; // forgotten when it leaves
    await timely(a.session.call("wamp.session.kill", [id], { reason: "pubsub.js.enough" }), "kill");
    assert.strictEqual((await timely(b.left, "left")).reason, "pubsub.js.enough");
    await refused(a.session.call("wamp.session.kill", [id]), "wamp.error.no_such_session");
  },

  async disclosure(a, b) {
    await refused(a.session.publish("pubsub.js.who", [], {}, { acknowledge: true, disclose_me: true }),
      "wamp.error.option_disallowed.disclose_me");
    const inbox = new Inbox();
    await timely(b.session.subscribe("pubsub.js.who", inbox.take), "subscribe");
    await timely(a.session.publish("pubsub.js.who", [1], {}, { acknowledge: true }), "publish");
    assert.ok(!(await inbox.next()).details.publisher);
  },

  async subscriptionMeta(a, b) {
    const inbox = new Inbox();
    const s = await timely(b.session.subscribe("pubsub.js.meta", inbox.take), "subscribe");
    const ask = (procedure, ...args) => timely(a.session.call(`wamp.subscription.${procedure}`, args), procedure);
    assert.strictEqual(await ask("lookup", "pubsub.js.meta"), s.id);
    assert.deepStrictEqual(await ask("match", "pubsub.js.meta"), [s.id]);
    assert.deepStrictEqual(await ask("list_subscribers", s.id), [b.session.id]);
    assert.strictEqual((await ask("get", s.id)).uri, "pubsub.js.meta");
    assert.strictEqual(await ask("lookup", "pubsub.js.nothing"), null);
    assert.strictEqual(await ask("remove_subscriber", s.id, b.session.id, "pubsub.js.moved"), null);
    assert.strictEqual(await timely(s.on_unsubscribe, "revocation"), "pubsub.js.moved");
    assert.ok(!s.active);
    await refused(a.session.call("wamp.subscription.get", [s.id]), "wamp.error.no_such_subscription");
  },

  async receivers(a, b) {
    const inbox = new Inbox();
    await timely(b.session.subscribe("pubsub.js.receivers", inbox.take), "subscribe");
    const me = b.session.id;
    for (const options of [{ exclude: [me] }, { exclude: me }, { eligible: [a.session.id] }, { eligible_authid: ["x"] }]) {
      await timely(a.session.publish("pubsub.js.receivers", ["no"], {}, { acknowledge: true, ...options }), "publish");
    }
    await timely(a.session.publish("pubsub.js.receivers", ["yes"], {}, { acknowledge: true, eligible: me }), "publish");
    assert.deepStrictEqual((await inbox.next()).args, ["yes"]);
  },
};

async function main() {
  let failures = 0;
  for (const [name, step] of Object.entries(steps)) {
    try {
      const a = await join();
      const b = await join();
      await step(a, b);
      for (const one of [a, b]) {
        if (one.session.isOpen) {
          one.connection.close();
          await timely(one.left, "leave");
        }
      }
      console.log(`ok   ${name}`);
    } catch (e) {
      failures += 1;
      console.log(`FAIL ${name}: ${e.stack || JSON.stringify(e)}`);
    }
  }
  process.exit(failures === 0 ? 0 : 1);
}

main();

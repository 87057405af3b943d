// autobahn-js and wampy with what the router has beyond plain calls.
// Run by with_router.py, with NODE_PATH at their packages. Prints one line for each step, ends with 1 if any failed.
"use strict";

const assert = require("node:assert");
const { pathToFileURL } = require("node:url");
const autobahn = require("autobahn");
const WebSocket = require("ws");
// Its CommonJS build does not load with any node; an import does not look at NODE_PATH.
const wampyModule = import(pathToFileURL(require.resolve("wampy").replace("/dist/", "/src/")));

const url = process.env.WS_URL;
const realm = process.env.REALM;
const limit = 5000; // ms that one step may take

function timely(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${limit} ms`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function refused(promise, uri) {
  try {
    await timely(promise, uri);
  } catch (e) {
    assert.strictEqual(e.error || e.errorUri, uri, JSON.stringify(e));
    return;
  }
  throw new Error(`wanted the error ${uri}`);
}

function joinAutobahn() {
  const connection = new autobahn.Connection({ realm, url, max_retries: 0 });
  return timely(new Promise((resolve, reject) => {
    connection.onclose = (reason) => {
      reject(new Error(`closed: ${reason}`));
      return true; // do not connect again
    };
    connection.onopen = (session) => resolve(Object.assign(session, { end: () => connection.close() }));
    connection.open();
  }), "join");
}

async function joinWampy() {
  const { Wampy } = await wampyModule;
  const wampy = new Wampy(url, { realm, ws: WebSocket, autoReconnect: false });
  await timely(wampy.connect(), "join");
  return Object.assign(wampy, { end: () => wampy.disconnect() });
}

/// A callee that takes calls in parts, in bare messages: adds up what comes and answers at the last part.
function joinAdder(procedure) {
  const socket = new WebSocket(url, ["wamp.2.json"]);
  const say = (message) => socket.send(JSON.stringify(message));
  const sums = new Map();
  const features = { progressive_call_invocations: true, call_canceling: true };
  return timely(new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => say([1, realm, { roles: { callee: { features } } }]));
    socket.on("message", (text) => {
      const [type, request, , details, args] = JSON.parse(text);
      if (type === 2) {
        say([64, 1, {}, procedure]);
      } else if (type === 65) {
        resolve({ end: () => socket.close() });
      } else if (type === 68) {
        sums.set(request, (sums.get(request) || 0) + args[0]);
        if (!details.progress) {
          say([70, request, {}, [sums.get(request)]]);
        }
      }
    });
  }), "join");
}

const steps = {
  async shared(a, w) {
    await timely(a.register("rpc.js.shared", () => "autobahn", { invoke: "roundrobin" }), "register");
    await timely(w.register("rpc.js.shared", () => ({ argsList: ["wampy"] }), { invoke: "roundrobin" }), "register");
    const got = [];
    for (let i = 0; i < 4; ++i) {
      got.push(await timely(a.call("rpc.js.shared"), "call"));
    }
    assert.deepStrictEqual(got, ["autobahn", "wampy", "autobahn", "wampy"]);
  },

  async progressiveResults(a, w) {
    // wampy announces none of this
    await timely(w.register("rpc.js.count", ({ result_handler }) => {
      result_handler({ argsList: [1], options: { progress: true } });
      result_handler({ argsList: [2], options: { progress: true } });
      return { argsList: ["done"] };
    }), "register");
    const seen = [];
    const call = a.call("rpc.js.count", [], {}, { receive_progress: true });
    const result = await timely(new Promise((resolve, reject) => {
      call.then(resolve, reject, (progress) => seen.push(progress));
    }), "call");
    assert.strictEqual(result, "done");
    assert.deepStrictEqual(seen, [1, 2]);
  },

  async callInParts(a, w) {
    const adder = await joinAdder("rpc.js.add");
    const call = w.progressiveCall("rpc.js.add", 1);
    call.sendData(2);
    call.sendData(3);
    call.sendData(4, { progress: false });
    assert.deepStrictEqual((await timely(call.result, "call")).argsList, [10]);
    adder.end();
  },

  async callInPartsToOneThatCannot(a, w) {
    await timely(a.register("rpc.js.whole", () => 1), "register");
    await refused(w.progressiveCall("rpc.js.whole", 1).result, "wamp.error.feature_not_supported");
    assert.deepStrictEqual((await timely(w.call("rpc.js.whole"), "call")).argsList, [1]);
  },

  async cancel(a, w) {
    await timely(a.register("rpc.js.never", () => new Promise(() => {})), "register");
    for (const mode of ["skip", "kill", "killnowait"]) {
      const call = w.call("rpc.js.never");
      w.cancel(w.getOpStatus().reqId, { mode });
      await refused(call, "wamp.error.canceled");
    }
  },

  async timeLimit(a, w) {
    await timely(a.register("rpc.js.slow", () => new Promise(() => {})), "register");
    await refused(w.call("rpc.js.slow", null, { timeout: 100 }), "wamp.error.timeout");
  },

  async disclosure(a, w) {
    await timely(a.register("rpc.js.who", (args, kwargs, details) => details.caller || null), "register");
    await timely(a.register("crossbar.rpc.js.who", (args, kwargs, details) => details.caller), "register");
    await refused(w.call("rpc.js.who", null, { disclose_me: true }), "wamp.error.option_disallowed.disclose_me");
    assert.deepStrictEqual((await timely(w.call("rpc.js.who"), "call")).argsList, [null]);
    assert.deepStrictEqual((await timely(w.call("crossbar.rpc.js.who"), "call")).argsList, [w.getSessionId()]);
  },

  async registrationMeta(a) {
    const made = await timely(a.register("rpc.js.meta", () => 1), "register");
    assert.strictEqual(await timely(a.call("wamp.registration.lookup", ["rpc.js.meta"]), "lookup"), made.id);
    assert.strictEqual(await timely(a.call("wamp.registration.count_callees", [made.id]), "count"), 1);
    await refused(a.call("wamp.registration.get", [987654321]), "wamp.error.no_such_registration");
  },
};

async function main() {
  let failures = 0;
  for (const [name, step] of Object.entries(steps)) {
    try {
      const a = await joinAutobahn();
      const w = await joinWampy();
      await step(a, w);
      a.end();
      await w.end();
      console.log(`ok   ${name}`);
    } catch (e) {
      failures += 1;
      console.log(`FAIL ${name}: ${e.stack || JSON.stringify(e)}`);
    }
  }
  process.exit(failures === 0 ? 0 : 1);
}

main();

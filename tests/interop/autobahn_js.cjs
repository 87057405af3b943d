// autobahn-js with every serializer and transport it has, against a partner that speaks JSON over WebSocket.
// Run by with_router.py, with NODE_PATH at its packages. Prints one line for each combination, ends with 1 if any failed.
"use strict";

const assert = require("node:assert");
const autobahn = require("autobahn");

const { JSONSerializer, MsgpackSerializer, CBORSerializer } = autobahn.serializer;
const realm = process.env.REALM;
const step = 5000; // ms that one step may take

const args = [1, -7, 2 ** 53 - 1, 3.5, "äöü ☃", true, null, ["nested", { deep: [0.1] }]];
const kwargs = { a: 1, list: [], empty: {}, text: "x".repeat(70000) };

function timely(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${step} ms`)), step);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function join(transport) {
  const connection = new autobahn.Connection({ realm, transports: [transport], max_retries: 0 });
  const joined = new Promise((resolve, reject) => {
    connection.onopen = (session) => resolve({ connection, session });
    connection.onclose = (reason, details) => reject(new Error(`closed: ${reason} ${JSON.stringify(details)}`));
    connection.open();
  });
  return timely(joined, "join");
}

function leave({ connection }) {
  const left = new Promise((resolve) => {
    connection.onclose = (reason) => resolve(reason);
    connection.close();
  });
  return timely(left, "leave");
}

async function refused(promise, uri) {
  try {
    await timely(promise, uri);
  } catch (e) {
    assert.strictEqual(e.error, uri, e.message);
    return e;
  }
  throw new Error(`wanted the error ${uri}`);
}

async function callsBothWays(tried, partner, name) {
  for (const [callee, caller, direction] of [[tried, partner, "called"], [partner, tried, "calls"]]) {
    const uri = `interop.js.${name}.${direction}`;
    const echo = (a, k) => new autobahn.Result(a, k);
    const registration = await timely(callee.session.register(uri, echo), "register");
    const result = await timely(caller.session.call(uri, args, kwargs), "call");
    assert.deepStrictEqual([...result.args], args);
    assert.deepStrictEqual({ ...result.kwargs }, kwargs);
    await timely(callee.session.unregister(registration), "unregister");
    await refused(caller.session.call(uri), "wamp.error.no_such_procedure");
  }
}

async function errorsBothWays(tried, partner, name) {
  for (const [callee, caller] of [[tried, partner], [partner, tried]]) {
    const uri = `interop.js.${name}.fail`;
    const fail = () => {
      throw new autobahn.Error("interop.error.refused", [4, "x"], { reason: "because" });
    };
    const registration = await timely(callee.session.register(uri, fail), "register");
    const e = await refused(caller.session.call(uri), "interop.error.refused");
    assert.deepStrictEqual([...e.args], [4, "x"]);
    assert.deepStrictEqual({ ...e.kwargs }, { reason: "because" });
    await timely(callee.session.unregister(registration), "unregister");
  }
}

async function eventsBothWays(tried, partner, name) {
  for (const [publisher, subscriber] of [[tried, partner], [partner, tried]]) {
    const topic = `interop.js.${name}.topic`;
    let came;
    const event = new Promise((resolve) => {
      came = (a, k, details) => resolve({ a: [...a], k: { ...k }, topic: details.topic });
    });
    const subscription = await timely(subscriber.session.subscribe(topic, came),
      "subscribe");
    const publication = await timely(publisher.session.publish(topic, args, kwargs, { acknowledge: true }), "publish");
    assert.ok(publication.id > 0);
    assert.deepStrictEqual(await timely(event, "event"), { a: args, k: kwargs, topic });
    await timely(subscriber.session.unsubscribe(subscription), "unsubscribe");
  }
}

function combinations() {
  const all = [];
  for (const key of ["WS_URL", "WSS_URL", "WS_DEFLATE_URL", "WS_FORGETFUL_URL"]) {
    const scheme = key.slice(0, -4).toLowerCase();
    const url = process.env[key];
    all.push([`${scheme}-default`, { type: "websocket", url }]);
    for (const Serializer of [JSONSerializer, MsgpackSerializer, CBORSerializer]) {
      const serializer = new Serializer();
      all.push([`${scheme}-${serializer.SERIALIZER_ID}`, { type: "websocket", url, serializers: [serializer] }]);
    }
  }
  const raw = new URL(process.env.RS_URL.replace("rs:", "http:"));
  all.push(["rs-json", { type: "rawsocket", host: raw.hostname, port: Number(raw.port) }]);
  all.push(["unix-json", { type: "rawsocket", path: process.env.RS_UNIX }]);
  return all;
}

async function main() {
  let failures = 0;
  for (const [name, transport] of combinations()) {
    try {
      const partner = await join({ type: "websocket", url: process.env.WS_URL, serializers: [new JSONSerializer()] });
      const tried = await join(transport);
      await callsBothWays(tried, partner, name);
      await errorsBothWays(tried, partner, name);
      await eventsBothWays(tried, partner, name);
      await leave(tried);
      await leave(partner);
      console.log(`ok   ${name}`);
    } catch (e) {
      failures += 1;
      console.log(`FAIL ${name}`);
      console.error(e);
    }
  }
  process.exit(failures === 0 ? 0 : 1);
}

main();

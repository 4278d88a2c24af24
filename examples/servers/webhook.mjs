// A webhook for callroute in Node, no dependencies: node examples/servers/webhook.mjs
// @ts-check
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

// The types, for editors and for `tsc`; at run time nobody reads them. In a project of your own:
// a copy of that file.
/** @import { Actions, Event } from "../../crates/schema/typescript/callroute.d.ts" */

/** @type {Actions} */
const SALES = {
  action: "forward",
  destination: {
    type: "ring_group",
    members: ["+16822306467", "+12125551234"],
    strategy: "simultaneous",
  },
};

/**
 * The one function to change: an event in, an action (or a list of actions) out.
 * @param {Event} event
 * @returns {Actions}
 */
function route(event) {
  if (event.menu?.digits === "1") return SALES;
  return { action: "voicemail", message: "general" };
}

// An event is a few hundred bytes; nobody needs to send more.
const MAX_BODY = 64 * 1024;
const REPLAY_WINDOW_S = 5 * 60;

/** @param {string} secret */
function key(secret) {
  if (!secret.startsWith("whsec_")) return Buffer.from(secret);
  const encoded = secret.slice(6).replace(/={1,2}$/, "");
  // `Buffer.from` passes over what is not base64, and anybody can sign with an empty key.
  if (!/^[A-Za-z0-9+/]+$/.test(encoded) || encoded.length % 4 === 1) {
    throw new Error("what follows `whsec_` must be base64");
  }
  return Buffer.from(encoded, "base64");
}

/**
 * What requests are signed with: "whsec_…" and base64, or any text; two, with a blank between
 * them, while they are changed. Where the variable is not set, signatures are not verified.
 * @param {string | undefined} text
 */
function readKeys(text) {
  if (text === undefined) return [];
  const keys = text.split(/\s+/).filter(Boolean).map(key);
  if (keys.length === 0) throw new Error("a secret must not be empty");
  return keys;
}

/** @type {Buffer[]} */
let KEYS;
try {
  KEYS = readKeys(process.env.CALLROUTE_SECRET);
} catch (error) {
  console.error(`CALLROUTE_SECRET: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

/**
 * Whether one of the secrets signed this very body, lately (https://www.standardwebhooks.com).
 * @param {import("node:http").IncomingHttpHeaders} headers
 * @param {Buffer} body
 * @param {Buffer[]} keys
 * @param {number} now in seconds
 */
function verified(headers, body, keys, now) {
  const id = `${headers["webhook-id"] ?? ""}`;
  const sent = `${headers["webhook-timestamp"] ?? ""}`;
  if (!id || !/^[0-9]{1,12}$/.test(sent)) return false;
  if (Math.abs(now - Number(sent)) > REPLAY_WINDOW_S) return false;
  const wanted = keys.map((key) => {
    const digest = createHmac("sha256", key).update(`${id}.${sent}.`).update(body);
    return Buffer.from(`v1,${digest.digest("base64")}`);
  });
  const given = `${headers["webhook-signature"] ?? ""}`.split(" ").map((one) => Buffer.from(one));
  // In the same time wherever they differ.
  const equal = (/** @type {Buffer} */ one, /** @type {Buffer} */ two) =>
    one.length === two.length && timingSafeEqual(one, two);
  return given.some((one) => wanted.some((two) => equal(one, two)));
}

/**
 * The body; one that is too long is given up, and its connection with it.
 * @param {import("node:http").IncomingMessage} request
 */
async function bodyOf(request) {
  const tooLong = () => new Error(`a body has at most ${MAX_BODY} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY) throw tooLong();
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The event of a body; throws where it is none.
 * @param {Buffer} body
 * @returns {Event}
 */
function read(body) {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  const event = JSON.parse(text);
  for (const key of ["event", "from", "to", "timestamp", "call_id"]) {
    // Half a surrogate pair is no text.
    if (typeof event?.[key] !== "string" || /\p{Surrogate}/u.test(event[key])) {
      throw new Error(`an event needs \`${key}\`, as a string`);
    }
  }
  const menu = event.menu ?? {};
  if (typeof menu !== "object" || typeof (menu.digits ?? "") !== "string") {
    throw new Error("`menu` must be an object, and its `digits` a string");
  }
  return event;
}

/**
 * Whoever calls must not write lines of our log.
 * @param {string} text
 */
const shown = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");

const server = createServer(async (request, response) => {
  try {
    const received = await bodyOf(request);
    if (KEYS.length && !verified(request.headers, received, KEYS, Date.now() / 1000)) {
      response.writeHead(401, { "Content-Length": 0 });
      response.end();
      return;
    }
    const event = read(received);
    console.log(shown(`${event.event} from ${event.from} to ${event.to}`));
    const body = JSON.stringify(route(event));
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(body);
  } catch (error) {
    // What was not read must not be taken for the next request.
    const rest = request.complete ? {} : { Connection: "close" };
    response.writeHead(400, { "Content-Type": "text/plain", ...rest });
    response.end(`${error}`);
  }
});

const port = Number(process.argv[2] ?? 8080);
server.listen(port, "127.0.0.1", () => {
  const address = server.address();
  const at = typeof address === "object" ? address?.port : address;
  const verifies = KEYS.length ? "signatures are verified" : "signatures are not verified";
  console.log(`webhook on http://127.0.0.1:${at}/webhook/sales (${verifies})`);
});

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

// What requests are signed with: "whsec_…" and base64, or any text; two, with a blank between
// them, while they are changed. Without any, signatures are not verified.
const SECRETS = (process.env.CALLROUTE_SECRET ?? "").split(" ").filter(Boolean);
const REPLAY_WINDOW_S = 5 * 60;

/** @param {string} secret */
const key = (secret) =>
  secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);

/**
 * Whether one of the secrets signed this very body, lately (https://www.standardwebhooks.com).
 * @param {import("node:http").IncomingHttpHeaders} headers
 * @param {Buffer} body
 * @param {string[]} secrets
 * @param {number} now in seconds
 */
function verified(headers, body, secrets, now) {
  const id = `${headers["webhook-id"] ?? ""}`;
  const sent = `${headers["webhook-timestamp"] ?? ""}`;
  if (!id || !/^[0-9]{1,12}$/.test(sent)) return false;
  if (Math.abs(now - Number(sent)) > REPLAY_WINDOW_S) return false;
  const wanted = secrets.map((secret) => {
    const digest = createHmac("sha256", key(secret)).update(`${id}.${sent}.`).update(body);
    return Buffer.from(`v1,${digest.digest("base64")}`);
  });
  const given = `${headers["webhook-signature"] ?? ""}`.split(" ").map((one) => Buffer.from(one));
  // In the same time wherever they differ.
  const equal = (/** @type {Buffer} */ one, /** @type {Buffer} */ two) =>
    one.length === two.length && timingSafeEqual(one, two);
  return given.some((one) => wanted.some((two) => equal(one, two)));
}

const server = createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const received = Buffer.concat(chunks);
    if (SECRETS.length && !verified(request.headers, received, SECRETS, Date.now() / 1000)) {
      response.writeHead(401, { "Content-Length": 0 });
      response.end();
      return;
    }
    /** @type {Event} */
    const event = JSON.parse(received.toString("utf8"));
    console.log(`${event.event} from ${event.from} to ${event.to}`);
    const body = JSON.stringify(route(event));
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(body);
  } catch (error) {
    response.writeHead(400, { "Content-Type": "text/plain" });
    response.end(`${error}`);
  }
});

const port = Number(process.argv[2] ?? 8080);
server.listen(port, "127.0.0.1", () => {
  const address = server.address();
  const at = typeof address === "object" ? address?.port : address;
  console.log(`webhook on http://127.0.0.1:${at}/webhook/sales`);
});

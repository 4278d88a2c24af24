// A webhook for callroute in Node, no dependencies: node examples/servers/webhook.mjs
// @ts-check
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

const server = createServer(async (request, response) => {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    /** @type {Event} */
    const event = JSON.parse(Buffer.concat(chunks).toString("utf8"));
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

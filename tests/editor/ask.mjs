// Asks yaml-language-server, as an editor would, about files: node ask.mjs SERVER < asks.json
//
// In: [{"uri", "text", "at": [[line, column]…]}], lines and columns from 0. Out: for each,
// {"diagnostics": [{"line", "message"}], "completions": [[label…]…], "hovers": [text…]}.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

const server = spawn(process.execPath, [process.argv[2], "--stdio"], {
  stdio: ["pipe", "pipe", "inherit"],
});
server.on("exit", (code) => process.exit(code || 1));

let buffer = Buffer.alloc(0);
let last = 0;
const replies = new Map();
const published = new Map();

function send(message) {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function request(method, params) {
  const id = ++last;
  send({ id, method, params });
  return new Promise((resolve, reject) => replies.set(id, { resolve, reject }));
}

/** What the server wants of an editor: its settings, and little else. */
function serve({ id, method, params }) {
  const result =
    method === "workspace/configuration"
      ? params.items.map(({ section }) =>
          section === "yaml" ? { validate: true, completion: true, hover: true, schemaStore: { enable: false } } : null,
        )
      : null;
  send({ id, result });
}

server.stdout.on("data", (chunk) => {
  buffer = Buffer.concat([buffer, chunk]);
  for (;;) {
    const end = buffer.indexOf("\r\n\r\n");
    const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, end))?.[1]);
    if (end < 0 || buffer.length < end + 4 + length) return;
    const message = JSON.parse(buffer.subarray(end + 4, end + 4 + length).toString());
    buffer = buffer.subarray(end + 4 + length);
    if (message.method && message.id !== undefined) serve(message);
    else if (message.method === "textDocument/publishDiagnostics") {
      published.get(message.params.uri)?.(message.params.diagnostics);
    } else if (message.id !== undefined) {
      const { resolve, reject } = replies.get(message.id);
      replies.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    }
  }
});

async function ask({ uri, text, at = [] }) {
  const checked = new Promise((resolve) => published.set(uri, resolve));
  send({
    method: "textDocument/didOpen",
    params: { textDocument: { uri, languageId: "yaml", version: 1, text } },
  });
  const diagnostics = (await checked).map(({ range, message }) => ({ line: range.start.line, message }));
  const completions = [];
  const hovers = [];
  for (const [line, character] of at) {
    const where = { textDocument: { uri }, position: { line, character } };
    const { items = [] } = (await request("textDocument/completion", where)) ?? {};
    completions.push(items.map(({ label }) => label));
    const hover = await request("textDocument/hover", where);
    hovers.push(hover?.contents?.value ?? "");
  }
  return { diagnostics, completions, hovers };
}

const asks = JSON.parse(await text(process.stdin));
await request("initialize", {
  processId: process.pid,
  rootUri: null,
  capabilities: {
    textDocument: { completion: { completionItem: { documentationFormat: ["markdown"] } } },
    workspace: { configuration: true },
  },
});
send({ method: "initialized", params: {} });
const answers = [];
for (const one of asks) answers.push(await ask(one));
process.stdout.write(JSON.stringify(answers), () => process.exit(0));

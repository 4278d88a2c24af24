// The scheme's library for Node: JSON lines in, a line out for each (see README.md). Its folder is
// given, since modules are looked for beside the file that asks for them.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { Webhook } = createRequire(`${process.argv[2]}/`)('standardwebhooks');

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, id, sent, body, signature } = JSON.parse(line);
  try {
    const webhook = new Webhook(secret);
    if (signature === undefined) {
      console.log(webhook.sign(id, new Date(sent * 1000), body));
    } else {
      const headers = { 'webhook-id': id, 'webhook-timestamp': `${sent}`, 'webhook-signature': signature };
      webhook.verify(body, headers);
      console.log('ok');
    }
  } catch (error) {
    console.log(`${error.constructor.name}: ${error.message}`);
  }
}

"""The scheme's library for Python: JSON lines in, a line out for each (see README.md)."""
import json
import sys
from datetime import datetime, timezone

from standardwebhooks import Webhook

for line in sys.stdin:
    asked = json.loads(line)
    try:
        webhook = Webhook(asked["secret"])
        if "signature" in asked:
            headers = {
                "webhook-id": asked["id"],
                "webhook-timestamp": str(asked["sent"]),
                "webhook-signature": asked["signature"],
            }
            webhook.verify(asked["body"], headers)
            print("ok", flush=True)
        else:
            sent = datetime.fromtimestamp(asked["sent"], tz=timezone.utc)
            print(webhook.sign(asked["id"], sent, asked["body"]), flush=True)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", flush=True)

<?php
// The scheme's library for PHP: JSON lines in, a line out for each (see README.md).

declare(strict_types=1);

require __DIR__ . '/php/init.php';

while (($line = fgets(STDIN)) !== false) {
    $asked = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    try {
        $webhook = new StandardWebhooks\Webhook($asked['secret']);
        if (isset($asked['signature'])) {
            $webhook->verify($asked['body'], [
                'webhook-id' => $asked['id'],
                'webhook-timestamp' => (string) $asked['sent'],
                'webhook-signature' => $asked['signature'],
            ]);
            echo "ok\n";
        } else {
            echo $webhook->sign($asked['id'], $asked['sent'], $asked['body']), "\n";
        }
    } catch (Exception $error) {
        echo get_class($error), ': ', $error->getMessage(), "\n";
    }
}

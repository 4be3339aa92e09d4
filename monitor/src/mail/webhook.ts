import { Refused, type Send } from './spool.js';

const timeoutMs = 5000;

/** Posts JSON. 429 and 5xx are tried again, another 4xx is refused for good. */
export function webhookReceiver(url: string): Send {
  return async (message) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (response.ok) return;
    const reason = `the webhook answers ${response.status}`;
    const final = response.status >= 400 && response.status < 500 && ![408, 429].includes(response.status);
    throw final ? new Refused(reason) : new Error(reason);
  };
}

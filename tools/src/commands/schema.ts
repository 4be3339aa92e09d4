import { configJsonSchema } from '@coalmine/fleet/config.js';

export function schema(): void {
  console.log(JSON.stringify(configJsonSchema(), null, 2));
}

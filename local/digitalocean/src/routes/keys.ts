import { createHash } from 'node:crypto';
import { Router, type Request } from 'express';
import { z } from 'zod';
import { parse } from '../body.js';
import type { Cloud } from '../cloud.js';
import { notFound, unprocessable } from '../errors.js';
import { page } from '../paging.js';
import type { KeyRecord } from '../store.js';

const keySchema = z.object({ name: z.string().min(1), public_key: z.string().min(1) });

export function keyRoutes({ store }: Cloud): Router {
  const router = Router();
  const named = (request: Request): KeyRecord => {
    const wanted = request.params.id;
    const key = store.state.keys.find(
      ({ id, fingerprint }) => String(id) === wanted || fingerprint === wanted,
    );
    if (!key) throw notFound();
    return key;
  };
  router.get('/', (request, response) => {
    response.json(page(request, 'ssh_keys', store.state.keys));
  });
  router.post('/', (request, response) => {
    const { name, public_key } = parse(keySchema, request.body);
    const fingerprint = fingerprintOf(public_key);
    if (store.state.keys.some((key) => key.fingerprint === fingerprint)) {
      throw unprocessable('SSH Key is already in use on your account');
    }
    const key = { id: store.nextId(), fingerprint, public_key, name };
    store.state.keys.push(key);
    store.save();
    response.status(201).json({ ssh_key: key });
  });
  router.get('/:id', (request, response) => {
    response.json({ ssh_key: named(request) });
  });
  router.put('/:id', (request, response) => {
    const key = named(request);
    key.name = parse(z.object({ name: z.string().min(1) }), request.body).name;
    store.save();
    response.json({ ssh_key: key });
  });
  router.delete('/:id', (request, response) => {
    const key = named(request);
    store.state.keys = store.state.keys.filter(({ id }) => id !== key.id);
    store.save();
    response.status(204).end();
  });
  return router;
}

/** MD5 of the key's bytes, as DigitalOcean names keys. */
function fingerprintOf(publicKey: string): string {
  const [type, bytes] = publicKey.trim().split(/\s+/);
  if (!type || !bytes || !/^(ssh|ecdsa)-/.test(type))
    throw unprocessable('Key invalid, key should be of the format `type key [comment]`');
  const digest = createHash('md5').update(Buffer.from(bytes, 'base64')).digest('hex');
  return digest.replaceAll(/(..)(?=.)/g, '$1:');
}

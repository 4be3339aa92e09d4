import { violations } from './openapi.js';

const url = 'http://127.0.0.1:81/v2/account/keys';
const key = { id: 1, name: 'a', public_key: 'ssh-ed25519 A', fingerprint: 'aa:bb' };

describe("The check against DigitalOcean's OpenAPI document", () => {
  it('has nothing against a right answer', () => {
    expect(violations('get', url, 200, { ssh_keys: [key], links: {}, meta: { total: 1 } })).toEqual([]);
  });

  it('names what is missing or has another type', () => {
    const wrong = violations('get', url, 200, { ssh_keys: [{ ...key, id: 'one' }] });
    expect(wrong.join('\n')).toMatch(/ssh_keys\/0\/id must be integer/);
    expect(wrong.join('\n')).toMatch(/must have required property 'meta'/);
  });

  it('knows no success that the document does not', () => {
    expect(violations('post', url, 200, { ssh_key: key })).toEqual([
      'post /v2/account/keys does not answer 200',
    ]);
    expect(violations('get', 'http://127.0.0.1:81/v2/kittens', 200, {}).length).toBe(1);
  });

  it('checks errors as well', () => {
    expect(violations('get', url, 401, { message: 'no' }).join()).toMatch(/required property 'id'/);
  });
});

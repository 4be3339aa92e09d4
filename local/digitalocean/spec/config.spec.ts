import { readCloudConfig } from '../src/config.js';

const environment = { COALMINE_CLOUD_HOME: '/tmp/cloud', DIGITALOCEAN_TOKEN: 't' };

describe("The cloud's settings", () => {
  it('have defaults for all but the home and the token', () => {
    const config = readCloudConfig(environment);
    expect(config).toEqual(
      jasmine.objectContaining({ port: 8081, requestsPerMinute: 250, imageFolder: '/var/cache/coalmine' }),
    );
  });

  it('name what they make after the home, within the 15 letters of an interface name', () => {
    const one = readCloudConfig(environment).id;
    const other = readCloudConfig({ ...environment, COALMINE_CLOUD_HOME: '/tmp/cloud2' }).id;
    expect(one).not.toBe(other);
    expect(`cm${one}`.length).toBeLessThan(16);
  });

  it('name all that is missing, and the way out', () => {
    expect(() => readCloudConfig({})).toThrowError(
      /^COALMINE_CLOUD_HOME is not set: export .*\nDIGITALOCEAN_TOKEN is not set: export /,
    );
  });

  it('name what is wrong, with its value', () => {
    const wrong = { ...environment, COALMINE_CLOUD_PORT: 'http', COALMINE_CLOUD_RATE_LIMIT: '0' };
    expect(() => readCloudConfig(wrong)).toThrowError(
      /COALMINE_CLOUD_PORT: "http" must be a port.*\nCOALMINE_CLOUD_RATE_LIMIT: "0" must be/,
    );
  });

  it('refuse a home that overlayfs would take for two', () => {
    const wrong = { ...environment, COALMINE_CLOUD_HOME: '/tmp/a:b' };
    expect(() => readCloudConfig(wrong)).toThrowError(/COALMINE_CLOUD_HOME: "\/tmp\/a:b" must be a folder/);
  });
});

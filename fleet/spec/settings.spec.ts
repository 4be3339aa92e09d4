import { readSettings, serviceSettings } from '../src/settings.js';

describe('the settings of a service', () => {
  it('come from the environment, checked', () => {
    const settings = readSettings(serviceSettings, { PORT: '3000', REDIS_URL: 'rediss://cache:6380' });
    expect(settings).toEqual({ PORT: 3000, HOST: '127.0.0.1', REDIS_URL: 'rediss://cache:6380' });
  });

  it('name every variable that is missing or wrong', () => {
    expect(() => readSettings(serviceSettings, { PORT: 'http' })).toThrowError(
      /PORT: .*\nREDIS_URL: not set/s,
    );
  });
});

import { readConfig } from '../src/config.js';

describe('local/mail settings', () => {
  it('name every variable that is wrong', () => {
    expect(() => readConfig({ COALMINE_SMTP_PORT: 'x' })).toThrowError(
      /COALMINE_MAIL_HOME: not set\nCOALMINE_SMTP_PORT: ‘x’ is not a port\nCOALMINE_MAIL_PORT: not set/,
    );
  });

  it('take several SMTP addresses', () => {
    const config = readConfig({
      COALMINE_MAIL_HOME: '/x',
      COALMINE_SMTP_PORT: '25',
      COALMINE_MAIL_PORT: '80',
      COALMINE_SMTP_HOST: '127.0.0.1, 10.9.0.1',
    });
    expect(config.smtpHosts).toEqual(['127.0.0.1', '10.9.0.1']);
  });
});

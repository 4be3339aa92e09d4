import { beginRollout } from '@coalmine/fleet/rollout.js';
import { composeRolloutMail } from '../src/mail/rollout-mail.js';

describe('the mail about a rollout', () => {
  const rollout = beginRollout('0123456789abcdef', 500, 'deployed');

  it('says why a release was taken off the canary, what was done, and what to do', () => {
    const reason = '12 of 40 requests failed <on the canary>, of production 1 of 800';
    const mail = composeRolloutMail({ ...rollout, state: 'rolling-back', reason });
    expect(mail?.subject).toBe('[coalmine] 0123456789 is taken off the canary');
    expect(mail?.text).toContain(reason);
    expect(mail?.text).toContain('All traffic goes to production');
    expect(mail?.text).toContain('coalmine canary status');
    expect(mail?.html).not.toContain('<on the canary>');
  });

  it('tells of a promotion, and of one that waits for a person', () => {
    expect(composeRolloutMail({ ...rollout, state: 'promoted' })?.subject).toContain('is in production');
    expect(composeRolloutMail({ ...rollout, state: 'held' })?.text).toContain('coalmine canary promote');
  });

  it('is not written for what goes on as it should', () => {
    for (const state of ['running', 'paused', 'promoting', 'rolled-back'] as const)
      expect(composeRolloutMail({ ...rollout, state })).toBeNull();
  });
});

import { resultMail } from '../src/commands/pipeline.js';

describe('The mail of a build', () => {
  const variables = {
    BUILD_URL: 'http://ci/job/shop/7/',
    BRANCH: 'main',
    TARGET: 'prod',
    GIT_COMMIT: 'b'.repeat(40),
  };

  it('names result, branch and commit, with a link', () => {
    const { subject, text } = resultMail('shop', 'FAILURE', { ...variables, COMMIT: 'a'.repeat(40) });
    expect(subject).toBe('[shop] FAILURE: main aaaaaaaaaa');
    expect(text).toContain('target: prod');
    expect(text).toContain('http://ci/job/shop/7/');
  });

  it('names the commit that was checked out when the build was started from the page, with no COMMIT', () => {
    expect(resultMail('shop', 'FIXED', { ...variables, COMMIT: '' }).subject).toBe(
      '[shop] FIXED: main bbbbbbbbbb',
    );
  });
});

import { BuildProgress, progressLine } from '../src/build-progress.js';

describe('the progress of a build', () => {
  it('says the stage, how long it has taken, and how long it usually takes', () => {
    expect(progressLine('Test', 4200, 9000)).toBe('▸ Test · 4 s of usually 9 s');
    expect(progressLine('Test', 0, -1)).toBe('▸ Test · 0 s');
  });

  it('stands under the log in a terminal, and is gone at the end', () => {
    let screen = '';
    const progress = new BuildProgress((text) => (screen += text), true, 9000);
    progress.push('[Pipeline] { (Lint)\n');
    expect(screen.endsWith('\r\u001B[2K▸ Lint · 0 s of usually 9 s')).toBeTrue();
    progress.end();
    expect(screen.endsWith('\u001B[2K')).toBeTrue();
  });

  it('is only the log in a file or a pipe', () => {
    let text = '';
    const progress = new BuildProgress((piece) => (text += piece), false, 9000);
    progress.push('[Pipeline] { (Lint)\nall ');
    progress.push('good');
    progress.end();
    expect(text).toBe('▸ Lint\nall good\n');
  });
});

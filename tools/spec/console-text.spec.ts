import { ConsoleText } from '../src/console-text.js';

const shown = (...pieces: string[]): string => {
  const text = new ConsoleText();
  return pieces.map((piece) => text.push(piece)).join('') + text.end();
};

describe('a build log in the terminal', () => {
  it('shows the stages and what they print, without timestamps', () => {
    const log =
      '[Pipeline] stage\n[2026-11-23T13:24:52.474Z] [Pipeline] { (Lint)\n[2026-11-23T13:24:52.497Z] + coalmine lint\n[Pipeline] }\n';
    expect(shown(log)).toBe('▸ Lint\n+ coalmine lint\n');
  });

  it('comes out the same in whatever pieces it arrives', () => {
    const log = '[2026-11-23T13:24:52.474Z] one\n[Pipeline] // stage\ntwo\nthree';
    const oneByOne = [...log];
    expect(shown(...oneByOne)).toBe(shown(log));
    expect(shown(log)).toBe('one\ntwo\nthree\n');
  });
});

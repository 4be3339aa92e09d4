import { differences } from '../src/differences.js';

describe('differences', () => {
  it('name the place, the old and the new', () => {
    expect(differences({ a: { b: 1, c: [1, 2] } }, { a: { b: 2, c: [1, 3] }, d: 'x' })).toEqual([
      { path: '/a/b', from: 1, to: 2 },
      { path: '/a/c/1', from: 2, to: 3 },
      { path: '/d', from: null, to: 'x' },
    ]);
  });

  it('are none between equals, and one between what has nothing in common', () => {
    expect(differences({ a: [{}] }, { a: [{}] })).toEqual([]);
    expect(differences(null, { a: 1 })).toEqual([{ path: '', from: null, to: { a: 1 } }]);
    expect(differences([1], [1, 2])).toEqual([{ path: '', from: [1], to: [1, 2] }]);
    expect(differences({ 'a/b~': 1 }, {})).toEqual([{ path: '/a~1b~0', from: 1, to: null }]);
  });
});

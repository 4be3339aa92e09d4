import { parseTree, prune } from '../src/tree.js';

describe('the tree of a request', () => {
  const job = {
    _class: 'Job',
    name: 'a',
    color: 'blue',
    builds: [
      { number: 3, result: 'SUCCESS' },
      { number: 2, result: null },
      { number: 1, result: 'FAILURE' },
    ],
  };

  it('picks fields, also nested ones, and keeps _class', () => {
    expect(prune(job, parseTree('name,builds[number]'))).toEqual({
      _class: 'Job',
      name: 'a',
      builds: [{ number: 3 }, { number: 2 }, { number: 1 }],
    });
  });

  it('takes a range', () => {
    expect(prune(job, parseTree('builds[number]{1,3}'))).toEqual({
      _class: 'Job',
      builds: [{ number: 2 }, { number: 1 }],
    });
    expect(prune(job, parseTree('builds[number]{,1}'))).toEqual({ _class: 'Job', builds: [{ number: 3 }] });
  });

  it('knows the ten levels of jenkins-job-builder', () => {
    const deep = 'jobs[url,color,name,jobs[url,color,name,jobs[url,color,name]]]';
    expect(prune({ jobs: [job] }, parseTree(deep))).toEqual({
      jobs: [{ _class: 'Job', name: 'a', color: 'blue' }],
    });
  });

  it('says where it is wrong', () => {
    expect(() => parseTree('jobs[name')).toThrowError(/‘\]’ is missing at 10/);
    expect(() => parseTree('a]')).toThrowError(/unexpected/);
  });
});

import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unusedLayers } from '../src/snapshot.js';
import { Store } from '../src/store.js';

describe("The cloud's records", () => {
  let home = '';

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'coalmine-store-'));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  it('are there after a restart, and numbers are not given twice', () => {
    const store = new Store(home);
    store.state.tags.push('a');
    const id = store.nextId();
    store.save();
    const again = new Store(home);
    expect(again.state.tags).toEqual(['a']);
    expect(again.nextId()).toBe(id + 1);
  });

  it('are for root only, since user data has secrets, and leave nothing beside', () => {
    new Store(home).save();
    expect(readdirSync(home)).toEqual(['state.json']);
    expect(statSync(join(home, 'state.json')).mode & 0o777).toBe(0o600);
  });

  it('say what to do when they are damaged', () => {
    writeFileSync(join(home, 'state.json'), '{"nextId":');
    expect(() => new Store(home)).toThrowError(/state\.json is damaged: take the cloud down with `reap`/);
  });
});

describe('A deleted snapshot', () => {
  it('keeps its files while a droplet or another snapshot stands on them', () => {
    expect(unusedLayers(['/s/1', '/s/2'], [['/s/3', '/s/1', '/image'], ['/image']])).toEqual(['/s/2']);
  });
});

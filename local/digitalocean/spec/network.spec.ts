import { addressesOf, chooseNetwork, nextNumber } from '../src/network.js';

const id = '00000005';
const range = (cidr: string, name = 'eth0') => ({ name, cidr });

describe("A cloud's network", () => {
  it('follows from its id', () => {
    expect(chooseNetwork(id, [])).toEqual({ bridge: 'cm00000005', prefix: '10.105' });
  });

  it('goes out of the way of other interfaces, also of those that only overlap', () => {
    expect(chooseNetwork(id, [range('10.105.1.9/24')]).prefix).toBe('10.106');
    expect(chooseNetwork(id, [range('10.105.200.1/16')]).prefix).toBe('10.106');
    expect(chooseNetwork(id, [range('10.1.2.3/8')]).prefix).toBe('172.16');
  });

  it('is not in its own way', () => {
    expect(chooseNetwork(id, [range('10.105.0.1/24', 'cm00000005')]).prefix).toBe('10.105');
  });

  it('says when there is no room', () => {
    expect(() => chooseNetwork(id, [range('10.0.0.1/8'), range('172.16.0.1/12')])).toThrowError(
      /no private network/,
    );
  });

  it('gives each droplet two addresses', () => {
    expect(addressesOf(chooseNetwork(id, []), 7)).toEqual({ public: '10.105.0.7', private: '10.105.1.7' });
  });

  it('hands numbers out in turn, leaves out the taken ones, and never the gateway', () => {
    expect(nextNumber(1, [])).toBe(2);
    expect(nextNumber(2, [3, 4])).toBe(5);
    expect(nextNumber(254, [2])).toBe(3);
    const all = Array.from({ length: 253 }, (_, index) => index + 2);
    expect(() => nextNumber(9, all)).toThrowError(/253/);
    expect(nextNumber(9, all.slice(1))).toBe(2);
  });
});

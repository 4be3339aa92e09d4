import { parseConfig } from '../src/config.js';
import { planOf, planSchema } from '../src/plan.js';

describe('the plan of a rollout', () => {
  it('has usable defaults', () => {
    const plan = planOf(parseConfig('name: shop'));
    expect(plan.steps).toEqual([100, 500, 2000, 5000]);
    expect(plan).toEqual(
      jasmine.objectContaining({ intervalMs: 60_000, promote: 'auto', onDeadline: 'hold' }),
    );
    expect(planSchema.parse(plan)).toEqual(plan);
  });

  it('of a fixed weight is one step that a person ends', () => {
    const plan = planOf(parseConfig('name: shop\ncanary: { weight: 5 }'));
    expect([plan.steps, plan.promote]).toEqual([[500], 'by-hand']);
  });

  it('needs steps that grow and leave something to compare with', () => {
    for (const steps of ['[]', '[5, 5]', '[20, 5]', '[50, 100]', '[0]'])
      expect(() => parseConfig(`name: shop\ncanary: { steps: ${steps} }`)).toThrowError(/canary\.steps/);
  });
});

import { sessionCost } from '../../../core/ceiling/idle-cost';
import { HOURS_PER_MONTH, PRICE_DATE, PRICES } from '../../../core/ceiling/prices';

describe('W7 cost of a session', () => {
  it('is what the reference says for 30 minutes of 2 vCPU and 4 GB', () => {
    expect(sessionCost(2048, 4096, 20, 1800)).toBeCloseTo(0.049, 3);
    expect(sessionCost(2048, 4096, 20, 1800, 'ARM64')).toBeCloseTo(0.0395, 3);
  });

  it('bills storage above 20 GiB, and a minute at least', () => {
    expect(sessionCost(2048, 4096, 50, 1800) - sessionCost(2048, 4096, 20, 1800)).toBeCloseTo(30 * 0.000111 * 0.5, 8);
    expect(sessionCost(1024, 2048, 20, 1)).toBe(sessionCost(1024, 2048, 20, 60));
  });

  it('grows with the time and is the same by the month and by the second', () => {
    const month = HOURS_PER_MONTH * 3600;
    expect(sessionCost(512, 1024, 20, month, 'ARM64')).toBeCloseTo(14.42, 2);
  });
});

describe('W7 the price table', () => {
  it('names a page of AWS for every row, and one date', () => {
    expect(PRICE_DATE).toMatch(/^\d{4}-\d{2}$/);
    for (const { source, usd } of Object.values(PRICES)) {
      expect(source).toMatch(/^aws\.amazon\.com\/[a-z0-9/-]+/);
      expect(usd).toBeGreaterThan(0);
    }
  });
});

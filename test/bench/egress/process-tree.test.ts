import { parseStat, sumTree } from '../../../scripts/bench/egress/process-tree';

const line = (pid: number, name: string, parent: number, user: number, system: number, pages: number): string =>
  `${pid} (${name}) S ${parent} ${pid} ${pid} 0 -1 4194560 9 0 0 0 ${user} ${system} 77 88 20 0 11 0 1234 999 ${pages} 18446744073709551615 1 1`;

describe('a process', () => {
  it('is read whatever its name is', () => {
    expect(parseStat(line(42, 'a) S 1 (b', 7, 150, 50, 3))).toEqual({
      pid: 42,
      parent: 7,
      cpuMs: 2000,
      rssBytes: 3 * 4096,
    });
  });

  it.each(['', '42 (x)', '42 (x) S 1 2'])('is refused where "%s" is no such line', (text) => {
    expect(() => parseStat(text)).toThrow(/proc\(5\)/);
  });

  it('counts with its descendants and nobody else', () => {
    const all = [
      parseStat(line(30, 'grandchild', 20, 1, 0, 1)),
      parseStat(line(10, 'master', 1, 2, 0, 2)),
      parseStat(line(20, 'worker', 10, 4, 0, 4)),
      parseStat(line(99, 'other', 1, 64, 0, 64)),
    ];
    expect(sumTree(all, 10)).toEqual({ cpuMs: 70, rssBytes: 7 * 4096 });
    expect(() => sumTree(all, 11)).toThrow('process 11 has ended');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolver } from '../../../images/egress/resolve';

describe('names', () => {
  it('of the hosts file come first, with every address they have there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
    const file = join(folder, 'hosts');
    writeFileSync(
      file,
      '# mine\n192.0.2.1 a.example.com b.example.com # both\n2001:db8::1 a.example.com\nnonsense c\n',
    );
    const resolve = resolver(file);
    expect(await resolve('a.example.com')).toEqual([
      { address: '192.0.2.1', family: 4 },
      { address: '2001:db8::1', family: 6 },
    ]);
    expect(await resolve('b.example.com')).toEqual([{ address: '192.0.2.1', family: 4 }]);
    rmSync(folder, { recursive: true });
  });
});

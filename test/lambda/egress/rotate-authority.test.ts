import { certificatesOf, parseAuthorities } from '../../../core/egress/certificate-rotation';
import { makeAuthority } from '../../../lambda/egress/make-authority';
import { type AuthorityStore, rotateAuthority } from '../../../lambda/egress/rotate-authority';

const START = Date.parse('2026-11-22T00:00:00.000Z');
const DAY = 86_400_000;
const make = (now: number) => makeAuthority('acme', now);

function store(failing: Partial<Record<keyof AuthorityStore, boolean>> = {}) {
  const held: { secret?: string; certificates?: string } = {};
  const writes: string[] = [];
  const fail = (name: keyof AuthorityStore): void => {
    if (failing[name]) throw new Error(`${name} failed`);
  };
  const port: AuthorityStore = {
    async readSecret() {
      return held.secret;
    },
    async writeSecret(text) {
      fail('writeSecret');
      writes.push('secret');
      held.secret = text;
    },
    async readCertificates() {
      return held.certificates;
    },
    async writeCertificates(pem) {
      fail('writeCertificates');
      writes.push('certificates');
      held.certificates = pem;
    },
    async removeCertificates() {
      delete held.certificates;
    },
  };
  const state = () => {
    const parsed = parseAuthorities(held.secret ?? '');
    if (parsed.kind === 'invalid') throw new Error(parsed.problems.join());
    return parsed.authorities;
  };
  return { port, held, writes, failing, state };
}

describe('N5 a run of the rotation', () => {
  it('N5 makes the first authority and hands its certificate out; a second run changes nothing', async () => {
    const { port, held, writes, state } = store();
    expect(await rotateAuthority(port, make, START)).toEqual({ step: 'create', daysLeft: 365 });
    expect(held.certificates).toBe(certificatesOf(state()));
    expect(await rotateAuthority(port, make, START + 1000)).toMatchObject({ step: 'keep' });
    expect(writes).toEqual(['secret', 'certificates']);
  });

  it('N5 hands a successor out before its key is stored, and nothing that is handed out is a key', async () => {
    const { port, held, writes, state } = store();
    await rotateAuthority(port, make, START);
    writes.length = 0;
    await rotateAuthority(port, make, START + 30 * DAY);
    expect(writes).toEqual(['certificates', 'secret']);
    expect(held.certificates?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(held.certificates).not.toContain('PRIVATE');
    expect(state().next).toBeDefined();
  });

  it('N5 where the key of a successor could not be stored, the next run makes another', async () => {
    const { port, failing, state } = store();
    await rotateAuthority(port, make, START);
    const { current } = state();
    failing.writeSecret = true;
    await expect(rotateAuthority(port, make, START + 30 * DAY)).rejects.toThrow('writeSecret failed');
    failing.writeSecret = false;
    expect(await rotateAuthority(port, make, START + 31 * DAY)).toMatchObject({ step: 'prepare' });
    expect(state().current).toEqual(current);
  });

  it('N5 where the secret can not be written at the very first, nobody is told to trust what has no key', async () => {
    const { port, held } = store({ writeSecret: true });
    await expect(rotateAuthority(port, make, START)).rejects.toThrow('writeSecret failed');
    expect(held.certificates).toBeUndefined();
  });

  it('N5 hands certificates out again where they were removed or changed', async () => {
    const { port, held, state } = store();
    await rotateAuthority(port, make, START);
    held.certificates = 'somebody else';
    expect(await rotateAuthority(port, make, START + DAY)).toMatchObject({ step: 'keep' });
    expect(held.certificates).toBe(certificatesOf(state()));
  });

  it('N5 makes nothing in place of a secret it can not read', async () => {
    const { port, held, writes } = store();
    held.secret = '{"version":1}';
    await expect(rotateAuthority(port, make, START)).rejects.toThrow(
      /not what was written there \(current: .*find out/,
    );
    expect(writes).toEqual([]);
  });
});

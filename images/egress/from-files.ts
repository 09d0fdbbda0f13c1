import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock';
import { FileCallers } from '../../runtime/file-callers';
import { FileCredentials } from '../../runtime/file-credentials';
import { FilePolicies } from '../../runtime/file-policies';
import { fileTaskTexts } from '../../runtime/task-texts';
import type { OnSourceProblem, Sources } from './sources';

/**
 * Everything from one folder: `callers.json`, `policies/<profile>.json`, `credentials.json`, the authority's
 * `authority.crt` and `authority.key`, `task-texts/<session>`, and `roots.pem` where upstreams have a private authority.
 * For trying policies out and for tests; on AWS, {@link sourcesFromAws}.
 */
export async function sourcesFromFiles(folder: string, clock: Clock, onProblem: OnSourceProblem): Promise<Sources> {
  const roots = join(folder, 'roots.pem');
  const of = (source: 'callers' | 'credentials') => (problems: readonly string[]) =>
    onProblem(source, problems.join('; '));
  const pem = {
    certificate: readFileSync(join(folder, 'authority.crt'), 'utf8'),
    privateKey: readFileSync(join(folder, 'authority.key'), 'utf8'),
  };
  return {
    callers: new FileCallers({ path: join(folder, 'callers.json'), clock, onProblem: of('callers') }),
    policies: new FilePolicies({
      folder: join(folder, 'policies'),
      clock,
      onProblem: (profile, problems) => onProblem('policies', `${profile ?? 'policies'}: ${problems.join('; ')}`),
    }),
    credentials: new FileCredentials({ path: join(folder, 'credentials.json'), clock, onProblem: of('credentials') }),
    authority: {
      pem,
      certificates: pem.certificate,
      expiresAt: Date.parse(new X509Certificate(pem.certificate).validTo),
      onChange: () => undefined,
    },
    taskTexts: fileTaskTexts(join(folder, 'task-texts')),
    ...(existsSync(roots) && { roots: [readFileSync(roots, 'utf8')] }),
  };
}

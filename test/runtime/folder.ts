import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of the test, gone after it. */
export function makeFolder() {
  const path = mkdtempSync(join(tmpdir(), 'runtime-'));
  return {
    path,
    file: (name: string) => join(path, name),
    write(name: string, content: unknown) {
      writeFileSync(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
    },
    /** As an editor or Kubernetes does it. */
    replace(name: string, content: unknown) {
      writeFileSync(join(path, `.${name}`), typeof content === 'string' ? content : JSON.stringify(content));
      renameSync(join(path, `.${name}`), join(path, name));
    },
    remove: (name = '') => rmSync(join(path, name), { recursive: true, force: true }),
  };
}

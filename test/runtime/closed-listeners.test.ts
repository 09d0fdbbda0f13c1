import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { ClosedListeners } from '../../runtime/closed-listeners';
import { makeFolder } from './folder';

describe('C1 those who end streams', () => {
  it('C1 all hear of every session, though one of them throws', () => {
    const failures: unknown[] = [];
    const listeners = new ClosedListeners((error) => failures.push(error));
    const heard: unknown[] = [];
    listeners.add(() => {
      throw new Error('broken');
    });
    listeners.add((key) => heard.push(key ?? 'everybody'));
    listeners.tell('s1');
    listeners.tell(undefined);
    expect(heard).toEqual(['s1', 'everybody']);
    expect(failures).toHaveLength(2);
  });

  it('C1 one that throws ends the process, since it may have left a stream open', () => {
    const folder = makeFolder();
    const source = `
      import { ClosedListeners } from ${JSON.stringify(join(__dirname, '../../runtime/closed-listeners'))};
      const listeners = new ClosedListeners();
      listeners.add(() => { throw new Error('left open'); });
      try { listeners.tell('s1'); } catch { console.log('caught'); }
      setTimeout(() => console.log('went on'), 10_000).ref();
    `;
    buildSync({
      stdin: { contents: source, resolveDir: __dirname, loader: 'ts' },
      outfile: folder.file('child.js'),
      bundle: true,
      platform: 'node',
    });
    const child = spawnSync(process.execPath, [folder.file('child.js')], { encoding: 'utf8' });
    folder.remove();
    expect(child.status).toBe(1);
    expect(child.stdout).toBe('');
    expect(child.stderr).toContain('left open');
  });
});

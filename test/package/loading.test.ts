import { join } from 'node:path';
import { INSTALLED, NAME, runAlone } from './installed';

/** Modules that importing `path` loads, beyond what an app has that uses App, Stack and Vpc. */
async function loadedBy(path: string): Promise<string[]> {
  const program = `
    const { App, Stack } = require('aws-cdk-lib');
    const { Vpc } = require('aws-cdk-lib/aws-ec2');
    void [App, Stack, Vpc];
    const before = new Set(Object.keys(require.cache));
    require(${JSON.stringify(path)});
    console.log(JSON.stringify(Object.keys(require.cache).filter((file) => !before.has(file))));`;
  const { code, stdout, stderr } = await runAlone(['-e', program]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

/** `node_modules/x/...` as `x`, with the service for aws-cdk-lib. */
function packagesOf(files: readonly string[]): string[] {
  const names = files.map((file) => /.*node_modules\/(aws-cdk-lib\/[^/]+|@[^/]+\/[^/]+|[^/]+)/.exec(file)?.[1] ?? file);
  return [...new Set(names)].sort();
}

const own = (files: readonly string[]): string[] =>
  files.filter((file) => file.startsWith(INSTALLED)).map((file) => file.slice(INSTALLED.length + 1));

describe('W2 importing a plane loads that plane', () => {
  it('W2 /network brings no other plane, no schema library, no parser', async () => {
    const files = await loadedBy(`${NAME}/network`);
    // tldts: hosts refuse `*.co.uk` wherever they come in, and only the public suffix list knows. One file, about 7 ms.
    expect(packagesOf(files).filter((name) => !name.startsWith('aws-cdk-lib/'))).toEqual([NAME, 'tldts']);
    const foreign =
      /^dist\/(lib\/(network\/|(acknowledgements|platform-key|prebuilt-function)\.js$)|core\/(network\/|egress\/(host|public-suffix)\.js$))/;
    expect(own(files).filter((file) => !foreign.test(file))).toEqual([]);
    expect(own(files)).toContain('dist/lib/network/network-firewall.js');
  });

  it('W2 /network loads of aws-cdk-lib the doors of services, and no service but ec2, which a VPC is of', async () => {
    // aws-cdk-lib loads a service when one of its names is used: a class that extends one of theirs does so at once.
    const files = (await loadedBy(`${NAME}/network`)).filter((file) => file.includes('/aws-cdk-lib/aws-'));
    const door = /aws-cdk-lib\/aws-([a-z0-9]+\/index|ec2\/.*)\.js$/;
    expect(files.filter((file) => !door.test(file))).toEqual([]);
  });

  it('W2 the root loads neither yaml nor the ceiling, nor what only an app needs', async () => {
    const files = await loadedBy(NAME);
    expect(packagesOf(files)).not.toContain('yaml');
    expect(own(files).filter((file) => /ceiling|yaml|from-config|core\/profile\/read|checks|cli\//.test(file))).toEqual(
      [],
    );
    expect(own(files)).toContain('dist/lib/agent-platform.js');
  });

  it('W2 /checks loads no construct of ours and no cdk-nag', async () => {
    const files = await loadedBy(`${NAME}/checks`);
    // Names of the task's volumes and user, which the checks compare with.
    const layout = join('dist', 'core', 'session', 'task-layout.js');
    const others = own(files).filter((file) => !file.startsWith(join('dist', 'lib', 'checks')));
    expect(others).toEqual([layout]);
    expect(packagesOf(files)).not.toContain('cdk-nag');
  });

  it('W2 what is not exported can not be imported', async () => {
    const { code, stderr } = await runAlone(['-e', `require('${NAME}/dist/lib/platform-key.js')`]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

import { probesFor, verdictOf } from '../../../../core/session/canary';
import { observe } from '../../../../images/session/probe';

/** The canary by itself, as session-init runs it, in whatever namespace this is started in. Prints its verdict. */
const { proxy, authorities, self } = JSON.parse(process.argv[2] ?? '{}');

async function main(): Promise<void> {
  const seen = await Promise.all(
    probesFor(self).map(async (probe) => ({
      probe,
      observation: await observe(probe, { proxy, authorities, variables: process.env, milliseconds: 600 }),
    })),
  );
  console.log(JSON.stringify(verdictOf(seen)));
  process.exit(0);
}

void main();

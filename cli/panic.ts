import type * as z from 'zod/mini';
import type * as answers from '../core/access/answers';
import { apiVerb } from './api-verb';
import type { Verb } from './verb';

function panicText(panic: answers.PanicView): string {
  const asked = panic.liftAskedBy ? `lift asked by ${panic.liftAskedBy} until ${panic.liftExpiresAt}\n` : '';
  const state = panic.open ? 'runs' : 'STOPPED: every service refuses every session';
  return `platform     ${state}\nsince        ${panic.changedAt} by ${panic.changedBy}${panic.remark ? `: ${panic.remark}` : ''}\n${asked}`;
}

export const panic: Verb = apiVerb({
  name: 'panic',
  help: `agentctl panic [--remark TEXT] | --status

Stops the whole platform: within two seconds every service refuses every session, then all are ended. For operators. Two
people lift it, see agentctl unpanic.

  agentctl panic --remark "a token leaked"
  agentctl panic --status

  --remark TEXT      why, for those who read it later
  --status           only say whether the platform is stopped
`,
  options: { remark: { type: 'string' }, status: { type: 'boolean' } },
  async run({ values: { remark }, flags }, client, io) {
    if (flags.has('status')) {
      const view = await client().call<answers.PanicView>('getPanic');
      return { kind: 'panic', json: { panic: view }, text: panicText(view) };
    }
    const body = remark === undefined ? {} : { remark };
    const raised = await client().call<z.infer<typeof answers.raised>>('raisePanic', { body });
    if (raised.sweep === 'not-started') io.stderr('sessions are ended by the reaper, within a minute or so\n');
    return { kind: 'panic', json: raised, text: panicText(raised.panic) };
  },
});

export const unpanic: Verb = apiVerb({
  name: 'unpanic',
  help: `agentctl unpanic [--remark TEXT]

Lifts a panic, with two people: an operator runs it and asks; another operator, or an approver, runs it within half an
hour and says yes by it. Sessions that were ended stay ended.

  agentctl unpanic --remark "token revoked, see incident 12"

  --remark TEXT      why, for those who read it later
`,
  options: { remark: { type: 'string' } },
  async run({ values: { remark } }, client, io) {
    const body = remark === undefined ? {} : { remark };
    const lifted = await client().call<z.infer<typeof answers.lifted>>('liftPanic', { body });
    if (!lifted.lifted) io.stderr('asked; now somebody else runs agentctl unpanic to say yes\n');
    return { kind: 'panic', json: lifted, text: panicText(lifted.panic) };
  },
});

import type * as z from 'zod/mini';
import type * as answers from '../core/access/answers';
import { apiVerb } from './api-verb';
import type { Verb } from './verb';

export const whoami: Verb = apiVerb({
  name: 'whoami',
  help: `agentctl whoami

Who you are to the platform, your roles and teams, and what you may do.

  agentctl whoami
`,
  async run(_, client) {
    const me = await client().call<z.infer<typeof answers.whoAmI>>('whoAmI');
    const teams = me.memberships.map(({ team, profiles }) => `${team} (${profiles?.join(', ') ?? 'every profile'})`);
    const text =
      `you          ${me.principal}\nroles        ${me.roles.join(', ')}\n` +
      `teams        ${teams.join(', ') || 'none'}\nmay          ${me.may.join(', ')}\n`;
    return { kind: 'whoami', json: me, text };
  },
});

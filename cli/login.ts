import { configFolder, environment, readSettings, safeUrl, save, UsageError } from './api-settings';
import { apiVerb } from './api-verb';
import { discover, signInWithBrowser, signInWithDevice } from './sign-in';
import type { Verb } from './verb';

/** The one that the platform's own user pool knows as a way back. */
const PORT = 8976;

export const login: Verb = apiVerb({
  name: 'login',
  help: `agentctl login [--endpoint URL --issuer URL --client-id ID]

Signs in with the platform's identity provider, in a browser, and keeps an access token until it runs out. The first time
it is told where; the outputs of the stack "access" have all three. They are kept, and not asked for again.

  agentctl login --endpoint https://abc.execute-api.eu-west-1.amazonaws.com/prod \\
    --issuer https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc --client-id 1example

  --issuer URL       of the identity provider
  --client-id ID     of agentctl there
  --scope SCOPES     asked for (default: openid)
  --port PORT        of this machine that the browser comes back to (default ${PORT})
  --device           with a code to enter elsewhere, where the provider has that
`,
  options: {
    issuer: { type: 'string' },
    'client-id': { type: 'string' },
    scope: { type: 'string' },
    port: { type: 'string' },
    device: { type: 'boolean' },
  },
  async run({ values, flags }, _, io) {
    const before = readSettings(io);
    const endpoint = values.endpoint ?? environment(io).AGENTCTL_ENDPOINT ?? before.endpoint;
    const issuer = values.issuer ?? before.issuer;
    const clientId = values['client-id'] ?? before.clientId;
    const scope = values.scope ?? before.scope ?? 'openid';
    if (endpoint === undefined || issuer === undefined || clientId === undefined) {
      throw new UsageError(
        'got too little; name --endpoint, --issuer and --client-id once: outputs of the stack "access"',
      );
    }
    safeUrl('--endpoint', endpoint);
    const port = Number(values.port ?? PORT);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new UsageError(`--port: got "${values.port}", expected a port`);
    const found = await discover(issuer);
    const how = { issuer, clientId, scope, port };
    const tokens = flags.has('device')
      ? await signInWithDevice(found, how, io)
      : await signInWithBrowser(found, how, io);
    save(io, { endpoint, issuer, clientId, scope }, tokens);
    const until = new Date(tokens.expiresAt).toISOString();
    return {
      kind: 'login',
      json: { endpoint, until },
      text: `signed in until ${until}; kept in ${configFolder(io)}\n`,
    };
  },
});

import * as z from 'zod/mini';
import { MODES } from '../egress/document';
import { PRESET_NAMES } from '../egress/presets';
import { graphqlMatch, MAX_DISTINCT_URLS, METHODS, mcpMatch, pathPattern, queryParameter } from '../egress/rule';
import { checkHost } from './check';
import { REPOSITORY } from './check-grants';

/**
 * The shape of platform.yaml. Messages read `expected; what to do`; meaning across fields is checked by the compiler.
 * Everything is strict: a key this version does not know is a control somebody believes in.
 */

const says = (expected: string, fix: string) => ({ error: `${expected}; ${fix}` });

/** The summary prints these: a line break could write a line of its own, and an escape could hide one. */
const oneLine = (value: string) => !/\p{C}/u.test(value);
const ONE_LINE = 'one line without control characters';
const REMOVE = 'remove line breaks, tabs and escapes';

const text = (expected: string, fix: string, pattern = /\S/) =>
  z.string(says(expected, fix)).check(z.regex(pattern, says(expected, fix)), z.refine(oneLine, says(ONE_LINE, REMOVE)));

const duration = text('a duration with its unit, such as 90s, 45m or 2h', 'write the unit', /^[1-9][0-9]{0,5}(s|m|h)$/);
const size = text('a size with its unit, such as 512MiB or 8GiB', 'write MiB or GiB', /^[1-9][0-9]{0,5}(MiB|GiB)$/);
const yes = z.boolean(says('true or false', 'write one of the two, without quotes'));
const host = z.string(says('a host name', 'write it as text')).check((context) => {
  for (const { expected, fix } of checkHost([], context.value)) {
    context.issues.push({ code: 'custom', input: context.value, message: `${expected}; ${fix}` });
  }
});
const methods = z
  .array(
    z.enum(METHODS, says(`one of ${METHODS.join(', ')}`, 'methods are upper case')),
    says('a list of methods', 'write [GET, HEAD]'),
  )
  .check(z.minLength(1, says('at least one method', 'leave methods out for GET and HEAD')));
const names = (what: string) =>
  z.array(text(what, 'write it as text'), says(`a list, each ${what}`, 'write [a, b] or one a line with a dash'));

const SLUG = /^[a-z][a-z0-9-]{0,30}[a-z0-9]$/;
const slug = (what: string) =>
  text(what, 'use 2 to 32 lower-case letters, digits and inner hyphens, starting with a letter', SLUG);
const cidr = text(
  'a private IPv4 range such as 10.64.0.0/16',
  'write address/length',
  /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/,
);

const pathRule = z
  .string(says('a path pattern', 'write it as text'))
  .check(
    z.refine(
      (value) => pathPattern.safeParse(value).success,
      says(
        'a path that starts with /, in which * is part of one segment and /** at the end is the rest',
        'write the bytes as on the wire, without query, fragment, space, percent escape or dot segments',
      ),
    ),
  );

const bytes = (least: number, example: number) =>
  z
    .int(says('a number of bytes, without unit', `write ${example}`))
    .check(z.minimum(least, says(`at least ${least}`, `write ${example}`)));

const target = {
  host,
  methods: z.optional(methods),
  paths: z.optional(
    z
      .array(pathRule, says('a list of paths', 'write [/v1/**]'))
      .check(z.minLength(1, says('at least one path', 'leave paths out for every path'))),
  ),
  query: z.optional(z.array(queryParameter, says('a list of parameters', 'write [{ name: q }]'))),
  graphql: z.optional(graphqlMatch),
  mcp: z.optional(mcpMatch),
  maxBody: z.optional(size),
  rate: z.optional(
    z.int(says('requests a minute, a whole number', 'write 60')).check(z.minimum(1, says('at least 1', 'write 60'))),
  ),
  websocket: z.optional(yes),
  urls: z.optional(z.literal('seen', says('seen', 'write urls: seen, or leave it out for every URL the rule allows'))),
  maxUrlBytes: z.optional(bytes(16, 1024)),
  maxOpaqueBytes: z.optional(bytes(0, 128)),
  distinctUrls: z.optional(
    z
      .int(says('a number of URLs, a whole number', 'write 200'))
      .check(
        z.minimum(1, says('at least 1', 'write 200')),
        z.maximum(MAX_DISTINCT_URLS, says(`at most ${MAX_DISTINCT_URLS}`, 'leave it out for no limit')),
      ),
  ),
  allowPrivate: z.optional(yes),
  ask: z.optional(yes),
};

const rule = z.strictObject({ ...target, reason: z.optional(text('why this is open', 'write a sentence')) });

/** No empty label: with one in front, `.s3` would become a pattern for the buckets of everybody. */
const SERVICE = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/;
const ZONES = says('1 to 3, or a list of 1 to 3 zone names', 'write 2, or [eu-west-1a, eu-west-1b]');
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/;

const grant = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('github-app'),
      repositories: z
        .array(text('a repository as owner/name', 'name each one; a grant has no wildcard', REPOSITORY))
        .check(z.minLength(1, says('at least one repository', 'write owner/name'))),
      access: z.enum(['read', 'write'], says('read or write', 'write lets a session push through the commit broker')),
    }),
    z.strictObject({
      kind: z.literal('aws-role'),
      role: text('the ARN of an IAM role', 'write arn:aws:iam::ACCOUNT:role/NAME', ROLE_ARN),
      region: z.optional(
        text('a region such as eu-west-1', "leave it out for the platform's own", /^[a-z]{2}(-[a-z]+)+-\d$/),
      ),
      services: z.optional(
        z.array(text('the name in front of the region in the service endpoint', 'write dynamodb, sqs', SERVICE)),
      ),
      buckets: z.optional(z.array(text('the name of a bucket', 'name each one', /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/))),
    }),
    z.strictObject({
      kind: z.literal('secret-header'),
      secret: text('the ARN of a secret in Secrets Manager', 'a secret itself never stands here', SECRET_ARN),
      header: text('the name of a header', 'write Authorization or x-api-key', /^[A-Za-z0-9-]+$/),
      prefix: z.optional(z.string(says('what stands before the secret', 'write "Bearer " with its space'))),
      ...target,
    }),
    z.strictObject({
      kind: z.literal('oauth'),
      provider: slug('the name under which the provider is set up'),
      scopes: z.optional(names('a scope')),
      ...target,
    }),
    z.strictObject({
      kind: z.literal('oidc'),
      audience: text('who takes the token', 'write the audience it expects'),
      ...target,
    }),
  ],
  says('kind: github-app, aws-role, secret-header, oauth or oidc', 'say which kind of grant this is'),
);

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const ECR_BY_DIGEST = /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\/[a-z0-9][a-z0-9._/-]*@sha256:[0-9a-f]{64}$/;
const IMAGE = says(
  'an ECR image by digest (….dkr.ecr.REGION.amazonaws.com/NAME@sha256:…), { build: FOLDER } or { repository, digest }',
  'a tag can be moved to another image, and sessions reach no registry but ECR; push the image there and pin its digest',
);
const image = z.union(
  [
    z.string(IMAGE).check(z.regex(ECR_BY_DIGEST, IMAGE)),
    z.strictObject({ build: z.string(IMAGE).check(z.minLength(1, IMAGE)) }),
    z.strictObject({
      repository: z.string(IMAGE).check(z.regex(SLUG, IMAGE)),
      digest: z.string(IMAGE).check(z.regex(DIGEST, IMAGE)),
    }),
  ],
  IMAGE,
);

export const profileYaml = z.strictObject({
  image,
  command: z.optional(names('a word of the command')),
  size: z.optional(
    z.strictObject({
      cpu: z.optional(z.number(says('a number of vCPUs, such as 2', 'write the number without unit'))),
      memory: z.optional(size),
      storage: z.optional(size),
    }),
  ),
  lifetime: z.optional(duration),
  idleTimeout: z.optional(duration),
  egress: z.optional(
    z.strictObject({
      mode: z.optional(z.enum(MODES, says('enforce or observe', 'leave it out to enforce'))),
      presets: z.optional(
        z.array(z.enum(PRESET_NAMES, says('the name of a preset', `choose from ${PRESET_NAMES.join(', ')}`))),
      ),
      rules: z.optional(z.array(rule)),
      requestable: z.optional(z.array(rule)),
      blocked: z.optional(z.array(host)),
    }),
  ),
  grants: z.optional(z.record(slug('a name for the grant'), grant)),
  models: z.optional(
    z.strictObject({
      allow: names('a model id'),
      budget: z.strictObject(
        {
          usd: z
            .number(says('USD a session, such as 20', 'write the number without currency'))
            .check(z.minimum(0, says('0 or more', 'write the number without sign'))),
        },
        says('what one session may spend, as { usd: 20 }', 'write budget: { usd: 20 }'),
      ),
    }),
  ),
});

export const platformYaml = z
  .strictObject({
    version: z.literal(1, says('version: 1', 'this release reads version 1')),
    name: slug("the platform's name"),
    region: text('a region such as eu-west-1', 'name the region to deploy to', /^[a-z]{2}(-[a-z]+)+-\d$/),
    tier: z.optional(
      z.enum(['lean', 'standard', 'maximum'], says('lean, standard or maximum', 'see the README for what each costs')),
    ),
    throwaway: z.optional(yes),
    deletionProtection: z.optional(yes),
    network: z.optional(
      z.strictObject({
        availabilityZones: z.optional(
          z.union(
            [
              z.int(ZONES).check(z.minimum(1, ZONES), z.maximum(3, ZONES)),
              z
                .array(z.string(ZONES).check(z.regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, ZONES)))
                .check(z.minLength(1, ZONES), z.maxLength(3, ZONES)),
            ],
            ZONES,
          ),
        ),
        sessionsCidr: z.optional(cidr),
        egressCidr: z.optional(cidr),
        zone: z.optional(
          text('a private DNS name such as agents.internal', 'use lower-case labels', /^[a-z0-9-]+(\.[a-z0-9-]+)+$/),
        ),
        s3PrefixList: z.optional(text('the id of a managed prefix list', 'write pl-…', /^pl-[0-9a-f]{8,17}$/)),
      }),
    ),
    repositories: z.optional(z.array(slug('the name of a repository for agent images'))),
    blocked: z.optional(z.array(host)),
    profiles: z
      .record(slug('the name of a profile'), profileYaml, says('profiles by name', 'write at least one'))
      .check(
        z.refine((value) => Object.keys(value).length > 0, says('at least one profile', 'agentctl init writes one')),
      ),
  })
  .check(z.meta({ title: 'platform.yaml of cdk-agent-platform, version 1' }));

export type PlatformYaml = z.infer<typeof platformYaml>;
export type ProfileYaml = z.infer<typeof profileYaml>;
export type RuleYaml = z.infer<typeof rule>;
export type GrantYaml = z.infer<typeof grant>;

import fc from 'fast-check';
import { matchesHost } from '../../../core/egress/host';
import { FIREWALL_POLICY_SETTINGS } from '../../../core/network/firewall-rules';
import { DENY_SIDS, HOST_SIDS } from '../../../core/network/rule-ids';
import { renderRule, type SuricataRule } from '../../../core/network/suricata';
import { anyName, anyPatterns, matchesSni, msgOf, okRules, optionsOf, pattern, patterns } from './rule-reader';

const passes = (rules: readonly SuricataRule[]): SuricataRule[] => rules.filter(({ action }) => action === 'pass');
const allows = (rules: readonly SuricataRule[], sni: string): boolean =>
  passes(rules).some((rule) => matchesSni(rule, sni));
const texts = (allowed: string[], blocked: string[] = []): string[] =>
  passes(okRules({ allowed: patterns(...allowed), blocked: patterns(...blocked) }).rules).map(msgOf);

const everySet = (check: (rules: readonly SuricataRule[], text: string) => void): void => {
  fc.assert(
    fc.property(anyPatterns, anyPatterns, (allowed, blocked) => {
      const { rules, text } = okRules({ allowed, blocked });
      check(rules, text);
    }),
  );
};

describe('N14 firewall rules: what every generated set holds', () => {
  it('N14 every pass is TLS from HOME_NET to port 443 outside, to_server, by server name', () => {
    everySet((rules) => {
      for (const rule of passes(rules)) {
        expect(rule).toMatchObject({
          protocol: 'tls',
          source: '$HOME_NET',
          sourcePort: 'any',
          direction: '->',
          destination: '$EXTERNAL_NET',
          destinationPort: 443,
        });
        expect(optionsOf(rule, 'flow')).toEqual([{ kind: 'flow', direction: 'to_server' }]);
        expect(optionsOf(rule, 'sticky')).toEqual([{ kind: 'sticky', buffer: 'tls.sni' }]);
        expect(optionsOf(rule, 'content').filter(({ negated }) => !negated)).toHaveLength(1);
      }
    });
  });

  it('N14 every server name is compared without case and held at its end; at its start too, or after a dot', () => {
    everySet((rules) => {
      for (const rule of rules.filter((candidate) => /^(allow|block) /.test(msgOf(candidate)))) {
        const contents = optionsOf(rule, 'content');
        const wildcard = optionsOf(rule, 'dotprefix').length === 1;
        expect(contents.every(({ nocase, endswith }) => nocase && endswith)).toBe(true);
        expect(contents.every(({ value, startswith }) => (wildcard ? value.startsWith('.') : startswith))).toBe(true);
        expect(wildcard).toBe(/^(allow|block) \*?\./.test(msgOf(rule)));
      }
    });
  });

  it('N14 sids are unique and in the documented range, every rule has one msg, one sid, one rev', () => {
    everySet((rules) => {
      const sids = rules.flatMap((rule) => optionsOf(rule, 'sid').map(({ id }) => id));
      expect(new Set(sids).size).toBe(rules.length);
      expect(sids.every((id) => id >= DENY_SIDS.first && id <= HOST_SIDS.last)).toBe(true);
      for (const rule of rules) {
        expect(optionsOf(rule, 'msg')).toHaveLength(1);
        expect(optionsOf(rule, 'sid')).toHaveLength(1);
        expect(optionsOf(rule, 'rev')).toHaveLength(1);
      }
    });
  });

  it('N14 uses no keyword that AWS refuses, and one line a rule', () => {
    const known =
      /^(alert|noalert|dotprefix|nocase|startswith|endswith|tls\.sni|ja4\.hash|(msg|flow|content|offset|depth|flowbits|ssl_state|dsize|stream_size|ip_proto|sid|rev):.*)$/;
    everySet((rules, text) => {
      expect(text.split('\n')).toEqual([...rules.map(renderRule), '']);
      expect(text).toMatch(/^[\x20-\x7e\n]*$/);
      for (const line of rules.map(renderRule)) {
        const options = line.slice(line.indexOf('(') + 1, -1).split(/;\s*/);
        expect(options.pop()).toBe('');
        expect(options.filter((option) => !known.test(option))).toEqual([]);
      }
    });
  });

  it('N14 ends with the same default-deny whatever the hosts', () => {
    const deny = okRules({ allowed: [] }).rules;
    everySet((rules) => expect(rules.slice(-deny.length)).toEqual(deny));
  });

  it('N14 blocks come first, then passes, then the default-deny: strict and action order give one verdict', () => {
    everySet((rules) => {
      const order = rules.map((rule) => (rule.action === 'pass' ? 'P' : /^block /.test(msgOf(rule)) ? 'B' : 'D'));
      expect(order.join('')).toMatch(/^B*P*D+$/);
    });
  });

  it('N14 a name passes exactly if a pattern allows it and none blocks it', () => {
    fc.assert(
      fc.property(anyPatterns, anyPatterns, anyName, (allowed, blocked, name) => {
        const { rules } = okRules({ allowed, blocked });
        const wanted =
          allowed.some((each) => matchesHost(each, name)) && !blocked.some((each) => matchesHost(each, name));
        expect(allows(rules, name)).toBe(wanted);
        expect(allows(rules, name.toUpperCase())).toBe(wanted);
      }),
      { numRuns: 2_000 },
    );
  });

  it('N14 a block rule and a pass rule never match the same name, so their order can not matter', () => {
    fc.assert(
      fc.property(anyPatterns, anyPatterns, anyName, (allowed, blocked, name) => {
        const { rules } = okRules({ allowed, blocked });
        const refused = rules.some((rule) => /^block /.test(msgOf(rule)) && matchesSni(rule, name));
        expect(refused).toBe(blocked.some((each) => matchesHost(each, name)));
        expect(refused && allows(rules, name)).toBe(false);
      }),
    );
  });

  it('N14 the same patterns in any order, or twice, give the same bytes', () => {
    fc.assert(
      fc.property(anyPatterns, anyPatterns, (allowed, blocked) => {
        const once = okRules({ allowed, blocked }).text;
        const again = okRules({ allowed: [...allowed, ...allowed].reverse(), blocked: [...blocked].reverse() }).text;
        expect(again).toBe(once);
      }),
    );
  });

  it('N14 an added host changes no other line', () => {
    const hosts = Array.from({ length: 300 }, (_, index) => pattern(`h${index}.example.com`));
    const before = okRules({ allowed: hosts }).text.split('\n');
    const after = new Set(okRules({ allowed: [pattern('a.example.org'), ...hosts] }).text.split('\n'));
    expect(before.filter((line) => !after.has(line))).toEqual([]);
  });
});

describe('N14 firewall rules: which names a rule is for', () => {
  it('N14 removes duplicates and covered patterns', () => {
    expect(texts(['a.example.com', 'a.example.com', '*.example.com', '*.b.example.com'])).toEqual([
      'allow *.example.com',
    ]);
    expect(texts(['example.com', '*.example.com'])).toEqual(['allow .example.com']);
    expect(texts(['notexample.com', '.example.com'])).toEqual(['allow .example.com', 'allow notexample.com']);
  });

  it('N14 an allowed pattern that is wholly blocked vanishes', () => {
    expect(texts(['a.example.com', '*.b.example.com', '.c.test'], ['.example.com', 'c.test', '*.c.test'])).toEqual([]);
  });

  it('N14 a half-blocked domain keeps its other half', () => {
    expect(texts(['.example.com'], ['example.com'])).toEqual(['allow *.example.com']);
    expect(texts(['.example.com'], ['*.example.com'])).toEqual(['allow example.com']);
    expect(texts(['.example.com'], ['*.b.example.com'])).toEqual(['allow b.example.com', 'allow .example.com']);
  });

  it.each([
    ['.example.com', 'evilexample.com'],
    ['*.example.com', 'example.com'],
    ['*.example.com', 'evilexample.com'],
    ['api.example.com', 'evilapi.example.com'],
    ['api.example.com', 'x.api.example.com'],
    ['.example.com', 'example.com.evil.test'],
    ['api.example.com', 'api.example.com.evil.test'],
    ['api.example.com', 'api.example.com.'],
  ])('N14 %s does not let %s out', (allowed, sni) => {
    expect(allows(okRules({ allowed: [pattern(allowed)] }).rules, sni)).toBe(false);
  });

  it('N14 a blocked name leaves its neighbours under the wildcard alone', () => {
    const { rules } = okRules({ allowed: patterns('.example.com'), blocked: patterns('b.example.com') });
    expect(allows(rules, 'b.example.com')).toBe(false);
    expect(allows(rules, 'B.Example.com')).toBe(false);
    const neighbours = ['example.com', 'xb.example.com', 'a.b.example.com', 'b.example.com.example.com'];
    expect(neighbours.filter((name) => !allows(rules, name))).toEqual([]);
  });

  it('N14 refuses a host that was never parsed instead of writing it into a rule', () => {
    const name = 'a"; sid:1;) pass ip any any -> any any (sid:2;';
    expect(() => okRules({ allowed: [{ kind: 'exact', name }] })).toThrow(/suricata msg/);
  });
});

describe('N14 firewall rules: the text', () => {
  it('N14 renders the reviewed form', () => {
    const { text } = okRules({
      allowed: patterns('api.example.com', '*.example.org'),
      blocked: patterns('x.example.org'),
    });
    expect(text.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(
        /^reject tls any any -> any any \(msg:"block x\.example\.org"; flow:to_server; tls\.sni; content:"x\.example\.org"; nocase; startswith; endswith; sid:\d+; rev:1;\)$/,
      ),
      expect.stringMatching(
        /^pass tls \$HOME_NET any -> \$EXTERNAL_NET 443 \(alert; msg:"allow api\.example\.com"; flow:to_server; tls\.sni; content:"api\.example\.com"; nocase; startswith; endswith; sid:\d+; rev:1;\)$/,
      ),
      expect.stringMatching(
        /^pass tls \$HOME_NET any -> \$EXTERNAL_NET 443 \(alert; msg:"allow \*\.example\.org"; flow:to_server; tls\.sni; dotprefix; content:"\.example\.org"; nocase; endswith; content:!"\.example\.org"; nocase; startswith; endswith; content:!"\.x\.example\.org"; nocase; startswith; endswith; sid:\d+; rev:1;\)$/,
      ),
    ]);
  });

  it('N14 logs what passes unless told otherwise', () => {
    const allowed = patterns('api.example.com');
    const logged = (logAllowed?: boolean) =>
      passes(okRules({ allowed, logAllowed }).rules).map((rule) => optionsOf(rule, 'alert').length);
    expect([logged(), logged(true), logged(false)]).toEqual([[1], [1], [0]]);
  });

  it('N14 asks for strict order, no default action, and no fragments', () => {
    expect(FIREWALL_POLICY_SETTINGS).toEqual({
      ruleOrder: 'STRICT_ORDER',
      streamExceptionPolicy: 'REJECT',
      statefulDefaultActions: [],
      statelessDefaultActions: ['aws:forward_to_sfe'],
      statelessFragmentDefaultActions: ['aws:drop'],
      policyVariables: ['HOME_NET'],
    });
  });
});

describe('N14 names that services of the platform need', () => {
  const exact = (name: string) => ({ kind: 'exact' as const, name });
  const { rules } = okRules({
    allowed: patterns('.example.com'),
    blocked: patterns('logs.eu-west-1.amazonaws.com'),
    services: [exact('logs.eu-west-1.amazonaws.com'), exact('logs.eu-west-1.amazonaws.com'), exact('a.example.com')],
  });

  it('N14 pass before anything is blocked, each once, in the form of every other pass', () => {
    expect(rules.slice(0, 4).map(msgOf)).toEqual([
      'service a.example.com',
      'service logs.eu-west-1.amazonaws.com',
      'block logs.eu-west-1.amazonaws.com',
      'allow .example.com',
    ]);
    const [own, , , other] = rules;
    expect([own?.action, own?.protocol, own?.destinationPort]).toEqual([
      other?.action,
      other?.protocol,
      other?.destinationPort,
    ]);
    expect(allows(rules, 'LOGS.eu-west-1.amazonaws.com')).toBe(true);
  });

  it('N14 are that name and nothing around it', () => {
    for (const name of [
      'x.logs.eu-west-1.amazonaws.com',
      'xlogs.eu-west-1.amazonaws.com',
      'logs.eu-west-1.amazonaws.com.evil.test',
    ]) {
      expect(allows(rules, name)).toBe(false);
    }
  });
});

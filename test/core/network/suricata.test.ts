import fc from 'fast-check';
import { renderRule, type SuricataOption, type SuricataRule } from '../../../core/network/suricata';

const base: SuricataRule = {
  action: 'pass',
  protocol: 'tls',
  source: '$HOME_NET',
  sourcePort: 'any',
  direction: '->',
  destination: '$EXTERNAL_NET',
  destinationPort: 443,
  options: [],
};

const render = (...options: SuricataOption[]): string => renderRule({ ...base, options });

describe('N14 a Suricata rule is rendered from values, never from text', () => {
  it('N14 writes header and options in the given order', () => {
    expect(
      render(
        { kind: 'alert' },
        { kind: 'msg', text: 'allow *.example.com' },
        { kind: 'flow', direction: 'to_server' },
        { kind: 'sticky', buffer: 'tls.sni' },
        { kind: 'dotprefix' },
        { kind: 'content', value: '.example.com', nocase: true, endswith: true },
        { kind: 'content', value: '.example.com', negated: true, nocase: true, startswith: true, endswith: true },
        { kind: 'sid', id: 7 },
        { kind: 'rev', revision: 1 },
      ),
    ).toBe(
      'pass tls $HOME_NET any -> $EXTERNAL_NET 443 (alert; msg:"allow *.example.com"; flow:to_server; tls.sni; ' +
        'dotprefix; content:".example.com"; nocase; endswith; content:!".example.com"; nocase; startswith; endswith; ' +
        'sid:7; rev:1;)',
    );
  });

  it('N14 writes the other keywords and a negated port', () => {
    const options: SuricataOption[] = [
      { kind: 'noalert' },
      { kind: 'ssl_state', state: 'client_hello' },
      { kind: 'dsize-over', bytes: 0 },
      { kind: 'sent-over', side: 'server', bytes: 2 },
      { kind: 'content', value: '\x01', at: 5 },
      { kind: 'flowbits', operation: 'isnotset', name: 'hello_begun' },
      { kind: 'ip_proto-not', protocol: 'ICMP' },
    ];
    expect(renderRule({ ...base, sourcePort: 'any', destinationPort: { not: 443 }, options })).toBe(
      'pass tls $HOME_NET any -> $EXTERNAL_NET !443 (noalert; ssl_state:client_hello; dsize:>0; ' +
        'stream_size:server,>,2; content:"|01|"; offset:5; depth:1; flowbits:isnotset,hello_begun; ip_proto:!ICMP;)',
    );
  });

  it('N14 no content breaks out of its option: what has a meaning in a rule becomes hex', () => {
    expect(render({ kind: 'content', value: 'a"; sid:1;)\n|\\' })).toContain(
      'content:"a|22||3b||20|sid|3a|1|3b||29||0a||7c||5c|";',
    );
  });

  it('N14 any Latin-1 content reads back as the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        const value = String.fromCharCode(...bytes);
        const inner = /^.*\(content:"([A-Za-z0-9._|-]*)";\)$/.exec(render({ kind: 'content', value }))?.[1] ?? '';
        const back = inner.replace(/\|([0-9a-f]{2})\|/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
        expect(back).toBe(value);
      }),
    );
  });

  it('N14 refuses content beyond bytes, and empty content, which would match everything', () => {
    expect(() => render({ kind: 'content', value: 'exämple\u{1F600}' })).toThrow(/U\+1f600.*punycode/);
    expect(() => render({ kind: 'content', value: '' })).toThrow(/empty/);
  });

  it.each(['a"b', 'a;b', 'a:b', 'a\\b', 'a\nb', 'a|b', '$HOME_NET', ''])('N14 refuses the message %j', (text) => {
    expect(() => render({ kind: 'msg', text })).toThrow(/suricata msg/);
  });

  it.each(['a,b', 'a;', 'A', ''])('N14 refuses the flowbit %j', (name) => {
    expect(() => render({ kind: 'flowbits', operation: 'set', name })).toThrow(/flowbit/);
  });

  it('N14 takes the largest sid there is', () => {
    expect(render({ kind: 'sid', id: 2 ** 32 - 1 })).toContain('(sid:4294967295;)');
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 32])('N14 refuses the sid %d', (id) => {
    expect(() => render({ kind: 'sid', id })).toThrow(/whole number/);
  });
});

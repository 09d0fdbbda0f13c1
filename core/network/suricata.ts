/**
 * The part of the Suricata 7 rule language that our generator uses, as types. Rules are built as values and rendered;
 * rule text is never parsed. What is absent here cannot be generated: datasets, lua, iprep, thresholds, file keywords,
 * xbits and hostbits by IP are refused by AWS ("Limitations and caveats for stateful rules in AWS Network Firewall"),
 * and `priority` is refused with STRICT_ORDER ("RulesSource", AWS Network Firewall API reference).
 */
export interface SuricataRule {
  readonly action: 'pass' | 'alert' | 'drop' | 'reject';
  readonly protocol: 'tls' | 'tcp' | 'udp' | 'icmp' | 'ip';
  readonly source: SuricataAddress;
  readonly sourcePort: SuricataPort;
  /** Only `->`: a rule for both directions (`<>`) can't be pinned to the client's side. */
  readonly direction: '->';
  readonly destination: SuricataAddress;
  readonly destinationPort: SuricataPort;
  /** In the order in which they are written: a content belongs to the sticky buffer named before it. */
  readonly options: readonly SuricataOption[];
}

export type SuricataAddress = '$HOME_NET' | '$EXTERNAL_NET' | 'any';

export type SuricataPort = 'any' | number | { readonly not: number };

export type SuricataOption =
  | { readonly kind: 'msg'; readonly text: string }
  /** In a pass rule: also write an alert record. Pass rules are silent without it. */
  | { readonly kind: 'alert' }
  | { readonly kind: 'noalert' }
  | { readonly kind: 'flow'; readonly direction: 'to_server' | 'to_client' }
  | { readonly kind: 'flowbits'; readonly operation: 'set' | 'isset' | 'isnotset'; readonly name: string }
  | { readonly kind: 'ssl_state'; readonly state: 'client_hello' }
  /** Sticky buffers: the contents that follow look at this part of the ClientHello. */
  | { readonly kind: 'sticky'; readonly buffer: 'tls.sni' | 'ja4.hash' }
  /** Puts one dot in front of the buffer, so that `.example.com` finds the apex and not `evilexample.com`. */
  | { readonly kind: 'dotprefix' }
  | SuricataContent
  | { readonly kind: 'dsize-over'; readonly bytes: number }
  /** Sequence numbers a side has used, its SYN included. Unlike dsize it also works where payload isn't inspected. */
  | { readonly kind: 'sent-over'; readonly side: 'client' | 'server'; readonly bytes: number }
  | { readonly kind: 'ip_proto-not'; readonly protocol: 'TCP' | 'UDP' | 'ICMP' }
  | { readonly kind: 'sid'; readonly id: number }
  | { readonly kind: 'rev'; readonly revision: number };

export interface SuricataContent {
  readonly kind: 'content';
  /** Bytes as Latin-1. What isn't a letter, digit, dot, hyphen or underscore is rendered as hex. */
  readonly value: string;
  /** Matches when the value isn't there. */
  readonly negated?: boolean;
  readonly nocase?: boolean;
  readonly startswith?: boolean;
  readonly endswith?: boolean;
  readonly at?: number;
}

/** The rule as one line, without a line end. Throws on text that could leave its option: that is a bug in the caller. */
export function renderRule(rule: SuricataRule): string {
  const header = [
    rule.action,
    rule.protocol,
    rule.source,
    renderPort(rule.sourcePort),
    rule.direction,
    rule.destination,
    renderPort(rule.destinationPort),
  ];
  return `${header.join(' ')} (${rule.options.map((option) => `${renderOption(option)};`).join(' ')})`;
}

function renderOption(option: SuricataOption): string {
  switch (option.kind) {
    case 'msg':
      return `msg:"${plainText(option.text)}"`;
    case 'alert':
    case 'noalert':
    case 'dotprefix':
      return option.kind;
    case 'flow':
      return `flow:${option.direction}`;
    case 'flowbits':
      return `flowbits:${option.operation},${bitName(option.name)}`;
    case 'ssl_state':
      return `ssl_state:${option.state}`;
    case 'sticky':
      return option.buffer;
    case 'content':
      return renderContent(option);
    case 'dsize-over':
      return `dsize:>${wholeNumber(option.bytes, 65_535)}`;
    case 'sent-over':
      return `stream_size:${option.side},>,${wholeNumber(option.bytes, 0xffff_ffff)}`;
    case 'ip_proto-not':
      return `ip_proto:!${option.protocol}`;
    case 'sid':
      return `sid:${wholeNumber(option.id, 0xffff_ffff)}`;
    case 'rev':
      return `rev:${wholeNumber(option.revision, 0xffff_ffff)}`;
  }
}

function renderContent(content: SuricataContent): string {
  const parts = [`content:${content.negated ? '!' : ''}"${contentBytes(content.value)}"`];
  if (content.at !== undefined)
    parts.push(`offset:${wholeNumber(content.at, 65_535)}`, `depth:${content.value.length}`);
  if (content.nocase) parts.push('nocase');
  if (content.startswith) parts.push('startswith');
  if (content.endswith) parts.push('endswith');
  return parts.join('; ');
}

/** Hex instead of a backslash: `"`, `;`, `:`, `\` and `|` have a meaning of their own in a content, `|3b|` has none. */
function contentBytes(value: string): string {
  if (value === '') throw new Error('suricata content is empty; got "", expected at least one byte');
  return value.replace(/[^A-Za-z0-9._-]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code > 0xff) throw new Error(`suricata content has U+${code.toString(16)}; expected bytes, use punycode`);
    return `|${code.toString(16).padStart(2, '0')}|`;
  });
}

/** A message is refused and not escaped: it is ours, and a reader of the log should see what the code says. */
function plainText(text: string): string {
  if (/^[A-Za-z0-9 .,*_()/-]+$/.test(text)) return text;
  throw new Error(`suricata msg ${JSON.stringify(text)} is not made of letters, digits, spaces and .,*_()/-`);
}

function bitName(name: string): string {
  if (/^[a-z][a-z_]*$/.test(name)) return name;
  throw new Error(`suricata flowbit ${JSON.stringify(name)} is not made of lower-case letters and _`);
}

function renderPort(port: SuricataPort): string {
  if (port === 'any') return port;
  return typeof port === 'number' ? `${wholeNumber(port, 65_535)}` : `!${wholeNumber(port.not, 65_535)}`;
}

function wholeNumber(value: number, most: number): string {
  if (Number.isInteger(value) && value >= 0 && value <= most) return String(value);
  throw new Error(`suricata number ${value} is not a whole number from 0 to ${most}`);
}

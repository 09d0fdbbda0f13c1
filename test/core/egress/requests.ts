import type { EgressRequest } from '../../../core/egress/request';
import type { EgressRule } from '../../../core/egress/rule';

/** A GET of a URL as the proxy has it once it is in its one form. */
export function requestFor(url: string, change: Partial<EgressRequest> = {}): EgressRequest {
  const [, scheme = '', host = '', port, path = '/', query] =
    /^(https?):\/\/([^/:?]+)(?::(\d+))?(\/[^?]*)?(?:\?(.*))?$/s.exec(url) ?? [];
  return {
    way: 'connect',
    method: 'GET',
    scheme: scheme === 'http' ? 'http' : 'https',
    host,
    port: port === undefined ? (scheme === 'http' ? 80 : 443) : Number(port),
    path,
    encodedSlash: /%2f/i.test(path),
    query,
    parameters: [...new URLSearchParams(query ?? '')].map(([name, value]) => ({ name, value })),
    websocket: false,
    ...change,
  };
}

export function ruleFor(host: string, change: Partial<EgressRule> = {}): EgressRule {
  return {
    id: `rule.${host.replace(/[^a-z0-9]/g, '-').replace(/^-+/, '')}`,
    host,
    port: 443,
    methods: ['GET', 'HEAD'],
    origin: { kind: 'rule', name: host },
    reason: 'test',
    ...change,
  };
}

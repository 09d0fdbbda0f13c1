/** Documentation ranges (RFC 5737) and a private one; they exist only inside the lab's namespaces. */
export const CLIENT = '10.0.1.10';
export const CLIENT_OUTSIDE_HOME_NET = '10.0.9.10';

export const SERVER = {
  /** TLS and HTTP; answers for every name. */
  web: '198.51.100.10',
  /** TLS, somebody else's: where a client goes that lies about the name. */
  attacker: '198.51.100.20',
  /** TLS, at an address that is in HOME_NET. */
  inHomeNet: '203.0.113.10',
  /** Plain TCP: speaks first, then echoes. */
  speaksFirst: '198.51.100.66',
  /** Plain TCP: echoes. */
  echo: '198.51.100.67',
  /** Plain TCP: reads and never answers. */
  sink: '198.51.100.68',
} as const;

/** What the policy under test protects. The second range is on the far side, for connections between home addresses. */
export const HOME_NET = ['10.0.1.0/24', '203.0.113.0/28'];

export const CLIENT_NETS = [
  { address: CLIENT, gateway: '10.0.1.1' },
  { address: CLIENT_OUTSIDE_HOME_NET, gateway: '10.0.9.1' },
];
export const SERVER_GATEWAYS = ['198.51.100.1', '203.0.113.1'];

export const PORTS = { tls: [443, 853, 8443], http: [80], echo: [22, 53, 2222], udp: [53, 443] } as const;

/** Client ports from here on: both ends ignore resets, as an attacker's would. */
export const DEAF_PORTS = 30_000;

/**
 * Which service asks is read from the alias it invoked: each may invoke its own and no other, by IAM. Nothing in an
 * event says so, since whoever may invoke writes the event.
 */
export const BROKER_CALLERS = ['egress-proxy', 'commit-broker', 'session-lifecycle'] as const;
export type BrokerCaller = (typeof BROKER_CALLERS)[number];

export const BROKER_OPERATIONS = ['mint', 'check', 'revoke'] as const;
export type BrokerOperation = (typeof BROKER_OPERATIONS)[number];

const MAY: Readonly<Record<BrokerCaller, readonly BrokerOperation[]>> = {
  'egress-proxy': ['mint'],
  'commit-broker': ['mint'],
  // Ends sessions and looks at them before they start; it has no use for a credential.
  'session-lifecycle': ['check', 'revoke'],
};

/** `arn:aws:lambda:REGION:ACCOUNT:function:NAME:ALIAS`; without an alias, or with a version for one, there is no caller. */
const QUALIFIED = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+:([A-Za-z0-9_-]+)$/;

export function callerOf(invokedFunctionArn: string): BrokerCaller | undefined {
  const alias = QUALIFIED.exec(invokedFunctionArn)?.[1];
  return BROKER_CALLERS.find((caller) => caller === alias);
}

export function mayCall(caller: BrokerCaller, operation: BrokerOperation): boolean {
  return MAY[caller].includes(operation);
}

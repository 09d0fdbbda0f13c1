import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SeenRequest } from './seen';

/** Registries and git, by the host they are asked as; false where it is no such host. */
export function answerPackages(
  _request: IncomingMessage,
  _response: ServerResponse,
  _url: URL,
  _seen: SeenRequest,
): boolean {
  return false;
}

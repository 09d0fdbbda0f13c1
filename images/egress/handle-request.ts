import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RefusalCode } from '../../core/egress/refusal';
import { CERTIFICATES_PATH } from '../../core/network/services';
import { answerAboutSelf } from './about-self';
import { Exchange } from './exchange';
import type { Ingress } from './judge';
import type { EgressPorts } from './ports';
import { clientOf, sendRefusal } from './refuse';

/** Handles one request, whichever way it came; {@link Exchange} from the moment it is known who asks. */
export async function handleRequest(
  ports: EgressPorts,
  request: IncomingMessage,
  response: ServerResponse,
  ingress: Ingress,
): Promise<void> {
  ports.metrics.count('Requests');
  const identity = await ports.callers.identify(ingress.address);
  const refuse = async (code: RefusalCode): Promise<void> => {
    ports.metrics.refused(code);
    await ports.earlyRefusals.unknown(ingress.address, code);
    const howToAsk = ports.howToAsk === undefined ? {} : { howToAsk: ports.howToAsk };
    sendRefusal(response, { code, way: ingress.way, ...clientOf(request), ...howToAsk });
  };
  if (identity.kind === 'refused') return await refuse(identity.code);
  const { caller } = identity;
  if (ingress.way === 'named' && request.method === 'GET' && request.url === CERTIFICATES_PATH) {
    sendCertificates(ports, response);
    return;
  }
  const ready = ports.compiled.get(caller.subject.profile);
  if (!ready) return await refuse('policy-missing');
  if (await answerAboutSelf(ports, request, response, ingress, caller, ready)) return;
  await new Exchange(ports, request, response, ingress, caller, ready).run();
}

/** The only thing the proxy answers of its own: a session can't read it from AWS, having no credential. */
function sendCertificates(ports: EgressPorts, response: ServerResponse): void {
  const text = ports.certificates();
  response.writeHead(200, {
    'content-type': 'application/x-pem-file',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

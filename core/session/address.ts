import * as z from 'zod/mini';

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
/**
 * The one spelling of an IPv4 address that ECS reports and sockets give: four decimals without leading zeros, no
 * `::ffff:` in front (a dual-stack socket's form, to be taken off by whoever asks). A second spelling would be a second
 * key for one interface. Outside 0/8, link-local (where the metadata endpoints are) and 224 and up; loopback stays
 * in, since ECS never reports it and the tests' clients call from there.
 */
const INTERFACE_ADDRESS = new RegExp(
  `^(?!0\\.|169\\.254\\.|22[4-9]\\.|2[3-5]\\d\\.)${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`,
);

export const interfaceAddress = z
  .string()
  .check(z.regex(INTERFACE_ADDRESS), z.describe("IPv4 address of the task's interface, as ECS reported it"));

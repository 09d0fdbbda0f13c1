import * as z from 'zod/mini';

/** A shorter value can't be looked for in answers: it would be found everywhere. */
export const MIN_SECRET_LENGTH = 8;

/** RFC 9110, section 5.6.2: token. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/**
 * RFC 9110, section 5.5, without obs-text: visible ASCII, space and tab inside. CR, LF and NUL would end the header and
 * start what an attacker likes (request splitting); bytes above 127 mean different things to different servers.
 */
export const HEADER_VALUE = /^[!-~](?:[\t -~]{0,16382}[!-~])?$/;

export const headerName = z.string().check(z.regex(HEADER_NAME));
export const headerValue = z.string().check(z.regex(HEADER_VALUE));

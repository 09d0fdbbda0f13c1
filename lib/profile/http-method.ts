/** CONNECT and TRACE are missing on purpose: one is the proxy's own way in, the other echoes injected headers. */
export enum HttpMethod {
  GET = 'GET',
  HEAD = 'HEAD',
  OPTIONS = 'OPTIONS',
  POST = 'POST',
  PUT = 'PUT',
  PATCH = 'PATCH',
  DELETE = 'DELETE',
}

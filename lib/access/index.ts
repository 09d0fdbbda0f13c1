export { type AccessGroup, AccessRole } from './access-group';
export { AccessIssuer, type CognitoIssuerOptions, type OidcIssuerOptions } from './access-issuer';
export { ControlApi, type ControlApiProps } from './control-api';

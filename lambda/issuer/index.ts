import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { customResourceHandler } from '../../runtime/custom-resource';
import { publishedKeys } from './published-keys';

const kms = new KMSClient({ maxAttempts: 5 });

/** Called by CloudFormation when the issuer is deployed: what is public of its key, as text for the template. */
export const handler = customResourceHandler(async ({ RequestType, ResourceProperties, PhysicalResourceId }) => {
  const { KeyArn = '' } = ResourceProperties;
  // Nothing was made that could be deleted.
  if (RequestType === 'Delete') return { physicalId: PhysicalResourceId ?? KeyArn };
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: KeyArn }));
  if (!PublicKey) throw new Error('KMS answered without a public key');
  return { physicalId: KeyArn, data: { Jwks: publishedKeys(PublicKey) } };
});

import { parseHostPattern } from '../../../core/egress/host';
import { awsHosts, CERTIFICATES_PATH, SELF_PATH, serviceHost, TASK_TEXT_PATH } from '../../../core/network/services';

describe('N3 where services are', () => {
  it('N3 each under its own name in the zone of the platform', () => {
    expect(serviceHost('egressProxy', 'agents.internal')).toBe('egress.agents.internal');
    expect(serviceHost('modelGateway', 'agents.internal')).toBe('models.agents.internal');
  });

  it('N3 sessions fetch what is theirs under paths of the platform, which images of another version know too', () => {
    expect([CERTIFICATES_PATH, SELF_PATH, TASK_TEXT_PATH]).toEqual([
      '/.platform/ca.pem',
      '/.platform/session',
      '/.platform/task',
    ]);
  });

  it('N4 AWS APIs are exact names in the region, and the registry is the account’s own', () => {
    const hosts = awsHosts('111122223333', 'eu-west-1', 'amazonaws.com');
    expect(hosts).toEqual({
      appConfigData: 'appconfigdata.eu-west-1.amazonaws.com',
      dynamoDb: 'dynamodb.eu-west-1.amazonaws.com',
      ecrApi: 'api.ecr.eu-west-1.amazonaws.com',
      ecrRegistry: '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
      ecrLayers: 'prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com',
      lambda: 'lambda.eu-west-1.amazonaws.com',
      logs: 'logs.eu-west-1.amazonaws.com',
      s3: 's3.eu-west-1.amazonaws.com',
      secretsManager: 'secretsmanager.eu-west-1.amazonaws.com',
    });
    for (const host of Object.values(hosts)) {
      expect(parseHostPattern(host)).toMatchObject({ kind: 'ok', value: { kind: 'exact' } });
    }
  });
});

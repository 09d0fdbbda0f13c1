import { Stack } from 'aws-cdk-lib';
import { ENV, synthesize } from './program';

/** The floor: what every CDK app pays. */
synthesize((app) => {
  new Stack(app, 'empty', { env: ENV });
});

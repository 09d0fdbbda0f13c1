import {
  CodeBuildRunnerProvider,
  FargateRunnerProvider,
  GitHubRunners,
  LambdaRunnerProvider,
  RunnerImageComponent,
} from '@cloudsnorkel/cdk-github-runners';
import { Stack } from 'aws-cdk-lib';
import { Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ENV, synthesize } from './program';

/**
 * What the README of @cloudsnorkel/cdk-github-runners shows under "Customizing", in one app: the three providers that
 * `new GitHubRunners()` has by default, one with an image of its own, in a VPC with groups and a bucket. The VPC is made
 * here because the default one would be looked up in an account. Images are built by CodeBuild after the deploy, and
 * functions come built, so that synth needs neither Docker nor network.
 */
synthesize((app) => {
  const stack = new Stack(app, 'runners', { env: ENV });
  const vpc = new Vpc(stack, 'Vpc');
  const runnerGroup = new SecurityGroup(stack, 'RunnerGroup', { vpc });
  const databaseGroup = new SecurityGroup(stack, 'DatabaseGroup', { vpc });
  const bucket = new Bucket(stack, 'Bucket');
  databaseGroup.connections.allowFrom(runnerGroup, Port.tcp(3306), 'runners to MySQL');

  const codebuild = new CodeBuildRunnerProvider(stack, 'CodeBuild', {
    labels: ['codebuild'],
    vpc,
    securityGroups: [runnerGroup],
  });
  bucket.grantReadWrite(codebuild);

  const imageBuilder = FargateRunnerProvider.imageBuilder(stack, 'Image');
  imageBuilder.addComponent(RunnerImageComponent.custom({ commands: ['apt install -y nginx xz-utils'] }));
  const fargate = new FargateRunnerProvider(stack, 'Fargate', {
    labels: ['fargate'],
    vpc,
    securityGroups: [runnerGroup],
    imageBuilder,
  });

  const lambda = new LambdaRunnerProvider(stack, 'Lambda', { labels: ['lambda'] });
  new GitHubRunners(stack, 'Runners', { vpc, providers: [codebuild, fargate, lambda] });
});

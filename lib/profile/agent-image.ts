import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { IRepository } from 'aws-cdk-lib/aws-ecr';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import type { Construct } from 'constructs';

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const ECR_BY_DIGEST =
  /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([a-z0-9][a-z0-9._/-]*)@(sha256:[0-9a-f]{64})$/;

/** An image as a task definition and the policies around it need it. */
export interface AgentImageConfig {
  /** `repository@digest`, or an asset whose tag is the hash of its content. */
  readonly imageUri: string;
  readonly repositoryArn: string;
}

/** Where the repositories that a platform makes are found by name. */
export interface IAgentRepositories {
  /**
   * A repository by the name it was asked for.
   *
   * @throws where none has the name
   */
  repository(name: string): IRepository;
}

/** The image an agent runs in, pinned: what is approved today is what runs tomorrow. */
export abstract class AgentImage {
  /**
   * An image in an ECR repository, this account's or one that admits the execution role.
   *
   * @throws where the digest is not `sha256:` and 64 hex digits; a tag can be moved to another image
   */
  static fromEcr(repository: IRepository, digest: string): AgentImage {
    requireDigest(digest);
    return new EcrImage(repository, digest);
  }

  /**
   * An image in a repository that the platform makes (`repositories` of AgentPlatform).
   *
   * @throws where the digest is not `sha256:` and 64 hex digits
   */
  static fromPlatformRepository(name: string, digest: string): AgentImage {
    requireDigest(digest);
    return new PlatformImage(name, digest);
  }

  /**
   * An image by its full ECR name, `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:...`. Sessions reach no registry
   * but the ECR of their own region.
   *
   * @throws where it is another registry or a tag
   */
  static fromUri(uri: string): AgentImage {
    return new UriImage(uri);
  }

  /**
   * A folder with a Dockerfile, built and pushed by `cdk deploy` (which needs Docker) and pinned by its content. Synth
   * only reads the folder.
   */
  static fromAsset(directory: string): AgentImage {
    return new AssetImage(directory);
  }

  /**
   * Host of the registry, where it is not the account's own.
   *
   * @internal
   */
  get _registryHost(): string | undefined {
    return undefined;
  }

  /** @internal */
  abstract _bind(scope: Construct, id: string, repositories: IAgentRepositories): AgentImageConfig;
}

function requireDigest(digest: string): void {
  if (Token.isUnresolved(digest) || DIGEST.test(digest)) return;
  throw new Error(
    `image digest: got "${digest}", expected sha256: and 64 hex digits; a tag can be moved to another image`,
  );
}

function requireRegion(stack: Stack, region: string): void {
  if (Token.isUnresolved(stack.region) || Token.isUnresolved(region) || stack.region === region) return;
  throw new Error(`image: got one in ${region}, expected ${stack.region}; sessions reach only the ECR of their region`);
}

class EcrImage extends AgentImage {
  constructor(
    private readonly repository: IRepository,
    private readonly digest: string,
  ) {
    super();
  }

  override get _registryHost(): string | undefined {
    const { account, region } = this.repository.env;
    if (Token.isUnresolved(account) || Token.isUnresolved(region)) return undefined;
    return `${account}.dkr.ecr.${region}.amazonaws.com`;
  }

  override _bind(scope: Construct): AgentImageConfig {
    const { region } = this.repository.env;
    requireRegion(Stack.of(scope), region);
    return {
      imageUri: `${this.repository.repositoryUri}@${this.digest}`,
      repositoryArn: this.repository.repositoryArn,
    };
  }
}

class PlatformImage extends AgentImage {
  constructor(
    private readonly name: string,
    private readonly digest: string,
  ) {
    super();
  }

  override _bind(_scope: Construct, _id: string, repositories: IAgentRepositories): AgentImageConfig {
    const { repositoryUri, repositoryArn } = repositories.repository(this.name);
    return { imageUri: `${repositoryUri}@${this.digest}`, repositoryArn };
  }
}

class UriImage extends AgentImage {
  constructor(private readonly uri: string) {
    super();
    if (!ECR_BY_DIGEST.test(uri)) {
      throw new Error(
        `image: got "${uri}", expected ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:...; push the image to ECR and ` +
          'pin its digest',
      );
    }
  }

  override get _registryHost(): string | undefined {
    return this.uri.split('/')[0];
  }

  override _bind(scope: Construct): AgentImageConfig {
    const [, account = '', region = '', name = ''] = ECR_BY_DIGEST.exec(this.uri) ?? [];
    const stack = Stack.of(scope);
    requireRegion(stack, region);
    return {
      imageUri: this.uri,
      repositoryArn: Arn.format(
        {
          partition: stack.partition,
          service: 'ecr',
          region,
          account,
          resource: 'repository',
          resourceName: name,
          arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
        },
        stack,
      ),
    };
  }
}

class AssetImage extends AgentImage {
  constructor(private readonly directory: string) {
    super();
  }

  override _bind(scope: Construct, id: string): AgentImageConfig {
    const asset = new DockerImageAsset(scope, id, { directory: this.directory, platform: Platform.LINUX_AMD64 });
    return { imageUri: asset.imageUri, repositoryArn: asset.repository.repositoryArn };
  }
}

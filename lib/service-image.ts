import { Token } from 'aws-cdk-lib';
import type { IRepository } from 'aws-cdk-lib/aws-ecr';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { assetFolder } from './prebuilt-function';

/** Of {@link ServiceImage.fromPackage}. */
export interface ServiceBuildOptions {
  /**
   * The image it is built on, with Node 24 and nothing to run as root, as `NAME@sha256:...`.
   *
   * @default the Dockerfile's own
   */
  readonly baseImage?: string;
  /** @default CpuArchitecture.X86_64; ARM64 is cheaper, and whoever deploys has to be able to build it */
  readonly architecture?: CpuArchitecture;
}

/**
 * An image as a service's task definition and roles need it.
 *
 * @internal
 */
export interface ServiceImageConfig {
  /** `repository@digest`, or an asset whose tag is the hash of its content. */
  readonly imageUri: string;
  readonly repositoryArn: string;
  /** Host of the registry, where it is not the account's own. */
  readonly registryHost?: string;
  readonly architecture: CpuArchitecture;
}

/** The image that a service of the platform runs in, pinned. */
export abstract class ServiceImage {
  /**
   * The one that comes with this package, built and pushed by `cdk deploy` (which needs Docker) and pinned by its
   * content. Synth only reads the folder.
   *
   * @throws where the base image is not pinned by its digest
   */
  static fromPackage(options: ServiceBuildOptions = {}): ServiceImage {
    const { baseImage } = options;
    if (baseImage !== undefined && !/@sha256:[0-9a-f]{64}$/.test(baseImage)) {
      throw new Error(`base image: got "${baseImage}", expected NAME@sha256:...; a tag can be moved to another image`);
    }
    return new BuiltImage(options);
  }

  /**
   * The same image, built by your own pipeline and pushed to an ECR repository.
   *
   * @param architecture default: CpuArchitecture.X86_64
   * @throws where the digest is not `sha256:` and 64 hex digits
   */
  static fromEcr(repository: IRepository, digest: string, architecture?: CpuArchitecture): ServiceImage {
    if (!Token.isUnresolved(digest) && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
      throw new Error(
        `image digest: got "${digest}", expected sha256: and 64 hex digits; a tag can be moved to another image`,
      );
    }
    return new EcrServiceImage(repository, digest, architecture ?? CpuArchitecture.X86_64);
  }

  /**
   * @param name folder of images/
   * @internal
   */
  abstract _bind(scope: Construct, id: string, name: string): ServiceImageConfig;
}

class BuiltImage extends ServiceImage {
  constructor(private readonly options: ServiceBuildOptions) {
    super();
  }

  override _bind(scope: Construct, id: string, name: string): ServiceImageConfig {
    const architecture = this.options.architecture ?? CpuArchitecture.X86_64;
    const asset = new DockerImageAsset(scope, id, {
      directory: assetFolder(`images/${name}`),
      platform: architecture === CpuArchitecture.ARM64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
      ...(this.options.baseImage !== undefined && { buildArgs: { BASE_IMAGE: this.options.baseImage } }),
    });
    return { imageUri: asset.imageUri, repositoryArn: asset.repository.repositoryArn, architecture };
  }
}

class EcrServiceImage extends ServiceImage {
  constructor(
    private readonly repository: IRepository,
    private readonly digest: string,
    private readonly architecture: CpuArchitecture,
  ) {
    super();
  }

  override _bind(): ServiceImageConfig {
    const { account, region } = this.repository.env;
    const known = !Token.isUnresolved(account) && !Token.isUnresolved(region);
    return {
      imageUri: `${this.repository.repositoryUri}@${this.digest}`,
      repositoryArn: this.repository.repositoryArn,
      ...(known && { registryHost: `${account}.dkr.ecr.${region}.amazonaws.com` }),
      architecture: this.architecture,
    };
  }
}

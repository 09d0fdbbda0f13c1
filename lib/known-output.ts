import { CfnOutput, Fn, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** A value of one stack as a policy of another has it, and as cdk-nag spells it in the ids of its findings. */
export interface KnownValue {
  readonly value: string;
  readonly inFindings: string;
}

/**
 * A reference that a policy with a wildcard behind it can be acknowledged with. From another stack it is read from an
 * output of ours: the one CDK would make has a name that is not known before synth, and with it neither the finding's id.
 *
 * @internal
 */
export function knownValue(owner: Construct, id: string, value: string, reader: unknown): KnownValue {
  if (!Token.isUnresolved(value)) return { value, inFindings: value };
  const own = Stack.of(owner);
  const other = Construct.isConstruct(reader) ? Stack.of(reader) : own;
  if (other === own) return { value, inFindings: spelled(own.resolve(value)) };
  other.addStackDependency(own, `reads the output ${owner.node.path}/${id}`);
  const output = (owner.node.tryFindChild(id) as CfnOutput | undefined) ?? new CfnOutput(owner, id, { value });
  const read = Fn.getStackOutput(own.stackName, own.getLogicalId(output), own.region);
  return { value: read, inFindings: spelled(other.resolve(read)) };
}

function spelled(resolved: { readonly Ref?: string; readonly 'Fn::GetAtt'?: readonly string[] }): string {
  if (resolved.Ref !== undefined) return `<${resolved.Ref}>`;
  return resolved['Fn::GetAtt'] ? `<${resolved['Fn::GetAtt'].join('.')}>` : JSON.stringify(resolved);
}

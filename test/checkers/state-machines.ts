import { readFileSync } from 'node:fs';
import validate from 'asl-validator';
import type { CfnTemplate } from '../templates';
import type { Finding } from './finding';

/** Definitions of state machines in templates. CloudFormation's validators take them as text and look no further. */
export async function stateMachines(templates: readonly string[]): Promise<Finding[]> {
  return templates.flatMap((template) => {
    const { Resources } = JSON.parse(readFileSync(template, 'utf8')) as CfnTemplate;
    return Object.entries(Resources)
      .filter(([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine')
      .flatMap(([resource, { Properties = {} }]) =>
        problems(Properties).map(
          ([rule, message]): Finding => ({ checker: 'asl-validator', rule, resource, template, message }),
        ),
      );
  });
}

function problems(properties: Readonly<Record<string, unknown>>): [rule: string, message: string][] {
  const { Definition, DefinitionString, DefinitionSubstitutions = {} } = properties;
  if (Definition === undefined && DefinitionString === undefined) {
    return [['NO_DEFINITION', 'its definition lies in S3; give it in the template, where it can be read']];
  }
  let definition: unknown;
  try {
    const text = textOf(DefinitionString ?? '').replace(/\$\{(\w+)\}/g, (_, name) =>
      textOf((DefinitionSubstitutions as Record<string, unknown>)[name]),
    );
    definition = Definition === undefined ? JSON.parse(text) : filled(Definition);
  } catch (error) {
    return [['NOT_JSON', error instanceof Error ? error.message : String(error)]];
  }
  if (typeof definition !== 'object' || definition === null) return [['NOT_JSON', 'the definition is no object']];
  return validate(definition).errors.map((error) => [error['Error code'], error.Message ?? JSON.stringify(error)]);
}

/** Text with everything that is known at deploy only replaced by something of the same form. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [name, argument] = Object.entries(value ?? {})[0] ?? [];
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map(textOf).join(separator);
  }
  if (name === 'Ref') return PSEUDO[String(argument)] ?? ARN;
  if (name === 'Fn::GetAtt') return ARN;
  // Others (Fn::Sub, Fn::If ...) CDK does not make here; better a failure than a definition that was not looked at.
  throw new Error(
    `${name ?? JSON.stringify(value)} in a definition; teach test/checkers/state-machines.ts what to put`,
  );
}

const ARN = 'arn:aws:lambda:eu-west-1:111122223333:function:some';

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-west-1',
  'AWS::AccountId': '111122223333',
  'AWS::URLSuffix': 'amazonaws.com',
};

function filled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && /^(Ref|Fn::.*)$/.test(keys[0] ?? '')) return textOf(value);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, filled(child)]));
}

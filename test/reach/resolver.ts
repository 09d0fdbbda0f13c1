import type { CfnResource, CfnTemplate } from '../templates';
import { at, type Json, type JsonRecord, list, record, text } from './values';

export type Templates = Readonly<Record<string, CfnTemplate>>;

export const ACCOUNT = '111122223333';
const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};

/**
 * Resolves intrinsic functions far enough to say which resource a property means.
 *
 * A reference becomes `<stack/LogicalId>` or `<stack/LogicalId.Attribute>`, and stays readable inside joined text. What
 * can't be known from the templates (conditions, parameters, a name that is nowhere) becomes `<unresolved ...>`: a
 * second opinion that guesses would be green for the wrong reason, so findings.ts names each.
 */
export class Resolver {
  /** The region that the templates are written for; one region's where they leave it open. */
  readonly region: string;

  constructor(private readonly templates: Templates) {
    this.region = /"com\.amazonaws\.([a-z0-9-]+)\.ecr\./.exec(JSON.stringify(templates))?.[1] ?? 'eu-west-1';
  }

  resolve(stack: string, value: unknown): Json {
    if (Array.isArray(value)) return value.map((item) => this.resolve(stack, item));
    if (typeof value !== 'object' || value === null) return value === undefined ? null : (value as Json);
    const entries = Object.entries(value);
    const [only] = entries;
    if (entries.length === 1 && only && (only[0] === 'Ref' || only[0].startsWith('Fn::'))) {
      return this.intrinsic(stack, only[0], only[1]);
    }
    return Object.fromEntries(entries.map(([key, item]) => [key, this.resolve(stack, item)]));
  }

  private intrinsic(stack: string, name: string, argument: unknown): Json {
    switch (name) {
      case 'Ref':
        return this.reference(stack, String(argument));
      case 'Fn::GetAtt':
        return this.attribute(stack, argument);
      case 'Fn::GetAZs':
        return ['a', 'b', 'c'].map((zone) => this.region + zone);
      case 'Fn::Sub':
        return this.substitute(stack, argument);
      case 'Fn::GetStackOutput':
        return this.stackOutput(record(this.resolve(stack, argument)));
      case 'Fn::ImportValue':
        return this.exported(text(this.resolve(stack, argument)));
    }
    const args = this.resolve(stack, argument);
    if (name === 'Fn::Join') {
      const [separator, parts] = list(args);
      return list(parts).map(text).join(text(separator));
    }
    if (name === 'Fn::Select') {
      const [index, items] = list(args);
      return list(items)[Number(index)] ?? unresolved(`${name} ${text(index)}`);
    }
    if (name === 'Fn::Split') {
      const [separator, whole] = list(args);
      return text(whole).split(text(separator));
    }
    if (name === 'Fn::FindInMap') {
      const [map, first, second] = list(args).map(text);
      const mappings = record(this.resolve(stack, this.templates[stack]?.Mappings));
      return at(mappings, map ?? '', first ?? '', second ?? '') ?? unresolved(`${name} ${map}`);
    }
    return unresolved(name);
  }

  private reference(stack: string, name: string): Json {
    const pseudo = name === 'AWS::Region' ? this.region : PSEUDO[name];
    if (pseudo !== undefined) return pseudo;
    if (name === 'AWS::NoValue') return null;
    if (name === 'AWS::StackName') return stack;
    return this.resource(stack, name) ? `<${stack}/${name}>` : unresolved(`${stack}/${name}`);
  }

  private attribute(stack: string, argument: unknown): Json {
    const [logicalId = '', ...rest] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.');
    const resource = this.resource(stack, logicalId);
    if (!resource) return unresolved(`${stack}/${logicalId}`);
    const name = rest.join('.');
    if (resource.Type === 'AWS::NetworkFirewall::Firewall' && name === 'EndpointIds') {
      return list(this.resolve(stack, resource.Properties?.SubnetMappings)).map((mapping, index) => {
        const zone = this.property(text(at(mapping, 'SubnetId')), 'AvailabilityZone');
        return `${text(zone)}:<${stack}/${logicalId}.Endpoint${index}>`;
      });
    }
    return `<${stack}/${logicalId}.${name}>`;
  }

  private property(reference: string, name: string): Json {
    const [stack = '', logicalId = ''] = (targetOf(reference) ?? '').split('/');
    return this.resolve(stack, this.resource(stack, logicalId)?.Properties?.[name]);
  }

  private substitute(stack: string, argument: unknown): Json {
    const [pattern, own] = Array.isArray(argument) ? argument : [argument, {}];
    const values = record(this.resolve(stack, own));
    return String(pattern).replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (name in values) return text(values[name]);
      return text(name.includes('.') ? this.attribute(stack, name) : this.reference(stack, name));
    });
  }

  /** The weak reference of CDK 2.276: the CLI reads the other stack's output, no export is made. */
  private stackOutput(argument: JsonRecord): Json {
    const stack = text(argument.StackName);
    const output = at(record(this.templates[stack] as unknown as Json), 'Outputs', text(argument.OutputName), 'Value');
    return output === undefined ? unresolved(`output of ${stack}`) : this.resolve(stack, output);
  }

  private exported(name: string): Json {
    for (const [stack, template] of Object.entries(this.templates)) {
      for (const output of Object.values(record((template.Outputs ?? {}) as Json))) {
        if (text(this.resolve(stack, at(output, 'Export', 'Name'))) === name) {
          return this.resolve(stack, at(output, 'Value'));
        }
      }
    }
    return unresolved(`export ${name}`);
  }

  private resource(stack: string, logicalId: string): CfnResource | undefined {
    return this.templates[stack]?.Resources[logicalId];
  }
}

function unresolved(what: string): string {
  return `<unresolved ${what}>`;
}

/** `stack/LogicalId` of a value that is nothing but one reference. */
export function targetOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? /^<([^<>/ ]+\/[^<>. ]+)(?:\.[^<>]+)?>$/.exec(value)?.[1] : undefined;
}

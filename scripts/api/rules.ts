import type { Api, ApiType, Parameter, TypeReference } from './assembly';

/**
 * The house's rules that jsii doesn't have. It takes unions, shows a type parameter as `any`, and doesn't ask for a word
 * of documentation.
 */
export function brokenRules(api: Api): string[] {
  const names = new Set(api.types.map(({ name }) => name));
  return [
    ...api.types.flatMap((type) => [...undocumented(type, names), ...badTypes(type)]),
    ...api.constants.flatMap(({ name, doc }) => (doc === '' ? [`${name}: has no docstring`] : [])),
    ...api.unseen.map(
      (name) => `${name}: is exported, and other languages have no form for it: it is a function or a type alias`,
    ),
  ];
}

function undocumented(type: ApiType, names: ReadonlySet<string>): string[] {
  const owner = type.name.replace(/Props$/, '');
  // The props of a class are explained where the class is.
  const needsWords = !(type.datatype && owner !== type.name && names.has(owner));
  return [
    ...(needsWords && !type.docs?.summary ? [`${type.name}: has no docstring`] : []),
    ...(type.methods ?? []).flatMap(({ name, docs }) =>
      docs?.summary ? [] : [`${type.name}.${name}: has no docstring`],
    ),
    ...(type.properties ?? []).flatMap(({ name, optional, docs }) =>
      type.datatype && optional && !docs?.default ? [`${type.name}.${name}: is optional and has no @default`] : [],
    ),
  ];
}

function badTypes(type: ApiType): string[] {
  const places: [string, TypeReference][] = [
    ...(type.initializer?.parameters ?? []).map((parameter) => placed('constructor', parameter)),
    ...(type.properties ?? []).map((property): [string, TypeReference] => [property.name, property.type]),
    ...(type.methods ?? []).flatMap((method): [string, TypeReference][] => [
      ...(method.parameters ?? []).map((parameter) => placed(method.name, parameter)),
      ...(method.returns ? [[method.name, method.returns.type] as [string, TypeReference]] : []),
    ]),
  ];
  return places.flatMap(([name, reference]) => badReference(reference).map((bad) => `${type.name}.${name}: ${bad}`));
}

const placed = (name: string, parameter: Parameter): [string, TypeReference] => [
  `${name}(${parameter.name})`,
  parameter.type,
];

function badReference(reference: TypeReference): string[] {
  if (reference.union) return ['is a union; use a class with static factories'];
  if (reference.primitive === 'any' || reference.primitive === 'json') return ['is of any type, or generic'];
  return reference.collection ? badReference(reference.collection.elementtype) : [];
}

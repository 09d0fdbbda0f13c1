/** The part of a jsii assembly that is read here. Its full description is the package @jsii/spec. */
export interface Docs {
  readonly summary?: string;
  readonly remarks?: string;
  readonly default?: string;
  readonly returns?: string;
  readonly deprecated?: string;
  readonly custom?: Readonly<Record<string, string>>;
}

export interface TypeReference {
  readonly fqn?: string;
  readonly primitive?: string;
  readonly collection?: { readonly kind: 'array' | 'map'; readonly elementtype: TypeReference };
  readonly union?: { readonly types: readonly TypeReference[] };
}

export interface Parameter {
  readonly name: string;
  readonly type: TypeReference;
  readonly optional?: boolean;
  readonly docs?: Docs;
}

export interface Property extends Parameter {
  readonly static?: boolean;
  readonly const?: boolean;
  readonly protected?: boolean;
}

export interface Method {
  readonly name: string;
  readonly static?: boolean;
  readonly protected?: boolean;
  readonly parameters?: readonly Parameter[];
  readonly returns?: { readonly type: TypeReference };
  readonly docs?: Docs;
}

export interface ApiType {
  readonly fqn: string;
  readonly name: string;
  readonly kind: 'class' | 'interface' | 'enum';
  readonly namespace?: string;
  /** An interface that is data. */
  readonly datatype?: boolean;
  readonly abstract?: boolean;
  readonly base?: string;
  readonly interfaces?: readonly string[];
  readonly docs?: Docs;
  readonly initializer?: { readonly parameters?: readonly Parameter[] };
  readonly properties?: readonly Property[];
  readonly methods?: readonly Method[];
  readonly members?: readonly { readonly name: string; readonly docs?: Docs }[];
  readonly locationInModule: { readonly filename: string; readonly line: number };
}

/** An exported value that is no class: jsii does not see it, TypeScript does. */
export interface Constant {
  readonly name: string;
  readonly declaration: string;
  readonly doc: string;
  readonly filename: string;
}

export interface Api {
  readonly types: readonly ApiType[];
  readonly constants: readonly Constant[];
  /** Names that an index exports and that neither jsii nor a caller of JavaScript can see, or that jsii has no form for. */
  readonly unseen: readonly string[];
}

/** The package ships no types. */
declare module 'asl-validator' {
  interface AslError {
    readonly 'Error code': string;
    readonly Message?: string;
  }
  function validator(definition: object): { readonly isValid: boolean; readonly errors: readonly AslError[] };
  export = validator;
}

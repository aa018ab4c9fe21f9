// The shape of the rules, for the test that proves them.
declare const config: {
  readonly forbidden: readonly { readonly name: string }[];
  readonly options: Record<string, unknown> & { readonly tsConfig: unknown; readonly enhancedResolveOptions: object };
};
export default config;

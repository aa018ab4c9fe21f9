// What runbooks may name: actions of `do` and probes of checks, with the types of their arguments and results.
// It describes, it does not act: flows bind each name to a port. `belay lint` and the expression checker read only this.

export type ParamType =
  | 'string'
  | 'int'
  | 'number'
  | 'bool'
  | 'duration'
  | 'org'
  | 'release'
  | 'target'
  | 'switch'
  | 'integration'
  | 'trigger'
  | 'url'
  | 'list';

export interface ParamSpec {
  readonly type: ParamType;
  readonly required?: boolean;
  readonly oneOf?: readonly string[];
}

export interface ActionSpec {
  readonly name: string;
  /** `state` is level-triggered and may be repeated; `once` needs a key; `read` changes nothing. */
  readonly effect: 'state' | 'once' | 'read';
  readonly params: Readonly<Record<string, ParamSpec>>;
}

export type ResultType = 'string' | 'int' | 'double' | 'bool';
/** Types of what expressions may name. A `time` is an instant in ms; a record has typed fields. */
export type ExprType = ResultType | 'time' | 'list' | 'any' | { readonly [field: string]: ExprType };

export interface ProbeSpec {
  readonly name: string;
  readonly params: Readonly<Record<string, ParamSpec>>;
  /** Names and types that `expect` and `when` may use. */
  readonly result: Readonly<Record<string, ResultType>>;
}

const target = { type: 'target', required: true } as const;
const org = { type: 'org', required: true } as const;
const text = { type: 'string' } as const;
/** Which one is meant, where there are several of its driver. */
const integration = { type: 'integration' } as const;
const workflow = { type: 'string', required: true } as const;

export const ACTIONS: Readonly<Record<string, ActionSpec>> = index([
  { name: 'deploy.rollback', effect: 'state', params: { target, to: { type: 'release', required: true } } },
  { name: 'deploy.activate', effect: 'state', params: { target, to: { type: 'release', required: true } } },
  { name: 'deploy.revert', effect: 'state', params: { target, commit: { type: 'string', required: true } } },
  { name: 'deploy.abort', effect: 'state', params: { target } },
  { name: 'deploy.freeze', effect: 'state', params: { target, why: { type: 'string' } } },
  { name: 'deploy.thaw', effect: 'state', params: { target, why: { type: 'string' } } },
  {
    name: 'flow.set',
    effect: 'state',
    params: { switch: { type: 'switch', required: true }, org, to: { type: 'string', required: true } },
  },
  // Integrations.
  {
    name: 'n8n.activate',
    effect: 'state',
    params: { workflow, webhookUrl: { type: 'url' }, answers: text, integration },
  },
  { name: 'n8n.deactivate', effect: 'state', params: { workflow, integration } },
  { name: 'belay.undo', effect: 'state', params: { steps: { type: 'list', required: true } } },
  { name: 'belay.pause', effect: 'state', params: { why: { type: 'string' } } },
  { name: 'belay.resume', effect: 'state', params: {} },
]);

export const PROBES: Readonly<Record<string, ProbeSpec>> = index([
  {
    name: 'http',
    params: { url: { type: 'url', required: true }, timeout: { type: 'duration' }, contains: { type: 'string' }, times: { type: 'int' } },
    // `ok` counts answers below 400 of `times` requests; `status` is the last one's.
    result: { status: 'int', ok: 'int', tried: 'int', latencyMs: 'double', found: 'bool' },
  },
  {
    name: 'metric',
    params: { trigger: { type: 'trigger', required: true }, org: { type: 'org' }, over: { type: 'duration' } },
    result: { value: 'double', lower: 'double', upper: 'double', bad: 'int', all: 'int', growing: 'bool' },
  },
  { name: 'release', params: { target }, result: { version: 'string', frozen: 'bool', uniform: 'bool', units: 'int' } },
  {
    name: 'git',
    params: { dir: { type: 'string', required: true } },
    // `behind` counts what only the branch at the remote has, asked anew.
    result: { branch: 'string', clean: 'bool', ahead: 'int', behind: 'int' },
  },
  { name: 'flow', params: { switch: { type: 'switch', required: true }, org }, result: { value: 'string' } },
  // Integrations.
  {
    name: 'n8n.workflow',
    params: { name: { type: 'string', required: true }, integration },
    result: { found: 'bool', active: 'bool', archived: 'bool' },
  },
]);

function index<T extends { readonly name: string }>(specs: readonly T[]): Readonly<Record<string, T>> {
  return Object.fromEntries(specs.map((spec) => [spec.name, spec]));
}

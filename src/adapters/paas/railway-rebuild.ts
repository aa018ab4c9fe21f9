// A service on Railway kept in a file and made anew from it. It is found by its name, because what is made anew has another id; each act names
// the id that was looked at. Values of variables go from Railway into the encrypted file and back, and nowhere else.
import { BelayError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import type { ServiceOptions } from '../../domain/service-catalog.ts';
import type { Digest } from '../../ports/digest.ts';
import type { KeptFile } from '../../ports/kept-file.ts';
import type { KeptForm, LiveForm, ServiceForm, ServiceRebuild } from '../../ports/service-rebuild.ts';
import type { AskDeps } from './ask.ts';
import { act, asked, demandYes, namedIn, type Service, serviceAt } from './railway.ts';
import { connectTo } from './railway-connect.ts';
import { FORM, formIn, keptIn, PLAIN_SETTINGS, type Seen, type Whole } from './railway-form.ts';

const DELETE = 'mutation Delete($id: String!) { serviceDelete(id: $id) }';
const CREATE = 'mutation Create($input: ServiceCreateInput!) { serviceCreate(input: $input) { id } }';
const VARIABLES = 'mutation Variables($input: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $input) }';
const SETTINGS = `mutation Settings($service: String!, $environment: String!, $input: ServiceInstanceUpdateInput!) {
  serviceInstanceUpdate(serviceId: $service, environmentId: $environment, input: $input)
}`;
const LIMITS = 'mutation Limits($input: ServiceInstanceLimitsUpdateInput!) { serviceInstanceLimitsUpdate(input: $input) }';
const DOMAIN = 'mutation Domain($input: ServiceDomainCreateInput!) { serviceDomainCreate(input: $input) { domain } }';

export interface RebuildDeps extends AskDeps {
  readonly kept: KeptFile;
  readonly digest: Pick<Digest, 'keyed'>;
}
type Options = ServiceOptions<'railway'>;

/** What may leave this file: names, settings and keyed digests, and no value of a variable. */
const formsBy =
  (digest: Pick<Digest, 'keyed'>) =>
  ({ variables, id, settings, source, customDomains, ownDomains, tcpProxies, commit, frozen }: Whole): ServiceForm => {
    const digests = ordered(variables).map(([variable, value]) => [variable, digest.keyed(`${variable}\n${value}`).slice(0, 16)] as const);
    const ways = [customDomains, tcpProxies.map(({ port, at }) => [port, at])];
    const whole = [id, ordered(settings), source?.repo ?? null, source?.branch ?? null, ...ways, commit, frozen, digests];
    const mark = digest.keyed(JSON.stringify(whole)).slice(0, 16);
    const told = { id, mark, settings, source, customDomains, ownDomains, tcpProxies, commit, frozen };
    return { ...told, digests: Object.fromEntries(digests) };
  };

/** @throws BELAY_CONFIG_INVALID */
export function createRailwayRebuild(options: Options, { kept: file, digest, ...deps }: RebuildDeps): ServiceRebuild {
  const { project, environment, service: name } = options;
  const place = serviceAt(options, deps);
  const seen = (): Promise<Seen | null> => seenAt(place, { project, environment, name });
  const opened = async (): Promise<ReturnType<typeof keptIn> | null> => {
    const json = await file.read();
    return json === null ? null : readKept(file.path, name, json);
  };
  const demandKept = async () => {
    const kept = await opened();
    if (kept === null) throw refused(place, `nothing is kept of ${name}`, `Keep it first: ${file.path} is not there.`);
    return kept;
  };
  const still = async (id: string): Promise<Seen> => {
    const now = await seen();
    if (now?.id === id) return now;
    throw refused(place, `${name} is another one by now`, 'Plan again.', 'BELAY_TARGET_CONFLICT');
  };
  const formOf = formsBy(digest);
  return {
    name,
    path: file.path,
    look: async (): Promise<LiveForm | null> => {
      const now = await seen();
      return now === null ? null : { ...formOf(now), deploy: now.deploy, newest: now.newest, coming: now.coming };
    },
    kept: async (): Promise<KeptForm | null> => {
      const kept = await opened();
      return kept === null ? null : { ...formOf(kept), keptAt: kept.keptAt };
    },
    impossible: async () => {
      const hold = (await seen())?.holds ?? null;
      return hold === null ? file.impossible() : `${name}: ${hold}`;
    },
    keep: async (id) => {
      const { deploy: _deploy, newest: _newest, coming: _coming, holds, ...whole } = await still(id);
      demandFree(place, holds);
      const before = await opened();
      const stamp = before === null ? null : new Date(before.keptAt).toISOString().replaceAll(/[^\dTZ]/g, '');
      await file.write({ belay: 1, service: name, keptAt: deps.time.now(), ...whole } as unknown as Json, { before: stamp });
    },
    remove: async (id) => {
      // Asked once more: a volume may have come since people said yes.
      demandFree(place, (await still(id)).holds);
      demandYes(place, await act(place, DELETE, { id }), 'serviceDelete');
    },
    create: async (set) => {
      if ((await seen()) !== null) return;
      const { variables } = await demandKept();
      const other = Object.keys(set).find((variable) => set[variable] !== variables[variable]);
      if (other !== undefined) throw refused(place, `${other} is kept of ${name} with another value`, 'Which service is meant?');
      await act(place, CREATE, { input: { projectId: project, environmentId: environment, name, variables: set } });
    },
    restoreVariables: async (id) => {
      const [{ variables }] = [await demandKept(), await still(id)];
      const input = { projectId: project, environmentId: environment, serviceId: id, variables, replace: true, skipDeploys: true };
      demandYes(place, await act(place, VARIABLES, { input }), 'variableCollectionUpsert');
    },
    restoreSettings: async (id) => restoreSettings(place, environment, await demandKept(), await still(id)),
    connect: async (id, o) => {
      const { source } = await demandKept();
      const wanted = { ...o, source: demandBranch(place, source) };
      await connectTo({ place, ids: { project, environment, service: id }, time: deps.time, still: () => still(id) }, wanted);
    },
  } satisfies ServiceRebuild;
}

/** @throws BELAY_TARGET_UNREACHABLE */
function readKept(path: string, name: string, json: Json): ReturnType<typeof keptIn> {
  const wrong = (why: string): BelayError => new BelayError('BELAY_TARGET_UNREACHABLE', `${path}: ${why}`, { effect: 'none' });
  let kept: ReturnType<typeof keptIn>;
  try {
    kept = keptIn(json);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : 'it cannot be read');
  }
  if (kept.service !== name) throw wrong(`it is kept of ${kept.service}, not of ${name}`);
  return kept;
}

/** @throws BELAY_TARGET_UNREACHABLE */
async function seenAt(
  place: Service,
  { project, environment, name }: { readonly project: string; readonly environment: string; readonly name: string },
): Promise<Seen | null> {
  const [one, another] = (await namedIn(place, project)).filter((found) => found.name === name || found.id === name);
  if (one === undefined) return null;
  if (another !== undefined) throw refused(place, `two services are called ${name}`, 'Rename one of them.', 'BELAY_TARGET_UNREACHABLE');
  const ids = { project, environment, service: one.id };
  return asked(place, FORM, ids, (data) => formIn(data, ids));
}

/** @throws BELAY_GUARD_REFUSED */
function demandFree(place: Service, holds: string | null): void {
  if (holds !== null) throw refused(place, holds, 'It can be neither kept nor deleted as it is.');
}

/** @throws BELAY_GUARD_REFUSED */
function demandBranch(place: Service, source: Whole['source']): { readonly repo: string; readonly branch: string } {
  if (source !== null && source.branch !== null) return { repo: source.repo, branch: source.branch };
  const why = `what is kept of ${place.called ?? place.name} does not say from which branch of which repository it was built`;
  throw refused(place, why, 'Connect it by hand.');
}

const ordered = <T>(all: Readonly<Record<string, T>>): readonly (readonly [string, T])[] =>
  Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** A region is set by how many run there: set alone it moves nothing. */
async function restoreSettings(place: Service, environment: string, kept: Whole, now: Seen): Promise<void> {
  const { region, numReplicas, vCPUs, memoryGB } = kept.settings;
  const plain = PLAIN_SETTINGS.flatMap((key) => (kept.settings[key] === undefined ? [] : [[key, kept.settings[key]]]));
  const regions = typeof region === 'string' ? { multiRegionConfig: { [region]: { numReplicas: numReplicas ?? 1 } } } : {};
  const input = { ...Object.fromEntries(plain), ...regions };
  const ids = { serviceId: now.id, environmentId: environment };
  demandYes(place, await act(place, SETTINGS, { service: now.id, environment, input }), 'serviceInstanceUpdate');
  if (vCPUs !== undefined || memoryGB !== undefined) {
    const limits = { ...ids, ...(vCPUs === undefined ? {} : { vCPUs }), ...(memoryGB === undefined ? {} : { memoryGB }) };
    demandYes(place, await act(place, LIMITS, { input: limits }), 'serviceInstanceLimitsUpdate');
  }
  // The name that Railway gives is another one each time; only that there is one can be put back.
  if (kept.ownDomains.length > 0 && now.ownDomains.length === 0) await act(place, DOMAIN, { input: ids });
}

function refused(
  { name }: Service,
  why: string,
  hint: string,
  code: 'BELAY_GUARD_REFUSED' | 'BELAY_TARGET_CONFLICT' | 'BELAY_TARGET_UNREACHABLE' = 'BELAY_GUARD_REFUSED',
): BelayError {
  return new BelayError(code, `${name}: ${why}`, { effect: 'none', hint });
}

// A project on Railway with several services behind one address, as the API has it: each question goes to the service that it names, or to
// the one that owns the deployment. Each service remembers for itself.
import { answer, openRailway, type RailwayOne } from './railway.ts';
import { formRoot, type RailwayForm, type RailwayForms } from './railway-forms.ts';
import { type Asked, startVendor, type VendorServer } from './vendor-server.ts';

export interface RailwayProject<Name extends string> {
  readonly url: string;
  /** Those that there are now, by name. */
  readonly services: Readonly<Record<Name, RailwayOne>>;
  readonly forms: RailwayForms;
  formOf(name: Name): RailwayForm;
  /** Another service of that name, with nothing in it. */
  add(name: string): RailwayForm;
  /** The way there, with its bad days. */
  readonly door: VendorServer;
  close(): Promise<void>;
}

export interface ProjectOptions<Name extends string> {
  readonly project: string;
  readonly environment: string;
  readonly token: string;
  /** Name → id of the service. */
  readonly services: Readonly<Record<Name, string>>;
}

export async function startRailwayProject<Name extends string>(o: ProjectOptions<Name>): Promise<RailwayProject<Name>> {
  const { project, environment, token } = o;
  let made = 0;
  const open = (name: string, service: string): RailwayForm => {
    const idsFrom = made * 100;
    made += 1;
    const one = openRailway({ project, environment, service, token, tokenOf: 'project', idsFrom, called: () => form });
    const bare = { customDomains: [], ownDomains: [], tcpProxies: [], limits: null, volume: null, elsewhere: [], deletedAt: null };
    const form: RailwayForm = { ...bare, id: service, name, instance: {}, repo: null, branch: null, one };
    return form;
  };
  const make = (name: string): RailwayForm => open(name, `${String(made).padStart(8, 'e')}-5c0f-4c3a-9f5a-0d1e2f3a4b5c`);
  const forms: RailwayForms = {
    forms: Object.entries<string>(o.services).map(([name, id]) => open(name, id)),
    ledger: [],
    head: {},
    before: null,
    connectThaws: true,
    hasMore: false,
  };
  const root = formRoot(forms, { project, environment, make });
  const door = await startVendor((asked) => {
    if (isOfProject(asked)) {
      if (asked.headers['project-access-token'] !== token)
        return { status: 200, json: { data: null, errors: [{ message: 'Not Authorized' }] } };
      return answer(asked, { error: null }, root);
    }
    const meant = meantIn(asked);
    const found = forms.forms.find(
      ({ id, one }) => meant.service === id || one.service.deployments.some((deployment) => deployment.id === meant.deployment),
    );
    if (found === undefined) return { status: 200, json: { data: null, errors: [{ message: 'Not Authorized' }] } };
    return found.one.answer(asked);
  });
  const formOf = (name: Name): RailwayForm => {
    const found = forms.forms.find((one) => one.name === name && one.deletedAt === null);
    if (found === undefined) throw new Error(`there is no service ${name}`);
    return found;
  };
  const services = {} as Record<Name, RailwayOne>;
  for (const name of Object.keys(o.services) as Name[]) {
    let last = formOf(name).one;
    // One that is deleted is still looked at by whoever remembers it.
    Object.defineProperty(services, name, {
      enumerable: true,
      get: () => {
        last = forms.forms.find((one) => one.name === name && one.deletedAt === null)?.one ?? last;
        return last;
      },
    });
  }
  const add = (name: string): RailwayForm => {
    const form = make(name);
    forms.forms.push(form);
    return form;
  };
  return { url: door.url, services, forms, formOf, add, door, close: () => door.close() };
}

/** Questions that are no single service's: by the names that Belay gives them. */
const isOfProject = ({ body }: Asked): boolean =>
  /^(?:query|mutation) (?:Names|Form|Delete|Create|Variables|Settings|Limits|Connect|Domain)\b/.test(
    (JSON.parse(body) as { readonly query: string }).query,
  );

function meantIn({ body }: Asked): { readonly service?: string; readonly deployment?: string } {
  const { variables = {} } = JSON.parse(body) as {
    readonly variables?: { readonly service?: string; readonly id?: string; readonly input?: { readonly serviceId?: string } };
  };
  const service = variables.service ?? variables.input?.serviceId;
  return { ...(service === undefined ? {} : { service }), ...(variables.id === undefined ? {} : { deployment: variables.id }) };
}

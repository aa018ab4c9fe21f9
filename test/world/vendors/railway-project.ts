// A project on Railway with several services behind one address, as the API has it: each question goes to the service that it names, or to
// the one that owns the deployment. Each service remembers for itself.
import { type RailwayServer, startRailway } from './railway.ts';
import { type Asked, startVendor } from './vendor-server.ts';

export interface RailwayProject<Name extends string> {
  readonly url: string;
  readonly services: Readonly<Record<Name, RailwayServer>>;
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
  const entries = await Promise.all(
    Object.entries<string>(o.services).map(async ([name, service], n) => {
      const server = await startRailway({ project, environment, service, token, tokenOf: 'project', idsFrom: n * 100 });
      return [name, service, server] as const;
    }),
  );
  const door = await startVendor((asked) => {
    const found = entries.find(([, id, { service }]) => {
      const meant = meantIn(asked);
      return meant.service === id || service.deployments.some((one) => one.id === meant.deployment);
    });
    // Whose it is nobody can say: the first one refuses it, as Railway would.
    const [, , server] = found ?? entries[0] ?? [];
    if (server === undefined) throw new Error('a project without services');
    return server.answer(asked);
  });
  return {
    url: door.url,
    services: Object.fromEntries(entries.map(([name, , server]) => [name, server])) as Record<Name, RailwayServer>,
    close: async () => {
      await Promise.all([door, ...entries.map(([, , server]) => server)].map((one) => one.close()));
    },
  };
}

function meantIn({ body }: Asked): { readonly service?: string; readonly deployment?: string } {
  const { variables = {} } = JSON.parse(body) as {
    readonly variables?: { readonly service?: string; readonly id?: string; readonly input?: { readonly serviceId?: string } };
  };
  const service = variables.service ?? variables.input?.serviceId;
  return { ...(service === undefined ? {} : { service }), ...(variables.id === undefined ? {} : { deployment: variables.id }) };
}

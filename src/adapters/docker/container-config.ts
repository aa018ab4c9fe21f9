// A container made again with another image: everything that a person gave the old one, and nothing that only its image brought along.
// Values in, values out.
import { type Fields, fieldsIn, textIn } from '../../domain/received.ts';

/** What the engine itself filled in from the image, where nobody wrote anything else. */
const FROM_IMAGE = ['Cmd', 'Entrypoint', 'WorkingDir', 'User', 'StopSignal', 'Healthcheck', 'Shell', 'OnBuild', 'ArgsEscaped'] as const;
const SETS_FROM_IMAGE = ['ExposedPorts', 'Volumes', 'Labels'] as const;
export const OURS = 'belay.';

export interface Remade {
  readonly body: Fields;
  /** To be connected before the start: an engine takes one network when it creates. */
  readonly networks: readonly (readonly [string, Fields])[];
  readonly restart: Fields;
}

/** `old`: `GET /containers/{id}/json`. `oldImage`: Config of its image. */
export function remade(old: Fields, oldImage: Fields, image: string, labels: Readonly<Record<string, string>>): Remade {
  const host = fieldsIn(old['HostConfig']);
  const mode = textIn(host['NetworkMode']);
  const restart = fieldsIn(host['RestartPolicy']);
  const endpoints = endpointsOf(old, mode);
  const [first, ...others] = endpoints.toSorted(([a], [b]) => Number(b === mode) - Number(a === mode));
  return {
    body: {
      ...ownConfig(old, oldImage, mode, labels),
      Image: image,
      // It begins to be started again by itself when it is known to be well.
      HostConfig: { ...host, RestartPolicy: { Name: 'no' }, Mounts: [...listIn(host['Mounts']), ...anonymousVolumes(old, host)] },
      ...(first === undefined ? {} : { NetworkingConfig: { EndpointsConfig: Object.fromEntries([first]) } }),
    },
    networks: others,
    restart,
  };
}

function ownConfig(old: Fields, image: Fields, mode: string, labels: Readonly<Record<string, string>>): Fields {
  const config: Record<string, unknown> = { ...fieldsIn(old['Config']) };
  for (const name of FROM_IMAGE) if (isSame(config[name], image[name])) delete config[name];
  // An own entrypoint resets the image's command: the two belong together.
  if (config['Entrypoint'] !== undefined && fieldsIn(old['Config'])['Cmd'] !== undefined) config['Cmd'] = fieldsIn(old['Config'])['Cmd'];
  for (const name of SETS_FROM_IMAGE) config[name] = withoutThose(fieldsIn(config[name]), fieldsIn(image[name]));
  const theirs = new Set(listIn(image['Env']));
  config['Env'] = listIn(config['Env']).filter((one) => !theirs.has(one));
  config['Labels'] = {
    ...Object.fromEntries(Object.entries(fieldsIn(config['Labels'])).filter(([name]) => !name.startsWith(OURS))),
    ...labels,
  };
  const ownHost = textIn(config['Hostname']) === textIn(old['Id']).slice(0, 12);
  if (ownHost || mode === 'host' || mode.startsWith('container:')) {
    delete config['Hostname'];
    delete config['Domainname'];
  }
  if (mode.startsWith('container:')) delete config['ExposedPorts'];
  delete config['MacAddress'];
  return config;
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

function withoutThose(all: Fields, those: Fields): Fields {
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => !(Object.hasOwn(those, name) && isSame(those[name], value))));
}

/** A volume that only the image asked for holds data all the same: the new container keeps it. */
function anonymousVolumes(old: Fields, host: Fields): readonly Fields[] {
  const named = new Set([
    ...listIn(host['Mounts']).map((one) => textIn(fieldsIn(one)['Target'])),
    ...listIn(host['Binds']).map((one) => textIn(one).split(':')[1] ?? ''),
    ...Object.keys(fieldsIn(host['Tmpfs'])),
  ]);
  return listIn(old['Mounts'])
    .map((one) => fieldsIn(one))
    .filter((one) => one['Type'] === 'volume' && textIn(one['Name']) !== '' && !named.has(textIn(one['Destination'])))
    .map((one) => ({ Type: 'volume', Source: one['Name'], Target: one['Destination'], ReadOnly: one['RW'] === false }));
}

function endpointsOf(old: Fields, mode: string): readonly (readonly [string, Fields])[] {
  if (['none', 'host'].includes(mode) || mode.startsWith('container:')) return [];
  const id = textIn(old['Id']).slice(0, 12);
  return Object.entries(fieldsIn(fieldsIn(old['NetworkSettings'])['Networks'])).map(([name, value]) => {
    const { Aliases, IPAMConfig, Links, DriverOpts } = fieldsIn(value);
    const aliases = listIn(Aliases).filter((one) => one !== id);
    const kept = { ...(aliases.length === 0 ? {} : { Aliases: aliases }), IPAMConfig, Links, DriverOpts };
    return [name, Object.fromEntries(Object.entries(kept).filter(([, one]) => one !== null && one !== undefined))] as const;
  });
}

/**
 * What two running containers cannot both have, or must not: a port of the host, an address, a name in a network, a place to write to.
 * Null when nothing.
 */
export function exclusive(old: Fields): string | null {
  const host = fieldsIn(old['HostConfig']);
  const mode = textIn(host['NetworkMode']);
  if (mode === 'host' || mode.startsWith('container:')) return `the network ${mode}`;
  const fixed = Object.entries(fieldsIn(host['PortBindings'])).find(([, bound]) =>
    listIn(bound).some((one) => !['', '0'].includes(textIn(fieldsIn(one)['HostPort']))),
  );
  if (fixed !== undefined) return `a port of the host for ${fixed[0]}`;
  if (listIn(old['Mounts']).some((one) => fieldsIn(one)['RW'] === true)) return 'a place that it writes to';
  const endpoints = endpointsOf(old, mode).map(([, endpoint]) => endpoint);
  if (endpoints.some((one) => textIn(fieldsIn(one['IPAMConfig'])['IPv4Address']) !== '')) return 'a fixed address';
  return endpoints.some((one) => listIn(one['Aliases']).length > 0) ? 'a name in a network' : null;
}

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

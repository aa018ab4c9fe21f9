// What is kept of a service beside what runs, compared by names and keyed digests; and what a step that keeps or makes one anew consists of.
// It asks nobody.
import type { JsonObject } from '../../domain/json.ts';
import type { Observation } from '../../ports/action.ts';
import type { KeptForm, LiveForm, ServiceForm, ServiceRebuild } from '../../ports/service-rebuild.ts';

export interface Sight {
  readonly live: LiveForm | null;
  readonly kept: KeptForm | null;
}
export type Told = Pick<Observation, 'current' | 'desired' | 'reached' | 'mark' | 'gaveUp'>;

export interface Asking {
  readonly rebuild: ServiceRebuild;
  /** The step that would do it. */
  readonly step?: string;
}

export interface Rebuilding {
  readonly name: string;
  tell(sight: Sight, args: JsonObject): Told;
  /** What may not have changed between the look and the act; all of the service, if not given. */
  fingerprint?(sight: Sight): string;
  /** `sight` is of right before. */
  act(rebuild: ServiceRebuild, sight: Sight, args: JsonObject): Promise<void>;
  /** Why it must not be done as things are, besides what the service itself says, or null. */
  refusal?(args: JsonObject, sight: Sight, o: Asking): Promise<string | null> | string | null;
  /** What may never be kept or deleted is refused already when planning; its own refusal says more before or after that. */
  readonly asksService?: 'first' | 'last';
}

export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** Names of variables that are not as they are kept, in either of the two. */
export function differing(kept: ServiceForm, live: ServiceForm): readonly string[] {
  const names = new Set([...Object.keys(kept.digests), ...Object.keys(live.digests)]);
  return [...names].filter((name) => kept.digests[name] !== live.digests[name]).toSorted();
}

/** Names of settings that are kept and not so; what the platform has of its own besides is nobody's loss. */
export function settingsApart(kept: ServiceForm, live: ServiceForm): readonly string[] {
  return Object.keys(kept.settings).filter((name) => canonical(kept.settings[name]) !== canonical(live.settings[name]));
}

export const sameSource = (kept: ServiceForm, live: ServiceForm): boolean => canonical(kept.source) === canonical(live.source);

/** Variables, settings, and from where and when it is built; what runs of it is not asked. */
export function apart(kept: ServiceForm, live: ServiceForm): readonly string[] {
  return [
    ...differing(kept, live),
    ...settingsApart(kept, live),
    ...(sameSource(kept, live) ? [] : ['its repository']),
    ...(kept.frozen === null || kept.frozen === live.frozen ? [] : ['automatic deploys']),
  ];
}

/** Word for word what runs. */
export const isWhole = (kept: ServiceForm, live: ServiceForm): boolean =>
  kept.id === live.id &&
  apart(kept, live).length === 0 &&
  kept.frozen === live.frozen &&
  kept.commit === live.commit &&
  canonical([kept.settings, kept.customDomains, kept.tcpProxies]) === canonical([live.settings, live.customDomains, live.tcpProxies]);

/** What is kept and the new one does not have so. The address outside of a TCP proxy is another one each time. */
export function lacking(kept: KeptForm, live: LiveForm): readonly string[] {
  return [
    ...Object.keys(kept.digests).filter((name) => live.digests[name] !== kept.digests[name]),
    ...settingsApart(kept, live),
    ...(kept.source === null || sameSource(kept, live) ? [] : ['its repository']),
    ...kept.customDomains.filter((name) => !live.customDomains.includes(name)),
    ...kept.tcpProxies.filter(({ port }) => !live.tcpProxies.some((one) => one.port === port)).map(({ port }) => `a TCP proxy to ${port}`),
  ];
}

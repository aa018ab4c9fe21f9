// The probe `service.kept`: what is kept of a service against what runs, told by names and keyed digests. No value is seen.
import type { Json } from '../../domain/json.ts';
import { masked } from '../../domain/mask.ts';
import type { Probe } from '../../ports/probe.ts';
import { textOf } from '../actions/arguments.ts';
import { isLive, wantedOf } from '../actions/connect.ts';
import { type Rebuilds, rebuildOf } from '../actions/rebuild.ts';
import { apart } from '../actions/service-forms.ts';
import { probeOf } from './probe.ts';

const hidden = (value: Json): Json => (typeof value === 'string' ? masked(value) : value);

export function keptProbe(rebuilds: Rebuilds): Probe {
  return probeOf('service.kept', async (args) => {
    const rebuild = rebuildOf(rebuilds, textOf(args, 'service'));
    const [live, kept] = await Promise.all([rebuild.look(), rebuild.kept()]);
    const names = live === null || kept === null ? null : apart(kept, live);
    const wanted = wantedOf({ live, kept }, args);
    const form = kept ?? live;
    return {
      known: true,
      values: {
        there: live !== null,
        deploy: live?.deploy ?? 'none',
        kept: kept !== null,
        equal: names !== null && names.length === 0,
        differing: names ?? [],
        built: live !== null && wanted !== null && isLive(live, wanted),
        commit: live?.commit ?? '',
        keptCommit: kept?.commit ?? '',
        frozen: live?.frozen === true,
        variables: form === null ? 0 : Object.keys(form.digests).length,
        customDomains: form?.customDomains.length ?? 0,
        tcpProxies: form?.tcpProxies.length ?? 0,
        ways: (form?.tcpProxies ?? []).map(({ port, at }) => `${at} to ${port}`),
        domains: [...(form?.customDomains ?? []), ...(form?.ownDomains ?? [])],
        ownDomains: live?.ownDomains ?? [],
        // A start command may hold what nobody should read.
        settings: Object.fromEntries(Object.entries(form?.settings ?? {}).map(([name, one]) => [name, hidden(one)])),
        source: form?.source ?? {},
        // In words, because under such names everything is hidden.
        digests: Object.entries(form?.digests ?? {}).map(([name, digest]) => `${name} ${digest}`),
        file: kept === null ? '' : rebuild.path,
        ...(kept === null ? {} : { keptAt: kept.keptAt }),
      },
    };
  });
}

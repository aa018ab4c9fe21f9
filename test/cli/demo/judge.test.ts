// The judge over stories written by hand: each figure from its own source, null where nothing has happened.
import { describe, expect, it } from 'vitest';
import { judgeStory, type StoryFacts } from '../../../src/cli/demo/judge.ts';
import type { Asked, Served } from '../../../src/cli/demo/log-lines.ts';
import type { Event } from '../../../src/domain/event.ts';

const RULE = { breach: { above: 0.02, overMs: 10_000, stillMs: 2_000, forMs: 0 }, evidence: { suspect: 1e-3, act: 1e-5 } };

const event = (type: string, observedAt: number, data: unknown): Event =>
  ({
    type,
    data,
    at: observedAt - 50,
    observedAt,
    actor: { kind: 'engine', id: 'belay' },
    v: 1,
    seq: 1,
    incident: 'INC-1',
    prev: '',
    hash: '',
  }) as unknown as Event;

function eventsOf(orgs: readonly string[] | 'all'): readonly Event[] {
  return [
    event('incident.declared', 12_100, { orgs }),
    event('trigger.changed', 12_000, { transition: { to: 'breached' } }),
    event('decision.made', 12_150, { choice: 'act' }),
    event('phase.entered', 12_500, { to: 'mitigated' }),
    event('phase.entered', 23_000, { to: 'resolved' }),
  ];
}

/** Twenty requests a second: good, then bad from 10 s on, then good again from 12.2 s on. */
function served(org: string, o: { readonly hurt: boolean; readonly by: 'release' | 'flow' }): Served[] {
  return Array.from({ length: 500 }, (_, i) => {
    const t = i * 50;
    const bad = o.hurt && t >= 10_000 && t < 12_200;
    const changed = t >= 10_000 && (!o.hurt || t < 12_200);
    return {
      t,
      n: i,
      org,
      release: o.by === 'release' && changed ? 'v1.1.0' : 'v1.0.0',
      flow: o.by === 'flow' && changed ? 'next' : 'stable',
      status: bad && i % 2 === 1 ? 500 : 200,
    };
  });
}

const asSeen = (all: readonly Served[]): Asked[] => all.map(({ t, org, status }) => ({ sent: t - 5, t, org, status }));

function story(change: Partial<StoryFacts>): StoryFacts {
  const all = [served('acme', { hurt: true, by: 'release' }), served('globex', { hurt: true, by: 'release' })]
    .flat()
    .toSorted((a, b) => a.t - b.t);
  return { scenario: 'deploy', served: all, asked: asSeen(all), events: eventsOf('all'), rule: RULE, ...change };
}

describe('the judge', () => {
  it('measures a deploy story from the truth to resolved, without gaps', () => {
    const { timings, release, flow, requests } = judgeStory(story({}));
    // 200 in the window need 16 failures: the 16th is at 10 s + 31 × 50 ms.
    expect(timings).toEqual({ detectMs: 12_100 - 11_550, decideMs: 50, actMs: 50, proveMs: 23_000 - 12_200, totalMs: 23_000 - 11_550 });
    expect(release).toEqual({ before: 'v1.1.0', after: 'v1.0.0' });
    expect(flow).toBeUndefined();
    expect(requests).toEqual({ total: 922, failed: 44, failedOtherOrgs: 0 });
  });

  it('judges an organization alone by its own requests, and counts what others lost', () => {
    const [acme, globex] = [served('acme', { hurt: true, by: 'flow' }), served('globex', { hurt: false, by: 'flow' })];
    const all = [...acme, ...globex].toSorted((a, b) => a.t - b.t);
    const asked = asSeen(all).map((one, i) => (i === 7 ? { ...one, org: 'globex', status: null } : one));
    const { timings, release, flow, requests } = judgeStory(story({ scenario: 'org', served: all, asked, events: eventsOf(['acme']) }));
    expect(timings).toMatchObject({ detectMs: 550, actMs: 50 });
    expect(flow).toEqual({ before: 'next', after: 'stable' });
    expect(release).toBeUndefined();
    expect(requests).toMatchObject({ failed: 23, failedOtherOrgs: 1 });
  });

  it('gives no figure for what has not happened', () => {
    expect(judgeStory(story({ events: [] })).timings).toEqual({
      detectMs: null,
      decideMs: null,
      actMs: null,
      proveMs: null,
      totalMs: null,
    });
    const unresolved = judgeStory(story({ events: eventsOf('all').slice(0, 3) }));
    expect(unresolved.timings).toMatchObject({ detectMs: 550, proveMs: null, totalMs: null });
    const quiet = served('acme', { hurt: false, by: 'release' });
    expect(judgeStory(story({ served: quiet })).timings.detectMs).toBeNull();
    expect(judgeStory(story({ served: [], asked: [] }))).toMatchObject({ requests: { total: 0 }, release: { before: null, after: null } });
  });
});

// What every incident store promises: one truth per incident, each change once, one open incident a fingerprint.

import { Bug } from '../../src/domain/assert.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { Change, IncidentFilter } from '../../src/ports/incident-store.ts';
import {
  declared,
  deliveryDraft,
  expectTrueLogs,
  type MakeStore,
  note,
  opening,
  phase,
  type StoreUnderTest,
  type TestTools,
  withStore,
} from './store-kit.ts';

export function incidentStoreContract(make: MakeStore, { test, expect }: TestTools): void {
  const on = (name: string, body: (store: StoreUnderTest) => Promise<void>): void => {
    test(name, () => withStore(make, expect, body));
  };

  on('declare opens an incident whose log begins at genesis and whose number is its name', async (store) => {
    store.setNow(1_234);
    const { incident, created } = await store.incidents.declare('errors/acme', opening());
    expect(created).toBe(true);
    expect(incident).toMatchObject({ id: `INC-${incident.number}`, phase: 'triage', severity: 'P1', seq: 1, declaredAt: 1_000 });
    const [first] = await store.incidents.events(incident.id);
    expect(first).toMatchObject({ v: 1, seq: 1, prev: '0'.repeat(64), observedAt: 1_234, org: 'acme' });
    expect(await store.incidents.load(incident.id)).toEqual(incident);
    expect(await store.incidents.byNumber(incident.number)).toEqual(incident);
  });

  on('what was never declared is null, and cannot be appended to', async (store) => {
    expect(await store.incidents.load('INC-99')).toBeNull();
    expect(await store.incidents.byNumber(99)).toBeNull();
    expect(await store.incidents.events('INC-99')).toEqual([]);
    expect(await store.incidents.timers('INC-99')).toEqual([]);
    await expect(store.incidents.append('INC-99', { key: 'k', events: [note('x')] })).rejects.toSatisfy((error) =>
      BelayError.is(error, 'BELAY_NOT_FOUND'),
    );
    await expect(store.incidents.update('INC-99', 'k', () => null)).rejects.toSatisfy((error) => BelayError.is(error, 'BELAY_NOT_FOUND'));
  });

  on('a fingerprint has one open incident: a second declare writes nothing and returns the first', async (store) => {
    const first = await store.incidents.declare('errors/acme', opening());
    const second = await store.incidents.declare('errors/acme', opening('errors/acme', 'open/other'));
    expect(second).toEqual({ incident: first.incident, created: false });
    expect(await store.incidents.events(first.incident.id)).toHaveLength(1);
    const other = await store.incidents.declare('errors/globex', opening('errors/globex'));
    expect(other.created).toBe(true);
    expect(other.incident.number).toBeGreaterThan(first.incident.number);
  });

  for (const end of ['resolved', 'closed', 'cancelled', 'merged'] as const) {
    on(`an incident that is ${end} frees its fingerprint`, async (store) => {
      const { incident } = await store.incidents.declare('errors/acme', opening());
      await store.incidents.append(incident.id, { key: 'end', events: [phase('triage', end)] });
      const next = await store.incidents.declare('errors/acme', opening('errors/acme', 'open/again'));
      expect(next.created).toBe(true);
      expect(next.incident.id).not.toBe(incident.id);
    });
  }

  on('a declare that is replayed after its incident ended opens no second one', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening('errors/acme', 'open/run-1'));
    const ended = await store.incidents.append(incident.id, { key: 'end', events: [phase('triage', 'resolved')] });
    expect(await store.incidents.declare('errors/acme', opening('errors/acme', 'open/run-1'))).toEqual({ incident: ended, created: false });
    expect(await store.incidents.list()).toHaveLength(1);
  });

  on('an incident that opens again takes its fingerprint back unless another has it', async (store) => {
    const { incident: first } = await store.incidents.declare('errors/acme', opening());
    await store.incidents.append(first.id, { key: 'end', events: [phase('triage', 'resolved')] });
    await store.incidents.append(first.id, { key: 'again', events: [phase('resolved', 'responding')] });
    expect((await store.incidents.declare('errors/acme', opening('errors/acme', 'open/2'))).incident.id).toBe(first.id);
    await store.incidents.append(first.id, { key: 'end2', events: [phase('responding', 'resolved')] });
    const { incident: second } = await store.incidents.declare('errors/acme', opening('errors/acme', 'open/3'));
    await store.incidents.append(first.id, { key: 'again2', events: [phase('resolved', 'responding')] });
    expect((await store.incidents.declare('errors/acme', opening('errors/acme', 'open/4'))).incident.id).toBe(second.id);
    expect(await store.incidents.list({ open: true })).toHaveLength(2);
  });

  on('a declare whose build throws leaves nothing behind', async (store) => {
    await expect(
      store.incidents.declare('f', () => {
        throw new BelayError('BELAY_PAUSED', 'no');
      }),
    ).rejects.toSatisfy((error) => BelayError.is(error, 'BELAY_PAUSED'));
    expect(await store.incidents.list()).toEqual([]);
    expect((await store.incidents.declare('f', opening('f'))).created).toBe(true);
  });

  on('a log that does not begin with a declaration is refused as a bug', async (store) => {
    await expect(store.incidents.declare('f', () => ({ key: 'k', events: [note('x')] }))).rejects.toThrow(Bug);
    await expect(store.incidents.declare('f', () => ({ key: 'k', events: [] }))).rejects.toThrow();
    expect(await store.incidents.list()).toEqual([]);
  });

  on('append seals, chains and folds, and returns the incident after it', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening());
    store.setNow(9_000);
    const after = await store.incidents.append(incident.id, {
      key: 'a',
      events: [note('one'), phase('triage', 'responding'), { ...note('late'), observedAt: 5 }],
    });
    expect(after).toMatchObject({ seq: 4, phase: 'responding' });
    expect(await store.incidents.load(incident.id)).toEqual(after);
    const events = await store.incidents.events(incident.id, 1);
    expect(events.map((event) => [event.seq, event.observedAt])).toEqual([
      [2, 9_000],
      [3, 9_000],
      [4, 5],
    ]);
    expect(events.at(-1)?.hash).toBe(after.head);
  });

  on('a change is made once by its key, whoever repeats it', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening());
    const change: Change = {
      key: 'same',
      events: [note('once')],
      setTimers: [{ id: 't', at: 5, kind: 'promise', data: {} }],
      deliveries: [deliveryDraft('d')],
    };
    const first = await store.incidents.append(incident.id, change);
    await store.incidents.append(incident.id, { key: 'clear', events: [], clearTimers: ['t'] });
    const again = await (await store.another()).incidents.append(incident.id, change);
    expect(again.seq).toBe(first.seq);
    expect(await store.incidents.timers(incident.id)).toEqual([]);
    expect(await store.outbox.ofIncident(incident.id)).toHaveLength(1);
    expect(
      await store.incidents.update(incident.id, 'same', () => {
        throw new Error('must not be called');
      }),
    ).toEqual(again);
  });

  on('the same key in two incidents is two changes', async (store) => {
    const one = (await store.incidents.declare('f1', opening('f1', 'open'))).incident;
    const two = (await store.incidents.declare('f2', opening('f2', 'open'))).incident;
    for (const id of [one.id, two.id]) expect((await store.incidents.append(id, { key: 'k', events: [note('x')] })).seq).toBe(2);
  });

  on('a change without events still moves timers and is remembered', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening());
    const after = await store.incidents.append(incident.id, {
      key: 'timers',
      events: [],
      setTimers: [{ id: 't', at: 7, kind: 'role-missing', data: { role: 'commander' } }],
    });
    expect(after).toEqual(incident);
    expect(await store.incidents.timers(incident.id)).toEqual([
      { incident: incident.id, id: 't', at: 7, kind: 'role-missing', data: { role: 'commander' } },
    ]);
  });

  on('update decides under the lock: of many racing, exactly one wins', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening());
    const stores = [store, await store.another(), await store.another()];
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        (stores[index % 3] ?? store).incidents.update(incident.id, `claim/${index}`, (seen) =>
          seen.phase === 'triage' ? { events: [{ ...note(`winner ${index}`) }, phase('triage', 'responding')] } : null,
        ),
      ),
    );
    expect(results.every((result) => result.phase === 'responding' && result.seq === 3)).toBe(true);
    expect(await store.incidents.events(incident.id)).toHaveLength(3);
  });

  on(
    'a lock is taken by one run of all processes at once, refused without a trace to the others, and free when that run ends',
    async (store) => {
      const other = await store.another();
      const made = await Promise.all(
        ['a', 'b', 'c', 'd'].map(async (name) => (await store.incidents.declare(`errors/${name}`, opening(`errors/${name}`))).incident.id),
      );
      const start = (id: string): Change => ({
        key: `start/${id}`,
        events: [
          {
            type: 'run.started',
            data: { run: id, runbook: 'r', irHash: 'i', planHash: 'p', inputs: {}, lock: 'org/acme "1"' },
            at: 2_000,
            actor: { kind: 'engine', id: 'belay' },
          },
        ],
      });
      const taken = await Promise.allSettled(made.map((id, index) => (index % 2 === 0 ? store : other).incidents.append(id, start(id))));
      const winner = made[taken.findIndex((one) => one.status === 'fulfilled')] ?? '';
      const losers = made.filter((id) => id !== winner);
      expect(taken.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
      for (const one of taken) if (one.status === 'rejected') expect(BelayError.is(one.reason, 'BELAY_LOCK_HELD')).toBe(true);
      for (const id of losers) expect(await store.incidents.events(id)).toHaveLength(1);
      // Starting again under the same key is not a second start.
      expect((await other.incidents.append(winner, start(winner))).lock).toBe('org/acme "1"');
      const end = {
        type: 'run.finished' as const,
        data: { run: winner, outcome: 'done' as const, reason: '' },
        at: 3_000,
        actor: { kind: 'engine' as const, id: 'belay' },
      };
      expect((await store.incidents.append(winner, { key: 'end', events: [end] })).lock).toBeNull();
      const next = losers[0] ?? '';
      expect((await other.incidents.append(next, start(next))).lock).toBe('org/acme "1"');
    },
  );

  on('what build throws is thrown and nothing is written', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening());
    await expect(
      store.incidents.update(incident.id, 'k', () => {
        throw new BelayError('BELAY_FORBIDDEN', 'not you');
      }),
    ).rejects.toSatisfy((error) => BelayError.is(error, 'BELAY_FORBIDDEN'));
    // A change that the fold refuses, with a good event before the bad one.
    const bad = { type: 'clock.warned', data: { clock: 'none' }, at: 1, actor: { kind: 'engine', id: 'belay' } } as const;
    await expect(
      store.incidents.append(incident.id, {
        key: 'k',
        events: [note('x'), bad],
        setTimers: [{ id: 't', at: 1, kind: 'promise', data: {} }],
      }),
    ).rejects.toThrow(Bug);
    expect(await store.incidents.load(incident.id)).toEqual(incident);
    expect(await store.incidents.timers(incident.id)).toEqual([]);
    // The key of what failed is free.
    expect((await store.incidents.append(incident.id, { key: 'k', events: [note('good')] })).seq).toBe(2);
  });

  on('a number that JSON cannot hold is refused as a bug', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening());
    await expect(store.incidents.append(incident.id, { key: 'k', events: [note('x', Number.NaN)] })).rejects.toThrow(Bug);
    expect(await store.incidents.load(incident.id)).toEqual(incident);
  });

  on('every character and number comes back as it was hashed', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening());
    const texts = [
      'ação ✓ 🛟',
      'quote " back \\ slash',
      'nul \u0000 inside',
      'lone \ud800 surrogate',
      'line\u2028sep',
      '</script>',
      '{"a":1}',
      "'; drop table belay.event; --",
    ];
    for (const [index, text] of texts.entries()) await store.incidents.append(incident.id, { key: `t${index}`, events: [note(text)] });
    const value = {
      big: 1e21,
      small: 5e-324,
      third: 1 / 3,
      max: Number.MAX_SAFE_INTEGER,
      minus: -0,
      deep: [[], {}, [null, true]],
      '': 'empty key',
      __proto__x: 1,
    };
    await store.incidents.append(incident.id, {
      key: 'numbers',
      events: [
        {
          type: 'evidence.captured',
          data: { evidence: 'e', step: 's', sha256: 'x', value },
          at: 1.5,
          actor: { kind: 'engine', id: 'belay' },
        },
      ],
    });
    const events = await store.incidents.events(incident.id, 1);
    expect(events.slice(0, texts.length).map((event) => (event.type === 'note.added' ? event.data.text : ''))).toEqual(texts);
    expect(events.at(-1)).toMatchObject({ at: 1.5, data: { value: JSON.parse(JSON.stringify(value)) } });
  });

  on('lists newest first, by openness and up to a limit', async (store) => {
    for (const name of ['a', 'b', 'c']) await store.incidents.declare(name, opening(name));
    const all = await store.incidents.list();
    expect(all.map((one) => one.number)).toEqual(all.map((one) => one.number).toSorted((x, y) => y - x));
    const [newest, middle] = all;
    await store.incidents.append(newest?.id ?? '', { key: 'end', events: [phase('triage', 'closed')] });
    expect((await store.incidents.list({ open: true })).map((one) => one.id)).toEqual(all.slice(1).map((one) => one.id));
    expect((await store.incidents.list({ open: false })).map((one) => one.id)).toEqual([newest?.id]);
    expect((await store.incidents.list({ open: true, limit: 1 })).map((one) => one.id)).toEqual([middle?.id]);
  });

  on('lists by trigger, organization, run, lock, and when a step was last done', async (store) => {
    const make = async (fingerprint: string, o: Parameters<typeof declared>[1]) =>
      (await store.incidents.declare(fingerprint, (number) => ({ key: fingerprint, events: [declared(number, { fingerprint, ...o })] })))
        .incident.id;
    const acme = await make('a', { trigger: 'errors', orgs: ['acme'], run: 'r1' });
    const all = await make('b', { trigger: 'errors', orgs: 'all', run: 'r2' });
    const slow = await make('c', { trigger: 'latency', orgs: ['globex', 'acme'], run: 'r3' });
    const found = async (filter: IncidentFilter) => (await store.incidents.list(filter)).map((one) => one.id);
    expect(await found({ trigger: 'errors' })).toEqual([all, acme]);
    expect(await found({ org: 'acme' })).toEqual([slow, all, acme]);
    expect(await found({ org: 'globex' })).toEqual([slow, all]);
    expect(await found({ org: 'all' })).toEqual([all]);
    expect(await found({ open: true, trigger: 'errors', org: 'globex' })).toEqual([all]);
    expect(await found({ run: 'r3' })).toEqual([slow]);
    expect(await found({ run: 'r9' })).toEqual([]);
    const actor = { kind: 'engine', id: 'belay' } as const;
    await store.incidents.append(acme, {
      key: 'step',
      events: [
        { type: 'step.started', data: { step: 's', kind: 'do', title: 'S', attempt: 1 }, at: 400, actor },
        { type: 'step.finished', data: { step: 's', attempt: 1, status: 'done', detail: {} }, at: 500, actor },
      ],
    });
    expect(await found({ doneSince: 500 })).toEqual([acme]);
    expect(await found({ doneSince: 501 })).toEqual([]);
    const add = (event: Change['events'][number]) => store.incidents.append(all, { key: event.type, events: [event] });
    const run = { run: 'r2', runbook: 'rb', irHash: 'h', planHash: 'p', inputs: {}, lock: 'deploys' };
    await add({ type: 'run.started', data: run, at: 500, actor });
    await add(phase('responding', 'cancelled'));
    expect([await found({ lock: 'deploys', limit: 1 }), await found({ lock: 'another' })]).toEqual([[all], []]);
    await add({ type: 'run.finished', data: { run: 'r2', outcome: 'aborted', reason: '' }, at: 600, actor });
    expect(await found({ lock: 'deploys' })).toEqual([]);
  });

  on('timers are set, moved, cleared, and told in the order of their instants', async (store) => {
    const { incident: one } = await store.incidents.declare('f1', opening('f1'));
    const { incident: two } = await store.incidents.declare('f2', opening('f2'));
    const timer = (id: string, at: number) => ({ id, at, kind: 'clock-breach' as const, data: { clock: id } });
    await store.incidents.append(one.id, { key: '1', events: [], setTimers: [timer('a', 300), timer('b', 100), timer('c', 900)] });
    await store.incidents.append(two.id, { key: '1', events: [], setTimers: [timer('a', 200)] });
    expect((await store.incidents.dueTimers(300)).map((due) => [due.incident, due.id])).toEqual([
      [one.id, 'b'],
      [two.id, 'a'],
      [one.id, 'a'],
    ]);
    expect(await store.incidents.dueTimers(99)).toEqual([]);
    await store.incidents.append(one.id, { key: '2', events: [], setTimers: [timer('b', 1_000.5)], clearTimers: ['a', 'unknown'] });
    expect((await store.incidents.timers(one.id)).map((due) => [due.id, due.at])).toEqual([
      ['c', 900],
      ['b', 1_000.5],
    ]);
    // Cleared and set in one change: it is set.
    await store.incidents.append(one.id, { key: '3', events: [], setTimers: [timer('b', 50)], clearTimers: ['b'] });
    expect((await store.incidents.dueTimers(60)).map((due) => due.id)).toEqual(['b']);
    expect((await store.incidents.dueTimers(60)).map((due) => due.id)).toEqual(['b']);
  });

  on('subscribers hear of commits of every process and of nothing after they left', async (store) => {
    const heard: string[] = [];
    const other = await store.another();
    const off = store.incidents.subscribe((id) => heard.push(id));
    const { incident: own } = await store.incidents.declare('f1', opening('f1'));
    const { incident: foreign } = await other.incidents.declare('f2', opening('f2'));
    await expect.poll(() => [...new Set(heard)].toSorted(), { timeout: 5_000 }).toEqual([own.id, foreign.id].toSorted());
    heard.length = 0;
    await other.incidents.append(own.id, { key: 'x', events: [note('x')] });
    await expect.poll(() => heard, { timeout: 5_000 }).toContain(own.id);
    off();
    heard.length = 0;
    await store.incidents.append(own.id, { key: 'y', events: [note('y')] });
    expect(heard).toEqual([]);
  });

  on('one hundred declares at once get distinct numbers and one incident a fingerprint', async (store) => {
    const stores = [store, await store.another(), await store.another(), await store.another()];
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const fingerprint = `errors/org-${index % 20}`;
        return (stores[index % 4] ?? store).incidents.declare(fingerprint, opening(fingerprint, `open/${index}`));
      }),
    );
    expect(results.filter((one) => one.created)).toHaveLength(20);
    const all = await store.incidents.list();
    expect(all).toHaveLength(20);
    expect(new Set(all.map((one) => one.number)).size).toBe(20);
    for (let index = 0; index < 20; index += 1) {
      expect(new Set(results.filter((_, at) => at % 20 === index).map((one) => one.incident.id)).size).toBe(1);
    }
  });

  on('appends that race from several processes are all there, in one chain', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', opening());
    const stores = [store, await store.another(), await store.another()];
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (stores[index % 3] ?? store).incidents.append(incident.id, { key: `k${index}`, events: [note(String(index))] }),
      ),
    );
    expect((await store.incidents.load(incident.id))?.seq).toBe(61);
    await expectTrueLogs(store, expect);
  });

  on('build may look at what it is given but cannot change the store through it', async (store) => {
    const { incident } = await store.incidents.declare('errors/acme', (number) => ({ key: 'open', events: [declared(number)] }));
    await store.incidents.update(incident.id, 'k', (seen) => {
      (seen as { phase: string }).phase = 'closed';
      return null;
    });
    (incident as { phase: string }).phase = 'closed';
    expect((await store.incidents.load(incident.id))?.phase).toBe('triage');
  });
}

// A service in memory, with a ledger of every order. Units can fall over, and somebody else can scale it.
import type { Instant } from '../../domain/json.ts';
import type { ServiceControl, ServiceUnit } from '../../ports/service-control.ts';

export interface VirtualService extends ServiceControl {
  readonly ledger: readonly string[];
  units(): number;
  /** Somebody else changes the number of its units. */
  scaleByHand(to: number): void;
  /** One unit ends and is begun again by itself. */
  fall(unit: number): void;
  /** The next order says yes and does only so many of its units. */
  half(units: number): void;
}

export function createVirtualService(o: { readonly units: number; readonly now: () => Instant }): VirtualService {
  let lives = 0;
  let wanted = o.units;
  let only: number | null = null;
  const begun = (id: string): ServiceUnit => {
    lives += 1;
    return { id, life: String(lives), ready: true, startedAt: o.now() };
  };
  const many = (count: number): ServiceUnit[] => Array.from({ length: count }, (_, n) => begun(`unit-${n}`));
  let units: ServiceUnit[] = many(o.units);
  const ledger: string[] = [];
  const scale = (to: number): void => {
    wanted = to;
    units = [
      ...units.slice(0, to),
      ...many(Math.max(0, to - units.length)).map((unit, n) => ({ ...unit, id: `unit-${units.length + n}` })),
    ];
  };
  return {
    ledger,
    units: () => units.length,
    compareAndSet: 'native',
    verbs: ['restart', 'stop', 'start', 'scale'],
    look: async () => ({ at: o.now(), units: [...units], wanted, restarts: 0 }),
    restart: async () => {
      ledger.push('restart');
      const most = only ?? Math.max(1, wanted);
      only = null;
      if (units.length === 0) units = many(most);
      else units = units.map((unit, n) => (n < most ? begun(unit.id) : unit));
    },
    stop: async () => {
      ledger.push('stop');
      units = [];
    },
    start: async () => {
      ledger.push('start');
      units = many(Math.max(1, wanted));
    },
    scale: async (to) => {
      ledger.push(`scale ${to}`);
      scale(to);
    },
    scaleByHand: scale,
    fall: (unit) => {
      units = units.map((one, n) => (n === unit ? begun(one.id) : one));
    },
    half: (most) => {
      only = most;
    },
  } satisfies VirtualService;
}

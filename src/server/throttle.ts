// Wrong log-ins within a while: noise control. A right token is never held up, so nobody can lock the operator out.
export interface Throttle {
  /** Counts one wrong try; false when there were too many. */
  take(): boolean;
}

export function createThrottle(time: { now(): number }, o: { readonly tries: number; readonly withinMs: number }): Throttle {
  let wrong: number[] = [];
  return {
    take() {
      wrong = [...wrong.filter((at) => at > time.now() - o.withinMs), time.now()].slice(-o.tries - 1);
      return wrong.length <= o.tries;
    },
  };
}

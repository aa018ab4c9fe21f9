// Release v1.0.0 of the shop: good on the stable checkout. The new checkout (`next`) has a fault that only ACME's carts meet.

export function createHandler() {
  const seen = new Map();
  return async ({ org, flow }) => {
    const nth = (seen.get(org) ?? 0) + 1;
    seen.set(org, nth);
    await work(nth);
    if (flow === 'next' && org === 'acme' && nth % 2 === 0)
      return { status: 502, body: { error: 'the new checkout cannot price this cart' } };
    return { status: 200, body: { order: nth, org, flow } };
  };
}

/** A few milliseconds, as a real checkout takes. */
function work(nth) {
  return new Promise((resolve) => setTimeout(resolve, 2 + ((nth * 7) % 9)));
}

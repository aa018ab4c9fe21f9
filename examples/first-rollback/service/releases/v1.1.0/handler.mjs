// Release v1.1.0 of the shop: faster, and wrong. Every second request of every organization is answered 500, whatever the checkout.

export function createHandler() {
  const seen = new Map();
  return async ({ org, flow }) => {
    const nth = (seen.get(org) ?? 0) + 1;
    seen.set(org, nth);
    await work(nth);
    if (nth % 2 === 0) return { status: 500, body: { error: 'order is not defined' } };
    return { status: 200, body: { order: nth, org, flow } };
  };
}

function work(nth) {
  return new Promise((resolve) => setTimeout(resolve, 1 + ((nth * 5) % 6)));
}
